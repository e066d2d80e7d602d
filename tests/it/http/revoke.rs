//! `POST /oauth/revoke` (RFC 7009).

use serde_json::Value;

use super::api_tokens::{is_active, token};
use crate::harness::TestServer;

#[tokio::test]
async fn whoever_holds_the_text_of_an_api_token_revokes_it() {
    let server = TestServer::start().await;
    let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
    let ((_, text), (_, other)) = (token(&ann, "leaked").await, token(&ann, "kept").await);
    let answer = wiki.revoke(&text).await.status(200);
    assert!(answer.body.is_empty());
    assert!(!is_active(&wiki, &text).await && is_active(&wiki, &other).await);
    wiki.revoke(&text).await.status(200);
    let listed: Value = ann.get("/auth/tokens").send().await.json();
    assert_eq!(listed["tokens"].as_array().unwrap().len(), 1);

    let root = server.admin().await;
    let path = "/admin/events?kind=api_token_revoked";
    let body: Value = root.get(path).send().await.json();
    let [event] = body["events"].as_array().unwrap().as_slice() else { panic!("{body}") };
    assert!(event["detail"].as_str().unwrap().ends_with(", by the service wiki"), "{event}");
    assert_eq!(event["user"], ann.user_id);
}

#[tokio::test]
async fn the_id_of_an_api_token_alone_revokes_nothing() {
    let server = TestServer::start().await;
    let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
    let ((id, text), (_, other)) = (token(&ann, "one").await, token(&ann, "two").await);
    // The id of one with the secret of the other has no good checksum.
    let mixed = format!("{}{}", &text[..29], &other[29..]);
    for wrong in [id.as_str(), &mixed, &text[..77], "dk_pat_"] {
        wiki.revoke(wrong).await.status(200);
    }
    assert!(is_active(&wiki, &text).await && is_active(&wiki, &other).await);
}

#[tokio::test]
async fn a_token_that_is_dead_already_is_done_with() {
    let server = TestServer::start().await;
    let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
    let (_, text) = token(&ann, "ci").await;
    ann.delete("/auth/sessions").send().await.status(204);
    let refresh = ann.cookie.clone().unwrap();
    for dead in [&text, ann.token.as_ref().unwrap(), &refresh] {
        wiki.revoke(dead).await.status(200);
    }
}
