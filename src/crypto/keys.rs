//! Signing keys: made by aws-lc, kept as PKCS#8, named by their thumbprint, shown as a JWK of
//! public members only.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
    RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::Serialize;
use zeroize::Zeroizing;

use super::Error;
use super::digest::sha256;
use crate::model::{Algorithm, KeyId};

mod der;

/// 3072 bits (NIST SP 800-57, 128 bits of security): a shorter RSA key is refused.
const RSA_MIN_BYTES: usize = 384;

/// A private key with its public part, ready to sign with its one algorithm.
pub struct KeyPair {
    pkcs8: Zeroizing<Vec<u8>>,
    signing: EncodingKey,
    verifying: VerifyingKey,
}

/// The public part of a [`KeyPair`], bound to its one algorithm (RFC 8725, 3.1).
#[derive(Clone)]
pub struct VerifyingKey {
    id: KeyId,
    algorithm: Algorithm,
    pub(super) public: Public,
    decoding: DecodingKey,
}

/// The numbers of a public key.
#[derive(Clone)]
pub(super) enum Public {
    Ec { x: Vec<u8>, y: Vec<u8> },
    Ed { x: Vec<u8> },
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// A public key as RFC 7517 shows it. It has no member that could hold anything private.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicJwk {
    kty: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(rename = "use")]
    usage: &'static str,
    alg: &'static str,
    kid: KeyId,
}

impl PublicJwk {
    /// The key's id.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.kid
    }
}

impl KeyPair {
    /// A fresh key. RSA takes most of a second.
    ///
    /// # Errors
    /// [`Error::Generation`] when the library fails.
    pub fn generate(algorithm: Algorithm) -> Result<Self, Error> {
        let failed = |_| Error::Generation;
        let pkcs8 = match algorithm {
            Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .and_then(|key| key.to_pkcs8v1())
                .map(|document| document.as_ref().to_vec()),
            Algorithm::EdDsa => Ed25519KeyPair::generate()
                .and_then(|key| key.to_pkcs8v1())
                .map(|document| document.as_ref().to_vec()),
            Algorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa3072)
                .and_then(|key| key.as_der())
                .map(|document| document.as_ref().to_vec()),
        };
        Self::from_pkcs8(algorithm, &Zeroizing::new(pkcs8.map_err(failed)?))
    }

    /// The key that [`KeyPair::pkcs8`] gave, read and checked.
    ///
    /// # Errors
    /// [`Error::BadKey`] for damage, for a key of another algorithm or curve, and for RSA of
    /// less than 3072 bits.
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, Error> {
        let public = public_part(algorithm, pkcs8).ok_or(Error::BadKey)?;
        let signing = match algorithm {
            Algorithm::Es256 => EncodingKey::from_ec_der(pkcs8),
            Algorithm::EdDsa => EncodingKey::from_ed_der(pkcs8),
            Algorithm::Rs256 => {
                EncodingKey::from_rsa_der(der::private_key(pkcs8).ok_or(Error::BadKey)?)
            }
        };
        let verifying = VerifyingKey::new(algorithm, public);
        Ok(Self { pkcs8: Zeroizing::new(pkcs8.to_vec()), signing, verifying })
    }

    /// The private key, to be sealed under the master key.
    #[must_use]
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// Its name: the `kid` of tokens and JWKs.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.verifying.id
    }

    /// The one algorithm it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm
    }

    /// What everybody may see of it.
    #[must_use]
    pub fn public_jwk(&self) -> PublicJwk {
        self.verifying.public_jwk()
    }

    /// What verifies its signatures.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying.clone()
    }

    pub(super) fn encoding_key(&self) -> &EncodingKey {
        &self.signing
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({} {})", self.verifying.algorithm, self.verifying.id)
    }
}

impl VerifyingKey {
    pub(super) fn new(algorithm: Algorithm, public: Public) -> Self {
        let id = KeyId::from_bytes(sha256(public.thumbprint_input().as_bytes()));
        let decoding = match &public {
            Public::Ec { x, y } => DecodingKey::from_ec_der(&[&[4], &x[..], &y[..]].concat()),
            Public::Ed { x } => DecodingKey::from_ed_der(x),
            Public::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
        };
        Self { id, algorithm, public, decoding }
    }

    /// Its name: the RFC 7638 SHA-256 thumbprint.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The one algorithm whose signatures it verifies.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What everybody may see of it.
    #[must_use]
    pub fn public_jwk(&self) -> PublicJwk {
        let text = |bytes: &Vec<u8>| Some(URL_SAFE_NO_PAD.encode(bytes));
        let (kty, crv) = self.public.kind();
        let (x, y, n, e) = match &self.public {
            Public::Ec { x, y } => (text(x), text(y), None, None),
            Public::Ed { x } => (text(x), None, None, None),
            Public::Rsa { n, e } => (None, None, text(n), text(e)),
        };
        PublicJwk { kty, crv, x, y, n, e, usage: "sig", alg: self.algorithm.name(), kid: self.id }
    }

    pub(super) fn decoding_key(&self) -> &DecodingKey {
        &self.decoding
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({} {})", self.algorithm, self.id)
    }
}

impl Public {
    /// `kty` and `crv` (RFC 7518, 6.2 and 6.3; RFC 8037, 2).
    const fn kind(&self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Ec { .. } => ("EC", Some("P-256")),
            Self::Ed { .. } => ("OKP", Some("Ed25519")),
            Self::Rsa { .. } => ("RSA", None),
        }
    }

    /// The required members in the order of their names, without spaces (RFC 7638, 3.3).
    fn thumbprint_input(&self) -> String {
        let text = |bytes: &Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ec { x, y } => {
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text(x), text(y))
            }
            Self::Ed { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text(x)),
            Self::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text(e), text(n)),
        }
    }
}

/// The public part of a private key; `None` when it is no sound key of this algorithm.
fn public_part(algorithm: Algorithm, pkcs8: &[u8]) -> Option<Public> {
    match algorithm {
        Algorithm::Es256 => {
            let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
            // SEC 1, 2.3.3: an uncompressed point is 4, x, y.
            let point = key.public_key().as_ref().strip_prefix(&[4])?;
            let (x, y) = point.split_at_checked(32)?;
            Some(Public::Ec { x: x.to_vec(), y: y.to_vec() })
        }
        Algorithm::EdDsa => {
            let key = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
            Some(Public::Ed { x: key.public_key().as_ref().to_vec() })
        }
        Algorithm::Rs256 => {
            let key = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
            let numbers = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
            let long = numbers.n.len() >= RSA_MIN_BYTES;
            long.then_some(Public::Rsa { n: numbers.n, e: numbers.e })
        }
    }
}

#[cfg(test)]
mod tests;
