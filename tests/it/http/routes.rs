//! The route table against the contract, and every row against every kind of caller.

use std::collections::BTreeSet;
use std::time::Duration;

use doorkey::http::{Guard, Route};
use serde_json::{Value, json};
use warp::http::Method;

use crate::harness::{PASSWORD, TestServer};

/// Well formed, and the id of nothing.
const UNKNOWN: &str = "q1w2e3r4t5y6u7i8o9p0aA";

/// The contract's routes that exist in this version.
const CONTRACT: &[&str] = &[
    "POST /auth/register",
    "POST /auth/login",
    "POST /auth/refresh",
    "POST /auth/logout",
    "GET /auth/me",
    "PATCH /auth/me",
    "POST /auth/password",
    "GET /auth/sessions",
    "DELETE /auth/sessions/{id}",
    "DELETE /auth/sessions",
    "GET /admin/users",
    "POST /admin/users",
    "GET /admin/users/{id}",
    "PATCH /admin/users/{id}",
    "DELETE /admin/users/{id}",
    "POST /admin/users/{id}/password-reset",
    "GET /admin/users/{id}/sessions",
    "DELETE /admin/users/{id}/sessions",
    "DELETE /admin/users/{id}/sessions/{sid}",
    "GET /admin/keys",
    "POST /admin/keys/rotate",
    "GET /admin/clock",
    "POST /admin/clock/accept",
    "GET /admin/events",
    "GET /admin/events/{request_id}",
    "GET /admin/audit",
    "GET /admin/export",
    "POST /admin/import",
    "POST /auth/setup",
    "POST /auth/password-reset",
    "GET /.well-known/jwks.json",
    "GET /.well-known/oauth-authorization-server",
    "GET /healthz",
    "GET /readyz",
    "GET /problems/{code}",
];

/// Whom anyone may call. A route that is not here asks for a token.
const FOR_ANYONE: &[&str] = &[
    "POST /auth/register",
    "POST /auth/login",
    "POST /auth/refresh",
    "POST /auth/logout",
    "POST /auth/setup",
    "POST /auth/password-reset",
    "GET /.well-known/jwks.json",
    "GET /.well-known/oauth-authorization-server",
    "GET /healthz",
    "GET /readyz",
    "GET /problems/{code}",
];

/// A row as the contract writes it.
pub(super) fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

/// The row's path with something in every `{part}`.
pub(super) fn filled(path: &str) -> String {
    let path = path.replace("{id}", UNKNOWN).replace("{sid}", UNKNOWN);
    path.replace("{request_id}", UNKNOWN).replace("{code}", "not_found")
}

pub(super) fn is_guarded(route: &Route) -> bool {
    matches!(route.guard, Guard::User | Guard::Admin)
}

fn guarded(server: &TestServer) -> Vec<Route> {
    let rows: Vec<Route> = server.api.routes().iter().filter(|r| is_guarded(r)).cloned().collect();
    assert!(!rows.is_empty());
    rows
}

fn names<'a>(rows: impl IntoIterator<Item = &'a Route>) -> BTreeSet<String> {
    rows.into_iter().map(name).collect()
}

fn set(rows: &[&str]) -> BTreeSet<String> {
    rows.iter().map(|row| (*row).to_owned()).collect()
}

#[tokio::test]
async fn the_routes_are_those_of_the_contract() {
    let server = TestServer::start().await;
    let rows = server.api.routes();
    assert_eq!(names(rows), set(CONTRACT));
    assert_eq!(rows.len(), CONTRACT.len());
}

