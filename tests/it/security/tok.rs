//! What an access token holds, and that only a token with exactly such claims is accepted. The
//! full tables of values stand with the code (`crypto/jwt`).

use std::sync::Arc;
use std::time::Duration;

use doorkey::crypto::Random;
use doorkey::model::Clock;
use doorkey::store::Memory;
use doorkey::store::engine::Engine;
use serde_json::{Value, json};

use super::failing;
use super::forge::{Forge, encode, me, parts};
use crate::auth::{OTHER_PASSWORD, change_password, claims, patch};
use crate::harness::{ORIGIN, PASSWORD, Setup, TestServer};

fn names(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Each of these as this claim, in a token that is good but for it, is refused; so is a token
/// without the claim.
async fn refuses(claim: &str, values: &[Value]) {
    let server = TestServer::start().await;
    let forge = Forge::of(&server.user("ann").await).await;
    for value in values.iter().chain(&[Value::Null]) {
        let token = forge.with_claim(claim, Some(value.clone()));
        assert_eq!(me(&server, &token).await, 401, "{claim}: {value}");
    }
    let without = forge.claims[claim] == Value::Null;
    let status = me(&server, &forge.with_claim(claim, None)).await;
    assert_eq!(status, if without { 200 } else { 401 }, "without {claim}");
}

#[tokio::test]
async fn tok_01_a_token_has_exactly_the_members_of_the_contract() {
    for life in [5, 10, 15] {
        let mut setup = Setup::default();
        setup.auth.access_ttl = Duration::from_mins(life);
        let server = setup.start().await;
        server.account("ann", &["user"]).await;
        let login = server.anonymous().login("ann", PASSWORD).await.status(200);
        let body: Value = login.json();
        let (header, claims, signature) = parts(body["access_token"].as_str().unwrap());
        assert_eq!(names(&header), ["alg", "kid", "typ"]);
        assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!("at+jwt")));
        let expected = "aud auth_time client_id exp iat iss jti roles sid status sub ver";
        assert_eq!(names(&claims).join(" "), expected);
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ORIGIN), &json!(ORIGIN)));
        assert_eq!((&claims["client_id"], &claims["roles"]), (&json!("doorkey"), &json!(["user"])));
        assert_eq!((&claims["sub"], &claims["sid"]), (&body["user"]["id"], &body["session"]["id"]));
        let (iat, exp) = (claims["iat"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
        assert_eq!((exp - iat, &body["expires_in"]), (life * 60, &json!(life * 60)));
        assert_eq!((claims["auth_time"].as_u64(), signature.len()), (Some(iat), 64));
    }
}

