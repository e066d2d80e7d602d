//! Signing keys: when each is published, signs, is still accepted, and is gone.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::id::KeyId;

/// How access tokens are signed; each key has exactly one (RFC 8725, 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// ECDSA over P-256: small, fast, accepted everywhere tried. The default.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519: faster still, refused by some older verifiers.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// RSA of 3072 bits (PKCS#1 v1.5): for verifiers that know nothing else; slow to sign.
    #[serde(rename = "RS256")]
    Rs256,
}

impl Algorithm {
    /// The JOSE name (RFC 7518, RFC 8037).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        [Self::Es256, Self::EdDsa, Self::Rs256]
            .into_iter()
            .find(|a| a.name() == name)
            .ok_or(UnknownAlgorithm)
    }
}

/// A name that is none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownAlgorithm;

impl fmt::Display for UnknownAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the algorithm must be ES256, EdDSA or RS256")
    }
}

impl std::error::Error for UnknownAlgorithm {}

/// A signing key as stored: its private part sealed under the master key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningKey {
    /// The thumbprint of the public part.
    pub id: KeyId,
    /// The one algorithm it is good for.
    pub algorithm: Algorithm,
    /// PKCS#8 sealed with AES-256-GCM, in base64url.
    pub sealed: String,
    /// Published from here on.
    pub created_at: Timestamp,
    /// Signs from here on, until a later key does.
    pub signs_from: Timestamp,
}

/// What a key is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published, so that verifiers know it before it signs.
    Next,
    /// Signs.
    Signing,
    /// Signs no more, served until its last token has expired.
    Retiring,
    /// Its last token has expired; not served.
    Gone,
}

/// When keys change over. Everything follows from the records and the time: nothing has to
/// happen at the right moment.
#[derive(Debug, Clone, Copy)]
pub struct KeySchedule {
    /// A new key is published this long before it signs: longer than any cache of the JWKS.
    pub publish_ahead: Duration,
    /// A key is served this long after its last signature: longer than any access token.
    pub serve_after: Duration,
}

impl Default for KeySchedule {
    /// JWKS caches live 5 minutes and access tokens at most 15, with a minute for clocks; a key
    /// may be a minute late in the JWKS when whoever rotated it hung up.
    fn default() -> Self {
        Self { publish_ahead: Duration::from_mins(7), serve_after: Duration::from_mins(16) }
    }
}

impl KeySchedule {
    /// The key that signs at `now`: the latest one whose time has come.
    #[must_use]
    pub fn signing(self, keys: &[SigningKey], now: Timestamp) -> Option<&SigningKey> {
        keys.iter().filter(|k| k.signs_from <= now).max_by_key(|k| (k.signs_from, k.id))
    }

    /// When `key` stops being served; `None` while no later key is known.
    #[must_use]
    pub fn served_until(self, keys: &[SigningKey], key: &SigningKey) -> Option<Timestamp> {
        let order = (key.signs_from, key.id);
        let successor = keys
            .iter()
            .filter(|k| (k.signs_from, k.id) > order)
            .min_by_key(|k| (k.signs_from, k.id));
        successor.map(|k| k.signs_from.plus(self.serve_after))
    }

    /// What `key`, one of `keys`, is doing at `now`.
    #[must_use]
    pub fn state(self, keys: &[SigningKey], key: &SigningKey, now: Timestamp) -> KeyState {
        if key.signs_from > now {
            return KeyState::Next;
        }
        if self.signing(keys, now).is_some_and(|k| k.id == key.id) {
            return KeyState::Signing;
        }
        match self.served_until(keys, key) {
            Some(end) if end <= now => KeyState::Gone,
            Some(_) | None => KeyState::Retiring,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8, signs_from: u64) -> SigningKey {
        SigningKey {
            id: KeyId::from_bytes([n; 32]),
            algorithm: Algorithm::Es256,
            sealed: String::new(),
            created_at: Timestamp::EPOCH,
            signs_from: Timestamp::from_seconds(signs_from),
        }
    }

    #[test]
    fn a_new_key_is_published_then_signs_and_the_old_one_retires_then_goes() {
        let (schedule, old, new) = (KeySchedule::default(), key(1, 0), key(2, 1_360));
        let keys = [old.clone(), new.clone()];
        let states = |now| {
            let now = Timestamp::from_seconds(now);
            (schedule.state(&keys, &old, now), schedule.state(&keys, &new, now))
        };
        assert_eq!(states(1_359), (KeyState::Signing, KeyState::Next));
        assert_eq!(states(1_360), (KeyState::Retiring, KeyState::Signing));
        assert_eq!(states(1_360 + 959), (KeyState::Retiring, KeyState::Signing));
        assert_eq!(states(1_360 + 960), (KeyState::Gone, KeyState::Signing));
    }

    /// KEY-02, TOK-25: what cannot be named cannot be configured, stored or accepted.
    #[test]
    fn neither_a_shared_secret_nor_encryption_nor_none_is_an_algorithm() {
        let names =
            ["none", "HS256", "HS512", "PBES2-HS256+A128KW", "dir", "RSA-OAEP", "es256", ""];
        for name in names {
            assert_eq!(name.parse::<Algorithm>(), Err(UnknownAlgorithm), "{name:?}");
        }
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
        }
    }

    #[test]
    fn a_lone_key_signs_for_ever() {
        let keys = [key(1, 0)];
        let now = Timestamp::from_seconds(u64::MAX);
        assert_eq!(KeySchedule::default().state(&keys, &keys[0], now), KeyState::Signing);
    }
}
