//! Names for credentials that were presented, for tables that must not hold the credentials.

use std::fmt;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::random::Random;

/// Makes the names: a key of HMAC-SHA-256, drawn anew by each process and never stored.
#[derive(Clone)]
pub struct CredentialKey(hmac::Key);

/// The name of the exact bytes of one credential, 256 bits. Whoever lacks the key cannot tell
/// anything about it, so how long a comparison takes says nothing either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialName([u8; 32]);

impl CredentialKey {
    /// A fresh key.
    #[must_use]
    pub fn new(random: &Random) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &*Zeroizing::new(random.bytes::<32>())))
    }

    /// The name of these bytes. Two texts of one name would be a collision of HMAC-SHA-256 under a
    /// key that nobody knows.
    #[must_use]
    pub fn name(&self, credential: &[u8]) -> CredentialName {
        let mut name = [0; 32];
        name.copy_from_slice(hmac::sign(&self.0, credential).as_ref());
        CredentialName(name)
    }
}

impl CredentialName {
    /// A place among `count`, each equally likely and none of anybody's choosing.
    #[must_use]
    pub fn place(&self, count: usize) -> usize {
        let [a, b, c, d, ..] = self.0;
        usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or_default() % count.max(1)
    }
}

impl fmt::Debug for CredentialKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_the_exact_bytes_and_of_one_key() {
        let (one, two) =
            (CredentialKey::new(&Random::seeded(1)), CredentialKey::new(&Random::seeded(2)));
        assert_eq!(one.name(b"token"), one.name(b"token"));
        assert_ne!(one.name(b"token"), two.name(b"token"));
        for other in [&b"tokem"[..], b"Token", b"token ", b"toke", b""] {
            assert_ne!(one.name(b"token"), one.name(other));
        }
        assert_eq!(format!("{one:?}"), "CredentialKey");
    }

    #[test]
    fn names_fall_evenly_on_places() {
        let key = CredentialKey::new(&Random::seeded(1));
        let mut found = [0; 8];
        for n in 0..8_000_u32 {
            found[key.name(&n.to_be_bytes()).place(8)] += 1;
        }
        assert!(found.iter().all(|count| (850..1_150).contains(count)), "{found:?}");
    }
}
