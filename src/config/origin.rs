//! Origins: scheme, host and port, in the form browsers write them.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

/// A web origin (RFC 6454) in the very form of a browser's `Origin` header, so that comparing
/// texts is enough: lower case, no default port, no slash. Always https, or http on a loopback
/// host. `null`, wildcards, user names, paths, queries and non-ASCII hosts (write them in
/// punycode) are no origins.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin {
    text: String,
    loopback: bool,
}

/// A text that is no [`Origin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnOrigin;

impl fmt::Display for NotAnOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an origin is https://host or https://host:port")
    }
}

impl std::error::Error for NotAnOrigin {}

impl Origin {
    /// This address, with or without TLS: what a loopback listener is called.
    #[must_use]
    pub fn of_listener(address: SocketAddr, tls: bool) -> Self {
        let host = match address {
            SocketAddr::V4(v4) => v4.ip().to_string(),
            SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
        };
        let loopback = address.ip().is_loopback();
        let scheme = if tls { "https" } else { "http" };
        Self { text: written(scheme, &host, Some(address.port())), loopback }
    }

    /// The text, equal to what a browser sends.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host: a name, or an address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let (_, authority) = self.text.split_once("://").unwrap_or_default();
        let (host, _port) = split_authority(authority);
        host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host)
    }

    /// Whether it is https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// Whether its host is this machine: `localhost`, `127.0.0.0/8` or `::1`.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }
}

fn written(scheme: &str, host: &str, port: Option<u16>) -> String {
    let default = if scheme == "https" { 443 } else { 80 };
    match port {
        Some(port) if port != default => format!("{scheme}://{host}:{port}"),
        Some(_) | None => format!("{scheme}://{host}"),
    }
}

/// The host in its one form, and whether it is this machine.
fn host(text: &str) -> Option<(String, bool)> {
    if let Some(inner) = text.strip_prefix('[') {
        let v6: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
        // Browsers write an IPv4 address inside IPv6 unlike std does; nobody needs one here.
        return v6.to_ipv4_mapped().is_none().then(|| (format!("[{v6}]"), v6.is_loopback()));
    }
    let name = text.to_ascii_lowercase();
    if let Ok(v4) = name.parse::<Ipv4Addr>() {
        return Some((name, v4.is_loopback()));
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    // A browser would read a name that ends in a number as an IPv4 address or refuse it.
    let numeric = last.starts_with(|c: char| c.is_ascii_digit());
    let good = name.len() <= 253 && !numeric && name.split('.').all(is_label);
    good.then(|| (name.clone(), name == "localhost"))
}

/// A label of a host name (RFC 1123, 2.1).
fn is_label(label: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    matches!(label.len(), 1..=63)
        && label.bytes().all(plain)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// The port behind the host; the outer `None` is a bad one, digits only.
fn port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
}

/// Host and port; the colons inside the brackets of an IPv6 address are no port's.
fn split_authority(text: &str) -> (&str, Option<&str>) {
    let after_brackets = text.find(']').map_or(0, |end| end + 1);
    match text[after_brackets..].find(':') {
        Some(at) => (&text[..after_brackets + at], Some(&text[after_brackets + at + 1..])),
        None => (text, None),
    }
}

impl FromStr for Origin {
    type Err = NotAnOrigin;
    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let (scheme, authority) = text.split_once("://").ok_or(NotAnOrigin)?;
        let scheme = scheme.to_ascii_lowercase();
        let (name, port_text) = split_authority(authority);
        let (name, loopback) = host(name).ok_or(NotAnOrigin)?;
        let port = port_text.map(|text| port(text).ok_or(NotAnOrigin)).transpose()?;
        if scheme == "https" || (scheme == "http" && loopback) {
            Ok(Self { text: written(&scheme, &name, port), loopback })
        } else {
            Err(NotAnOrigin)
        }
    }
}

impl TryFrom<String> for Origin {
    type Error = NotAnOrigin;
    fn try_from(text: String) -> Result<Self, NotAnOrigin> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.text
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// For the public URL, which people copy with one slash at its end.
pub(super) fn deserialize_public<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Origin>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let origin = text.map(|text| text.strip_suffix('/').unwrap_or(&text).parse());
    origin.transpose().map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_kept_as_a_browser_writes_it() {
        for (text, kept, loopback) in [
            ("https://login.example.org", "https://login.example.org", false),
            ("HTTPS://Login.Example.ORG:443", "https://login.example.org", false),
            ("https://example.org:8443", "https://example.org:8443", false),
            ("https://192.0.2.1", "https://192.0.2.1", false),
            ("https://[2001:DB8:0::1]:444", "https://[2001:db8::1]:444", false),
            ("http://localhost:3000", "http://localhost:3000", true),
            ("http://127.9.9.9:80", "http://127.9.9.9", true),
            ("http://[::1]:8080", "http://[::1]:8080", true),
            ("https://localhost:80", "https://localhost:80", true),
        ] {
            let origin: Origin = text.parse().unwrap();
            assert_eq!((origin.as_str(), origin.is_loopback()), (kept, loopback), "{text}");
        }
        for (text, host) in [("https://[::1]:444", "::1"), ("https://a.org:1", "a.org")] {
            assert_eq!(text.parse::<Origin>().unwrap().host(), host);
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "null",
            "*",
            "https://",
            "https://*",
            "https://*.example.org",
            "example.org",
            "http://example.org",
            "http://10.0.0.1",
            "http://[::2]",
            "http://localhost.example.org",
            "http://127.0.0.1.example.org",
            "ftp://example.org",
            "https://user@example.org",
            "https://user:pw@example.org",
            "https://example.org/",
            "https://example.org/a",
            "https://example.org?a",
            "https://example.org#a",
            "https://example.org:",
            "https://example.org:0",
            "https://example.org:+80",
            "https://example.org:65536",
            "https://exa mple.org",
            "https://exämple.org",
            "https://example.org.",
            "https://-a.org",
            "https://a..b",
            "https://127.1",
            "https://[::1",
            "https://[::1]a",
            "https://::1",
            "https://[::ffff:127.0.0.1]",
            "https://1.2.3.0x4",
            "https://a\\b",
            " https://a.org",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(NotAnOrigin), "{text:?}");
        }
    }

    #[test]
    fn a_listener_is_called_by_its_address() {
        for (address, text) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("127.0.0.1:80", "http://127.0.0.1"),
            ("[::1]:8080", "http://[::1]:8080"),
        ] {
            let origin = Origin::of_listener(address.parse().unwrap(), false);
            assert_eq!(origin.as_str(), text);
            assert_eq!(text.parse(), Ok(origin));
        }
        let with_tls = Origin::of_listener("127.0.0.1:443".parse().unwrap(), true);
        assert_eq!(with_tls.as_str(), "https://127.0.0.1");
    }
}
