//! Public keys as PEM (RFC 7468, 13), for programs that read no JWK Set.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::VerifyingKey;
use crate::crypto::Error;

/// The characters of a line (RFC 7468, 2).
const LINE: usize = 64;

impl VerifyingKey {
    /// The `SubjectPublicKeyInfo` as PEM, with the last newline.
    ///
    /// # Errors
    /// [`Error::BadKey`] when the library does not write it.
    pub fn pem(&self) -> Result<String, Error> {
        let der: PublicKeyX509Der<'_> = self.parsed.as_der().map_err(|_| Error::BadKey)?;
        let text = STANDARD.encode(der.as_ref());
        let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
        let mut rest = text.as_str();
        while let Some((line, after)) = rest.split_at_checked(LINE) {
            pem.extend([line, "\n"]);
            rest = after;
        }
        if !rest.is_empty() {
            pem.extend([rest, "\n"]);
        }
        Ok(pem + "-----END PUBLIC KEY-----\n")
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519 as ED25519_PUBLIC,
        EcdsaKeyPair, Ed25519KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_SHA256, RsaKeyPair,
    };

    use super::*;
    use crate::crypto::KeyPair;
    use crate::model::Algorithm;

    fn der(pem: &str) -> Vec<u8> {
        let lines: Vec<&str> = pem.lines().collect();
        let [first, body @ .., last] = lines.as_slice() else { panic!("{pem}") };
        assert_eq!(*first, "-----BEGIN PUBLIC KEY-----");
        assert_eq!(*last, "-----END PUBLIC KEY-----");
        assert!(body.iter().all(|line| matches!(line.len(), 1..=64)), "{pem}");
        STANDARD.decode(body.concat()).unwrap()
    }

    /// A signature of the private key, made and checked by aws-lc, which reads the PEM itself.
    #[test]
    fn the_pem_of_each_algorithm_verifies_what_the_key_signs() {
        let (random, message) = (SystemRandom::new(), b"header.payload");
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
            let pair = KeyPair::generate(algorithm).unwrap();
            let (pkcs8, spki) = (pair.pkcs8(), der(&pair.verifying_key().pem().unwrap()));
            let verified = match algorithm {
                Algorithm::Es256 => {
                    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8);
                    let signature = key.unwrap().sign(&random, message).unwrap();
                    let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &spki).unwrap();
                    key.verify_sig(message, signature.as_ref())
                }
                Algorithm::EdDsa => {
                    let signature = Ed25519KeyPair::from_pkcs8(pkcs8).unwrap().sign(message);
                    let key = ParsedPublicKey::new(&ED25519_PUBLIC, &spki).unwrap();
                    key.verify_sig(message, signature.as_ref())
                }
                Algorithm::Rs256 => {
                    let key = RsaKeyPair::from_pkcs8(pkcs8).unwrap();
                    let mut signature = vec![0; key.public_modulus_len()];
                    key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                    let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &spki).unwrap();
                    key.verify_sig(message, &signature)
                }
            };
            assert!(verified.is_ok(), "{algorithm}");
        }
    }

    #[test]
    fn a_served_jwk_is_read_back_and_a_damaged_one_is_not() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
            let key = KeyPair::generate(algorithm).unwrap().verifying_key();
            let jwk = serde_json::to_value(key.public_jwk()).unwrap();
            assert_eq!(VerifyingKey::from_jwk(&jwk).unwrap().pem(), key.pem());
            let members: Vec<String> = jwk.as_object().unwrap().keys().cloned().collect();
            for member in members.iter().filter(|m| !["kty", "use"].contains(&m.as_str())) {
                let mut damaged = jwk.clone();
                damaged[member] = "AQAC".into();
                assert!(VerifyingKey::from_jwk(&damaged).is_none(), "{member}");
            }
        }
    }
}
