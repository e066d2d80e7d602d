//! One-time links: invites and resets.

use std::time::Duration;

use serde_json::{Value, json};

use crate::auth::{OTHER_PASSWORD, change_password, patch};
use crate::harness::{Answer, Browser, ORIGIN, PASSWORD, TestServer};

fn token(link: &Value) -> String {
    let start = format!("{ORIGIN}/set-password?token=");
    link["link"].as_str().unwrap().strip_prefix(&start).unwrap().to_owned()
}

pub(crate) async fn reset(root: &Browser<'_>, id: &str) -> String {
    let path = format!("/admin/users/{id}/password-reset");
    token(&root.post(&path).send().await.status(200).json())
}

pub(crate) async fn finish(server: &TestServer, token: &str, password: &str) -> Answer {
    let form = json!({"token": token, "new_password": password});
    server.anonymous().post("/auth/password-reset").json(&form).send().await
}

async fn refused(server: &TestServer, token: &str) {
    finish(server, token, OTHER_PASSWORD).await.status(401).problem("invalid_token");
}

#[tokio::test]
async fn pw_15_an_invite_sets_the_first_password_and_logs_nobody_in() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let form = json!({"username": "ann", "email": "ann@example.org"});
    let made: Value = root.post("/admin/users").json(&form).send().await.status(201).json();
    assert_eq!(made["user"]["email_verified"], true);
    server.anonymous().login("ann", "").await.status(401);
    let done = finish(&server, &token(&made["invite"]), PASSWORD).await.status(204);
    assert!(done.header("set-cookie").is_none() && done.body.is_empty());
    server.anonymous().login("ann", PASSWORD).await.status(200);
    let with_password = json!({"username": "bob", "password": PASSWORD});
    let made: Value = root.post("/admin/users").json(&with_password).send().await.json();
    assert_eq!(made.get("invite"), None);
}

/// 15 minutes, to the second.
/// An administrator begins it and the person ends it: nobody chooses another's password.
#[tokio::test]
async fn pw_16_an_administrator_can_start_a_reset_and_not_choose_the_password() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let one = format!("/admin/users/{}", ann.user_id);
    for member in ["password", "new_password", "password_hash"] {
        let form = json!({member: OTHER_PASSWORD});
        root.patch(&one).json(&form).send().await.status(422).problem("invalid_request");
    }
    let form = json!({"new_password": OTHER_PASSWORD, "password": OTHER_PASSWORD});
    let begun = root.post(&format!("{one}/password-reset")).json(&form).send().await.status(200);
    let begun: Value = begun.json();
    let members: Vec<&String> = begun.as_object().unwrap().keys().collect();
    assert_eq!(members, ["expires_at", "link"]);
    server.anonymous().login("ann", OTHER_PASSWORD).await.status(401);
    server.anonymous().login("ann", PASSWORD).await.status(200);
    ann.refresh().await.status(200);
}

#[tokio::test]
async fn pw_15_a_link_lives_fifteen_minutes() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let (ann, bob) =
        (server.account("ann", &["user"]).await, server.account("bob", &["user"]).await);
    let (first, second) = (reset(&root, &ann).await, reset(&root, &bob).await);
    server.advance(Duration::from_secs(899));
    finish(&server, &first, OTHER_PASSWORD).await.status(204);
    server.advance(Duration::from_secs(1));
    refused(&server, &second).await;
    server.anonymous().login("bob", PASSWORD).await.status(200);
}

/// Also SES-12, RACE-08.
#[tokio::test]
async fn pw_15_a_reset_ends_all_sessions_and_every_other_link() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let (older, used) = (reset(&root, &ann.user_id).await, reset(&root, &ann.user_id).await);
    finish(&server, &used, OTHER_PASSWORD).await.status(204);
    ann.refresh().await.status(401);
    ann.get("/auth/me").send().await.status(401);
    refused(&server, &used).await;
    refused(&server, &older).await;
    server.anonymous().login("ann", PASSWORD).await.status(401);
    server.anonymous().login("ann", OTHER_PASSWORD).await.status(200);
}

/// Bound to the account as it was.
#[tokio::test]
async fn pw_15_a_link_dies_with_the_next_epoch_of_its_account() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let acts = [json!({"roles": ["user", "editor"]}), json!({"disabled": true})];
    for (n, change) in acts.iter().enumerate() {
        let id = server.account(&format!("ann{n}"), &["user"]).await;
        let link = reset(&root, &id).await;
        patch(&root, &id, change).await.status(200);
        refused(&server, &link).await;
        patch(&root, &id, &json!({"disabled": false})).await.status(200);
        refused(&server, &link).await;
    }
    let ann = server.user("ann").await;
    let link = reset(&root, &ann.user_id).await;
    change_password(&ann, PASSWORD, OTHER_PASSWORD).await.status(200);
    refused(&server, &link).await;
    let link = reset(&root, &ann.user_id).await;
    root.delete(&format!("/admin/users/{}", ann.user_id)).send().await.status(204);
    refused(&server, &link).await;
}

/// For an account that is shut out a link opens nothing.
#[tokio::test]
async fn pw_15_a_link_of_a_disabled_account_is_refused() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let id = server.account("ann", &["user"]).await;
    patch(&root, &id, &json!({"disabled": true})).await.status(200);
    let link = reset(&root, &id).await;
    refused(&server, &link).await;
}

/// A typing mistake must not cost the person the link.
#[tokio::test]
async fn a_bad_password_leaves_the_link_good() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let id = server.account("ann", &["user"]).await;
    let link = reset(&root, &id).await;
    for bad in ["short", "password", "ann", &"x".repeat(2_000)] {
        let answer = finish(&server, &link, bad).await.status(422).problem("invalid_request");
        assert_eq!(answer.json::<Value>()["errors"][0]["field"], "new_password");
    }
    server.anonymous().login("ann", PASSWORD).await.status(200);
    finish(&server, &link, OTHER_PASSWORD).await.status(204);
}

/// A made-up token, also one with the right public part, is refused like a used one.
#[tokio::test]
async fn pw_15_a_token_that_nobody_was_given_is_refused() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let id = server.account("ann", &["user"]).await;
    let good = reset(&root, &id).await;
    let (public, secret) = good.split_once('.').unwrap();
    assert_eq!((public.len(), secret.len()), (22, 43), "128 and 256 bits");
    let other = "A".repeat(secret.len());
    for token in ["", "x", ".", public, secret, &format!("{public}.{other}"), &format!("{good}A")] {
        refused(&server, token).await;
    }
    finish(&server, &good, OTHER_PASSWORD).await.status(204);
}
