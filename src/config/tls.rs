//! `[tls]`: the listener's certificate.

use serde::{Deserialize, Serialize};

use super::{FilePath, words};

/// `[tls]`: off, or both files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// The certificate with its chain, in PEM. `None`: no TLS.
    #[serde(with = "words::off_or")]
    pub certificate: Option<FilePath>,
    /// Its key, in PEM.
    #[serde(with = "words::off_or")]
    pub key: Option<FilePath>,
    /// Whether `serve --dev --tls` makes a certificate of its own. Never a key of the file.
    #[serde(skip)]
    pub self_signed: bool,
}

impl Tls {
    /// Whether the listener speaks TLS.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.certificate.is_some() || self.self_signed
    }
}
