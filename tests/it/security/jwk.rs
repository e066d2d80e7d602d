//! The signing keys as verifiers see them: the key set, and how one key follows another.

use std::time::Duration;

use aws_lc_rs::digest;
use doorkey::model::Algorithm;
use serde_json::{Value, json};

use super::forge::{Forge, decode, encode, parts};
use crate::harness::{Answer, Browser, Setup, TestServer};

const JWKS: &str = "/.well-known/jwks.json";

/// How long a verifier may keep the key set, in seconds.
const MAX_AGE: u64 = 300;

async fn with(algorithm: Algorithm) -> TestServer {
    let mut setup = Setup::default();
    setup.auth.algorithm = algorithm;
    setup.start().await
}

async fn jwks(server: &TestServer) -> Vec<Value> {
    let answer = server.anonymous().get(JWKS).send().await.status(200);
    answer.json::<Value>()["keys"].as_array().unwrap().clone()
}

async fn kids(server: &TestServer) -> Vec<String> {
    jwks(server).await.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn rotate(server: &TestServer) -> Vec<Value> {
    let answer = server.operator().post("/admin/keys/rotate").send().await.status(200);
    answer.json::<Value>()["keys"].as_array().unwrap().clone()
}

/// The same browser with a token of now.
async fn refreshed<'a>(ann: &Browser<'a>) -> Browser<'a> {
    let body: Value = ann.refresh().await.status(200).json();
    ann.with_token(body["access_token"].as_str().unwrap())
}

fn kid(ann: &Browser<'_>) -> String {
    parts(ann.token.as_deref().unwrap()).0["kid"].as_str().unwrap().to_owned()
}

async fn me(ann: &Browser<'_>) -> u16 {
    ann.get("/auth/me").send().await.status
}

fn members(key: &Value) -> Vec<&str> {
    key.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Also KEY-01.
#[tokio::test]
async fn jwk_01_the_key_set_shows_public_members_and_no_others() {
    let cases: [(_, _, &[&str]); 3] = [
        (Algorithm::Es256, "ES256", &["alg", "crv", "kid", "kty", "use", "x", "y"]),
        (Algorithm::EdDsa, "EdDSA", &["alg", "crv", "kid", "kty", "use", "x"]),
        (Algorithm::Rs256, "RS256", &["alg", "e", "kid", "kty", "n", "use"]),
    ];
    for (algorithm, name, expected) in cases {
        let server = with(algorithm).await;
        let answer = server.anonymous().get(JWKS).send().await.status(200);
        assert_eq!(answer.header("content-type"), Some("application/jwk-set+json"));
        assert_eq!(members(&answer.json()), ["keys"]);
        let keys = jwks(&server).await;
        assert_eq!(keys.len(), 1);
        assert_eq!(members(&keys[0]), expected);
        assert_eq!((&keys[0]["alg"], &keys[0]["use"]), (&json!(name), &json!("sig")));
        if let Some(n) = keys[0]["n"].as_str() {
            assert!(decode(n).len() >= 3072 / 8);
        }
    }
}

/// Anyone can compute the `kid` (RFC 7638).
#[tokio::test]
async fn jwk_02_a_kid_is_the_thumbprint_of_its_key() {
    for (algorithm, required) in [
        (Algorithm::Es256, &["crv", "kty", "x", "y"][..]),
        (Algorithm::EdDsa, &["crv", "kty", "x"]),
        (Algorithm::Rs256, &["e", "kty", "n"]),
    ] {
        let server = with(algorithm).await;
        let key = jwks(&server).await.remove(0);
        let pairs = required.iter().map(|name| format!("\"{name}\":{}", key[*name]));
        let input = format!("{{{}}}", pairs.collect::<Vec<_>>().join(","));
        let thumbprint = digest::digest(&digest::SHA256, input.as_bytes());
        assert_eq!(key["kid"], encode(thumbprint));
        assert_eq!(key["kid"], kid(&server.user("ann").await));
    }
}

/// Each algorithm from login to logout.
#[tokio::test]
async fn key_01_every_configured_algorithm_signs_and_verifies() {
    for (algorithm, name) in [(Algorithm::EdDsa, "EdDSA"), (Algorithm::Rs256, "RS256")] {
        let server = with(algorithm).await;
        let ann = server.user("ann").await;
        let (header, _, _) = parts(ann.token.as_deref().unwrap());
        assert_eq!((&header["alg"], &header["typ"]), (&json!(name), &json!("at+jwt")));
        assert_eq!((me(&ann).await, me(&refreshed(&ann).await).await), (200, 200));
        ann.post("/auth/logout").send().await.status(204);
        assert_eq!(me(&ann).await, 401);
    }
}

#[tokio::test]
async fn jwk_04_the_key_set_may_be_kept_for_five_minutes_and_asked_for_by_its_tag() {
    let server = TestServer::start().await;
    let asked = |tag: String| {
        let nobody = server.anonymous();
        async move { nobody.get(JWKS).header("if-none-match", &tag).send().await }
    };
    let tag = |answer: &Answer| answer.header("etag").unwrap().to_owned();
    let first = server.anonymous().get(JWKS).send().await.status(200);
    let etag = tag(&first);
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 2, "{etag}");
    let known = asked(etag.clone()).await.status(304);
    assert!(known.body.is_empty());
    for answer in [&first, &known] {
        let expected = format!("public, max-age={MAX_AGE}");
        assert_eq!(answer.header("cache-control"), Some(&*expected));
        assert_eq!(tag(answer), etag);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    // RFC 9110, 13.1.2: a list, the weak form and any.
    for other in [format!("\"other\", {etag}"), format!("W/{etag}"), "*".to_owned()] {
        asked(other.clone()).await.status(304);
    }
    asked("\"other\"".to_owned()).await.status(200);
    rotate(&server).await;
    assert_ne!(tag(&asked(etag.clone()).await.status(200)), etag);
}

/// Published, then signing; retired, then gone. No verifier that keeps the key set for as long as
/// it may meets a token whose key it cannot have.
#[tokio::test]
async fn jwk_03_a_new_key_is_known_before_it_signs_and_the_old_one_until_its_last_token_dies() {
    let mut setup = Setup::default();
    setup.auth.access_ttl = Duration::from_mins(15);
    let server = setup.start().await;
    let ann = server.user("ann").await;
    let forge = Forge::new(&server, ann.token.as_deref().unwrap()).await;
    let old = kid(&ann);

    let rotated = rotate(&server).await;
    assert_eq!((&rotated[0]["state"], &rotated[1]["state"]), (&json!("next"), &json!("signing")));
    let new = rotated[0]["kid"].as_str().unwrap().to_owned();
    assert_eq!(kids(&server).await, [new.clone(), old.clone()]);

    server.advance(Duration::from_secs(MAX_AGE));
    let mut last = refreshed(&ann).await;
    assert_eq!(kid(&last), old);
    let mut waited = 0;
    while kid(&last) == old {
        server.advance(Duration::from_secs(1));
        waited += 1;
        assert!(waited < 600, "the new key never signs");
        let next = refreshed(&ann).await;
        if kid(&next) == new {
            break;
        }
        last = next;
    }
    // `last` was signed a second ago by the old key and lives 899 seconds more.
    server.advance(Duration::from_secs(898));
    assert!(kids(&server).await.contains(&old));
    assert_eq!(me(&last).await, 200);
    server.advance(Duration::from_secs(1));
    assert_eq!(me(&last).await, 401);

    server.advance(Duration::from_mins(2));
    assert_eq!(kids(&server).await, std::slice::from_ref(&new));
    assert_eq!(me(&refreshed(&ann).await).await, 200);
    assert_eq!(me(&ann.with_token(&late(&forge, &server))).await, 401);
    server.auth.sweep().await.unwrap();
    assert_eq!(server.store.keys().all().await.unwrap().len(), 1);
    assert_eq!(kids(&server).await, [new]);
    assert_eq!(me(&ann.with_token(&late(&forge, &server))).await, 401);
}

/// A token that is good in everything, signed now by the forge's key.
fn late(forge: &Forge, server: &TestServer) -> String {
    let (mut claims, now) = (forge.claims.clone(), server.clock.now().seconds());
    claims["iat"] = json!(now);
    claims["exp"] = json!(now + 600);
    forge.sign(&forge.header.to_string(), &claims.to_string())
}

/// The control of the test above: while the key is served, such a token is good.
#[tokio::test]
async fn a_late_token_of_a_served_key_is_good() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let forge = Forge::new(&server, ann.token.as_deref().unwrap()).await;
    rotate(&server).await;
    server.advance(Duration::from_mins(20));
    assert_eq!(me(&ann.with_token(&late(&forge, &server))).await, 200);
}

