//! Where in an app a request goes: scheme, host, path and query.

use std::fmt::{self, Write as _};

use super::NotCanonical;
use super::host::Host;
use super::path::CanonicalPath;

/// An http or https URL without user and fragment, whose host and path are in their one form. The
/// query is carried along, and decides nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Whether it is https.
    pub is_https: bool,
    /// The host.
    pub host: Host,
    /// The path.
    pub path: CanonicalPath,
    /// Behind the `?`; `None` without one.
    pub query: Option<String>,
}

impl Address {
    /// Reads path and query as a request line has them.
    ///
    /// # Errors
    /// What speaks against the path.
    pub fn of_target((is_https, host): (bool, Host), target: &str) -> Result<Self, NotCanonical> {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        Ok(Self { is_https, host, path: CanonicalPath::parse(path)?, query })
    }

    /// Reads a whole URL; without a path it is that of `/`.
    ///
    /// # Errors
    /// What speaks against it.
    pub fn parse(url: &str) -> Result<Self, NotCanonical> {
        let (scheme, rest) =
            url.split_once("://").ok_or(NotCanonical("the address has no scheme"))?;
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (host, target) = rest.split_at(end);
        let is_https = Self::is_https(scheme)?;
        let target = if target.is_empty() { "/" } else { target };
        Self::of_target((is_https, Host::parse(host)?), target)
    }

    /// Whether this scheme, as a proxy names it, is the one with TLS; those of web sockets count as
    /// the schemes they begin with.
    ///
    /// # Errors
    /// It is no scheme of the web.
    pub fn is_https(scheme: &str) -> Result<bool, NotCanonical> {
        match scheme {
            "https" | "wss" => Ok(true),
            "http" | "ws" => Ok(false),
            _ => Err(NotCanonical("the scheme is neither https nor http")),
        }
    }
}

/// A URL of visible ASCII, in which nothing ends a string, a tag or a header: what is odd in the
/// query is escaped.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.host, self.path.as_str())?;
        let Some(query) = &self.query else { return Ok(()) };
        f.write_char('?')?;
        for byte in query.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~/?=&+,:;@!$()*%[]".contains(&byte) {
                f.write_char(char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}
