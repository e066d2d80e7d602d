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
        let key = Some(shown(key));
        Self(Box::new(Fault { place, key, why: why.to_owned() }))
    }
}

/// A name that somebody else wrote, for one line and short enough for a sentence.
pub(super) fn shown(name: &str) -> String {
    const LONGEST: usize = 100;
    let mut escaped = name.escape_debug();
    let mut text: String = escaped.by_ref().take(LONGEST).collect();
    if escaped.next().is_some() {
        text.push('…');
    }
    text
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
