//! What rules say of hosts and paths. Every pattern is anchored at both ends.

use std::fmt;

use super::NotCanonical;
use super::host::{Host, is_below, is_name};
use super::path::CanonicalPath;

/// Which hosts a rule is about, whatever their port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPattern {
    /// `wiki.example.org`.
    Exact(String),
    /// `*.example.org`: every name below it, at any depth, and not itself.
    Below(String),
}

impl HostPattern {
    /// Whether it is about this host.
    #[must_use]
    pub fn fits(&self, host: &Host) -> bool {
        match self {
            Self::Exact(name) => host.name() == name,
            Self::Below(domain) => is_below(host.name(), domain),
        }
    }

    /// Whether it is about every host that `later` is about.
    #[must_use]
    pub fn covers(&self, later: &Self) -> bool {
        match (self, later) {
            (Self::Exact(own), Self::Exact(other)) => own == other,
            (Self::Exact(_), Self::Below(_)) => false,
            (Self::Below(own), Self::Exact(other)) => is_below(other, own),
            (Self::Below(own), Self::Below(other)) => other == own || is_below(other, own),
        }
    }

    /// Whether all its hosts are `domain` or below it.
    #[must_use]
    pub fn is_within(&self, domain: &str) -> bool {
        let (Self::Exact(name) | Self::Below(name)) = self;
        name == domain || is_below(name, domain)
    }
}

impl TryFrom<&str> for HostPattern {
    type Error = NotCanonical;
    fn try_from(text: &str) -> Result<Self, NotCanonical> {
        let (name, below) = match text.strip_prefix("*.") {
            Some(domain) => (domain, true),
            None => (text, false),
        };
        let is_address = name.starts_with('[') || name.ends_with(|c: char| c.is_ascii_digit());
        if !is_name(name) || (below && is_address) {
            return Err(NotCanonical("a host is a name in lower case, or *. and a name"));
        }
        Ok(if below { Self::Below(name.to_owned()) } else { Self::Exact(name.to_owned()) })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Below(domain) => write!(f, "*.{domain}"),
        }
    }
}

/// Which paths a rule is about; the query never counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathPattern {
    /// `/health`: this one.
    Exact(CanonicalPath),
    /// `/admin/*`: `/admin` and everything below it; `/*` is every path.
    Below(CanonicalPath),
}

impl PathPattern {
    /// Every path.
    pub const ALL: &str = "/*";

    /// Whether it is about this path.
    #[must_use]
    pub fn fits(&self, path: &CanonicalPath) -> bool {
        match self {
            Self::Exact(own) => own.plain() == path.plain(),
            Self::Below(folder) => is_in(path, folder),
        }
    }

    /// Whether it is about every path that `later` is about.
    #[must_use]
    pub fn covers(&self, later: &Self) -> bool {
        match (self, later) {
            (Self::Exact(own), Self::Exact(other)) => own.plain() == other.plain(),
            (Self::Exact(_), Self::Below(_)) => false,
            (Self::Below(own), Self::Exact(other) | Self::Below(other)) => is_in(other, own),
        }
    }
}

/// Whether `path` is the folder, which is written without a slash at its end, or is below it.
fn is_in(path: &CanonicalPath, folder: &CanonicalPath) -> bool {
    path.plain()
        .strip_prefix(folder.plain())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl TryFrom<&str> for PathPattern {
    type Error = NotCanonical;
    fn try_from(text: &str) -> Result<Self, NotCanonical> {
        let (path, below) = match text.strip_suffix("/*") {
            Some(folder) => (folder, true),
            None => (text, false),
        };
        if path.contains('*') {
            return Err(NotCanonical("a path has one * at most, behind its last /"));
        }
        if !below {
            return CanonicalPath::parse(path).map(Self::Exact);
        }
        CanonicalPath::folder(path).map(Self::Below)
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(path) => f.write_str(path.as_str()),
            Self::Below(folder) => write!(f, "{}{}", folder.as_str(), Self::ALL),
        }
    }
}
