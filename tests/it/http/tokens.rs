//! Access tokens from outside: what is in one, and which are refused however well they are
//! signed. The full tables stand with the code (`crypto/jwt`).

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use doorkey::crypto::Random;
use doorkey::model::Clock;
use doorkey::store::Memory;
use doorkey::store::engine::Engine;
use serde_json::{Value, json};

use super::forge::{Forge, decode, encode, parts};
use crate::harness::{Browser, ORIGIN, PASSWORD, Setup, TestServer};

/// The order of the group of P-256.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

async fn me(server: &TestServer, token: &str) -> u16 {
    server.anonymous().with_token(token).get("/auth/me").send().await.status
}

async fn forge(server: &TestServer, ann: &Browser<'_>) -> Forge {
    let forge = Forge::new(server, ann.token.as_deref().unwrap()).await;
    // Without this the refusals below would prove nothing.
    let twin = forge.sign(&forge.header.to_string(), &forge.claims.to_string());
    assert_eq!(me(server, &twin).await, 200);
    forge
}

fn names(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// TOK-01, TOK-23.
#[tokio::test]
async fn a_token_has_exactly_the_members_of_the_contract() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let form = json!({"email": "ann@example.org", "display_name": "Ann Lee"});
    ann.patch("/auth/me").json(&form).send().await.status(200);
    let login = server.anonymous().login("ann", PASSWORD).await.status(200);
    let body: Value = login.json();
    let (header, claims, signature) = parts(body["access_token"].as_str().unwrap());
    assert_eq!(names(&header), ["alg", "kid", "typ"]);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!("at+jwt")));
    let expected =
        ["aud", "auth_time", "client_id", "exp", "iat", "iss", "jti", "roles", "sid", "sub", "ver"];
    assert_eq!(names(&claims), expected);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ORIGIN), &json!(ORIGIN)));
    assert_eq!((&claims["client_id"], &claims["roles"]), (&json!("doorkey"), &json!(["user"])));
    assert_eq!((&claims["sub"], &claims["sid"]), (&body["user"]["id"], &body["session"]["id"]));
    let (iat, exp) = (claims["iat"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
    assert_eq!((exp - iat, &body["expires_in"]), (600, &json!(600)));
    assert_eq!((claims["auth_time"].as_u64(), signature.len()), (Some(iat), 64));
}

/// TOK-01.
#[tokio::test]
async fn no_two_tokens_share_an_id_and_none_outlives_its_session() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let token = || async {
        let body: Value = ann.refresh().await.status(200).json();
        parts(body["access_token"].as_str().unwrap()).1
    };
    assert_ne!(token().await["jti"], token().await["jti"]);
    server.advance(Duration::from_hours(12) - Duration::from_mins(2));
    let last = token().await;
    assert_eq!(last["exp"].as_u64().unwrap() - last["iat"].as_u64().unwrap(), 120);
}

/// TOK-03, TOK-05.
#[tokio::test]
async fn a_token_is_of_the_algorithm_of_its_key_or_refused() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let forge = forge(&server, &ann).await;
    for alg in ["none", "NONE", "nOnE", "", "HS256", "es256", "ES384", "RS256", "EdDSA"] {
        let token = forge.with_header("alg", Some(json!(alg)));
        assert_eq!(me(&server, &token).await, 401, "{alg:?}");
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        assert_eq!(me(&server, &format!("{unsigned}.")).await, 401, "{alg:?}");
    }
    assert_eq!(me(&server, &forge.with_header("alg", None)).await, 401);
}

