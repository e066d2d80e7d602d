//! A service: another program that may ask whether a token is good.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::secret::Secret;
use super::token::{NotAToken, TokenHash};
use super::word;

/// The name of a service, its `client_id` (RFC 6749, 2.2): a word of a-z, 0-9, _ and - that starts
/// with a letter. It never looks like the id of a user, and is never that of the first-party
/// login (RFC 9700, 4.15).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceId(String);

/// A word that cannot name a service, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAService(&'static str);

impl fmt::Display for NotAService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NotAService {}

impl ServiceId {
    /// The longest name.
    pub const MAX: usize = 64;

    /// How long the id of a user is: no service has a name of this length.
    const LIKE_A_USER: usize = 22;

    /// The `client_id` of the first-party login.
    pub const FIRST_PARTY: &str = "doorkey";

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for ServiceId {
    type Error = NotAService;
    fn try_from(word: &str) -> Result<Self, NotAService> {
        let tail = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        let starts = word.starts_with(|c: char| c.is_ascii_lowercase());
        if !starts || word.len() > Self::MAX || !word.chars().all(tail) {
            return Err(NotAService(
                "must be a word of at most 64 characters of a-z, 0-9, _ and - that starts with a \
                 letter",
            ));
        }
        if word.len() == Self::LIKE_A_USER {
            return Err(NotAService("must not have 22 characters, as the ids of users do"));
        }
        if word == Self::FIRST_PARTY {
            return Err(NotAService("must not be doorkey, which is this server's own"));
        }
        Ok(Self(word.to_owned()))
    }
}

impl TryFrom<String> for ServiceId {
    type Error = NotAService;
    fn try_from(word: String) -> Result<Self, NotAService> {
        Self::try_from(word.as_str())
    }
}

impl From<ServiceId> for String {
    fn from(id: ServiceId) -> Self {
        id.0
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What proves a service: `dk_svc_`, then 256 random bits in 43 letters and digits, then six of
/// their checksum. No other text is one, so nobody can choose a weak secret.
#[derive(Debug, Clone)]
pub struct ServiceSecret(Secret);

impl ServiceSecret {
    /// By which scanners for secrets find one: `dk_svc_[0-9A-Za-z]{49}`.
    pub const PREFIX: &str = "dk_svc_";

    /// The secret made of these random bytes.
    #[must_use]
    pub fn from_random(bytes: &[u8; 32]) -> Self {
        Self(word::write(Self::PREFIX, bytes))
    }

    /// The text: to be shown once, and hashed in `crypto`.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl TryFrom<Secret> for ServiceSecret {
    type Error = NotAToken;
    fn try_from(text: Secret) -> Result<Self, NotAToken> {
        word::read::<32>(Self::PREFIX, text.expose()).map(|_| Self(text)).ok_or(NotAToken)
    }
}

/// A service that an administrator registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name.
    pub id: ServiceId,
    /// Of the text of its secret.
    pub secret_hash: TokenHash,
    /// When it was registered.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UserId;

    #[test]
    fn a_service_has_a_plain_name_that_is_no_users_id() {
        for good in ["a", "grafana", "wiki-2_eu", &"a".repeat(64), &"a".repeat(21)] {
            assert!(ServiceId::try_from(good).is_ok(), "{good}");
        }
        let user = UserId::from_bytes([0x69; 16]).to_string();
        for bad in ["", "2x", "-a", "A", "a b", "a:b", "a/b", "doorkey", &"a".repeat(65), &user] {
            assert!(ServiceId::try_from(bad).is_err(), "{bad}");
        }
        assert_eq!(user.len(), ServiceId::LIKE_A_USER);
        assert!(ServiceId::try_from("a".repeat(22)).is_err());
    }

    #[test]
    fn a_secret_is_one_that_we_made() {
        let secret = ServiceSecret::from_random(&[9; 32]);
        assert_eq!(secret.expose().len(), 56);
        assert!(ServiceSecret::try_from(Secret::new(secret.expose().to_owned())).is_ok());
        let typo = secret.expose().replace('9', "8");
        for bad in ["", "dk_svc_", "hunter22", &typo[..55]] {
            assert!(ServiceSecret::try_from(Secret::new(bad.to_owned())).is_err(), "{bad}");
        }
        assert_eq!(format!("{secret:?}"), "ServiceSecret(Secret)");
    }
}
