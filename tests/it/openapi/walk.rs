//! A walk through the document: every answer that it promises is really given, so that it
//! promises nothing that does not happen.

use std::collections::BTreeSet;
use std::time::Duration;

use doorkey::auth::{MOST_API_TOKENS, MOST_SERVICES};
use doorkey::model::{ServiceId, TokenHash};
use serde_json::{Value, json};
use warp::http::Method;

use super::document::Document;
use super::walk_pages::on_pages;
use super::walk_refused::{at_the_gate, in_bodies, too_many};
use crate::auth::status_lists::place;
use crate::harness::{Answer, Browser, PASSWORD, RequestBuilder, Setup, TestServer};
use crate::http::forward::{HTML, RULES, asks, bearer, guarding};

/// Problems that a walk cannot meet at every row. Other tests provoke them, and the harness
/// holds those answers against the document too.
const ELSEWHERE: &[&str] = &["internal", "busy", "unavailable", "request_timeout"];

/// A time after all of the walk.
const LATER: &str = "2027-06-01T00:00:00Z";

/// Well formed, and the id of nothing.
pub const UNKNOWN: &str = "q1w2e3r4t5y6u7i8o9p0aA";

/// Where the answers so far stand in the document.
#[derive(Default)]
pub struct Walk(BTreeSet<String>);

impl Walk {
    pub async fn send(&mut self, request: RequestBuilder<'_>) -> Answer {
        let answer = request.send().await;
        self.0.extend(answer.documented.clone());
        answer
    }

    /// Notes where an answer stands.
    pub fn note(&mut self, place: String) {
        self.0.insert(place);
    }

    /// Sends the request and asserts where the answer stands.
    pub async fn is(&mut self, told: &str, request: RequestBuilder<'_>) -> Answer {
        let answer = self.send(request).await;
        let place = answer.documented.as_deref().unwrap_or("nowhere");
        assert_eq!(place.rsplit(' ').next(), Some(told), "{place}: {}", answer.text());
        answer
    }
}

/// All that the document promises, as [`Answer::documented`] names it.
fn promised(document: &Document) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (name, operation) in document.operations() {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let codes = response["$ref"].as_str().and_then(|to| to.rsplit('/').next());
            let told = codes.unwrap_or(status).split('.');
            let told = told.filter(|t| !ELSEWHERE.contains(t) && !["page", "oauth"].contains(t));
            all.extend(told.map(|t| format!("{name} {t}")));
        }
    }
    all
}

#[tokio::test]
async fn every_answer_of_the_document_is_given() {
    let mut walk = Walk::default();
    let server = TestServer::start().await;
    what_is_public(&mut walk, &server).await;
    an_account(&mut walk, &server).await;
    administration(&mut walk, &server).await;
    api_tokens(&mut walk, &server).await;
    services(&mut walk, &server).await;
    setting_up(&mut walk).await;
    without_a_clock(&mut walk).await;
    on_pages(&mut walk).await;
    forward_auth(&mut walk).await;
    let document = Document::of(&server).await;
    at_the_gate(&mut walk, document).await;
    in_bodies(&mut walk, document).await;
    too_many(&mut walk).await;
    let promised = promised(document);
    let missing: Vec<_> = promised.difference(&walk.0).collect();
    assert!(missing.is_empty(), "/openapi.json promises what no request here gets: {missing:#?}");
    assert!(promised.len() > 200, "{}", promised.len());
}

async fn what_is_public(walk: &mut Walk, server: &TestServer) {
    let anyone = server.anonymous();
    for path in ["/healthz", "/readyz", "/problems/busy", "/.well-known/oauth-authorization-server"]
    {
        walk.is("200", anyone.get(path)).await;
    }
    walk.is("not_found", anyone.get("/problems/nothing")).await;
    walk.is("not_found", anyone.get("/.well-known/status-list/AAAAAAAAAAA")).await;
    let (list, _) = place(server.user("listed").await.token.as_deref().unwrap());
    for path in ["/.well-known/jwks.json", &list, "/openapi.json", "/client/doorkey.js"] {
        let first = walk.is("200", anyone.get(path)).await;
        let etag = first.header("etag").unwrap();
        walk.is("304", anyone.get(path).header("if-none-match", etag)).await;
    }
}