/// TOK-04: the public key is no secret, in none of its forms.
#[tokio::test]
async fn the_public_key_makes_no_mac_that_is_taken_for_a_signature() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let forge = forge(&server, &ann).await;
    let jwks: Value = server.anonymous().get("/.well-known/jwks.json").send().await.json();
    let jwk = &jwks["keys"][0];
    let coordinate = |name: &str| decode(jwk[name].as_str().unwrap());
    let (x, y) = (coordinate("x"), coordinate("y"));
    let point = [&[4], &x[..], &y[..]].concat();
    let secrets = [jwk.to_string().into_bytes(), x.clone(), point, Vec::new()];
    for alg in ["HS256", "ES256"] {
        let header = json!({"alg": alg, "kid": forge.header["kid"], "typ": "at+jwt"});
        let claims = forge.claims.to_string();
        let message = format!("{}.{}", encode(header.to_string()), encode(claims));
        for secret in &secrets {
            let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
            assert_eq!(me(&server, &format!("{message}.{}", encode(mac))).await, 401, "{alg}");
        }
    }
}

/// TOK-06, TOK-13, TOK-14, TOK-15.
#[tokio::test]
async fn a_header_that_is_not_exactly_ours_is_refused_even_when_signed() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let forge = forge(&server, &ann).await;
    for (name, value) in [
        ("typ", None),
        ("typ", Some(json!("JWT"))),
        ("typ", Some(json!("id+jwt"))),
        ("typ", Some(json!("logout+jwt"))),
        ("typ", Some(json!("dpop+jwt"))),
        ("crit", Some(json!([]))),
        ("crit", Some(json!(["exp"]))),
        ("b64", Some(json!(true))),
        ("jwk", Some(json!({"kty": "EC"}))),
        ("jku", Some(json!("http://127.0.0.1:1/keys"))),
        ("x5u", Some(json!("http://127.0.0.1:1/cert"))),
        ("zip", Some(json!("DEF"))),
        ("kid", None),
        ("kid", Some(json!(7))),
        ("kid", Some(json!("../../dev/null"))),
        ("kid", Some(json!("' OR 1=1--"))),
        ("kid", Some(json!("\0"))),
        ("kid", Some(json!("q1w2e3r4t5y6u7i8o9p0aA"))),
    ] {
        let token = forge.with_header(name, value.clone());
        assert_eq!(me(&server, &token).await, 401, "{name}: {value:?}");
    }
    for typ in ["AT+JWT", "application/at+jwt"] {
        let token = forge.with_header("typ", Some(json!(typ)));
        assert_eq!(me(&server, &token).await, 200, "{typ}");
    }
}

/// TOK-07, TOK-08, TOK-09, TOK-10, TOK-24.
#[tokio::test]
async fn claims_of_another_kind_are_refused_even_when_signed() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let forge = forge(&server, &ann).await;
    let now = server.clock.now().seconds();
    let bad = [
        ("iss", json!(format!("{ORIGIN}/"))),
        ("iss", json!([ORIGIN])),
        ("aud", json!({"a": ORIGIN})),
        ("aud", json!([ORIGIN, 1])),
        ("exp", json!((now + 600).to_string())),
        ("exp", json!(1e300)),
        ("exp", json!(-1)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(now + 901)),
        ("exp", json!(now)),
        ("nbf", json!(now + 100)),
        ("iat", json!(now + 120)),
        ("sub", json!("q1w2e3r4t5y6u7i8o9p0aA")),
        ("sid", json!("q1w2e3r4t5y6u7i8o9p0aA")),
        ("ver", json!(99)),
        ("admin", json!(true)),
    ];
    for (name, value) in bad {
        let token = forge.with_claim(name, Some(value.clone()));
        assert_eq!(me(&server, &token).await, 401, "{name}: {value}");
    }
    for name in names(&forge.claims.clone()) {
        let (without, null) =
            (forge.with_claim(name, None), forge.with_claim(name, Some(Value::Null)));
        assert_eq!(me(&server, &without).await, 401, "{name} left out");
        assert_eq!(me(&server, &null).await, 401, "{name} null");
    }
}

