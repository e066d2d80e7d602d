//! A service in the file: its name, and what proves it as a hash that nobody can send.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::model::{ServiceId, TokenHash};

/// One of `[[services]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name: the `client_id` that it sends.
    pub id: ServiceId,
    /// SHA-256 of the text of its secret.
    pub secret_sha256: SecretHash,
}

/// SHA-256 in 64 digits of lower-case hexadecimal, as `sha256sum` writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretHash(TokenHash);

impl SecretHash {
    /// The hash as the file has it.
    #[must_use]
    pub fn new(hash: TokenHash) -> Self {
        Self(hash)
    }

    /// The hash as everything else has it.
    #[must_use]
    pub fn hash(&self) -> &TokenHash {
        &self.0
    }
}

impl From<SecretHash> for String {
    fn from(hash: SecretHash) -> Self {
        hash.0.to_bytes().iter().fold(Self::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl TryFrom<String> for SecretHash {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, &'static str> {
        const BAD: &str = "not SHA-256 in hexadecimal";
        let digits = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() != 64 || !digits {
            return Err(BAD);
        }
        let mut bytes = [0; 32];
        for (place, byte) in bytes.iter_mut().enumerate() {
            let pair = text.get(place * 2..place * 2 + 2).ok_or(BAD)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| BAD)?;
        }
        Ok(Self(TokenHash::from_bytes(bytes)))
    }
}

/// Whether each name is there once.
pub(super) fn are_distinct(services: &[Service]) -> bool {
    let ids: std::collections::HashSet<_> = services.iter().map(|service| &service.id).collect();
    ids.len() == services.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_written_as_sha256sum_writes_it() {
        let text = format!("00ff{}", "5a".repeat(30));
        let hash = SecretHash::try_from(text.clone()).unwrap();
        assert_eq!(String::from(hash), text);
        for bad in ["", &text[1..], &text.to_uppercase(), &format!("{text}0"), &"+1".repeat(32)] {
            assert!(SecretHash::try_from((*bad).to_owned()).is_err(), "{bad}");
        }
    }
}
