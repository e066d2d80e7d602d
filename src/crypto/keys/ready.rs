//! Keys read once and kept ready: reading an ES256 key again for each signature costs more than
//! half of one.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};

use super::Public;
use crate::crypto::Error;
use crate::model::Algorithm;

/// 3072 bits (NIST SP 800-57, 128 bits of security): a shorter RSA key is refused.
pub(super) const RSA_MIN_BYTES: usize = 384;

/// A private key that signs with its one algorithm.
pub(super) enum Ready {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(RsaKeyPair),
}

impl Ready {
    /// Reads and checks a private key; `None` when it is none of this algorithm.
    pub(super) fn read(algorithm: Algorithm, pkcs8: &[u8]) -> Option<Self> {
        Some(match algorithm {
            Algorithm::Es256 => {
                let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8);
                Self::Es256(key.ok()?)
            }
            Algorithm::EdDsa => Self::EdDsa(Ed25519KeyPair::from_pkcs8(pkcs8).ok()?),
            Algorithm::Rs256 => Self::Rs256(RsaKeyPair::from_pkcs8(pkcs8).ok()?),
        })
    }

    /// Its public part; `None` when the key is too short.
    pub(super) fn public(&self) -> Option<Public> {
        match self {
            Self::Es256(key) => {
                // SEC 1, 2.3.3: an uncompressed point is 4, x, y.
                let point = key.public_key().as_ref().strip_prefix(&[4])?;
                let (x, y) = point.split_at_checked(32)?;
                Some(Public::Ec { x: x.to_vec(), y: y.to_vec() })
            }
            Self::EdDsa(key) => Some(Public::Ed { x: key.public_key().as_ref().to_vec() }),
            Self::Rs256(key) => {
                let numbers = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
                let long = numbers.n.len() >= RSA_MIN_BYTES;
                long.then_some(Public::Rsa { n: numbers.n, e: numbers.e })
            }
        }
    }

    /// The signature of `message`.
    ///
    /// # Errors
    /// [`Error::Signing`] when the library fails.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        // Asked for by the interface and for nothing else: aws-lc draws from its own generator.
        let random = SystemRandom::new();
        let signature = match self {
            Self::Es256(key) => key.sign(&random, message).map(|made| made.as_ref().to_vec()),
            Self::EdDsa(key) => key.try_sign(message).map(|made| made.as_ref().to_vec()),
            Self::Rs256(key) => {
                let mut made = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut made).map(|()| made)
            }
        };
        signature.map_err(|_| Error::Signing)
    }
}

impl Public {
    /// The key that verifies; `None` when the numbers are none of a key.
    pub(super) fn parse(&self) -> Option<ParsedPublicKey> {
        match self {
            Self::Ec { x, y } => {
                let point = [&[4], &x[..], &y[..]].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()
            }
            Self::Ed { x } => ParsedPublicKey::new(&ED25519, x).ok(),
            Self::Rsa { n, e } => {
                let numbers = RsaPublicKeyComponents { n, e };
                numbers.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()
            }
        }
    }
}