async fn forward_auth(walk: &mut Walk) {
    let server = guarding(RULES).start().await;
    let ann = server.user("ann").await;
    let token = ann.token.as_ref().unwrap();
    walk.is("200", asks(&server, "/health")).await;
    walk.is("303", asks(&server, "/").header("accept", HTML)).await;
    walk.is("sign_in_needed", asks(&server, "/")).await;
    walk.is("invalid_token", bearer(asks(&server, "/"), "abc")).await;
    walk.is("insufficient_scope", bearer(asks(&server, "/admin/x"), token)).await;
    walk.is("access_denied", bearer(asks(&server, "/off"), token)).await;
}

async fn an_account(walk: &mut Walk, server: &TestServer) {
    let form = |name: &str| json!({"username": name, "password": PASSWORD, "email": "a@b.org"});
    let register = || server.anonymous().post("/auth/register");
    walk.is("201", register().json(&form("ann"))).await;
    walk.is("username_taken", register().json(&form("ann"))).await;
    walk.is("email_taken", register().json(&form("other"))).await;
    let mut setup = Setup::default();
    setup.auth.registration_open = false;
    let closed = setup.start().await;
    let asked = closed.anonymous().post("/auth/register").json(&form("ann"));
    walk.is("registration_closed", asked).await;

    let login = |password: &str| {
        let form = json!({"username": "ann", "password": password});
        server.anonymous().post("/auth/login").json(&form)
    };
    walk.is("200", login(PASSWORD)).await;
    walk.is("invalid_credentials", login("wrong")).await;
    let mut ann = server.anonymous().logged_in("ann").await;
    walk.is("session_ended", server.anonymous().post("/auth/refresh")).await;
    walk.is("200", ann.get("/auth/me")).await;
    walk.is("200", ann.patch("/auth/me").json(&json!({"display_name": "Ann"}))).await;
    own_password(walk, &mut ann).await;
    own_sessions(walk, server).await;
}

async fn own_password(walk: &mut Walk, ann: &mut Browser<'_>) {
    let form = |now: &str| json!({"current_password": now, "new_password": "a quiet old place"});
    walk.is("invalid_credentials", ann.post("/auth/password").json(&form("wrong"))).await;
    let changed = walk.is("200", ann.post("/auth/password").json(&form(PASSWORD))).await;
    ann.cookie = changed.cookie("__Host-refresh");
    ann.server.advance(Duration::from_mins(11));
    let token = walk.is("200", ann.post("/auth/refresh")).await.json::<Value>();
    let ann = ann.with_token(token["access_token"].as_str().unwrap());
    let moved = ann.patch("/auth/me").json(&json!({"email": "c@b.org"}));
    walk.is("reauthentication_required", moved).await;
    walk.is("204", ann.post("/auth/logout")).await;
}

async fn own_sessions(walk: &mut Walk, server: &TestServer) {
    let bob = server.user("bob").await;
    walk.is("email_taken", bob.patch("/auth/me").json(&json!({"email": "a@b.org"}))).await;
    server.anonymous().logged_in("bob").await;
    let sessions = walk.is("200", bob.get("/auth/sessions")).await.json::<Value>();
    let other = sessions["sessions"].as_array().unwrap().iter().find(|s| s["current"] == false);
    let id = other.unwrap()["id"].as_str().unwrap();
    walk.is("204", bob.delete(&format!("/auth/sessions/{id}"))).await;
    walk.is("not_found", bob.delete(&format!("/auth/sessions/{id}"))).await;
    walk.is("204", bob.delete("/auth/sessions")).await;
}

