//! The route table against the contract.

use std::collections::BTreeSet;

use doorkey::http::{Guard, Route};

use crate::harness::TestServer;

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
    "GET /auth/tokens",
    "POST /auth/tokens",
    "DELETE /auth/tokens/{id}",
    "POST /oauth/introspect",
    "POST /oauth/revoke",
    "GET /admin/clients",
    "POST /admin/clients",
    "DELETE /admin/clients/{id}",
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
    "GET /admin/status",
    "POST /admin/keys/rotate",
    "GET /admin/clock",
    "POST /admin/clock/accept",
    "GET /admin/events",
    "GET /admin/events/{request_id}",
    "GET /admin/audit",
    "GET /admin/backup",
    "POST /admin/tokens/inspect",
    "POST /admin/access/check",
    "GET /admin/export",
    "POST /admin/import",
    "POST /auth/setup",
    "POST /auth/password-reset",
    "GET /.well-known/jwks.json",
    "GET /.well-known/oauth-authorization-server",
    "GET /.well-known/status-list/{id}",
    "GET /healthz",
    "GET /readyz",
    "GET /problems/{code}",
    "GET /client/doorkey.js",
    "GET /login",
    "POST /login",
    "POST /logout",
    "GET /account",
    "GET /console",
    "GET /console/users/{id}",
    "GET /console/keys",
    "GET /console/events",
    "GET /console/status",
    "GET /register",
    "POST /register",
    "GET /set-password",
    "POST /set-password",
    "GET /setup",
    "POST /setup",
    "GET /assets/{name}",
    "GET /assets/{name}/{file}",
    "GET /forward-auth",
    "GET /openapi.json",
];

/// Whom anyone may call. A route that is not here asks for a token.
pub(crate) const FOR_ANYONE: &[&str] = &[
    "POST /auth/register",
    "POST /auth/login",
    "POST /auth/refresh",
    "POST /auth/logout",
    "POST /auth/setup",
    "POST /auth/password-reset",
    "GET /.well-known/jwks.json",
    "GET /.well-known/oauth-authorization-server",
    "GET /.well-known/status-list/{id}",
    "GET /healthz",
    "GET /readyz",
    "GET /problems/{code}",
    "GET /client/doorkey.js",
    "GET /login",
    "POST /login",
    "POST /logout",
    "GET /account",
    "GET /console",
    "GET /console/users/{id}",
    "GET /console/keys",
    "GET /console/events",
    "GET /console/status",
    "GET /register",
    "POST /register",
    "GET /set-password",
    "POST /set-password",
    "GET /setup",
    "POST /setup",
    "GET /assets/{name}",
    "GET /assets/{name}/{file}",
    "GET /forward-auth",
    "GET /openapi.json",
];

/// What services alone may call, by their secrets.
pub(crate) const FOR_SERVICES: &[&str] = &["POST /oauth/introspect", "POST /oauth/revoke"];

/// A row as the contract writes it.
pub(crate) fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

/// The row's path with something in every `{part}`.
pub(crate) fn filled(path: &str) -> String {
    let path = path.replace("{id}", UNKNOWN).replace("{sid}", UNKNOWN);
    path.replace("{request_id}", UNKNOWN)
        .replace("{code}", "not_found")
        .replace("{name}", "pages.css")
        .replace("{file}", "dom.js")
}

pub(crate) fn is_guarded(route: &Route) -> bool {
    matches!(route.guard, Guard::User | Guard::Admin)
}

pub(crate) fn guarded(server: &TestServer) -> Vec<Route> {
    let rows: Vec<Route> = server.api.routes().iter().filter(|r| is_guarded(r)).cloned().collect();
    assert!(!rows.is_empty());
    rows
}

/// What is there for someone on the network.
pub(crate) fn there(server: &TestServer) -> Vec<Route> {
    let is_there = |row: &&Route| row.guard != Guard::Operator;
    server.api.routes().iter().filter(is_there).cloned().collect()
}

pub(crate) fn names<'a>(rows: impl IntoIterator<Item = &'a Route>) -> BTreeSet<String> {
    rows.into_iter().map(name).collect()
}

pub(crate) fn set(rows: &[&str]) -> BTreeSet<String> {
    rows.iter().map(|row| (*row).to_owned()).collect()
}

#[tokio::test]
async fn the_routes_are_those_of_the_contract() {
    let server = TestServer::start().await;
    let rows = server.api.routes();
    assert_eq!(names(rows), set(CONTRACT));
    assert_eq!(rows.len(), CONTRACT.len());
}
