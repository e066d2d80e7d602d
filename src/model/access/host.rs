//! Hosts, with a port or without.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::NotCanonical;

/// The host of a request, in lower case, with its port where one is written: a name of letters,
/// digits and hyphens (RFC 1123, 2.1), or an address. A list of hosts, a dot at the end, or a user
/// in front is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    name: String,
    port: Option<u16>,
}

impl Host {
    /// The name or address, without the port.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is `domain` or stands below it.
    #[must_use]
    pub fn is_within(&self, domain: &str) -> bool {
        self.name == domain || is_below(&self.name, domain)
    }

    /// Reads a host as a `Host` header has it.
    ///
    /// # Errors
    /// What speaks against it.
    pub fn parse(text: &str) -> Result<Self, NotCanonical> {
        let text = text.to_ascii_lowercase();
        let behind_address = text.find(']').map_or(0, |end| end + 1);
        let (name, port) = match text[behind_address..].find(':') {
            None => (text.as_str(), None),
            Some(at) => {
                let (name, port) = text.split_at(behind_address + at);
                let why = NotCanonical("the port of the host is no number from 1 to 65535");
                (name, Some(read_port(&port[1..]).ok_or(why)?))
            }
        };
        if !is_name(name) {
            return Err(NotCanonical("the host is no single name or address"));
        }
        Ok(Self { name: name.to_owned(), port })
    }
}

/// Whether `name` has labels in front of `domain`.
pub(super) fn is_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

fn read_port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| digits)
}

/// A name of labels, or an address as the standard library writes it.
pub(super) fn is_name(text: &str) -> bool {
    if let Some(inner) = text.strip_prefix('[') {
        let address = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
        return address.is_some_and(|address| format!("[{address}]") == text);
    }
    let last = text.rsplit('.').next().unwrap_or_default();
    if last.starts_with(|c: char| c.is_ascii_digit()) {
        return text.parse::<Ipv4Addr>().is_ok();
    }
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let edges = label.starts_with('-') || label.ends_with('-');
    matches!(label.len(), 1..=63) && label.bytes().all(plain) && !edges
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.name),
            None => f.write_str(&self.name),
        }
    }
}
