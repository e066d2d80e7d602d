//! Every row of the route table against every kind of caller.

use std::time::Duration;

use doorkey::http::{Guard, Route};
use serde_json::{Value, json};
use warp::http::Method;

use crate::auth::patch;
use crate::harness::{Answer, Browser, PASSWORD, TestServer};
use crate::http::routes::{
    FOR_ANYONE, FOR_SERVICES, filled, guarded, is_guarded, name, names, set,
};

/// What a caller may expect of a route.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Gate {
    /// Let through to what the route does.
    Open,
    /// No good token.
    Who,
    /// Not the role.
    No,
    /// There is no such route for anyone on the network.
    Gone,
}

use Gate::{Gone, No, Open, Who};

/// Nobody, a user, another user with a role more, an administrator; then, with a token from
/// before: who was disabled since, and who was an administrator since.
const MATRIX: &[(Guard, [Gate; 6])] = &[
    (Guard::Public, [Open, Open, Open, Open, Open, Open]),
    // Who is no proxy is refused, whoever it is; the rest is `fwd`.
    (Guard::Forward, [Open, Open, Open, Open, Open, Open]),
    (Guard::Browser, [Open, Open, Open, Open, Open, Open]),
    (Guard::Page, [Open, Open, Open, Open, Open, Open]),
    (Guard::Setup, [Gone, Gone, Gone, Gone, Gone, Gone]),
    (Guard::Service, [Who, Who, Who, Who, Who, Who]),
    (Guard::User, [Who, Open, Open, Open, Who, Who]),
    (Guard::Admin, [Who, No, No, Open, Who, Who]),
    (Guard::Operator, [Gone, Gone, Gone, Gone, Gone, Gone]),
];

fn gate(answer: &Answer) -> Gate {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = body["code"].as_str().or(body["error"].as_str());
    match (answer.status, code.unwrap_or_default()) {
        (401, "invalid_token" | "invalid_client") => Who,
        (403, "insufficient_scope") => No,
        (404, "not_found") => Gone,
        _ => Open,
    }
}

/// The callers of the matrix; `server` has the accounts of [`people`].
async fn callers(server: &TestServer) -> [Browser<'_>; 6] {
    let login = |name: &'static str| server.anonymous().logged_in(name);
    let root = login("root").await;
    let (disabled, demoted) = (login("disabled").await, login("demoted").await);
    patch(&root, &disabled.user_id, &json!({"disabled": true})).await.status(200);
    patch(&root, &demoted.user_id, &json!({"roles": ["user"]})).await.status(200);
    let callers =
        [server.anonymous(), login("ann").await, login("bob").await, root, disabled, demoted];
    let root = &callers[3];
    for (id, was) in [(&callers[4].user_id, "user"), (&callers[5].user_id, "admin")] {
        patch(root, id, &json!({"disabled": false, "roles": [was]})).await.status(200);
    }
    callers
}

async fn people(server: &TestServer) {
    for (name, roles) in [
        ("root", &["admin", "user"][..]),
        ("ann", &["user"]),
        ("bob", &["editor", "user"]),
        ("disabled", &["user"]),
        ("demoted", &["admin"]),
    ] {
        server.account(name, roles).await;
    }
}

/// Denied by default: a route whose guard is not in the matrix, or that lets anyone more
/// through, fails here. An id in a path is that of nothing, so that a 404 behind the guard of
/// an administrator is an open gate.
#[tokio::test]
async fn az_01_the_matrix_of_roles_holds_on_every_route() {
    let server = TestServer::start().await;
    people(&server).await;
    for row in server.api.routes() {
        let (_, expected) = MATRIX.iter().find(|(guard, _)| *guard == row.guard).unwrap();
        let mut found = Vec::new();
        for (caller, expected) in callers(&server).await.iter().zip(expected) {
            let answer = caller.request(row.method.clone(), &filled(row.path)).send().await;
            let passed = gate(&answer);
            let part = passed == Gone && row.path.contains('{');
            // A page asks nobody for a token: one without a good link, or after the setup, is
            // refused to all alike.
            let behind = *expected == Open && (part || row.guard == Guard::Page);
            found.push(if behind { Open } else { passed });
        }
        assert_eq!(found, expected, "{}", name(row));
    }
}

/// Also AZ-01.
#[tokio::test]
async fn tok_02_only_the_listed_routes_answer_someone_without_a_token() {
    let server = TestServer::start().await;
    let rows = server.api.routes();
    let by_secret = |row: &&Route| row.guard == Guard::Service;
    assert_eq!(names(rows.iter().filter(by_secret)), set(FOR_SERVICES));
    let rest = rows.iter().filter(|row| !is_guarded(row) && row.guard != Guard::Operator);
    assert_eq!(names(rest.filter(|row| !by_secret(row))), set(FOR_ANYONE));
    for row in rows {
        let answer = server.anonymous().request(row.method.clone(), &filled(row.path)).send().await;
        if row.guard == Guard::Service {
            answer.status(401).oauth("invalid_client", "invalid_client");
        } else if row.guard == Guard::Operator {
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

/// What stands under `/admin` asks for the role, whatever it is called.
#[tokio::test]
async fn az_01_every_route_of_the_administration_is_guarded_by_the_role() {
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

/// Also TOK-09, TOK-11, TOK-12, AZ-01, BRR-01.
#[tokio::test]
async fn tok_02_a_token_that_is_not_good_opens_no_guarded_route() {
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

/// Also AZ-02, BRR-01: 403 before any id is looked at.
#[tokio::test]
async fn az_01_who_is_no_administrator_learns_nothing_from_the_administration() {
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

/// Not by a token, whoever's it is, nor by asking which methods there are.
#[tokio::test]
async fn az_01_what_is_the_operators_is_not_there_for_anyone_on_the_network() {
    let server = TestServer::start().await;
    let (root, nobody) = (server.admin().await, server.anonymous());
    let rows = server.api.routes().to_vec();
    let is_operators = |row: &&Route| row.guard == Guard::Operator;
    let operators = [
        "POST /admin/access/check",
        "GET /admin/audit",
        "GET /admin/backup",
        "POST /admin/clock/accept",
        "GET /admin/export",
        "POST /admin/import",
        "POST /admin/tokens/inspect",
    ];
    assert_eq!(names(rows.iter().filter(is_operators)), set(&operators));
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

/// Also BRR-06: the other half, without which a server that refuses all would pass.
#[tokio::test]
async fn az_01_an_administrator_passes_every_guard_and_nothing_about_a_person_is_stored() {
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

/// Each change of another's account is refused before it does anything.
#[tokio::test]
async fn az_01_a_user_changes_nothing_of_anyone() {
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
