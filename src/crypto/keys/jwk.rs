//! A public key from a JWK of somebody else (RFC 7517, RFC 7518, RFC 8037).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::ready::RSA_MIN_BYTES;
use super::{Public, VerifyingKey};
use crate::model::{Algorithm, KeyId};

/// 8192 bits: a longer RSA key costs more than any is worth.
const RSA_MAX_BYTES: usize = 1024;
/// The exponent of nearly every key: 65537.
const RSA_EXPONENT: [u8; 3] = [1, 0, 1];

/// The members that decide. Further ones are passed over, private ones apart.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<Value>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: String,
    kid: String,
}

impl VerifyingKey {
    /// The key of a JWK. `None` for a kind or algorithm that doorkey does not sign with, one that is
    /// not for signatures, a `kid` that is not the key's thumbprint, a private or weak key, and
    /// numbers that are not in their one form.
    #[must_use]
    pub fn from_jwk(jwk: &Value) -> Option<Self> {
        let jwk = Jwk::deserialize(jwk).ok()?;
        if jwk.d.is_some() || jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let algorithm: Algorithm = jwk.alg.parse().ok()?;
        let key = Self::new(algorithm, jwk.numbers(algorithm)?).ok()?;
        let named = KeyId::try_from(jwk.kid.as_str()).ok()?;
        (key.id() == named).then_some(key)
    }
}

impl Jwk {
    fn numbers(&self, algorithm: Algorithm) -> Option<Public> {
        match (algorithm, self.kty.as_str(), self.crv.as_deref()) {
            (Algorithm::Es256, "EC", Some("P-256")) => {
                Some(Public::Ec { x: sized(self.x.as_ref(), 32)?, y: sized(self.y.as_ref(), 32)? })
            }
            (Algorithm::EdDsa, "OKP", Some("Ed25519")) => {
                Some(Public::Ed { x: sized(self.x.as_ref(), 32)? })
            }
            (Algorithm::Rs256, "RSA", None) => {
                let (n, e) = (bytes(self.n.as_ref())?, bytes(self.e.as_ref())?);
                let sound = (RSA_MIN_BYTES..=RSA_MAX_BYTES).contains(&n.len()) && n[0] != 0;
                (sound && e == RSA_EXPONENT).then_some(Public::Rsa { n, e })
            }
            (Algorithm::Es256 | Algorithm::EdDsa | Algorithm::Rs256, _, _) => None,
        }
    }
}

fn bytes(text: Option<&String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

fn sized(text: Option<&String>, length: usize) -> Option<Vec<u8>> {
    bytes(text).filter(|bytes| bytes.len() == length)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::crypto::KeyPair;

    fn jwk_of(pair: &KeyPair) -> Value {
        serde_json::to_value(pair.public_jwk()).unwrap()
    }

    #[test]
    fn a_key_comes_back_from_its_jwk() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
            let pair = KeyPair::generate(algorithm).unwrap();
            let key = VerifyingKey::from_jwk(&jwk_of(&pair)).unwrap();
            assert_eq!((key.id(), key.algorithm()), (pair.id(), algorithm));
            assert_eq!(key.public_jwk(), pair.public_jwk());
        }
    }

    #[test]
    fn a_jwk_with_anything_amiss_is_no_key() {
        let pair = KeyPair::generate(Algorithm::Es256).unwrap();
        let other = jwk_of(&KeyPair::generate(Algorithm::Es256).unwrap());
        let changes = [
            ("kty", json!("RSA")),
            ("kty", json!("oct")),
            ("crv", json!("P-384")),
            ("alg", json!("HS256")),
            ("alg", json!("EdDSA")),
            ("alg", Value::Null),
            ("use", json!("enc")),
            ("kid", other["kid"].clone()),
            ("kid", Value::Null),
            ("x", other["x"].clone()),
            ("x", json!("AA")),
            ("y", Value::Null),
            ("d", other["x"].clone()),
        ];
        for (name, value) in changes {
            let mut jwk = jwk_of(&pair);
            jwk[name] = value.clone();
            assert!(VerifyingKey::from_jwk(&jwk).is_none(), "{name} = {value}");
        }
        for value in [json!([]), json!("x"), json!({})] {
            assert!(VerifyingKey::from_jwk(&value).is_none(), "{value}");
        }
    }
}
