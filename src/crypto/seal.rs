//! What must be read back from the store is sealed under the master key, which lives outside it.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, Tag, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::random::Random;
use crate::model::Secret;

const KEY_LEN: usize = 32;

/// The key that seals signing keys and other secrets of the store. Wiped on drop, never printed.
#[derive(ZeroizeOnDrop)]
pub struct MasterKey([u8; KEY_LEN]);

/// A text that is no master key: empty, cut, or in another alphabet. Making a new key instead
/// would lose everything sealed under the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadMasterKey;

impl fmt::Display for BadMasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a master key is one line of 43 base64url characters")
    }
}

impl std::error::Error for BadMasterKey {}

/// Sealed under another key, for another context, or changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CannotOpen;

impl fmt::Display for CannotOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sealed secret does not open: it is damaged, or the master key is another")
    }
}

impl std::error::Error for CannotOpen {}

impl MasterKey {
    /// A fresh key.
    #[must_use]
    pub fn generate(random: &Random) -> Self {
        Self(random.bytes())
    }

    /// The key as the line that is kept in its file.
    #[must_use]
    pub fn to_text(&self) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(self.0))
    }

    /// Reads the line, with or without its end of line.
    ///
    /// # Errors
    /// [`BadMasterKey`] for everything else, an empty text first of all.
    pub fn from_text(text: &str) -> Result<Self, BadMasterKey> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(line).map_err(|_| BadMasterKey)?);
        Ok(Self(bytes.as_slice().try_into().map_err(|_| BadMasterKey)?))
    }

    /// Seals `plain` with AES-256-GCM (NIST SP 800-38D) under a random nonce. It opens only with
    /// the same `context`: give the record's key, so that no sealed value can take another's
    /// place. Random nonces are good for 2^32 values under one key.
    #[must_use]
    pub fn seal(&self, context: &[u8], plain: &[u8], random: &Random) -> String {
        let nonce: [u8; NONCE_LEN] = random.bytes();
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self.encrypt(nonce, context, &mut sealed[NONCE_LEN..]);
        sealed.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// What was sealed for this context.
    ///
    /// # Errors
    /// [`CannotOpen`] for another key, another context, and any changed bit.
    pub fn open(&self, context: &[u8], sealed: &str) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let mut bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(sealed).map_err(|_| CannotOpen)?);
        let (nonce, boxed) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(CannotOpen)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CannotOpen)?;
        let plain = self.cipher().open_in_place(nonce, Aad::from(context), boxed);
        plain.map(|plain| Zeroizing::new(plain.to_vec())).map_err(|_| CannotOpen)
    }

    /// For keys that are derived from it.
    pub(super) fn bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    fn encrypt(&self, nonce: [u8; NONCE_LEN], context: &[u8], bytes: &mut [u8]) -> Tag {
        let (nonce, context) = (Nonce::assume_unique_for_key(nonce), Aad::from(context));
        let tag = self.cipher().seal_in_place_separate_tag(nonce, context, bytes);
        tag.expect("a record is far shorter than the 64 GiB that AES-GCM seals")
    }

    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&AES_256_GCM, &self.0);
        LessSafeKey::new(key.expect("a key of AES-256 has 32 bytes"))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> MasterKey {
        MasterKey::generate(&Random::seeded(n))
    }

    #[test]
    fn what_was_sealed_opens_again() {
        let random = Random::seeded(9);
        for plain in [&b""[..], b"a", &[7; 2_000]] {
            let sealed = key(1).seal(b"key/1", plain, &random);
            assert_eq!(key(1).open(b"key/1", &sealed).unwrap().as_slice(), plain);
        }
    }

    /// KEY-05, KEY-06.
    #[test]
    fn another_key_another_context_or_a_changed_byte_opens_nothing() {
        let random = Random::seeded(9);
        let sealed = key(1).seal(b"key/1", b"private", &random);
        assert_eq!(key(2).open(b"key/1", &sealed), Err(CannotOpen));
        assert_eq!(key(1).open(b"key/2", &sealed), Err(CannotOpen));
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        for i in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[i] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(key(1).open(b"key/1", &changed), Err(CannotOpen), "byte {i}");
            let cut = URL_SAFE_NO_PAD.encode(&bytes[..i]);
            assert_eq!(key(1).open(b"key/1", &cut), Err(CannotOpen), "cut at {i}");
        }
        for other in ["", "=", "not base64!", &format!("{sealed}=")] {
            assert_eq!(key(1).open(b"key/1", other), Err(CannotOpen), "{other:?}");
        }
    }

    #[test]
    fn a_value_is_never_sealed_the_same_way_twice() {
        let random = Random::seeded(9);
        assert_ne!(key(1).seal(b"c", b"plain", &random), key(1).seal(b"c", b"plain", &random));
    }

    /// NIST's test case 14 of AES-GCM: a zero key, nonce and block.
    #[test]
    fn the_cipher_is_the_published_one() {
        let hex = "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919";
        let bytes: Vec<u8> = (0..hex.len() / 2)
            .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
            .collect();
        let known = URL_SAFE_NO_PAD.encode([&[0; NONCE_LEN][..], &bytes].concat());
        let zero = MasterKey([0; KEY_LEN]);
        assert_eq!(zero.open(b"", &known).unwrap().as_slice(), [0; 16]);
    }

    /// KEY-04.
    #[test]
    fn an_empty_or_damaged_key_file_is_an_error() {
        let text = key(1).to_text().expose().to_owned();
        for good in [text.clone(), format!("{text}\n"), format!("{text}\r\n")] {
            assert_eq!(MasterKey::from_text(&good).unwrap().to_text().expose(), text);
        }
        let long = format!("{text}AAAA");
        let twice = format!("{text}\n\n");
        for bad in ["", "\n", "AAAA", &text[..42], &long, &twice, &format!(" {text}")] {
            assert_eq!(MasterKey::from_text(bad).unwrap_err(), BadMasterKey, "{bad:?}");
        }
    }

    /// KEY-06.
    #[test]
    fn a_key_prints_nothing_of_itself() {
        assert_eq!(format!("{:?}", key(1)), "MasterKey");
    }
}
