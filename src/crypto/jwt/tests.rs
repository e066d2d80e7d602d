use std::collections::BTreeMap;

use super::*;
use crate::model::{Role, Roles, SessionId, StatusListId, StatusRef, TokenId, UserId};

pub(super) const NOW: u64 = 1_800_000_000;
pub(super) const ALL: [Algorithm; 3] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];

pub(super) fn issuer() -> Issuer {
    Issuer { issuer: "https://id.example".to_owned(), audience: "https://api.example".to_owned() }
}

pub(super) fn claims() -> Claims {
    Claims {
        subject: UserId::from_bytes([1; 16]),
        session: SessionId::from_bytes([2; 16]),
        id: TokenId::from_bytes([3; 16]),
        issued_at: Timestamp::from_seconds(NOW),
        expires_at: Timestamp::from_seconds(NOW + 600),
        auth_time: Timestamp::from_seconds(NOW - 50),
        epoch: 4,
        roles: Roles::from([Role::user(), Role::admin()]),
        status: Some(StatusRef { list: StatusListId::from_bytes([4; 8]), index: 5 }),
    }
}

/// Verifies with `key` as the only key there is.
pub(super) fn verify_with(key: &KeyPair, token: &str, now: u64) -> Result<Claims, Refusal> {
    let key = Arc::new(key.verifying_key());
    let find = |id: &KeyId| (*id == key.id()).then(|| Arc::clone(&key));
    verify(token, find, &issuer(), Timestamp::from_seconds(now)).map(|good| good.claims)
}

/// A token with this header and payload, signed by `key` in earnest.
pub(super) fn signed(key: &KeyPair, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()).unwrap());
    format!("{message}.{signature}")
}

