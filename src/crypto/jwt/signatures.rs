//! Signatures that must not verify, and published ones that must.

use super::tests::{ALL, NOW, claims, issuer, payload, verify_with};
use super::*;
use crate::crypto::keys::Public;

fn good(key: &KeyPair) -> String {
    sign(key, &issuer(), &claims()).unwrap().expose().to_owned()
}

/// TOK-19.
#[test]
fn degenerate_ecdsa_signatures_are_refused() {
    // The order of P-256 (FIPS 186-5; SEC 2, 2.4.2).
    let order = "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE";
    let n = URL_SAFE_NO_PAD.decode(order).unwrap();
    let key = KeyPair::generate(Algorithm::Es256).unwrap();
    let token = good(&key);
    let (message, signature) = token.rsplit_once('.').unwrap();
    let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s, zero) = (&raw[..32], &raw[32..], &[0; 32][..]);
    // Positive integers of 33 bytes each, so that the DER is well formed whatever r and s are.
    let der = [&[0x30, 70, 2, 33, 0], r, &[2, 33, 0], s].concat();
    let cases = [
        [zero, zero].concat(),
        [zero, s].concat(),
        [r, zero].concat(),
        [r, &n].concat(),
        [&n, s].concat(),
        [s, r].concat(),
        der,
        raw[..63].to_vec(),
        [&raw[..], &[0]].concat(),
        vec![0],
        vec![0xff; 64],
    ];
    for case in cases {
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(&case));
        assert_eq!(verify_with(&key, &token, NOW), Err(Refusal::BadSignature), "{case:?}");
    }
}

/// TOK-02, TOK-20: every part is under the signature.
#[test]
fn a_changed_token_is_refused() {
    for key in ALL.map(|algorithm| KeyPair::generate(algorithm).unwrap()) {
        let token = good(&key);
        for (at, c) in token.char_indices().filter(|(_, c)| *c != '.').step_by(7) {
            let mut changed = token.clone();
            changed.replace_range(at..=at, if c == 'A' { "B" } else { "A" });
            assert!(verify_with(&key, &changed, NOW).is_err(), "character {at}");
        }
        let parts: Vec<_> = token.split('.').collect();
        let other = URL_SAFE_NO_PAD.encode(payload(&[("roles", r#"["admin"]"#)]));
        let swapped = format!("{}.{other}.{}", parts[0], parts[2]);
        assert_eq!(verify_with(&key, &swapped, NOW), Err(Refusal::BadSignature));
    }
}

/// TOK-20: S plus the order of the group is another text of one Ed25519 signature
/// (RFC 8032, 5.1.7).
#[test]
fn an_ed25519_signature_has_one_form() {
    let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let key = KeyPair::generate(Algorithm::EdDsa).unwrap();
    let token = good(&key);
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut carry = 0;
    for (i, byte) in raw[32..].iter_mut().enumerate() {
        let digit = u16::from_str_radix(&order[2 * i..2 * i + 2], 16).unwrap();
        let sum = u16::from(*byte) + digit + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    let twin = format!("{message}.{}", URL_SAFE_NO_PAD.encode(raw));
    assert_eq!(verify_with(&key, &twin, NOW), Err(Refusal::BadSignature));
}

/// RFC 7515, A.3, and RFC 7519, 3.1: the signatures are right, the tokens not for us.
#[test]
fn the_published_examples_verify_and_are_no_access_tokens() {
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let x = bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
    let y = bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    let key = VerifyingKey::new(Algorithm::Es256, Public::Ec { x, y }).unwrap();
    let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let es256 = format!("eyJhbGciOiJFUzI1NiJ9.{payload}");
    let check = |message: &str| key.verifies(message.as_bytes(), &bytes(signature));
    assert!(check(&es256));
    assert!(!check(&es256.replace("joe", "bob").replacen("eyJ", "eyK", 1)));
    let hs256 = format!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{payload}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    let key = Arc::new(key);
    for token in [format!("{es256}.{signature}"), hs256] {
        let find = |_: &KeyId| Some(Arc::clone(&key));
        let answer = verify(&token, find, &issuer(), Timestamp::from_seconds(1_300_819_379));
        assert_eq!(answer, Err(Refusal::WrongType));
    }
}

/// RFC 8037, A.1 and A.4: Ed25519 signs the same message in the same way.
#[test]
fn the_published_ed25519_signature_is_ours() {
    let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let key = KeyPair::from_pkcs8(Algorithm::EdDsa, &[&prefix[..], &seed].concat()).unwrap();
    assert_eq!(key.id().to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let made = URL_SAFE_NO_PAD.encode(key.sign(message).unwrap());
    let known =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(made, known);
}
