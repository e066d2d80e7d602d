//! `POST /admin/tokens/inspect`: whether and why a token would be accepted. That it agrees with
//! the gate is held for every token of the rows TOK, in `security::forge::me`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::auth::{OTHER_PASSWORD, change_password, patch};
use crate::harness::{Setup, TestServer};
use crate::security::forge::Forge;

async fn inspect(server: &TestServer, token: &str) -> Value {
    let form = json!({ "token": token });
    let answer = server.operator().post("/admin/tokens/inspect").json(&form).send().await;
    let answer = answer.status(200);
    if let Some((_, secret)) = token.rsplit_once('.').filter(|(_, secret)| secret.len() > 20) {
        assert!(!answer.text().contains(secret), "{}", answer.text());
    }
    answer.json()
}

/// The outcome of a check, and what is said of it.
fn check<'a>(found: &'a Value, name: &str) -> (&'a str, &'a str) {
    let checks = found["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["check"] == name).unwrap();
    (check["outcome"].as_str().unwrap(), check["detail"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_good_token_passes_every_check_and_says_how_long_it_is_good() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    server.advance(Duration::from_secs(5));
    let found = inspect(&server, ann.token.as_deref().unwrap()).await;
    assert_eq!((&found["kind"], &found["accepted"]), (&json!("access_token"), &json!(true)));
    assert_eq!((&found["rule"], &found["why"]), (&Value::Null, &Value::Null));
    let checks = found["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["outcome"] == "ok"), "{found}");
    assert_eq!(checks.len(), 14);
    let (_, times) = check(&found, "times");
    assert!(times.starts_with("iat ") && times.contains("(5 s ago)"), "{times}");
    assert!(times.ends_with("(in 595 s)"), "{times}");
    assert_eq!(check(&found, "user"), ("ok", &*format!("sub {}", ann.user_id)));
}

#[tokio::test]
async fn a_refused_token_says_where_it_failed_and_what_was_not_reached() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let forge = Forge::of(&ann).await;
    let foreign =
        inspect(&server, &forge.with_claim("iss", Some(json!("https://x.example")))).await;
    assert_eq!((&foreign["accepted"], &foreign["rule"]), (&json!(false), &json!("token_issuer")));
    let said = "iss https://x.example, ours is https://auth.example.org";
    assert_eq!(check(&foreign, "issuer"), ("failed", said));
    assert_eq!(check(&foreign, "signature").0, "ok");
    assert_eq!(check(&foreign, "times").0, "not_reached");
    server.advance(Duration::from_secs(635));
    let late = inspect(&server, ann.token.as_deref().unwrap()).await;
    let (outcome, times) = check(&late, "times");
    assert_eq!((outcome, &late["rule"]), ("failed", &json!("token_expired")));
    assert!(times.ends_with("(35 s ago)"), "{times}");
    assert_eq!(check(&late, "session").0, "not_reached");
}

#[tokio::test]
async fn what_ended_a_token_in_the_store_is_told_apart() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let (bob, eve) = (server.user("bob").await, server.user("eve").await);
    ann.post("/auth/logout").send().await.status(204);
    patch(&root, &bob.user_id, &json!({"disabled": true})).await.status(200);
    change_password(&eve, crate::harness::PASSWORD, OTHER_PASSWORD).await.status(200);
    for (browser, failed, rule) in [
        (&ann, "session", "token_session_revoked"),
        (&bob, "user", "token_user_disabled"),
        (&eve, "epoch", "token_epoch_old"),
    ] {
        let found = inspect(&server, browser.token.as_deref().unwrap()).await;
        assert_eq!((check(&found, failed).0, &found["rule"]), ("failed", &json!(rule)));
    }
    let found = inspect(&server, eve.token.as_deref().unwrap()).await;
    assert_eq!(check(&found, "epoch").1, "epoch 1 in the token, 2 of the session, 2 now");
}

#[tokio::test]
async fn what_is_no_token_fails_in_its_form() {
    let server = TestServer::start().await;
    for text in ["", "abc", "a.b.c", "ä", "\u{0}", &"a".repeat(20_000)] {
        let found = inspect(&server, text).await;
        assert_eq!((check(&found, "form").0, &found["accepted"]), ("failed", &json!(false)));
    }
}

#[tokio::test]
async fn a_refresh_token_says_whether_its_session_would_give_access_tokens() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let cookie = ann.cookie.clone().unwrap();
    let good = inspect(&server, &cookie).await;
    assert_eq!((&good["kind"], &good["accepted"]), (&json!("refresh_token"), &json!(true)));
    let (sid, secret) = cookie.split_once('.').unwrap();
    let (_, session) = check(&good, "session");
    let begins = session.starts_with(&format!("sid {sid}, ends "));
    assert!(begins && session.ends_with("(in 43200 s)"), "{session}");
    let (_, other) = root.cookie.as_ref().unwrap().split_once('.').unwrap();
    let unknown = format!("q1w2e3r4t5y6u7i8o9p0aA.{secret}");
    for (token, rule) in
        [(unknown, "refresh_session_unknown"), (format!("{sid}.{other}"), "refresh_secret")]
    {
        let found = inspect(&server, &token).await;
        assert_eq!((check(&found, "session").0, &found["rule"]), ("failed", &json!(rule)));
        assert!(!found.to_string().contains(&ann.user_id), "not proven: {found}");
    }
    ann.post("/auth/logout").send().await.status(204);
    let ended = inspect(&server, &cookie).await;
    assert_eq!(ended["rule"], "refresh_session_revoked");
}

/// Asking is no use of a token: its session is as old as before.
#[tokio::test]
async fn nothing_is_noted_of_a_token_that_was_asked_about() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let path = format!("/admin/users/{}/sessions", ann.user_id);
    let before: Value = root.get(&path).send().await.status(200).json();
    server.advance(Duration::from_mins(5));
    inspect(&server, ann.token.as_deref().unwrap()).await;
    inspect(&server, ann.cookie.as_deref().unwrap()).await;
    let after: Value = root.get(&path).send().await.status(200).json();
    let used = |list: &Value| list["sessions"][0]["last_used_at"].clone();
    assert_eq!(used(&before), used(&after));
}

/// An oracle for tokens is the operator's alone.
#[tokio::test]
async fn an_administrator_on_the_network_cannot_ask() {
    let server = Setup::default().start().await;
    let root = server.admin().await;
    let form = json!({"token": root.token.clone().unwrap()});
    let answer = root.post("/admin/tokens/inspect").json(&form).send().await;
    answer.status(404).problem("not_found").rule("route_of_operator");
}