pub(super) fn header(key: &KeyPair) -> String {
    format!(r#"{{"alg":"{}","typ":"at+jwt","kid":"{}"}}"#, key.algorithm(), key.id())
}

fn members(changes: &[(&str, &str)]) -> String {
    let ids = [[1; 16], [2; 16], [3; 16]].map(|b| format!(r#""{}""#, UserId::from_bytes(b)));
    let (iat, exp) = (NOW.to_string(), (NOW + 600).to_string());
    let mut members = BTreeMap::from([
        ("iss", r#""https://id.example""#),
        ("sub", &ids[0]),
        ("aud", r#""https://api.example""#),
        ("exp", &exp),
        ("iat", &iat),
        ("jti", &ids[2]),
        ("client_id", r#""doorkey""#),
        ("sid", &ids[1]),
        ("auth_time", &iat),
        ("ver", "4"),
        ("roles", r#"["user"]"#),
    ]);
    for (name, value) in changes {
        members.insert(name, value);
    }
    let present = members.iter().filter(|(_, value)| !value.is_empty());
    present.map(|(name, value)| format!(r#""{name}":{value}"#)).collect::<Vec<_>>().join(",")
}

/// The payload of a good token with some members changed, added, or (when empty) left out.
pub(super) fn payload(changes: &[(&str, &str)]) -> String {
    format!("{{{}}}", members(changes))
}

fn refused_claim(name: &str, value: &str) -> Refusal {
    let key = KeyPair::generate(Algorithm::EdDsa).unwrap();
    let token = signed(&key, &header(&key), &payload(&[(name, value)]));
    let answer = verify_with(&key, &token, NOW);
    assert!(answer.is_err(), "{name} = {value:?} was accepted");
    answer.unwrap_err()
}

fn refused_claims(name: &str, values: &[&str], as_what: Refusal) {
    for value in values {
        assert_eq!(refused_claim(name, value), as_what, "{name} = {value:?}");
    }
}

/// TOK-01.
#[test]
fn a_token_has_exactly_the_agreed_header_and_claims() {
    for algorithm in ALL {
        let key = KeyPair::generate(algorithm).unwrap();
        let token = sign(&key, &issuer(), &claims()).unwrap();
        let parts: Vec<_> = token.expose().split('.').collect();
        let json = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let head: BTreeMap<String, String> = serde_json::from_str(&json(parts[0])).unwrap();
        let (alg, kid) = (algorithm.name().to_owned(), key.id().to_string());
        let names = ["alg", "kid", "typ"].map(str::to_owned);
        assert_eq!(head, names.into_iter().zip([alg, kid, "at+jwt".to_owned()]).collect());
        let expected = format!(
            r#"{{"iss":"https://id.example","sub":"{}","aud":"https://api.example","exp":{},"iat":{NOW},"jti":"{}","client_id":"doorkey","sid":"{}","auth_time":{},"ver":4,"roles":["admin","user"]}}"#,
            claims().subject,
            NOW + 600,
            claims().id,
            claims().session,
            NOW - 50,
        );
        assert_eq!(json(parts[1]), expected);
        assert_eq!(verify_with(&key, token.expose(), NOW), Ok(claims()));
    }
}

#[test]
fn what_these_tests_change_is_good_before_they_change_it() {
    for algorithm in ALL {
        let key = KeyPair::generate(algorithm).unwrap();
        let token = signed(&key, &header(&key), &payload(&[]));
        assert!(verify_with(&key, &token, NOW).is_ok());
    }
}

/// TOK-07.
#[test]
fn the_issuer_is_compared_exactly() {
    let variants = [
        r#""https://id.example/""#,
        r#""https://ID.example""#,
        r#""http://id.example""#,
        r#""https://id.example ""#,
        r#""""#,
    ];
    refused_claims("iss", &variants, Refusal::WrongIssuer);
    let kinds = ["", "5", "null", "{}", r#"["https://id.example"]"#, "true"];
    refused_claims("iss", &kinds, Refusal::BadClaims);
}

/// TOK-08.
#[test]
fn the_audience_must_hold_ours() {
    let ours = r#""https://api.example""#;
    let others = [r#""https://api.example/""#, r#""""#, "[]", r#"["a","b"]"#];
    refused_claims("aud", &others, Refusal::WrongAudience);
    let mixed = format!("[{ours},1]");
    let nested = format!("[[{ours}]]");
    let kinds = ["", "123", "null", "{}", "true", &mixed, &nested, r#"["evil",1]"#];
    refused_claims("aud", &kinds, Refusal::BadClaims);
    let key = KeyPair::generate(Algorithm::EdDsa).unwrap();
    let many = payload(&[("aud", &format!(r#"["a",{ours}]"#))]);
    assert!(verify_with(&key, &signed(&key, &header(&key), &many), NOW).is_ok());
}

/// TOK-09.
#[test]
fn an_expiry_is_a_whole_number_or_the_token_is_refused() {
    let soon = format!("{}.5", NOW + 60);
    let whole = format!("{}.0", NOW + 60);
    let text = format!(r#""{}""#, NOW + 60);
    let kinds = ["", "null", "true", "-1", "1e300", "1.8e9", "[]", "{}", &soon, &whole, &text];
    refused_claims("exp", &kinds, Refusal::BadClaims);
    refused_claims("exp", &["18446744073709551616"], Refusal::BadClaims);
    refused_claims("exp", &["0", "1"], Refusal::WrongLife);
    let long = [u64::MAX.to_string(), (NOW + 901).to_string(), "1000000000000000000".to_owned()];
    refused_claims("exp", &long.each_ref().map(String::as_str), Refusal::WrongLife);
    refused_claims("exp", &[&NOW.to_string()], Refusal::WrongLife);
    for name in ["iat", "auth_time"] {
        refused_claims(name, &kinds, Refusal::BadClaims);
    }
}

/// TOK-09, KEY-24.
#[test]
fn a_token_is_good_until_the_second_of_its_expiry() {
    let key = KeyPair::generate(Algorithm::Es256).unwrap();
    let token = sign(&key, &issuer(), &claims()).unwrap();
    assert!(verify_with(&key, token.expose(), NOW + 599).is_ok());
    for late in [NOW + 600, NOW + 601, u64::MAX] {
        assert_eq!(verify_with(&key, token.expose(), late), Err(Refusal::Expired));
    }
    let longest = Claims { expires_at: Timestamp::from_seconds(NOW + 900), ..claims() };
    let token = sign(&key, &issuer(), &longest).unwrap();
    assert_eq!(verify_with(&key, token.expose(), NOW), Ok(longest));
}

/// TOK-10, KEY-24.
#[test]
fn a_token_of_the_future_is_refused() {
    let key = KeyPair::generate(Algorithm::EdDsa).unwrap();
    let token = sign(&key, &issuer(), &claims()).unwrap();
    assert!(verify_with(&key, token.expose(), NOW - 60).is_ok());
    for early in [NOW - 61, 0, 10] {
        assert_eq!(verify_with(&key, token.expose(), early), Err(Refusal::NotYetValid));
    }
    let not_before = |nbf: u64| payload(&[("nbf", &nbf.to_string())]);
    let token = signed(&key, &header(&key), &not_before(NOW + 5));
    assert!(verify_with(&key, &token, NOW).is_ok());
    for nbf in [NOW + 6, u64::MAX] {
        let token = signed(&key, &header(&key), &not_before(nbf));
        assert_eq!(verify_with(&key, &token, NOW), Err(Refusal::NotYetValid));
    }
    refused_claims("nbf", &["null", "-1", r#""1""#, "1.5", "true"], Refusal::BadClaims);
}

/// TOK-18, TOK-24.
#[test]
fn claims_are_each_of_their_kind_once_and_no_others() {
    for name in ["sub", "sid", "jti"] {
        let short = format!(r#""{}""#, "A".repeat(21));
        let kinds = ["", "null", "5", r#""""#, r#""../../etc/passwd""#, "[]", &short];
        refused_claims(name, &kinds, Refusal::BadClaims);
    }
    refused_claims("client_id", &["", "null"], Refusal::BadClaims);
    refused_claims("client_id", &[r#""other""#, r#""""#], Refusal::WrongClient);
    refused_claims("ver", &["", "null", "-1", r#""4""#, "4.0"], Refusal::BadClaims);
    refused_claims("roles", &["", "null", r#""admin""#, r#"["Admin"]"#, "[1]"], Refusal::BadClaims);
    refused_claims("role", &[r#""admin""#], Refusal::BadClaims);
    let key = KeyPair::generate(Algorithm::EdDsa).unwrap();
    for twice in [r#""exp":1900000000"#, r#""aud":"x""#, r#""roles":["admin"]"#, r#""sub":"x""#] {
        let payload = format!("{{{},{twice}}}", members(&[]));
        let answer = verify_with(&key, &signed(&key, &header(&key), &payload), NOW);
        assert_eq!(answer, Err(Refusal::BadClaims), "{twice}");
    }
}

/// TOK-17, TOK-24.
#[test]
fn a_payload_that_is_no_json_object_is_refused() {
    let key = KeyPair::generate(Algorithm::EdDsa).unwrap();
    let good = payload(&[]);
    let id = UserId::from_bytes([1; 16]);
    // The same values in the order of the struct, which serde alone would take.
    let array = format!(
        r#"["https://id.example","{id}","https://api.example",{},{NOW},{NOW},"{id}","doorkey","{id}",{NOW},4,[]]"#,
        NOW + 600
    );
    let trailing = format!("{good} x");
    for bad in ["null", "{}", "[]", "5", "{", "\u{feff}{}", &good[1..], &trailing, &array] {
        let answer = verify_with(&key, &signed(&key, &header(&key), bad), NOW);
        assert_eq!(answer, Err(Refusal::BadClaims), "{bad}");
    }
}
