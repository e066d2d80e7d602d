//! Which rule decides, and for whom.

use serde_json::json;

use super::{METHODS, RULES, asks, asks_for, bearer, guarding, proxy, told};
use crate::auth::patch;
use crate::harness::{Browser, TestServer};

async fn start() -> TestServer {
    guarding(RULES).start().await
}

/// What becomes of a question with this token.
async fn asked(server: &TestServer, who: &Browser<'_>, path: &str) -> u16 {
    bearer(asks(server, path), who.token.as_ref().unwrap()).send().await.status
}

#[tokio::test]
async fn an_app_is_told_who_is_there() {
    let server = start().await;
    server.account("ann", &["user", "editor"]).await;
    let ann = server.anonymous().logged_in("ann").await;
    let answer = bearer(asks(&server, "/page?x=1"), ann.token.as_ref().unwrap()).send().await;
    let answer = answer.status(200);
    assert_eq!(told(&answer), ["ann", ann.user_id.as_str(), "editor,user", ""]);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.header("vary").unwrap().contains("cookie") && answer.body.is_empty());
    assert!(answer.header("x-request-id").is_some());
}

#[tokio::test]
async fn only_a_verified_address_is_told() {
    let server = start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let change = json!({"email": "ann@example.org"});
    ann.patch("/auth/me").json(&change).send().await.status(200);
    let email = async || {
        let answer = bearer(asks(&server, "/"), ann.token.as_ref().unwrap()).send().await;
        told(&answer.status(200))[3].to_owned()
    };
    assert_eq!(email().await, "");
    patch(&root, &ann.user_id, &change).await.status(200);
    assert_eq!(email().await, "ann@example.org");
}

#[tokio::test]
async fn the_first_rule_that_fits_decides() {
    let server = start().await;
    server.account("ed", &["editor"]).await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let ed = server.anonymous().logged_in("ed").await;
    for (path, expected) in [
        ("/", [200, 200, 200]),
        ("/health", [200, 200, 200]),
        ("/health/x", [200, 200, 200]),
        ("/admin", [200, 200, 403]),
        ("/admin/x?y=/health", [200, 200, 403]),
        ("/administration", [200, 200, 200]),
        ("/off", [403, 403, 403]),
        ("/off/x", [403, 403, 403]),
    ] {
        let mut found = [0; 3];
        for (status, who) in found.iter_mut().zip([&root, &ed, &ann]) {
            *status = asked(&server, who, path).await;
        }
        assert_eq!(found, expected, "{path}");
    }
    for (path, status, rule) in [
        ("/", 401, "forward_anonymous"),
        ("/admin/x", 401, "forward_anonymous"),
        ("/off/x", 403, "access_denies"),
    ] {
        asks(&server, path).send().await.status(status).rule(rule);
    }
}

#[tokio::test]
async fn a_public_path_is_everyones_and_tells_of_nobody() {
    let server = start().await;
    let ann = server.user("ann").await;
    for request in [
        asks(&server, "/health"),
        bearer(asks(&server, "/health"), ann.token.as_ref().unwrap()),
        bearer(asks(&server, "/health"), "the-apps-own-token"),
        asks(&server, "/health").header("cookie", "__Secure-forward=x"),
    ] {
        let answer = request.header("x-auth-user", "root").send().await.status(200);
        assert_eq!(told(&answer), ["", "", "", ""]);
    }
}

/// FWD-01. A proxy takes one of two cookies away, and the app, which may have set the other, would
/// get what stays.
#[tokio::test]
async fn two_cookies_are_refused_whatever_is_asked_for_and_whoever_asks() {
    let server = start().await;
    let ann = server.user("ann").await;
    for ask in [
        asks(&server, "/health"),
        bearer(asks(&server, "/health"), ann.token.as_ref().unwrap()),
        bearer(asks(&server, "/page"), ann.token.as_ref().unwrap()),
    ] {
        let ask = ask.header("cookie", "__Secure-forward=x; __Secure-forward=y");
        ask.send().await.status(401).problem("sign_in_needed").rule("forward_cookie_form");
    }
}

#[tokio::test]
async fn what_no_rule_names_nobody_gets() {
    let server = start().await;
    let root = server.admin().await;
    let other = || asks_for(&server, ("GET", "mail.example.org", "/"));
    let token = root.token.as_ref().unwrap();
    let denied = bearer(other(), token).send().await.status(403).problem("access_denied");
    denied.rule("access_unruled");
    let nobody = other().send().await.status(401).problem("sign_in_needed");
    assert_eq!(nobody.header("www-authenticate"), Some("Bearer realm=\"doorkey\""));
    let bare = guarding("").start().await;
    asks(&bare, "/").send().await.status(401);
}

