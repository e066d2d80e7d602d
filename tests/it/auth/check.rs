//! What the use cases leave behind keeps the rules of the store at every moment.

use std::time::Duration;

use doorkey::store::{Depth, SigningKeys};
use serde_json::json;

use super::{OTHER_PASSWORD, change_password, patch};
use crate::harness::{PASSWORD, TestServer};

#[track_caller]
fn assert_clean(report: &doorkey::store::Report) {
    let lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert!(report.is_clean() && report.is_whole, "{lines:?}");
}

async fn clean(server: &TestServer) {
    assert_clean(&server.store.check(Depth::Full).await.unwrap());
}

/// A store with accounts, sessions, links and events in every state.
async fn busy() -> TestServer {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let form = json!({"username": "cid", "password": PASSWORD, "email": "Cid@example.org"});
    server.anonymous().post("/auth/register").json(&form).send().await.status(201);
    clean(&server).await;
    ann.login("bob", PASSWORD).await.status(200);
    bob.post("/auth/logout").send().await.status(204);
    clean(&server).await;
    let cid = server.anonymous().logged_in("cid").await;
    change_password(&cid, PASSWORD, OTHER_PASSWORD).await.status(200);
    patch(&root, &cid.user_id, &json!({"email": "other@example.org"})).await.status(200);
    patch(&root, &cid.user_id, &json!({"roles": ["admin"]})).await.status(200);
    patch(&root, &cid.user_id, &json!({"disabled": true})).await.status(200);
    clean(&server).await;
    let invite = json!({"username": "dan", "roles": ["admin"]});
    root.post("/admin/users").json(&invite).send().await.status(201);
    root.post("/admin/keys/rotate").send().await.status(200);
    for user in [&ann.user_id, &cid.user_id] {
        root.delete(&format!("/admin/users/{user}")).send().await.status(204);
    }
    server
}

#[tokio::test]
async fn a_store_that_only_the_use_cases_wrote_is_clean() {
    let server = busy().await;
    clean(&server).await;
    server.advance(Duration::from_hours(37));
    server.auth.save(true).await.unwrap();
    clean(&server).await;
    server.auth.sweep().await.unwrap();
    clean(&server).await;
}

#[tokio::test]
async fn after_a_restore_the_password_is_the_only_way_in() {
    let server = busy().await;
    let eve = server.user("eve").await;
    server.store.revive(SigningKeys::Keep).await.unwrap();
    clean(&server).await;
    eve.refresh().await.status(401).problem("session_ended");
    eve.get("/auth/me").send().await.status(401).problem("invalid_token");
    server.anonymous().logged_in("eve").await.get("/auth/me").send().await.status(200);
    clean(&server).await;
}
