//! Who may call what: one table over every guarded route.

use serde_json::json;
use warp::http::Method;

use super::patch;
use crate::harness::{Browser, TestServer};
use doorkey::http::{Guard, Route};

/// Calls a route with ids that exist where the path has places for them.
async fn call(browser: &Browser<'_>, (method, path): (&Method, &str), id: &str) -> u16 {
    let path = path.replace("{id}", id).replace("{sid}", id).replace("{request_id}", "none");
    browser.request(method.clone(), &path).json(&json!({})).send().await.status
}

/// AZ-01, AZ-07: every route of the table, so that a new one cannot be forgotten.
#[tokio::test]
async fn administration_is_closed_to_everyone_but_administrators() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let (user, editor) = (server.user("user").await, {
        server.account("editor", &["editor", "user"]).await;
        server.anonymous().logged_in("editor").await
    });
    let (disabled, demoted) = (
        {
            server.account("disabled", &["admin"]).await;
            server.anonymous().logged_in("disabled").await
        },
        {
            server.account("demoted", &["admin"]).await;
            server.anonymous().logged_in("demoted").await
        },
    );
    patch(&root, &disabled.user_id, &json!({"disabled": true})).await.status(200);
    patch(&root, &demoted.user_id, &json!({"roles": ["user"]})).await.status(200);
    let mut seen = 0;
    let is_admin =
        |route: &&Route| route.path.starts_with("/admin") && route.guard != Guard::Operator;
    for route in server.api.routes().iter().filter(is_admin) {
        assert_eq!(route.guard, Guard::Admin, "{}", route.path);
        for id in [user.user_id.as_str(), "AAAAAAAAAAAAAAAAAAAAAA", "x"] {
            let what = (&route.method, route.path);
            let who = [&server.anonymous(), &disabled, &demoted, &user, &editor];
            let mut statuses = Vec::new();
            for browser in who {
                statuses.push(call(browser, what, id).await);
            }
            assert_eq!(statuses, [401, 401, 401, 403, 403], "{what:?} {id}");
        }
        seen += 1;
    }
    assert!(seen >= 12, "{seen} routes");
    user.refresh().await.status(200);
}

/// AZ-01.
#[tokio::test]
async fn every_route_of_an_account_needs_a_good_token() {
    let server = TestServer::start().await;
    let user = server.user("user").await;
    let mut logged_out = user.with_token(user.token.as_deref().unwrap());
    logged_out.post("/auth/logout").send().await.status(204);
    logged_out.cookie = None;
    let mut seen = 0;
    for route in server.api.routes().iter().filter(|route| route.guard == Guard::User) {
        for browser in [&server.anonymous(), &logged_out, &server.anonymous().with_token("x.y.z")] {
            let status = call(browser, (&route.method, route.path), "x").await;
            assert_eq!(status, 401, "{}", route.path);
        }
        seen += 1;
    }
    assert!(seen >= 6, "{seen} routes");
}

/// AZ-01: an administrator reaches what the others do not.
#[tokio::test]
async fn an_administrator_gets_through() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    for route in server.api.routes().iter().filter(|route| route.guard == Guard::Admin) {
        if route.method == Method::GET {
            let status = call(&root, (&route.method, route.path), &root.user_id).await;
            assert!([200, 404].contains(&status), "{} {status}", route.path);
        }
    }
}

/// AZ-01: each change of another's account is refused before it does anything.
#[tokio::test]
async fn a_user_changes_nothing_of_anyone() {
    let server = TestServer::start().await;
    let (eve, ann) = (server.user("eve").await, server.user("ann").await);
    let path = format!("/admin/users/{}", ann.user_id);
    patch(&eve, &ann.user_id, &json!({"disabled": true})).await.status(403);
    eve.delete(&path).send().await.status(403);
    eve.delete(&format!("{path}/sessions")).send().await.status(403);
    eve.post(&format!("{path}/password-reset")).send().await.status(403);
    let new = json!({"username": "mole", "password": "a good long passphrase", "roles": ["admin"]});
    eve.post("/admin/users").json(&new).send().await.status(403);
    ann.refresh().await.status(200);
    ann.get("/auth/me").send().await.status(200);
    eve.login("mole", "a good long passphrase").await.status(401);
}