#[tokio::test]
async fn jwk_03_while_a_new_key_waits_another_rotation_changes_nothing() {
    let server = TestServer::start().await;
    let first = rotate(&server).await;
    server.advance(Duration::from_mins(1));
    assert_eq!(rotate(&server).await, first);
    server.advance(Duration::from_mins(6));
    assert_eq!(rotate(&server).await.len(), 3);
}

/// Also JWK-04: two administrators at the same time.
#[tokio::test]
async fn jwk_03_changes_of_the_keys_at_the_same_time_come_one_after_the_other() {
    let server = TestServer::start().await;
    let (first, second) = tokio::join!(rotate(&server), rotate(&server));
    assert_eq!((first.len(), &first), (2, &second));
    let old = kids(&server).await.remove(1);
    let form = json!({"revoke": old});
    let revoke = || server.operator().post("/admin/keys/rotate").json(&form).send();
    let (one, other) = tokio::join!(revoke(), revoke());
    let mut answers = [one.status, other.status];
    answers.sort_unstable();
    assert_eq!(answers, [200, 404]);
    assert_eq!(kids(&server).await.len(), 2);
    assert!(!kids(&server).await.contains(&old));
}

/// A change whose client hung up may be stored and not yet read.
#[tokio::test]
async fn jwk_04_a_key_that_left_the_store_leaves_the_server_with_the_next_sweep() {
    let server = TestServer::start().await;
    rotate(&server).await;
    let records = server.store.keys().all().await.unwrap();
    let waiting = records.iter().max_by_key(|record| record.signs_from).unwrap().id;
    server.store.commit(server.store.keys().remove(waiting)).await.unwrap();
    server.auth.sweep().await.unwrap();
    assert!(!kids(&server).await.contains(&waiting.to_string()));
}

/// For a key that got out, nobody waits.
#[tokio::test]
async fn jwk_04_a_revoked_key_is_gone_at_once_with_its_tokens() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let old = kid(&ann);
    let revoke = |kid: &str| {
        let request = server.operator().post("/admin/keys/rotate").json(&json!({"revoke": kid}));
        request.send()
    };
    revoke(&old).await.status(200);
    assert_eq!(me(&ann).await, 401);
    let now = kids(&server).await;
    assert_eq!((now.len(), now.contains(&old)), (1, false));
    let again = refreshed(&ann).await;
    assert_eq!((me(&again).await, kid(&again)), (200, now[0].clone()));
    revoke(&old).await.status(404).problem("not_found");
    revoke("abc").await.status(422).problem("invalid_request");
    assert_eq!(kids(&server).await, now);
}