async fn api_tokens(walk: &mut Walk, server: &TestServer) {
    let cy = server.user("cy").await;
    let make = || cy.post("/auth/tokens").json(&json!({"name": "ci", "expires_at": LATER}));
    let token_of_cy = walk.is("201", make()).await.json::<Value>();
    walk.is("200", cy.get("/auth/tokens")).await;
    let one = format!("/auth/tokens/{}", token_of_cy["token"]["id"].as_str().unwrap());
    walk.is("204", cy.delete(&one)).await;
    walk.is("not_found", cy.delete(&one)).await;
    for _ in 0..MOST_API_TOKENS {
        walk.is("201", make()).await;
    }
    walk.is("limit_reached", make()).await;
    server.advance(Duration::from_mins(11));
    let token = cy.refresh().await.json::<Value>()["access_token"].as_str().unwrap().to_owned();
    let form = json!({"name": "ci", "expires_at": LATER});
    let late = cy.with_token(&token).post("/auth/tokens").json(&form);
    walk.is("reauthentication_required", late).await;
}

async fn services(walk: &mut Walk, server: &TestServer) {
    let root = server.anonymous().logged_in("root").await;
    let add = |id: &str| root.post("/admin/clients").json(&json!({"id": id}));
    let made = walk.is("201", add("wiki")).await.json::<Value>();
    walk.is("client_taken", add("wiki")).await;
    walk.is("200", root.get("/admin/clients")).await;
    let wiki = server.anonymous().with_basic("wiki", made["secret"].as_str().unwrap());
    let ask = |path: &str, token: &str| wiki.post(path).form(&[("token", token)]);
    for path in ["/oauth/introspect", "/oauth/revoke"] {
        walk.is("200", ask(path, "nothing")).await;
        let wrong = server.anonymous().with_basic("wiki", "wrong");
        walk.is("invalid_client", wrong.post(path)).await;
    }
    let token = root.token.clone().unwrap();
    walk.is("unsupported_token_type", ask("/oauth/revoke", &token)).await;
    walk.is("204", root.delete("/admin/clients/wiki")).await;
    walk.is("not_found", root.delete("/admin/clients/wiki")).await;
    for n in 0..MOST_SERVICES {
        walk.is("201", add(&format!("s{n}"))).await;
    }
    walk.is("limit_reached", add("wiki")).await;
    let mut setup = Setup::default();
    let hash = TokenHash::from_bytes([1; 32]);
    setup.auth.services = vec![(ServiceId::try_from("shop").unwrap(), hash)];
    let other = setup.start().await;
    let root = other.admin().await;
    walk.is("client_configured", root.delete("/admin/clients/shop")).await;
}

async fn administration(walk: &mut Walk, server: &TestServer) {
    let root = server.admin().await;
    let form = |name: &str, email: &str| json!({"username": name, "email": email});
    let users = || root.post("/admin/users");
    let made = walk.is("201", users().json(&form("eve", "eve@b.org"))).await.json::<Value>();
    walk.is("username_taken", users().json(&form("eve", "e@b.org"))).await;
    walk.is("email_taken", users().json(&form("other", "eve@b.org"))).await;
    walk.is("200", root.get("/admin/users?limit=1&q=e")).await;
    let eve = format!("/admin/users/{}", made["user"]["id"].as_str().unwrap());
    let me = format!("/admin/users/{}", root.user_id);
    walk.is("200", root.get(&eve)).await;
    walk.is("200", root.patch(&eve).json(&json!({"roles": ["editor"]}))).await;
    walk.is("email_taken", root.patch(&me).json(&json!({"email": "eve@b.org"}))).await;
    walk.is("last_admin", root.patch(&me).json(&json!({"disabled": true}))).await;
    walk.is("last_admin", root.delete(&me)).await;
    links(walk, &root, &eve).await;
    walk.is("200", root.get(&format!("{me}/sessions"))).await;
    server.anonymous().logged_in("eve").await;
    let sessions = root.get(&format!("{eve}/sessions")).send().await.json::<Value>();
    let id = sessions["sessions"][0]["id"].as_str().unwrap();
    walk.is("204", root.delete(&format!("{eve}/sessions/{id}"))).await;
    walk.is("204", root.delete(&format!("{eve}/sessions"))).await;
    walk.is("204", root.delete(&eve)).await;
    let patch = root.patch(&eve).json(&json!({"disabled": true}));
    walk.is("not_found", patch).await;
    for (method, path) in [
        (Method::GET, ""),
        (Method::DELETE, ""),
        (Method::POST, "/password-reset"),
        (Method::GET, "/sessions"),
        (Method::DELETE, "/sessions"),
        (Method::DELETE, &format!("/sessions/{UNKNOWN}")),
    ] {
        walk.is("not_found", root.request(method, &format!("{eve}{path}"))).await;
    }
    records(walk, &root).await;
}

