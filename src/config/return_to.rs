//! Addresses that a login may lead to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Origin;

/// A whole address of a page: an [`Origin`] as browsers write it, and a path of plain characters,
/// with a query or without. No user, no fragment, no dots that lead upwards, nothing that one
/// reader decodes and another does not. Two are the same when their texts are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReturnAddress(String);

/// A text that is no [`ReturnAddress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnAddress;

impl fmt::Display for NotAnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address is https://host/path")
    }
}

impl std::error::Error for NotAnAddress {}

impl ReturnAddress {
    /// The longest one, in bytes: it must fit into a query.
    const MAX: usize = 1024;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Letters, digits and what no reader gives a second meaning.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~/?=&+,:;@!$'()*".contains(&byte)
}

impl FromStr for ReturnAddress {
    type Err = NotAnAddress;
    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let (scheme, rest) = text.split_once("://").ok_or(NotAnAddress)?;
        let end = rest.find(['/', '?', '#', '\\']).ok_or(NotAnAddress)?;
        let (start, path) = text.split_at(scheme.len() + "://".len() + end);
        let origin: Origin = start.parse().map_err(|_| NotAnAddress)?;
        let upwards = path.split(['/', '?']).any(|part| part == "." || part == "..");
        let good = text.len() <= Self::MAX
            && origin.as_str() == start
            && path.starts_with('/')
            && !path.starts_with("//")
            && path.bytes().all(is_plain)
            && !upwards;
        if good { Ok(Self(text.to_owned())) } else { Err(NotAnAddress) }
    }
}

impl TryFrom<String> for ReturnAddress {
    type Error = NotAnAddress;
    fn try_from(text: String) -> Result<Self, NotAnAddress> {
        text.parse()
    }
}

impl From<ReturnAddress> for String {
    fn from(address: ReturnAddress) -> Self {
        address.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_as_it_is_written() {
        for good in [
            "https://app.example.org/",
            "https://app.example.org:8443/after/login?from=doorkey&x=1",
            "http://localhost:3000/~ann/a.b",
            "http://[::1]:3000/",
        ] {
            assert_eq!(good.parse::<ReturnAddress>().unwrap().as_str(), good);
        }
    }

    /// INP-09.
    #[test]
    fn what_could_be_read_in_two_ways_is_no_address() {
        for bad in [
            "",
            "/",
            "/account",
            "//app.example.org/",
            "https://app.example.org",
            "https://app.example.org?x",
            "https:///app.example.org/",
            "https:/app.example.org/",
            "https://app.example.org//",
            "https://app.example.org/../x",
            "https://app.example.org/x/..",
            "https://app.example.org/./x",
            "https://app.example.org/#x",
            "https://app.example.org/%2e%2e/",
            "https://app.example.org\\@evil.example/",
            "https://evil.example@app.example.org/",
            "https://APP.example.org/",
            "https://app.example.org:443/",
            "http://app.example.org/",
            "javascript://app.example.org/",
            "https://app.example.org/ ",
            " https://app.example.org/",
            "https://app.example.org/\n",
            "https://app.example.org/\"x",
            "https://app.example.org/<x>",
            "https://*.example.org/",
        ] {
            assert_eq!(bad.parse::<ReturnAddress>(), Err(NotAnAddress), "{bad:?}");
        }
        let long = format!("https://app.example.org/{}", "x".repeat(1024));
        assert_eq!(long.parse::<ReturnAddress>(), Err(NotAnAddress));
    }
}
