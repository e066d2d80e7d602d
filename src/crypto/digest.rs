//! SHA-256 (FIPS 180-4), for secrets that are random already, for short keys of tables and for
//! records that must not change.

use aws_lc_rs::digest;

use crate::model::{Digest, TokenHash, TokenSecret};

/// SHA-256.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// What is stored of a bearer secret. One fast hash is enough: 256 random bits cannot be
/// guessed.
#[must_use]
pub fn hash_secret(secret: &TokenSecret) -> TokenHash {
    TokenHash::from_bytes(sha256(secret.expose()))
}

/// What is kept of a secret that is a text, such as the setup secret or that of a service. Only for texts that
/// `crypto` drew at random; a password goes to [`super::Passwords`].
#[must_use]
pub fn hash_text(text: &str) -> TokenHash {
    TokenHash::from_bytes(sha256(text.as_bytes()))
}

/// What a seal keeps of a record that is no secret, given in its one canonical form.
#[must_use]
pub fn hash_record(canonical: &[u8]) -> Digest {
    Digest::from_bytes(sha256(canonical))
}

/// A short key made of `parts`, for tables that must not grow with what clients send. Every part
/// counts with its length, so `ab`, `c` and `a`, `bc` are different keys.
#[must_use]
pub fn fingerprint(parts: &[&[u8]]) -> [u8; 16] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&part.len().to_be_bytes());
        context.update(part);
    }
    let mut short = [0; 16];
    short.copy_from_slice(&context.finish().as_ref()[..16]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4, the examples of one block and of the empty message.
    #[test]
    fn sha256_is_the_published_one() {
        let hex = |bytes: [u8; 32]| bytes.map(|b| format!("{b:02x}")).concat();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex(sha256(b"abc")), abc);
        assert_eq!(hex(sha256(b"")), empty);
        assert!(hash_text("abc") == TokenHash::from_bytes(sha256(b"abc")));
    }

    #[test]
    fn different_secrets_have_different_hashes() {
        let (one, two) = (TokenSecret::from_bytes([1; 32]), TokenSecret::from_bytes([2; 32]));
        assert!(hash_secret(&one) == hash_secret(&one.clone()));
        assert!(hash_secret(&one) != hash_secret(&two));
    }

    #[test]
    fn a_fingerprint_knows_where_its_parts_end() {
        let parts: [&[&[u8]]; 6] =
            [&[], &[b""], &[b"abc"], &[b"ab", b"c"], &[b"a", b"bc"], &[b"abc", b""]];
        for (i, one) in parts.iter().enumerate() {
            for (j, two) in parts.iter().enumerate() {
                assert_eq!(fingerprint(one) == fingerprint(two), i == j, "{i} {j}");
            }
        }
    }
}