/// TOK-02, AZ-01.
#[tokio::test]
async fn only_the_listed_routes_answer_someone_without_a_token() {
    let server = TestServer::start().await;
    let rows = server.api.routes();
    let open = rows.iter().filter(|row| !is_guarded(row) && row.guard != Guard::Operator);
    assert_eq!(names(open), set(FOR_ANYONE));
    for row in rows {
        let answer = server.anonymous().request(row.method.clone(), &filled(row.path)).send().await;
        if row.guard == Guard::Operator {
            answer.status(404).problem("not_found");
        } else if is_guarded(row) {
            let answer = answer.status(401).problem("invalid_token");
            let challenge = answer.header("www-authenticate");
            assert_eq!(challenge, Some(r#"Bearer realm="doorkey""#), "{}", name(row));
        } else {
            let challenge = answer.header("www-authenticate").unwrap_or_default();
            assert!(!challenge.contains("error="), "{}: {challenge}", name(row));
        }
    }
}

/// AZ-01.
#[tokio::test]
async fn what_the_operator_alone_may_do_is_there_for_no_other_caller() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let is_operators = |row: &&Route| row.guard == Guard::Operator;
    let rows: Vec<&Route> = server.api.routes().iter().filter(is_operators).collect();
    let operators =
        ["POST /admin/clock/accept", "GET /admin/audit", "GET /admin/export", "POST /admin/import"];
    assert_eq!(names(rows.iter().copied()), set(&operators));
    for row in rows {
        for caller in [&root, &server.anonymous()] {
            let answer = caller.request(row.method.clone(), row.path).send().await;
            answer.status(404).problem("not_found");
        }
    }
}

/// AZ-01: what stands under `/admin` asks for the role, whatever it is called.
#[tokio::test]
async fn every_route_of_the_administration_is_guarded_by_the_role() {
    let server = TestServer::start().await;
    for row in server.api.routes() {
        let is_admin = matches!(row.guard, Guard::Admin | Guard::Operator);
        assert_eq!(row.path.starts_with("/admin/"), is_admin, "{}", name(row));
    }
}

/// Tokens that were good once or look as if they were, each with what is wrong with it.
async fn dead_tokens(server: &TestServer) -> Vec<(&'static str, String)> {
    let expired = server.user("expired").await.token.unwrap();
    server.advance(Duration::from_mins(10));
    let admin = server.admin().await;
    let (good, other) = (server.user("good").await, server.user("other").await);
    let (good_token, other_token) = (good.token.clone().unwrap(), other.token.unwrap());
    let (signed, _) = good_token.rsplit_once('.').unwrap();
    let (_, foreign_signature) = other_token.rsplit_once('.').unwrap();
    let left = server.user("left").await;
    left.post("/auth/logout").send().await.status(204);
    let deleted = server.user("deleted").await;
    let gone = format!("/admin/users/{}", deleted.user_id);
    admin.delete(&gone).send().await.status(204);
    let disabled = server.user("disabled").await;
    let barred = format!("/admin/users/{}", disabled.user_id);
    admin.patch(&barred).json(&json!({"disabled": true})).send().await.status(200);
    let older = server.user("older").await;
    let change = json!({"current_password": PASSWORD, "new_password": "another long password"});
    older.post("/auth/password").json(&change).send().await.status(200);
    good.get("/auth/me").send().await.status(200);
    vec![
        ("expired", expired),
        ("forged", format!("{signed}.{foreign_signature}")),
        ("unsigned", format!("{signed}.AA")),
        ("no token", "abc".to_owned()),
        ("revoked session", left.token.unwrap()),
        ("deleted user", deleted.token.unwrap()),
        ("disabled user", disabled.token.unwrap()),
        ("older epoch", older.token.unwrap()),
    ]
}

/// TOK-02, TOK-09, TOK-11, TOK-12, AZ-01, BRR-01.
#[tokio::test]
async fn a_token_that_is_not_good_opens_no_guarded_route() {
    let server = TestServer::start().await;
    let rows = guarded(&server);
    for (what, token) in dead_tokens(&server).await {
        let caller = server.anonymous().with_token(&token);
        for row in &rows {
            let answer = caller.request(row.method.clone(), &filled(row.path)).send().await;
            assert_eq!(answer.status, 401, "{what} at {}", name(row));
            let answer = answer.problem("invalid_token");
            let expected = r#"Bearer realm="doorkey", error="invalid_token""#;
            assert_eq!(answer.header("www-authenticate"), Some(expected), "{what}");
        }
    }
}

/// AZ-01, AZ-02, BRR-01: 403 before any id is looked at.
#[tokio::test]
async fn who_is_no_administrator_learns_nothing_from_the_administration() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let bob = server.account("bob", &["user"]).await;
    for row in guarded(&server).iter().filter(|row| row.guard == Guard::Admin) {
        for path in [filled(row.path), row.path.replace("{id}", &bob).replace("{sid}", "%")] {
            let answer = ann.request(row.method.clone(), &path).send().await;
            let answer = answer.status(403).problem("insufficient_scope");
            let expected = r#"Bearer realm="doorkey", error="insufficient_scope""#;
            assert_eq!(answer.header("www-authenticate"), Some(expected), "{}", name(row));
        }
    }
}

