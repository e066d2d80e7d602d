//! What stops a start.

use std::fmt;

/// A setting that cannot stand. Prints one sentence: the place (file with line and column,
/// variable or flag), the key, and how to mend it; never the value, which could be a secret
/// in the wrong line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Fault>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    place: String,
    key: Option<String>,
    why: String,
}

impl Error {
    /// About the place as a whole: a file, a variable that does not exist.
    pub(super) fn at(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self(Box::new(Fault { place: place.into(), key: None, why: why.into() }))
    }

    /// About a key, written at `place`.
    pub(super) fn of(key: &str, place: String, why: &str) -> Self {
        let key = Some(key.escape_debug().to_string());
        Self(Box::new(Fault { place, key, why: why.to_owned() }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.key {
            Some(key) => write!(f, "{}: {key}: {}", self.0.place, self.0.why),
            None => write!(f, "{}: {}", self.0.place, self.0.why),
        }
    }
}

impl std::error::Error for Error {}
