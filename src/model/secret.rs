//! Secrets as types that cannot be printed.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A text that must reach no log, error or answer by accident: no `Display`, no `Serialize`,
/// wiped on drop. [`Secret::expose`] is the one way out and easy to search for.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// A password as it was typed: at most [`Password::MAX_BYTES`], so that hashing a huge buffer
/// cannot be written down. Whether it is a good one is the question of `crypto::strength`.
#[derive(Debug, Clone)]
pub struct Password(Secret);

/// A password of more than [`Password::MAX_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl Password {
    /// Enough for 256 characters of any script.
    pub const MAX_BYTES: usize = 1024;

    /// The text itself; only `crypto` has a use for it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl TryFrom<Secret> for Password {
    type Error = TooLong;
    fn try_from(secret: Secret) -> Result<Self, TooLong> {
        if secret.expose().len() > Self::MAX_BYTES { Err(TooLong) } else { Ok(Self(secret)) }
    }
}

/// A stored password: a PHC string (`$argon2id$…`), made and read by `crypto::password`.
/// Comparable, because a rehash must not overwrite a password that changed meanwhile.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes a PHC string as it is; an unreadable one verifies nothing.
    #[must_use]
    pub fn from_phc(text: String) -> Self {
        Self(text)
    }

    /// The PHC string.
    #[must_use]
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_nothing_of_itself() {
        let secret = Secret::new("hunter22".to_owned());
        assert_eq!(format!("{secret:?}"), "Secret");
        let password = Password::try_from(secret).unwrap();
        assert_eq!(format!("{password:?}"), "Password(Secret)");
        assert_eq!(format!("{:?}", PasswordHash::from_phc("$x".to_owned())), "PasswordHash");
    }

    #[test]
    fn a_password_is_bounded() {
        assert!(Password::try_from(Secret::new("a".repeat(1024))).is_ok());
        assert_eq!(Password::try_from(Secret::new("a".repeat(1025))).unwrap_err(), TooLong);
    }
}
