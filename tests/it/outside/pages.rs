//! What anyone may read: the metadata and the state.

use serde_json::{Value, json};

use crate::harness::{ORIGIN, TestServer};

#[tokio::test]
async fn the_metadata_names_what_exists() {
    let server = TestServer::start().await;
    let path = "/.well-known/oauth-authorization-server";
    let answer = server.anonymous().get(path).send().await.status(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body: Value = answer.json();
    assert_eq!(body["issuer"], ORIGIN);
    let keys = body["jwks_uri"].as_str().unwrap().strip_prefix(ORIGIN).unwrap();
    server.anonymous().get(keys).send().await.status(200);
    assert!(body.get("token_endpoint").is_none() && body.get("authorization_endpoint").is_none());
}

#[tokio::test]
async fn the_state_is_told_to_anyone_and_tells_nothing_else() {
    let server = TestServer::start().await;
    for (path, status) in [("/healthz", "ok"), ("/readyz", "ready")] {
        let answer = server.anonymous().get(path).send().await.status(200);
        assert_eq!(answer.json::<Value>(), json!({"status": status}));
        server.anonymous().post(path).send().await.status(405);
    }
    server.anonymous().get("/metrics").send().await.status(404);
}
