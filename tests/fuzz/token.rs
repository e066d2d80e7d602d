//! Access tokens: what verifies is one that was issued, byte for byte.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorkey::crypto::{Issuer, KeyPair, VerifyingKey, sign, verify};
use doorkey::http::bearer::bearer;
use doorkey::model::{
    Algorithm, Claims, KeyId, Role, Roles, SessionId, StatusListId, StatusRef, Timestamp, TokenId,
    UserId,
};
use serde_json::{Value, json};
use warp::http::{HeaderMap, HeaderValue};

use crate::json::members;
use crate::mutate::Stock;
use crate::run::{Target, Verdict};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// What attackers write into tokens, and what stands in ours.
const WORDS: &[&str] = &[
    ".",
    "..",
    "=",
    "==",
    "eyJ",
    "e30",
    "bnVsbA",
    "none",
    "HS256",
    "ES256",
    "ES384",
    "EdDSA",
    "RS256",
    "PS256",
    "at+jwt",
    "JWT",
    "\"alg\":",
    "\"kid\":",
    "\"jwk\":{}",
    "\"jku\":\"a\"",
    "\"x5c\":[]",
    "\"crit\":[\"b64\"],\"b64\":false",
    "eyJhbGciOiJub25lIn0",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9",
    "AAAA",
    "____",
    "+",
    "/",
    "\u{e4}",
];
const CLAIM_WORDS: &[&str] = &[
    "\"iss\":\"https://evil.example\"",
    "\"aud\":[\"https://api.example\"]",
    "\"nbf\":1800000000",
    "\"nbf\":null",
    "\"exp\":1800000900",
    "\"exp\":\"1800000600\"",
    "\"iat\":1.8e9",
    "\"sub\":\"\"",
    "\"roles\":[\"admin\"]",
    "\"roles\":[]",
    "\"ver\":-1",
    "\"is\\u0073\":\"x\"",
    ",",
    "{",
    "}",
    "[",
    "]",
    "null",
    "true",
    "\"admin\":true",
    "\\u0000",
    "\u{feff}",
];

/// The keys of the tests, one of each algorithm.
pub fn keys() -> Vec<KeyPair> {
    let key = |algorithm, pkcs8: &[u8]| KeyPair::from_pkcs8(algorithm, pkcs8).unwrap();
    vec![
        key(Algorithm::Es256, include_bytes!("../fixtures/fuzz-es256.der")),
        key(Algorithm::EdDsa, include_bytes!("../fixtures/fuzz-eddsa.der")),
        key(Algorithm::Rs256, include_bytes!("../fixtures/fuzz-rs256.der")),
    ]
}

fn issuer() -> Issuer {
    Issuer { issuer: "https://id.example".to_owned(), audience: "https://api.example".to_owned() }
}

fn claims(number: u8) -> Claims {
    Claims {
        subject: UserId::from_bytes([number; 16]),
        session: SessionId::from_bytes([number + 1; 16]),
        id: TokenId::from_bytes([number + 2; 16]),
        issued_at: NOW,
        expires_at: NOW.plus(Duration::from_mins(10)),
        auth_time: NOW,
        epoch: u64::from(number),
        roles: if number == 0 { Roles::from([Role::user()]) } else { Roles::from([Role::admin()]) },
        status: (number == 0)
            .then(|| StatusRef { list: StatusListId::from_bytes([4; 8]), index: 5 }),
    }
}

fn find(keys: &[KeyPair]) -> impl Fn(&KeyId) -> Option<Arc<VerifyingKey>> + use<> {
    let keys: BTreeMap<String, Arc<VerifyingKey>> =
        keys.iter().map(|key| (key.id().to_string(), Arc::new(key.verifying_key()))).collect();
    move |id| keys.get(&id.to_string()).cloned()
}

#[test]
fn a_token_that_verifies_was_issued() {
    let (keys, issuer) = (keys(), issuer());
    let find = find(&keys);
    let good: BTreeMap<Vec<u8>, Claims> = keys
        .iter()
        .flat_map(|key| [0, 1].map(|n| (key, claims(n))))
        .map(|(key, claims)| {
            (sign(key, &issuer, &claims).unwrap().expose().as_bytes().to_vec(), claims)
        })
        .collect();
    let stock = Stock { seeds: good.keys().cloned().collect(), words: WORDS };
    let target = Target { name: "a_token_that_verifies_was_issued", stock, smoke: 50_000 };
    target.run(|bytes| {
        let Ok(token) = str::from_utf8(bytes) else { return Verdict::Refused };
        let verified = verify(token, &find, &issuer, NOW);
        if let Ok(verified) = &verified {
            assert_eq!(good.get(bytes), Some(&verified.claims), "nobody issued {token}");
        }
        Verdict::of(&verified)
    });
}

