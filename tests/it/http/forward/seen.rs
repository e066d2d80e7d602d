//! A request that was let through before is decided from memory, and what ends it is seen at once.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{RULES, asks, bearer, guarding, signed_in, told, with_cookie};
use crate::auth::engines::Watched;
use crate::auth::patch;
use crate::harness::{RequestBuilder, TestServer};
use crate::http::api_tokens::token;

async fn watched() -> (TestServer, Arc<Watched>) {
    let engine = Watched::new();
    let mut setup = guarding(RULES);
    setup.engine = engine.clone();
    (setup.start().await, engine)
}

/// Asks until it is known by heart: what comes then reads no record.
async fn learn<'a>(ask: &impl Fn() -> RequestBuilder<'a>, engine: &Watched) {
    ask().send().await.status(200);
    let before = engine.reads();
    assert_eq!(told(&ask().send().await.status(200))[0], "ann");
    assert_eq!(engine.reads(), before, "nothing is read");
}

#[tokio::test]
async fn an_allowed_request_reads_nothing_by_cookie_by_token_or_by_api_token() {
    let (server, engine) = watched().await;
    let ann = server.user("ann").await;
    let (_, cookie) = signed_in(&server, "ann").await;
    let (_, program) = token(&ann, "cron").await;
    learn(&|| with_cookie(&server, &cookie), &engine).await;
    learn(&|| bearer(asks(&server, "/x"), ann.token.as_ref().unwrap()), &engine).await;
    learn(&|| bearer(asks(&server, "/y"), &program), &engine).await;
    let before = engine.reads();
    asks(&server, "/health").send().await.status(200);
    asks(&server, "/off").send().await.status(403);
    asks(&server, "/").send().await.status(401);
    assert_eq!(engine.reads(), before);
}

#[tokio::test]
async fn a_logout_new_roles_or_a_disabled_account_is_seen_at_once() {
    for end in ["logout", "roles", "disabled", "sessions", "time"] {
        let (server, engine) = watched().await;
        let (root, ann) = (server.admin().await, server.user("ann").await);
        let (visitor, cookie) = signed_in(&server, "ann").await;
        learn(&|| with_cookie(&server, &cookie), &engine).await;
        match end {
            "logout" => {
                let mut browser = server.anonymous();
                browser.cookie = visitor.jar.get("__Host-refresh").cloned();
                browser.post("/auth/logout").send().await.status(204);
            }
            "roles" => drop(patch(&root, &ann.user_id, &json!({"roles": ["editor"]})).await),
            "disabled" => drop(patch(&root, &ann.user_id, &json!({"disabled": true})).await),
            "sessions" => drop(ann.delete("/auth/sessions").send().await),
            _ => server.advance(Duration::from_hours(12)),
        }
        let refused = with_cookie(&server, &cookie).send().await;
        refused.status(401).problem("sign_in_needed");
    }
}

/// A change that ends no session is told to the app at once, too.
#[tokio::test]
async fn a_verified_address_is_told_at_the_next_request() {
    let (server, engine) = watched().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let (_, cookie) = signed_in(&server, "ann").await;
    learn(&|| with_cookie(&server, &cookie), &engine).await;
    patch(&root, &ann.user_id, &json!({"email": "ann@example.org"})).await.status(200);
    let answer = with_cookie(&server, &cookie).send().await;
    assert_eq!(told(&answer)[3], "ann@example.org");
}