#[tokio::test]
async fn a_missing_role_is_told_to_the_client_and_the_rule_to_the_operator() {
    let server = start().await;
    let ann = server.user("ann").await;
    let answer = bearer(asks(&server, "/admin/x"), ann.token.as_ref().unwrap()).send().await;
    let answer = answer.status(403).problem("insufficient_scope").rule("access_roles");
    let kept = server.api.refusals().of(answer.header("x-request-id").unwrap());
    assert_eq!(kept[0].why.detail(), Some("rule 3 of access"));
    assert_eq!(kept[0].why.user().unwrap().to_string(), ann.user_id);
    assert_eq!(kept[0].ip.unwrap().to_string(), "203.0.113.7");
}

#[tokio::test]
async fn methods_and_networks_choose_the_rule() {
    let rules = r#"
        [[access]]
        host = "*.example.org"
        methods = ["GET", "OPTIONS"]
        networks = ["203.0.113.0/24", "2001:db8::/32"]
        public = true
    "#;
    let server = guarding(rules).start().await;
    for (method, from, status) in [
        ("GET", "203.0.113.7", 200),
        ("HEAD", "203.0.113.7", 200),
        ("OPTIONS", "2001:db8::7", 200),
        ("POST", "203.0.113.7", 401),
        ("GET", "198.51.100.1", 401),
    ] {
        let asked = asks_for(&server, (method, "a.b.example.org:8443", "/"));
        let asked = asked.without("x-forwarded-for").header("x-forwarded-for", from);
        asked.send().await.status(status);
    }
}

#[tokio::test]
async fn the_question_may_come_by_any_method() {
    let server = start().await;
    let ann = server.user("ann").await;
    for method in METHODS {
        let request = || {
            let request = proxy(&server).request(method.clone(), "/forward-auth");
            let request = request.header("x-forwarded-proto", "https").header("origin", "null");
            request.header("x-forwarded-host", "wiki.example.org").header("x-forwarded-uri", "/")
        };
        let asked = bearer(request(), ann.token.as_ref().unwrap());
        let asked = asked.header("x-forwarded-method", "POST").body("what is sent to the app");
        assert_eq!(told(&asked.send().await.status(200))[0], "ann", "{method}");
        request().header("x-forwarded-method", "DELETE").send().await.status(401);
    }
}

#[tokio::test]
async fn an_api_token_reaches_what_its_roles_and_its_owner_reach() {
    let server = start().await;
    server.account("ed", &["editor", "user"]).await;
    let ed = server.anonymous().logged_in("ed").await;
    let make = async |roles: &[&str]| -> String {
        let form = json!({"name": "cron", "roles": roles, "expires_at": "2027-06-01T00:00:00Z"});
        let made = ed.post("/auth/tokens").json(&form).send().await.status(201);
        let body: serde_json::Value = made.json();
        body["secret"].as_str().unwrap().to_owned()
    };
    let (wide, narrow) = (make(&["editor", "user"]).await, make(&["user"]).await);
    let answer = bearer(asks(&server, "/admin/x"), &wide).send().await.status(200);
    assert_eq!(told(&answer), ["ed", ed.user_id.as_str(), "editor,user", ""]);
    bearer(asks(&server, "/admin/x"), &narrow).send().await.status(403).rule("access_roles");
    assert_eq!(told(&bearer(asks(&server, "/"), &narrow).send().await.status(200))[2], "user");
    let spoiled = format!("{}A", &narrow[..narrow.len() - 1]);
    bearer(asks(&server, "/"), &spoiled).send().await.status(401).rule("api_token_form");
}

#[tokio::test]
async fn a_change_of_the_account_is_seen_at_the_next_request() {
    let server = start().await;
    let root = server.admin().await;
    for change in [json!({"roles": ["user"]}), json!({"disabled": true})] {
        let name = if change["disabled"] == true { "off" } else { "demoted" };
        server.account(name, &["editor"]).await;
        let who = server.anonymous().logged_in(name).await;
        assert_eq!(asked(&server, &who, "/admin/x").await, 200);
        patch(&root, &who.user_id, &change).await.status(200);
        assert_eq!(asked(&server, &who, "/admin/x").await, 401, "{change}");
    }
    let who = server.user("left").await;
    assert_eq!(asked(&server, &who, "/").await, 200);
    who.post("/auth/logout").send().await.status(204);
    assert_eq!(asked(&server, &who, "/").await, 401);
}
