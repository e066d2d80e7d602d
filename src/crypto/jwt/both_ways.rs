//! jsonwebtoken, whole, beside what we do with keys kept ready: what one signs the other verifies,
//! and what one refuses the other refuses.

use jsonwebtoken::{DecodingKey, EncodingKey, TokenData, Validation};

use super::tests::{ALL, NOW, claims, header, issuer, payload, signed, verify_with};
use super::*;
use crate::crypto::keys::Public;

/// jsonwebtoken's form of a private key.
pub(super) fn encoding_key(key: &KeyPair) -> EncodingKey {
    match key.algorithm() {
        Algorithm::Es256 => EncodingKey::from_ec_der(key.pkcs8()),
        Algorithm::EdDsa => EncodingKey::from_ed_der(key.pkcs8()),
        Algorithm::Rs256 => EncodingKey::from_rsa_der(der::private_key(key.pkcs8()).unwrap()),
    }
}

/// jsonwebtoken's form of a public key.
fn decoding_key(key: &KeyPair) -> DecodingKey {
    match key.verifying_key().public {
        Public::Ec { x, y } => DecodingKey::from_ec_der(&[&[4], &x[..], &y[..]].concat()),
        Public::Ed { x } => DecodingKey::from_ed_der(&x),
        Public::Rsa { n, e } => DecodingKey::from_rsa_raw_components(&n, &e),
    }
}

/// Everything that jsonwebtoken checks by itself; its clock is the system's, so not the times.
fn decode(key: &KeyPair, token: &str) -> Result<TokenData<Incoming>, jsonwebtoken::errors::Error> {
    let mut checks = Validation::new(jose(key.algorithm()));
    (checks.leeway, checks.validate_exp, checks.validate_nbf) = (0, false, false);
    checks.set_issuer(&[&issuer().issuer]);
    checks.set_audience(&[&issuer().audience]);
    checks.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    jsonwebtoken::decode(token, &decoding_key(key), &checks)
}

fn keys() -> [KeyPair; 3] {
    ALL.map(|algorithm| KeyPair::generate(algorithm).unwrap())
}

#[test]
fn jsonwebtoken_accepts_what_we_sign() {
    for key in keys() {
        let token = sign(&key, &issuer(), &claims()).unwrap();
        let read = decode(&key, token.expose()).unwrap();
        assert_eq!(read.header.kid, Some(key.id().to_string()));
        assert_eq!(read.claims.of_issuer(&issuer(), key.id()).unwrap().claims, claims());
    }
}

#[test]
fn we_accept_what_jsonwebtoken_signs() {
    for key in keys() {
        let mut header = Header::new(jose(key.algorithm()));
        (header.typ, header.kid) = (Some(TYPE.to_owned()), Some(key.id().to_string()));
        let (issuer, claims) = (issuer(), claims());
        let claimed = Outgoing::new(&issuer, &claims);
        let token = jsonwebtoken::encode(&header, &claimed, &encoding_key(&key)).unwrap();
        assert_eq!(verify_with(&key, &token, NOW), Ok(claims.clone()));
        // Ed25519 and PKCS#1 v1.5 sign the same text always in the same way.
        if key.algorithm() != Algorithm::Es256 {
            assert_eq!(sign(&key, &issuer, &claims).unwrap().expose(), token);
        }
    }
}

/// Of a token with one part changed, and of good signatures over claims that are not.
#[test]
fn both_refuse_the_same() {
    for (key, other) in keys().iter().zip(&keys()) {
        let good = signed(key, &header(key), &payload(&[]));
        assert!(decode(key, &good).is_ok() && verify_with(key, &good, NOW).is_ok());
        let bad_claims = [
            ("iss", r#""https://evil.example""#),
            ("iss", ""),
            ("aud", r#"["a","b"]"#),
            ("aud", "{}"),
            ("exp", ""),
            ("exp", "true"),
            ("sub", "null"),
            ("roles", "5"),
            ("admin", "true"),
        ];
        let mut tokens: Vec<String> =
            bad_claims.map(|change| signed(key, &header(key), &payload(&[change]))).into();
        for at in (0..good.len()).step_by(11).filter(|at| &good[*at..=*at] != ".") {
            let flipped = if &good[at..=at] == "A" { "B" } else { "A" };
            tokens.push(format!("{}{flipped}{}", &good[..at], &good[at + 1..]));
        }
        let (message, signature) = good.rsplit_once('.').unwrap();
        let of_other = URL_SAFE_NO_PAD.encode(other.sign(message.as_bytes()).unwrap());
        tokens.push(format!("{message}.{of_other}"));
        tokens.push(format!("{message}.{}", &signature[..signature.len() - 4]));
        tokens.push(format!("{message}.{signature}AAAA"));
        tokens.push(format!("{message}.{signature}="));
        tokens.push(format!("{message}."));
        tokens.push(message.to_owned());
        for token in tokens {
            assert!(decode(key, &token).is_err(), "jsonwebtoken accepts {token}");
            assert!(verify_with(key, &token, NOW).is_err(), "we accept {token}");
        }
    }
}