#[tokio::test]
async fn tok_01_no_two_tokens_share_an_id_and_none_outlives_its_session() {
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

/// Whoever forges a token learns nothing from it: the store, which would have to be asked about
/// its claims, may be gone, and the answer is the same.
#[tokio::test]
async fn tok_02_nothing_of_a_token_is_used_before_its_signature_is_right() {
    let (server, engine) = failing::start().await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let (ours, theirs) = (ann.token.clone().unwrap(), bob.token.clone().unwrap());
    let (message, _) = ours.rsplit_once('.').unwrap();
    let (_, signature) = theirs.rsplit_once('.').unwrap();
    let [header, _, own] = ours.split('.').collect::<Vec<_>>().try_into().unwrap();
    let mut admin = claims(&ours);
    admin["roles"] = json!(["admin"]);
    let raised = format!("{header}.{}.{own}", encode(admin.to_string()));
    engine.fail(true, true);
    for forged in [format!("{message}.{signature}"), raised] {
        assert_eq!(me(&server, &forged).await, 401);
    }
    assert_eq!(me(&server, &ours).await, 503, "a true token has the store asked");
}

#[tokio::test]
async fn tok_07_the_issuer_must_be_exactly_ours() {
    let near = [format!("{ORIGIN}/"), ORIGIN.to_uppercase(), ORIGIN.replace("https", "http")];
    let mut values = near.map(Value::String).to_vec();
    values.extend([json!([ORIGIN]), json!(5), json!({}), json!(true), json!("")]);
    refuses("iss", &values).await;
}

#[tokio::test]
async fn tok_08_the_audience_must_hold_ours_and_nothing_that_is_no_text() {
    let values = [
        json!("https://api.example.org"),
        json!(format!("{ORIGIN}/")),
        json!(123),
        json!({}),
        json!({"a": ORIGIN}),
        json!([]),
        json!(["evil", 1]),
        json!([ORIGIN, 1]),
        json!([[ORIGIN]]),
        json!(true),
    ];
    refuses("aud", &values).await;
    let server = TestServer::start().await;
    let forge = Forge::of(&server.user("ann").await).await;
    let several = forge.with_claim("aud", Some(json!(["https://other.example.org", ORIGIN])));
    assert_eq!(me(&server, &several).await, 200);
}

/// Also TOK-08: the same keys, accounts and sessions, but not the same service.
#[tokio::test]
async fn tok_07_a_token_for_another_service_is_refused_though_all_else_is_shared() {
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

#[tokio::test]
async fn tok_09_the_expiry_is_a_whole_number_ahead_and_not_far() {
    let now = 1_800_000_000_u64;
    let values = [
        json!((now + 600).to_string()),
        json!(1_800_000_600.5),
        json!(1e300),
        json!(-1),
        json!(0),
        json!(true),
        json!([now + 600]),
        json!(u64::MAX),
        json!(1_000_000_000_000_000_000_u64),
        json!(now + 901),
        // No leeway: good until the second before.
        json!(now),
        json!(now - 1),
    ];
    refuses("exp", &values).await;
}

#[tokio::test]
async fn tok_10_a_token_of_the_future_is_refused() {
    let now = 1_800_000_000_u64;
    let early = [json!(now + 6), json!(u64::MAX), json!("1"), json!(-1), json!(1.5), json!(true)];
    refuses("nbf", &early).await;
    refuses("iat", &[json!(now + 61), json!(now.to_string()), json!(-1), json!(1.5)]).await;
}

#[tokio::test]
async fn tok_11_the_subject_must_be_an_enabled_account_of_that_epoch_and_session() {
    let server = TestServer::start().await;
    let (root, ann, bob) =
        (server.admin().await, server.user("ann").await, server.user("bob").await);
    let forge = Forge::of(&ann).await;
    for (claim, value) in [
        ("sub", json!("q1w2e3r4t5y6u7i8o9p0aA")),
        ("sub", json!(bob.user_id)),
        ("sub", json!("ann")),
        ("sid", json!("q1w2e3r4t5y6u7i8o9p0aA")),
        ("ver", json!(0)),
        ("ver", json!(99)),
    ] {
        assert_eq!(
            me(&server, &forge.with_claim(claim, Some(value.clone()))).await,
            401,
            "{value}"
        );
    }
    let (eve, dan) = (server.user("eve").await, server.user("dan").await);
    patch(&root, &bob.user_id, &json!({"disabled": true})).await.status(200);
    root.delete(&format!("/admin/users/{}", eve.user_id)).send().await.status(204);
    change_password(&dan, PASSWORD, OTHER_PASSWORD).await.status(200);
    for shut_out in [bob, eve, dan] {
        assert_eq!(me(&server, &shut_out.token.unwrap()).await, 401);
    }
    assert_eq!(me(&server, &ann.token.unwrap()).await, 200);
}

#[tokio::test]
async fn tok_12_a_token_dies_with_its_session_at_once() {
    let server = TestServer::start().await;
    let (ann, other) = (server.user("ann").await, server.anonymous().logged_in("ann").await);
    ann.post("/auth/logout").send().await.status(204);
    assert_eq!(me(&server, &ann.token.unwrap()).await, 401);
    assert_eq!(me(&server, &other.token.unwrap()).await, 200);
}

/// The roles in a token are for others to read.
#[tokio::test]
async fn tok_22_a_role_that_only_the_token_claims_opens_nothing() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let token = Forge::of(&ann).await.with_claim("roles", Some(json!(["admin", "user"])));
    let caller = server.anonymous().with_token(&token);
    caller.get("/auth/me").send().await.status(200);
    caller.get("/admin/users").send().await.status(403).problem("insufficient_scope");
}

/// Also AZ-07.
#[tokio::test]
async fn tok_22_a_role_that_is_taken_away_is_gone_at_the_next_call() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let id = server.account("eve", &["admin", "user"]).await;
    let eve = server.anonymous().logged_in("eve").await;
    eve.get("/admin/users").send().await.status(200);
    patch(&root, &id, &json!({"roles": ["user"]})).await.status(200);
    let refused = eve.get("/admin/users").send().await;
    assert!([401, 403].contains(&refused.status), "{}", refused.text());
    let again = server.anonymous().logged_in("eve").await;
    again.get("/admin/users").send().await.status(403).problem("insufficient_scope");
}

#[tokio::test]
async fn tok_23_a_token_tells_nobody_who_the_person_is() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let form = json!({"email": "ann@example.org", "display_name": "Ann Lee"});
    ann.patch("/auth/me").json(&form).send().await.status(200);
    let body: Value = ann.refresh().await.status(200).json();
    let text = claims(body["access_token"].as_str().unwrap()).to_string();
    for personal in ["ann", "Ann", "Lee", "10.0."] {
        assert!(!text.contains(personal), "{text}");
    }
}