async fn links(walk: &mut Walk, root: &Browser<'_>, user: &str) {
    let reset = walk.is("200", root.post(&format!("{user}/password-reset"))).await.json::<Value>();
    let (_, token) = reset["link"].as_str().unwrap().split_once("token=").unwrap();
    let form = json!({"token": token, "new_password": PASSWORD});
    let finish = || root.server.anonymous().post("/auth/password-reset").json(&form);
    walk.is("204", finish()).await;
    walk.is("invalid_token", finish()).await;
}

async fn records(walk: &mut Walk, root: &Browser<'_>) {
    walk.is("200", root.get("/admin/clock")).await;
    walk.is("200", root.get("/admin/keys")).await;
    walk.is("200", root.get("/admin/status")).await;
    let rotated = walk.is("200", root.post("/admin/keys/rotate")).await;
    let unknown = json!({"revoke": "A".repeat(43)});
    walk.is("not_found", root.post("/admin/keys/rotate").json(&unknown)).await;
    walk.is("200", root.get("/admin/events?limit=3&kind=key_rotated")).await;
    let one = format!("/admin/events/{}", rotated.header("x-request-id").unwrap());
    walk.is("200", root.get(&one)).await;
    walk.is("not_found", root.get(&format!("/admin/events/{UNKNOWN}"))).await;
}

async fn setting_up(walk: &mut Walk) {
    let server = TestServer::start().await;
    let secret = server.auth.prepare_setup(None).await.unwrap().unwrap();
    server.account("ann", &["user"]).await;
    let request = |secret: &str, name: &str| {
        let form = json!({"secret": secret, "username": name, "password": PASSWORD});
        server.anonymous().post("/auth/setup").json(&form)
    };
    walk.is("invalid_credentials", request("wrong", "root")).await;
    walk.is("username_taken", request(secret.expose(), "ann")).await;
    walk.is("201", request(secret.expose(), "root")).await;
    walk.is("not_found", request(secret.expose(), "root")).await;
}

async fn without_a_clock(walk: &mut Walk) {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    server.advance(Duration::from_mins(9));
    server.auth.save(true).await.unwrap();
    server.clock.set_wall(server.clock.wall().minus(Duration::from_mins(6)));
    let change = json!({"current_password": PASSWORD, "new_password": "a quiet old place"});
    walk.is("clock_not_set", ann.get("/readyz")).await;
    walk.is("clock_not_set", ann.get(&place(ann.token.as_deref().unwrap()).0)).await;
    walk.is("clock_not_set", ann.post("/auth/refresh")).await;
    walk.is("clock_not_set", ann.post("/auth/password").json(&change)).await;
    let login = json!({"username": "ann", "password": PASSWORD});
    walk.is("clock_not_set", ann.post("/auth/login").json(&login)).await;
    let token = json!({"name": "ci", "expires_at": LATER});
    walk.is("clock_not_set", ann.post("/auth/tokens").json(&token)).await;
}