/// AZ-01: not by a token, whoever's it is, nor by asking which methods there are.
#[tokio::test]
async fn what_is_the_operators_is_not_there_for_anyone_on_the_network() {
    let server = TestServer::start().await;
    let (root, nobody) = (server.admin().await, server.anonymous());
    let rows = server.api.routes().to_vec();
    let is_operators = |row: &&Route| row.guard == Guard::Operator;
    let shared = |path: &str| rows.iter().any(|row| row.path == path && !is_operators(&row));
    for row in rows.iter().filter(is_operators) {
        let methods = [row.method.clone(), Method::PUT, Method::OPTIONS];
        for (caller, method) in methods.iter().flat_map(|m| [(&root, m), (&nobody, m)]) {
            let request = caller.request(method.clone(), &filled(row.path)).json(&json!({}));
            let answer = request.send().await;
            let expected = if shared(row.path) { 405 } else { 404 };
            assert_eq!(answer.status, expected, "{method} {}", name(row));
        }
    }
}

/// AZ-01, BRR-06: the other half, without which a server that refuses all would pass.
#[tokio::test]
async fn an_administrator_passes_every_guard_and_nothing_about_a_person_is_stored() {
    let server = TestServer::start().await;
    server.admin().await;
    for row in guarded(&server) {
        let root = server.anonymous().logged_in("root").await;
        let answer = root.request(row.method.clone(), &filled(row.path)).send().await;
        assert!(![401, 403].contains(&answer.status), "{}: {}", name(&row), answer.text());
        assert_eq!(answer.headers.get_all("cache-control").iter().count(), 1, "{}", name(&row));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", name(&row));
    }
}

/// BRR-06.
#[tokio::test]
async fn what_hands_out_tokens_is_never_stored() {
    let server = TestServer::start().await;
    let form = json!({"username": "ann", "password": PASSWORD});
    let registered = server.anonymous().post("/auth/register").json(&form).send().await;
    let ann = server.anonymous().logged_in("ann").await;
    let change = json!({"current_password": PASSWORD, "new_password": "another long password"});
    for answer in [
        registered.status(201),
        server.anonymous().login("ann", PASSWORD).await.status(200),
        server.anonymous().login("ann", "wrong").await.status(401),
        ann.refresh().await.status(200),
        ann.post("/auth/password").json(&change).send().await.status(200),
    ] {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.text());
    }
}

/// AZ-06: who one is comes from the token and from nothing else.
#[tokio::test]
async fn a_user_named_in_header_or_query_is_not_who_is_meant() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let bob = server.account("bob", &["user"]).await;
    let asked = ann.get(&format!("/auth/me?user_id={bob}")).header("x-user-id", &bob);
    let answer = asked.header("x-auth-id", &bob).send().await;
    assert_eq!(answer.status(200).json::<Value>()["username"], "ann");
    let nobody = server.anonymous().get("/auth/me").header("x-user-id", &bob);
    nobody.send().await.status(401);
}
