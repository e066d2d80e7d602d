//! Where the issuer is: scheme, host and port.

use hyper::Uri;

use super::BadOptions;

/// The origin of an issuer: https, or http on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) https: bool,
    /// A name, or an address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// As the header `Host` has it.
    pub(super) authority: String,
}

impl Origin {
    /// Reads `https://host` or `https://host:port`; `http` where the host is this machine.
    pub(super) fn parse(text: &str) -> Result<Self, BadOptions> {
        let bad = || BadOptions::NotAnOrigin(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| bad())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(bad());
        };
        // No path, no query, no user: what is compared and joined later is this text.
        if text != format!("{scheme}://{authority}") || authority.as_str().contains('@') {
            return Err(bad());
        }
        let host = authority.host();
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let https = match scheme {
            "https" => true,
            "http" if is_loopback(host) => false,
            "http" => return Err(BadOptions::PlainHttp(text.to_owned())),
            _ => return Err(bad()),
        };
        let port = authority.port_u16().unwrap_or(if https { 443 } else { 80 });
        Ok(Self { https, host: host.to_owned(), port, authority: authority.to_string() })
    }
}

fn is_loopback(host: &str) -> bool {
    let address: Option<std::net::IpAddr> = host.parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_an_origin_over_tls_or_on_this_machine() {
        let good = [
            ("https://id.example.org", "id.example.org", 443),
            ("https://id.example.org:8443", "id.example.org", 8443),
            ("http://127.0.0.1:8080", "127.0.0.1", 8080),
            ("http://[::1]:8080", "::1", 8080),
            ("http://localhost", "localhost", 80),
        ];
        for (text, host, port) in good {
            let origin = Origin::parse(text).unwrap();
            assert_eq!((origin.host.as_str(), origin.port), (host, port), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_a_sentence() {
        for text in ["", "id.example.org", "https://", "https://a/", "https://a/b", "ftp://a"] {
            assert_eq!(Origin::parse(text), Err(BadOptions::NotAnOrigin(text.to_owned())));
        }
        for text in ["https://ann@a", "https://a?b", "https://a#b", "https://a b"] {
            assert_eq!(Origin::parse(text), Err(BadOptions::NotAnOrigin(text.to_owned())));
        }
        for text in ["http://id.example.org", "http://10.0.0.1", "http://localhost.example.org"] {
            assert_eq!(Origin::parse(text), Err(BadOptions::PlainHttp(text.to_owned())));
        }
    }
}
