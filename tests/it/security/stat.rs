//! Token Status Lists: how verifiers that ask nobody learn of a logout.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::auth::status_lists::{bit, place};
use crate::auth::{claims, twin};
use crate::harness::{Answer, Browser, ORIGIN, TestServer};

const SECOND: Duration = Duration::from_secs(1);

async fn list_of(browser: &Browser<'_>) -> Answer {
    let (path, _) = place(browser.token.as_deref().unwrap());
    browser.server.anonymous().get(&path).send().await.status(200)
}

#[tokio::test]
async fn stat_01_a_list_is_typed_signed_by_a_published_key_and_says_how_long_it_counts() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let list = list_of(&ann).await;
    assert_eq!(list.header("content-type"), Some("application/statuslist+jwt"));
    let text = list.text();
    let header = URL_SAFE_NO_PAD.decode(text.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    let jwks: Value = server.anonymous().get("/.well-known/jwks.json").send().await.json();
    let kid = &jwks["keys"][0]["kid"];
    assert_eq!(header, json!({"alg": "ES256", "typ": "statuslist+jwt", "kid": kid}));
    let said = claims(&text);
    let (path, _) = place(ann.token.as_deref().unwrap());
    let now = server.clock.now().seconds();
    assert_eq!(said["sub"], format!("{ORIGIN}{path}"));
    assert_eq!(
        (&said["iat"], &said["exp"], &said["ttl"]),
        (&now.into(), &(now + 60).into(), &60.into())
    );
    assert_eq!(said["status_list"]["bits"], 1);
    assert_eq!(said.as_object().unwrap().len(), 5);
}

#[tokio::test]
async fn stat_01_a_list_may_be_kept_for_what_is_left_of_it_and_by_any_page() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let first = list_of(&ann).await;
    assert_eq!(first.header("cache-control"), Some("public, max-age=60"));
    assert_eq!(first.header("access-control-allow-origin"), Some("*"));
    server.advance(SECOND * 20);
    let same = list_of(&ann).await;
    assert_eq!(same.header("cache-control"), Some("public, max-age=40"));
    assert_eq!(same.body, first.body);
    let (path, _) = place(ann.token.as_deref().unwrap());
    let known =
        server.anonymous().get(&path).header("if-none-match", first.header("etag").unwrap());
    let known = known.send().await.status(304);
    assert_eq!(known.header("cache-control"), Some("public, max-age=40"));
    server.advance(SECOND * 10);
    assert_ne!(list_of(&ann).await.body, first.body, "none is given out that is half over");
}

/// The bound: every list that a verifier may still use `ttl` after a logout was made after it.
#[tokio::test]
async fn stat_01_a_logout_is_in_every_list_that_counts_one_ttl_later() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let (_, index) = place(ann.token.as_deref().unwrap());
    let mut lists = vec![list_of(&ann).await];
    ann.post("/auth/logout").send().await.status(204);
    let ended = server.clock.now().seconds();
    for _ in 0..60 {
        lists.push(list_of(&ann).await);
        server.advance(SECOND);
    }
    for list in &lists {
        let expires_at = claims(&list.text())["exp"].as_u64().unwrap();
        assert!(bit(list, index) || expires_at <= ended + 60);
    }
    assert!(!bit(&lists[0], index) && bit(&lists[2], index), "known after a second already");
}

#[tokio::test]
async fn stat_01_a_list_opens_nothing_and_an_access_token_is_no_list() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let list = list_of(&ann).await.text();
    let opened = twin(&ann).with_token(&list).get("/auth/me").send().await;
    opened.status(401).rule("token_type");
    let wiki = server.service("wiki").await;
    let asked: Value = wiki.introspect(&list).await.status(200).json();
    assert_eq!(asked, json!({"active": false}));
}

/// Who sees the places of some sessions learns nothing of when others began.
#[tokio::test]
async fn stat_01_places_are_random() {
    let server = TestServer::start().await;
    server.account("ann", &["user"]).await;
    let mut places = Vec::new();
    for _ in 0..40 {
        let ann = server.anonymous().logged_in("ann").await;
        places.push(place(ann.token.as_deref().unwrap()).1);
    }
    let distinct: BTreeSet<usize> = places.iter().copied().collect();
    assert_eq!(distinct.len(), places.len());
    let near = places.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) < 328).count();
    assert!(near < 8, "{places:?}");
    let high = places.iter().filter(|place| **place >= 1 << 14).count();
    assert!((6..35).contains(&high), "{places:?}");
}
