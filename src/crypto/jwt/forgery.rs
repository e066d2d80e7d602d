//! Tokens as an attacker makes them: the header and the form.

use aws_lc_rs::hmac;

use super::tests::{ALL, NOW, claims, header, issuer, payload, signed, verify_with};
use super::*;
use crate::crypto::keys::Public;

fn es256() -> KeyPair {
    KeyPair::generate(Algorithm::Es256).unwrap()
}

fn good(key: &KeyPair) -> String {
    sign(key, &issuer(), &claims()).unwrap().expose().to_owned()
}

/// The answer to a token with this header, signed in earnest by the key it belongs to.
fn answer_to(key: &KeyPair, header: &str) -> Refusal {
    verify_with(key, &signed(key, header, &payload(&[])), NOW).unwrap_err()
}

/// A good header with one more member, or another value for one.
fn with(key: &KeyPair, name: &str, value: &str) -> String {
    let (alg, kid) = (format!(r#""{}""#, key.algorithm()), format!(r#""{}""#, key.id()));
    let known = [("alg", alg.as_str()), ("typ", r#""at+jwt""#), ("kid", kid.as_str())];
    let mut members: Vec<_> = known.into_iter().filter(|(known, _)| *known != name).collect();
    if !value.is_empty() {
        members.push((name, value));
    }
    let members: Vec<_> = members.iter().map(|(n, v)| format!(r#""{n}":{v}"#)).collect();
    format!("{{{}}}", members.join(","))
}

/// TOK-03.
#[test]
fn another_algorithm_than_the_keys_is_refused() {
    for key in ALL.map(|algorithm| KeyPair::generate(algorithm).unwrap()) {
        let others =
            ["none", "NONE", "nOnE", "", "HS256", "hs256", "ES384", "PS256", "RS512", "es256"];
        for alg in others {
            let refusal = answer_to(&key, &with(&key, "alg", &format!(r#""{alg}""#)));
            assert_eq!(refusal, Refusal::WrongAlgorithm, "{alg}");
        }
        for missing in ["", "null"] {
            assert_eq!(answer_to(&key, &with(&key, "alg", missing)), Refusal::WrongAlgorithm);
        }
        for kind in ["5", "[]", r#"["ES256"]"#] {
            assert_eq!(answer_to(&key, &with(&key, "alg", kind)), Refusal::ForbiddenHeader);
        }
        let unsigned = signed(&key, &with(&key, "alg", r#""none""#), &payload(&[]));
        let unsigned = &unsigned[..=unsigned.rfind('.').unwrap()];
        assert_eq!(verify_with(&key, unsigned, NOW), Err(Refusal::Malformed));
    }
}

/// TOK-04.
#[test]
fn a_public_key_is_no_mac_secret() {
    for key in ALL.map(|algorithm| KeyPair::generate(algorithm).unwrap()) {
        let jwk = serde_json::to_vec(&key.public_jwk()).unwrap();
        let raw = match key.verifying_key().public {
            Public::Ec { x, y } => [vec![4], x, y].concat(),
            Public::Ed { x } => x,
            Public::Rsa { n, .. } => n,
        };
        let text = URL_SAFE_NO_PAD.encode(&raw).into_bytes();
        for secret in [jwk, raw[..32].to_vec(), raw, text] {
            for alg in ["HS256", key.algorithm().name()] {
                let header = with(&key, "alg", &format!(r#""{alg}""#));
                let parts = [header, payload(&[])].map(|part| URL_SAFE_NO_PAD.encode(part));
                let message = parts.join(".");
                let tag =
                    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
                let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag));
                let expected =
                    if alg == "HS256" { Refusal::WrongAlgorithm } else { Refusal::BadSignature };
                assert_eq!(verify_with(&key, &token, NOW), Err(expected));
            }
        }
    }
}

/// TOK-05.
#[test]
fn a_key_verifies_only_its_own_algorithm_and_only_its_own_signatures() {
    let rsa = KeyPair::generate(Algorithm::Rs256).unwrap();
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(with(&rsa, "alg", r#""PS256""#)),
        URL_SAFE_NO_PAD.encode(payload(&[]))
    );
    let pss = jsonwebtoken::crypto::sign(
        message.as_bytes(),
        &both_ways::encoding_key(&rsa),
        JoseAlgorithm::PS256,
    );
    let token = format!("{message}.{}", pss.unwrap());
    assert_eq!(verify_with(&rsa, &token, NOW), Err(Refusal::WrongAlgorithm));
    let (one, two) = (es256(), es256());
    let token = signed(&two, &header(&one), &payload(&[]));
    assert_eq!(verify_with(&one, &token, NOW), Err(Refusal::BadSignature));
    assert_eq!(verify_with(&one, &good(&two), NOW), Err(Refusal::UnknownKey));
}

/// TOK-06.
#[test]
fn only_the_type_of_an_access_token_is_accepted() {
    let key = es256();
    let others = ["JWT", "id+jwt", "logout+jwt", "dpop+jwt", "at+jwt ", "x/at+jwt", "at", ""];
    for typ in others {
        let refusal = answer_to(&key, &with(&key, "typ", &format!(r#""{typ}""#)));
        assert_eq!(refusal, Refusal::WrongType, "{typ}");
    }
    assert_eq!(answer_to(&key, &with(&key, "typ", "")), Refusal::WrongType);
    assert_eq!(answer_to(&key, &with(&key, "typ", "null")), Refusal::WrongType);
    assert_eq!(answer_to(&key, &with(&key, "typ", "1")), Refusal::ForbiddenHeader);
    for typ in ["AT+JWT", "At+Jwt", "application/at+jwt", "Application/AT+JWT"] {
        let header = with(&key, "typ", &format!(r#""{typ}""#));
        assert!(verify_with(&key, &signed(&key, &header, &payload(&[])), NOW).is_ok(), "{typ}");
    }
}

/// TOK-13, TOK-14, TOK-24: with a signature that is right.
#[test]
fn a_header_with_anything_else_in_it_is_refused() {
    let key = es256();
    let jwk = serde_json::to_string(&key.public_jwk()).unwrap();
    let url = r#""https://evil.example/keys""#;
    let members = [
        ("crit", r#"["exp"]"#),
        ("crit", r#"["b64"]"#),
        ("crit", "[]"),
        ("crit", "null"),
        ("b64", "false"),
        ("jwk", jwk.as_str()),
        ("jku", url),
        ("x5u", url),
        ("x5c", r#"["MII"]"#),
        ("x5t", r#""AA""#),
        ("x5t#S256", r#""AA""#),
        ("cty", r#""JWT""#),
        ("zip", r#""DEF""#),
        ("enc", r#""A128GCM""#),
        ("p2c", "1000000000"),
        ("ALG", r#""none""#),
        ("", "1"),
    ];
    for (name, value) in members {
        let refusal = answer_to(&key, &with(&key, name, value));
        assert_eq!(refusal, Refusal::ForbiddenHeader, "{name} = {value}");
    }
}

/// TOK-15.
#[test]
fn a_kid_is_looked_up_exactly_or_not_at_all() {
    let key = es256();
    let id = key.id().to_string();
    let longer = format!("{id}A");
    let lower = id.to_ascii_lowercase();
    let padded = format!("{id}=");
    let others =
        ["../../dev/null", "' OR 1=1--", "\\u0000", "", &longer, &lower, &padded, &id[1..]];
    for kid in others {
        let refusal = answer_to(&key, &with(&key, "kid", &format!(r#""{kid}""#)));
        assert_eq!(refusal, Refusal::UnknownKey, "{kid}");
    }
    assert_eq!(answer_to(&key, &with(&key, "kid", "")), Refusal::UnknownKey);
    assert_eq!(answer_to(&key, &with(&key, "kid", "7")), Refusal::ForbiddenHeader);
    let other = Arc::new(es256().verifying_key());
    let confused = |_: &KeyId| Some(Arc::clone(&other));
    let answer = verify(&good(&key), confused, &issuer(), Timestamp::from_seconds(NOW));
    assert_eq!(answer, Err(Refusal::UnknownKey), "a lookup that gives another key");
}

/// TOK-16.
#[test]
fn a_long_token_is_refused_before_it_is_decoded() {
    let key = es256();
    let huge = with(&key, "kid", &format!(r#""{}""#, "k".repeat(1 << 20)));
    assert_eq!(answer_to(&key, &huge), Refusal::TooLong);
    let never = |_: &KeyId| -> Option<Arc<VerifyingKey>> { panic!("nothing is looked up") };
    for (length, refusal) in [(8_192, Refusal::Malformed), (8_193, Refusal::TooLong)] {
        let answer = verify(&"=".repeat(length), never, &issuer(), Timestamp::EPOCH);
        assert_eq!(answer, Err(refusal), "{length}");
    }
}

/// TOK-17.
#[test]
fn a_token_has_one_form() {
    let key = es256();
    let token = good(&key);
    let parts: Vec<_> = token.split('.').collect();
    let (h, p, s) = (parts[0], parts[1], parts[2]);
    let bad = [
        String::new(),
        "..".to_owned(),
        h.to_owned(),
        format!("{h}.{p}"),
        format!("{h}.{p}."),
        format!("{h}..{s}"),
        format!(".{p}.{s}"),
        format!("{h}.{p}.{s}.{s}"),
        format!("{h}.{p}.{p}.{p}.{s}"),
        format!("{h}.{p}.{s}."),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{h}. {p}.{s}"),
        format!("\"{token}\""),
        format!("{token}="),
        format!("{token}=="),
        format!("{h}=.{p}.{s}"),
        format!("{h}.{p}.{}+", &s[..85]),
        format!("{h}.{p}.{}/", &s[..85]),
        format!("{h}.{p}.{s}\0"),
        format!("\u{feff}{token}"),
        format!(r#"{{"protected":"{h}","payload":"{p}","signature":"{s}"}}"#),
    ];
    for token in bad {
        assert_eq!(verify_with(&key, &token, NOW), Err(Refusal::Malformed), "{token}");
    }
    // 64 bytes end in a character that carries two bits; another one with stray bits is no
    // second spelling.
    let next = |c: char| char::from(u8::try_from(c).unwrap() + 1);
    let stray = format!("{}{}", &token[..token.len() - 1], next(token.chars().last().unwrap()));
    assert_eq!(verify_with(&key, &stray, NOW), Err(Refusal::BadEncoding));
}

/// TOK-18, TOK-24.
#[test]
fn a_header_with_a_repeated_member_or_no_object_is_refused() {
    let key = es256();
    let (good, id) = (header(&key), key.id());
    for twice in [r#""alg":"ES256""#, r#""typ":"at+jwt""#, r#""kid":"x""#] {
        let header = format!("{},{twice}}}", good.trim_end_matches('}'));
        assert_eq!(answer_to(&key, &header), Refusal::ForbiddenHeader, "{twice}");
    }
    let array = format!(r#"["ES256","at+jwt","{id}"]"#);
    let (blank, more) = (format!(" {good}"), format!("{good}{good}"));
    for bad in ["null", "5", "{", "\"\"", "{\"alg\":}", &array, &blank, &more, &good[1..]] {
        assert_eq!(answer_to(&key, bad), Refusal::Malformed, "{bad}");
    }
}
