//! The main job from end to end: log in, use, expire, refresh, log out.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{PASSWORD, TestServer};

#[tokio::test]
async fn the_main_job_from_registration_to_the_end_of_both_tokens() {
    let server = TestServer::start().await;
    let mut ann = server.anonymous();
    let form = json!({"username": "Ann", "password": PASSWORD});
    ann.post("/auth/register").json(&form).send().await.status(201);

    let login = ann.login("ann", PASSWORD).await.status(200);
    let body: Value = login.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(600)));
    ann.token = body["access_token"].as_str().map(str::to_owned);
    ann.cookie = login.cookie("__Host-refresh");
    ann.get("/auth/me").send().await.status(200);
    ann.get("/admin/users").send().await.status(403).problem("insufficient_scope");

    server.advance(Duration::from_mins(10));
    ann.get("/auth/me").send().await.status(401).problem("invalid_token");
    let refreshed = ann.refresh().await.status(200);
    assert!(refreshed.headers.get("set-cookie").is_none());
    ann.token = refreshed.json::<Value>()["access_token"].as_str().map(str::to_owned);
    ann.get("/auth/me").send().await.status(200);

    let out = ann.post("/auth/logout").send().await.status(204);
    assert_eq!(out.cookie("__Host-refresh").as_deref(), Some(""));
    ann.refresh().await.status(401).problem("session_ended");
    ann.get("/auth/me").send().await.status(401).problem("invalid_token");
}
