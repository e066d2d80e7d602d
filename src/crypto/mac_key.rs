//! Keys that prove texts, each derived from the master key for one purpose.

use std::fmt;

use aws_lc_rs::{hkdf, hmac};

use super::seal::MasterKey;
use crate::model::Digest;

/// HKDF-SHA-256 (RFC 5869) without a salt, because the master key is random already. `purpose`
/// is its `info` (3.2): keys for two purposes have nothing in common.
fn derived(master: &[u8], purpose: &[u8]) -> hmac::Key {
    let drawn = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(master);
    let key = drawn.expand(&[purpose], hmac::HMAC_SHA256).map(hmac::Key::from);
    key.expect("HKDF gives 32 bytes")
}

fn digest(tag: &hmac::Tag) -> Digest {
    Digest::from_bytes(tag.as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes"))
}

macro_rules! mac_keys {
    ($($(#[$doc:meta])* $key:ident = $(#[$about:meta])* $maker:ident($purpose:literal);)+) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $key(hmac::Key);

        impl MasterKey {
            $(#[$about])*
            #[must_use]
            pub fn $maker(&self) -> $key {
                $key(derived(self.bytes(), $purpose))
            }
        }

        impl $key {
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

        impl fmt::Debug for $key {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($key))
            }
        }
    )+};
}

mac_keys! {
    /// Proves where the chain of seals over the audit trail ends: a key of HMAC-SHA-256. Who has
    /// the store and not the master key cannot compute with it. Never printed.
    AuditKey =
        /// The audit trail's own key.
        audit_key(b"doorkey audit trail, the end of the chain, 1");

    /// Proves that a form was shown by this server to one browser: a key of HMAC-SHA-256. Never
    /// printed.
    FormKey =
        /// The key of the forms. It outlives a restart, so that an open page does, too.
        form_key(b"doorkey forms of the pages, 1");

    /// Proves that a cookie of forward-auth was made by this server for a session: a key of
    /// HMAC-SHA-256. Never printed.
    ForwardKey =
        /// The key of the cookies of forward-auth. It outlives a restart, as their sessions do.
        forward_key(b"doorkey cookies of forward-auth, 1");
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

    #[test]
    fn a_key_proves_nothing_for_the_purpose_of_another() {
        let master = MasterKey::generate(&Random::seeded(1));
        let mac = master.audit_key().mac(b"text");
        assert!(!master.form_key().proves(b"text", &mac));
        assert!(!master.forward_key().proves(b"text", &mac));
        assert_eq!(format!("{:?}", master.form_key()), "FormKey");
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