/// TOK-11: a session and a user that do not belong together.
#[tokio::test]
async fn a_token_that_pairs_a_user_with_the_session_of_another_is_refused() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let forge = forge(&server, &ann).await;
    let token = forge.with_claim("sub", Some(json!(bob.user_id)));
    assert_eq!(me(&server, &token).await, 401);
}

/// TOK-22: the roles in a token are for others to read.
#[tokio::test]
async fn a_role_that_only_the_token_claims_opens_nothing() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let token = forge(&server, &ann).await.with_claim("roles", Some(json!(["admin", "user"])));
    let caller = server.anonymous().with_token(&token);
    caller.get("/auth/me").send().await.status(200);
    caller.get("/admin/users").send().await.status(403).problem("insufficient_scope");
}

/// TOK-16, TOK-17.
#[tokio::test]
async fn what_is_no_compact_signed_jwt_is_refused() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let token = ann.token.as_deref().unwrap();
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    for bad in [
        format!("{header}.{claims}"),
        format!("{header}.{claims}.{signature}.{signature}"),
        format!("{header}.{claims}.{signature}.a.b"),
        format!("{header}..{signature}"),
        format!("{token}="),
        format!("{token}A"),
        format!("+{token}"),
        format!("{header}.{claims}.{}", "A".repeat(86)),
        format!("{header}.{}.{signature}", "A".repeat(9 * 1024)),
    ] {
        assert_eq!(me(&server, &bad).await, 401, "{bad}");
    }
    assert_eq!(me(&server, &json!({"payload": claims}).to_string()).await, 400);
    assert_eq!(me(&server, token).await, 200);
}

/// The engine, its server, and a second server on it that differs by `change`.
async fn pair(change: impl FnOnce(&mut Setup)) -> (TestServer, TestServer) {
    let engine: Arc<dyn Engine> = Arc::new(Memory::new());
    let first = Setup { engine: engine.clone(), ..Setup::default() }.start().await;
    let mut setup = Setup { engine, ..Setup::default() };
    change(&mut setup);
    let clock = Clock::manual(first.clock.now());
    let second = setup.start_at(clock, Random::seeded(43)).await;
    (first, second)
}

/// TOK-07, TOK-08: the same keys, accounts and sessions, but not the same service.
#[tokio::test]
async fn a_token_for_another_service_is_refused_though_all_else_is_shared() {
    let same: fn(&mut Setup) = |_| {};
    let issuer: fn(&mut Setup) = |s| s.auth.issuer.issuer = format!("{ORIGIN}/");
    let audience: fn(&mut Setup) = |s| s.auth.issuer.audience = "https://api.example.org".into();
    for (change, status) in [(same, 200), (issuer, 401), (audience, 401)] {
        let (ours, theirs) = pair(change).await;
        let token = theirs.user("ann").await.token.unwrap();
        assert_eq!(me(&theirs, &token).await, 200);
        assert_eq!(me(&ours, &token).await, status);
    }
}

/// `(r, n-s)` for `(r, s)`: another text that verifies under the same key.
fn malleated(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = decode(signature);
    let mut borrow = 0;
    for i in (0..32).rev() {
        let left = i16::from(P256_ORDER[i]) - i16::from(bytes[32 + i]) - borrow;
        borrow = i16::from(left < 0);
        bytes[32 + i] = u8::try_from(left.rem_euclid(256)).unwrap();
    }
    format!("{message}.{}", encode(bytes))
}

/// TOK-12, TOK-20.
#[tokio::test]
async fn logout_ends_a_token_at_once_and_every_other_text_of_it() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let token = ann.token.clone().unwrap();
    let twin = malleated(&token);
    assert_ne!(token, twin);
    assert_eq!(malleated(&twin), token);
    // ECDSA allows it; should the library refuse it one day, so much the better.
    assert!([200, 401].contains(&me(&server, &twin).await));
    ann.post("/auth/logout").send().await.status(204);
    for token in [token, twin] {
        assert_eq!(me(&server, &token).await, 401);
    }
}