/// As if our own key had signed it: the claims have to hold for themselves.
#[test]
fn claims_that_are_accepted_are_whole_single_and_in_time() {
    let key = keys().remove(0);
    let (find, issuer) = (find(&[keys().remove(0)]), issuer());
    let signer = jsonwebtoken::EncodingKey::from_ec_der(key.pkcs8());
    let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{}"}}"#, key.id());
    let seed = |number| {
        let token = sign(&key, &issuer, &claims(number)).unwrap();
        URL_SAFE_NO_PAD.decode(token.expose().split('.').nth(1).unwrap()).unwrap()
    };
    let stock = Stock { seeds: vec![seed(0), seed(1)], words: CLAIM_WORDS };
    let target = Target {
        name: "claims_that_are_accepted_are_whole_single_and_in_time",
        stock,
        smoke: 8_000,
    };
    target.run(|payload| {
        let message =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(payload));
        let algorithm = jsonwebtoken::Algorithm::ES256;
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &signer, algorithm).unwrap();
        let verified = verify(&format!("{message}.{signature}"), &find, &issuer, NOW);
        if let Ok(verified) = &verified {
            hold(payload, &verified.claims);
        }
        Verdict::of(&verified)
    });
}

/// The claims, read by another reader.
fn hold(payload: &[u8], claims: &Claims) {
    let members = members(payload).unwrap();
    let object: BTreeMap<&str, &Value> = members.iter().map(|(n, v)| (n.as_str(), v)).collect();
    assert_eq!(object.len(), members.len(), "a claim stands twice");
    let known = [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "nbf",
        "jti",
        "client_id",
        "sid",
        "auth_time",
        "ver",
        "roles",
        "status",
    ];
    assert!(object.keys().all(|name| known.contains(name)), "an unknown claim");
    assert_eq!(object["iss"], "https://id.example");
    let audience = object["aud"];
    let in_list = || audience.as_array().unwrap().iter().any(|one| one == "https://api.example");
    assert!(audience == "https://api.example" || in_list());
    let (now, time) = (NOW.seconds(), |name: &str| object[name].as_u64().unwrap());
    assert!(time("exp") > now && time("iat") <= now + 60 && time("exp") - time("iat") <= 900);
    assert!(object.get("nbf").is_none_or(|nbf| nbf.as_u64().unwrap() <= now + 5));
    assert_eq!(object["sub"], &claims.subject.to_string());
    assert_eq!(object["sid"], &claims.session.to_string());
    assert_eq!(time("ver"), claims.epoch);
    let list = object.get("status").map(|status| &status["status_list"]);
    let place = claims.status.map(|place| {
        let uri = StatusRef::uri("https://id.example", place.list);
        json!({"idx": place.index, "uri": uri})
    });
    assert_eq!(list, place.as_ref());
}

/// The header has exactly the form `scheme SP token`, and the query names no other.
#[test]
fn a_bearer_token_is_all_that_its_header_has() {
    let words = &[
        "Bearer ",
        "bearer",
        "Basic ",
        " ",
        "  ",
        ",",
        "\n",
        "\t",
        "=",
        "access_token=x",
        "?",
        "&",
    ];
    let seeds = ["Bearer abc.def-_~+/==", "bearer a", "Bearer a?limit=3&q=x"];
    let stock = Stock { seeds: seeds.map(|seed| seed.as_bytes().to_vec()).into(), words };
    let target =
        Target { name: "a_bearer_token_is_all_that_its_header_has", stock, smoke: 200_000 };
    target.run(|bytes| {
        // Header lines, and behind a question mark the query.
        let (head, query) = match bytes.iter().position(|b| *b == b'?') {
            Some(at) => (&bytes[..at], str::from_utf8(&bytes[at + 1..]).ok()),
            None => (bytes, None),
        };
        let mut headers = HeaderMap::new();
        for line in head.split(|b| *b == b'\n') {
            let Ok(value) = HeaderValue::from_bytes(line) else { return Verdict::Refused };
            headers.append("authorization", value);
        }
        match bearer(&headers, query) {
            Ok(Some(token)) => {
                let (scheme, rest) = head.split_at(6);
                assert!(scheme.eq_ignore_ascii_case(b"bearer"));
                assert_eq!(rest, format!(" {token}").as_bytes());
                assert!(!token.contains([' ', ',', '"']) && token.is_ascii());
                let named = query.unwrap_or_default().split('&');
                assert!(
                    named
                        .clone()
                        .all(|pair| pair != "access_token" && !pair.starts_with("access_token="))
                );
                Verdict::Taken
            }
            Ok(None) | Err(_) => Verdict::Refused,
        }
    });
}
