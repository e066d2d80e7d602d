//! What can go wrong with the store, by what the caller can do about it.

use std::fmt;
use std::sync::Arc;

/// Absence is no error but `Option`.
#[derive(Debug, Clone)]
pub enum Error {
    /// A check did not hold: read again and retry. Nothing was written.
    Conflict,
    /// A commit beyond the limits of [`super::engine`]: a mistake of ours. Nothing was written.
    TooLarge,
    /// The engine cannot answer, or cannot promise that a write is durable: wait, look at the
    /// disk.
    Unavailable(Arc<dyn std::error::Error + Send + Sync>),
    /// A record cannot be read: call the operator.
    Corrupt {
        /// The key of the record.
        key: String,
    },
}

impl Error {
    /// [`Error::Unavailable`] with its cause.
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(Arc::from(cause.into()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict => f.write_str("the store changed meanwhile"),
            Self::TooLarge => f.write_str("the commit is larger than a store takes"),
            Self::Unavailable(cause) => write!(f, "the store is unavailable: {cause}"),
            Self::Corrupt { key } => write!(f, "the record {key} is damaged"),
        }
    }
}

impl std::error::Error for Error {}
