//! `POST /oauth/introspect` (RFC 7662).

use std::time::Duration;

use serde_json::{Value, json};

use super::api_tokens::token;
use crate::auth::claims;
use crate::harness::{ORIGIN, TestServer};

#[tokio::test]
async fn an_access_token_is_told_about_as_the_store_knows_it() {
    let server = TestServer::start().await;
    let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
    let text = ann.token.as_deref().unwrap();
    let said = claims(text);
    let body: Value = wiki.introspect(text).await.status(200).json();
    assert_eq!(
        body,
        json!({
            "active": true,
            "iss": ORIGIN,
            "sub": ann.user_id,
            "aud": ORIGIN,
            "client_id": "doorkey",
            "username": "ann",
            "roles": ["user"],
            "token_type": "Bearer",
            "jti": said["jti"],
            "sid": said["sid"],
            "auth_time": said["auth_time"],
            "iat": said["iat"],
            "exp": said["exp"],
        })
    );
}

#[tokio::test]
async fn an_api_token_is_told_about_and_belongs_to_no_session() {
    let server = TestServer::start().await;
    let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
    let now = server.clock.now().seconds();
    let (id, text) = token(&ann, "ci").await;
    let body: Value = wiki.introspect(&text).await.status(200).json();
    assert_eq!(
        body,
        json!({
            "active": true,
            "iss": ORIGIN,
            "sub": ann.user_id,
            "aud": ORIGIN,
            "client_id": "doorkey",
            "username": "ann",
            "roles": ["user"],
            "token_type": "Bearer",
            "jti": id,
            "iat": now,
            "exp": 1_803_859_200,
        })
    );
}

#[tokio::test]
async fn a_hint_and_unknown_parameters_change_nothing() {
    let server = TestServer::start().await;
    let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
    let text = ann.token.as_deref().unwrap();
    for hint in ["access_token", "refresh_token", "urn:example:else", ""] {
        let form = [("token", text), ("token_type_hint", hint), ("resource", "https://a.org")];
        let request = wiki.post("/oauth/introspect").form(&form);
        let body: Value = request.send().await.status(200).json();
        assert_eq!(body["active"], true, "{hint}");
    }
    let named = wiki.post("/oauth/introspect").form(&[("token", text), ("client_id", "wiki")]);
    named.send().await.status(200);
}

#[tokio::test]
async fn introspection_is_a_use_of_the_session() {
    let server = TestServer::start().await;
    let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
    server.advance(Duration::from_mins(5));
    wiki.introspect(ann.token.as_deref().unwrap()).await.status(200);
    let listed: Value = ann.get("/auth/sessions").send().await.json();
    assert_eq!(listed["sessions"][0]["last_used_at"], server.clock.now().to_string());
}
