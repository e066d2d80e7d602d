//! Signing keys: made by aws-lc, kept as PKCS#8, named by their thumbprint, shown as a JWK of
//! public members only.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, ParsedPublicKey, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use zeroize::Zeroizing;

use self::ready::Ready;
use super::Error;
use super::digest::sha256;
use crate::model::{Algorithm, KeyId};

mod jwk;
mod pem;
mod ready;

/// A private key with its public part, ready to sign with its one algorithm.
pub struct KeyPair {
    pkcs8: Zeroizing<Vec<u8>>,
    ready: Ready,
    verifying: VerifyingKey,
}

/// The public part of a [`KeyPair`], bound to its one algorithm (RFC 8725, 3.1).
#[derive(Clone)]
pub struct VerifyingKey {
    id: KeyId,
    algorithm: Algorithm,
    pub(super) public: Public,
    parsed: ParsedPublicKey,
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
        let ready = Ready::read(algorithm, pkcs8).ok_or(Error::BadKey)?;
        let verifying = VerifyingKey::new(algorithm, ready.public().ok_or(Error::BadKey)?)?;
        Ok(Self { pkcs8: Zeroizing::new(pkcs8.to_vec()), ready, verifying })
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

    /// The signature of `message` in the form of RFC 7518, 3.3 and 3.4, or RFC 8037, 3.1.
    ///
    /// # Errors
    /// [`Error::Signing`] when the library fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.ready.sign(message)
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({} {})", self.verifying.algorithm, self.verifying.id)
    }
}

impl VerifyingKey {
    /// The key with these numbers.
    ///
    /// # Errors
    /// [`Error::BadKey`] when they are none of a key of this algorithm.
    pub(super) fn new(algorithm: Algorithm, public: Public) -> Result<Self, Error> {
        let id = KeyId::from_bytes(sha256(public.thumbprint_input().as_bytes()));
        let parsed = public.parse().ok_or(Error::BadKey)?;
        Ok(Self { id, algorithm, public, parsed })
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

    /// Whether the key made this signature of `message`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
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

#[cfg(test)]
mod tests;
