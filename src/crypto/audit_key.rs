//! The key that proves where the chain of seals over the audit trail ends.

use std::fmt;

use aws_lc_rs::{hkdf, hmac};

use super::seal::MasterKey;
use crate::model::Digest;

/// What the derived key is for (RFC 5869, 2.3: `info`).
const PURPOSE: &[u8] = b"doorkey audit trail, the end of the chain, 1";

/// A key of HMAC-SHA-256, derived from the master key: who has the store and not the master key
/// cannot compute with it. Never printed.
#[derive(Clone)]
pub struct AuditKey(hmac::Key);

impl MasterKey {
    /// The audit trail's own key: HKDF-SHA-256 (RFC 5869) without a salt, because the master key
    /// is random already.
    #[must_use]
    pub fn audit_key(&self) -> AuditKey {
        AuditKey(derived(self.bytes()))
    }
}

fn derived(master: &[u8]) -> hmac::Key {
    let drawn = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(master);
    let key = drawn.expand(&[PURPOSE], hmac::HMAC_SHA256).map(hmac::Key::from);
    key.expect("HKDF gives 32 bytes")
}

fn digest(tag: &hmac::Tag) -> Digest {
    Digest::from_bytes(tag.as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes"))
}

impl AuditKey {
    /// The proof of `text`.
    #[must_use]
    pub fn mac(&self, text: &[u8]) -> Digest {
        digest(&hmac::sign(&self.0, text))
    }

    /// Whether `mac` proves `text`; in constant time.
    #[must_use]
    pub fn proves(&self, text: &[u8], mac: &Digest) -> bool {
        hmac::verify(&self.0, text, mac.as_bytes()).is_ok()
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Random;

    #[test]
    fn only_the_same_master_key_proves_the_same_text() {
        let key = |n| MasterKey::generate(&Random::seeded(n)).audit_key();
        let mac = key(1).mac(b"the end");
        assert!(key(1).proves(b"the end", &mac));
        assert!(!key(1).proves(b"another end", &mac) && !key(2).proves(b"the end", &mac));
        assert!(!key(1).proves(b"the end", &Digest::NONE));
        assert_eq!(format!("{:?}", key(1)), "AuditKey");
    }

    /// RFC 4231, test case 2, of HMAC-SHA-256.
    #[test]
    fn the_mac_is_the_published_one() {
        let key = AuditKey(hmac::Key::new(hmac::HMAC_SHA256, b"Jefe"));
        let mac = key.mac(b"what do ya want for nothing?");
        let hex = mac.as_bytes().map(|b| format!("{b:02x}")).concat();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
