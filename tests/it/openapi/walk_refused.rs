//! The part of the walk that is the same for every row: what the gate refuses, what is wrong
//! with bodies, and the limits.

use doorkey::http::{Body, Guard, Route};
use serde_json::{Value, json};

use super::document::Document;
use super::walk::{UNKNOWN, Walk};
use crate::harness::{Browser, PASSWORD, RequestBuilder, Setup, TestServer};
use crate::http::pages::Visitor;

/// As browsers declare a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// A server on which nothing has happened and the setup route is there, somebody with no role to
/// speak of, and an administrator on a server of its own.
struct Callers<'a> {
    fresh: &'a TestServer,
    ann: Browser<'a>,
    root: Browser<'a>,
    wiki: Browser<'a>,
}

impl<'a> Callers<'a> {
    /// A request to a row by someone who passes its guard.
    fn request(&self, row: &Route) -> RequestBuilder<'a> {
        let path = row.path.replace("{id}", UNKNOWN).replace("{sid}", UNKNOWN);
        let path = path.replace("{request_id}", UNKNOWN).replace("{code}", "busy");
        let fresh = self.fresh.anonymous();
        let path = path.replace("{name}", "pages.css");
        let caller = if row.path.ends_with("/setup") {
            &fresh
        } else if row.guard == Guard::Service {
            &self.wiki
        } else {
            &self.root
        };
        caller.request(row.method.clone(), &path)
    }

    /// The same with a form that the row can read, if it takes one.
    fn filled(&self, row: &Route) -> RequestBuilder<'a> {
        let request = self.request(row);
        if row.body != Body::Form {
            return request;
        }
        request.header("content-type", FORM).body(match row.path {
            "/logout" => "",
            "/set-password" => "token=x&new_password=x",
            "/setup" => "secret=x&username=x&password=x",
            _ => "username=x&password=x",
        })
    }
}

/// Whether the document has this problem for the row.
fn has(document: &Document, row: &Route, code: &str) -> bool {
    let method = row.method.as_str().to_lowercase();
    let responses = document.json()["paths"][row.path][method]["responses"].as_object().unwrap();
    let names = responses.values().filter_map(|response| response["$ref"].as_str());
    names.filter_map(|name| name.rsplit('/').next()).any(|name| name.split('.').any(|c| c == code))
}

fn rows<'a>(server: &'a TestServer, document: &'a Document, code: &'a str) -> Vec<&'a Route> {
    // Who is no proxy is refused there before anything else, but for what no route looks at.
    let is_refused = |row: &Route| row.guard == Guard::Forward && code != "uri_too_long";
    let rows = server.api.routes().iter().filter(|row| row.guard != Guard::Operator);
    rows.filter(|row| !is_refused(row) && has(document, row, code)).collect()
}

pub async fn at_the_gate(walk: &mut Walk, document: &Document) {
    let (server, fresh) = (TestServer::start().await, TestServer::start().await);
    let (ann, root) = (server.user("ann").await, server.admin().await);
    let wiki = server.service("wiki").await;
    let callers = Callers { fresh: &fresh, ann, root, wiki };
    for row in rows(&server, document, "uri_too_long") {
        walk.is("uri_too_long", callers.request(row).query(&"x".repeat(5000))).await;
    }
    for row in rows(&server, document, "invalid_token") {
        let request = callers.request(row).without("authorization");
        if row.path != "/auth/password-reset" && row.guard != Guard::Page {
            walk.is("invalid_token", request).await;
        }
    }
    for row in rows(&server, document, "malformed_header") {
        let twice = callers.filled(row).header("authorization", "Bearer x");
        let cookies = "__Host-refresh=x; __Host-form=x; __Host-form=x";
        walk.is("malformed_header", twice.header("cookie", cookies)).await;
    }
    for row in rows(&server, document, "insufficient_scope") {
        let token = callers.ann.token.clone().unwrap();
        let request = callers.request(row).without("authorization");
        let request = request.header("authorization", &format!("Bearer {token}"));
        walk.is("insufficient_scope", request).await;
    }
    for row in rows(&server, document, "foreign_origin") {
        let request = callers.request(row).header("origin", "https://evil.example");
        walk.is("foreign_origin", request).await;
    }
}

pub async fn in_bodies(walk: &mut Walk, document: &Document) {
    let (server, fresh) = (TestServer::start().await, TestServer::start().await);
    fresh.auth.prepare_setup(None).await.unwrap();
    let (ann, root) = (server.user("ann").await, server.admin().await);
    let wiki = server.service("wiki").await;
    let callers = Callers { fresh: &fresh, ann, root, wiki };
    for row in rows(&server, document, "invalid_request") {
        let request = callers.request(row).query("unknown=1");
        let request = match row.body {
            Body::Form => request.header("content-type", FORM).body("unknown=1"),
            Body::Ignored | Body::Json | Body::OptionalJson | Body::Parameters => {
                request.json(&json!({"unknown": 1}))
            }
        };
        walk.is("invalid_request", request).await;
    }
    for row in server.api.routes().iter().filter(|row| row.body != Body::Ignored) {
        if row.guard == Guard::Operator {
            continue;
        }
        let long = Value::String("x".repeat(17 * 1024));
        walk.is("body_too_large", callers.request(row).json(&long)).await;
        walk.is("unsupported_media_type", callers.request(row).body("{}")).await;
        if row.body == Body::Parameters {
            walk.is("malformed_form", callers.request(row).form(&[])).await;
        } else if row.body != Body::Form {
            let broken = callers.request(row).header("content-type", "application/json").body("{");
            walk.is("malformed_json", broken).await;
        }
    }
}

/// Each row that the limiter counts, until it has enough.
pub async fn too_many(walk: &mut Walk) {
    let server = Setup::default().with_limits().start().await;
    server.auth.prepare_setup(None).await.unwrap();
    let (ann, anyone) = (server.user("ann").await, server.anonymous());
    let wrong = json!({"username": "ann", "password": "wrong"});
    let change = json!({"current_password": "wrong", "new_password": "a quiet old place"});
    let unknown = server.anonymous().with_basic("wiki", "wrong");
    for _ in 0..31 {
        walk.send(unknown.post("/oauth/introspect")).await;
        walk.send(unknown.post("/oauth/revoke")).await;
    }
    let setup = json!({"secret": "wrong", "username": "root", "password": PASSWORD});
    let mut visitor = Visitor::new(&server);
    for n in 0..11 {
        let name = json!({"username": format!("ann{n}"), "password": PASSWORD});
        walk.send(anyone.post("/auth/register").json(&name)).await;
        walk.send(anyone.post("/auth/login").json(&wrong)).await;
        walk.send(anyone.post("/auth/setup").json(&setup)).await;
        walk.send(ann.patch("/auth/me").json(&json!({"display_name": format!("{n}")}))).await;
        walk.send(ann.post("/auth/password").json(&change)).await;
        let name = format!("bob{n}");
        let wrong = [("username", "ann"), ("password", "wrong"), ("secret", "wrong")];
        for (target, fields) in [
            ("/login", &wrong[..2]),
            ("/setup", &wrong[..]),
            ("/register", &[("username", name.as_str()), ("password", PASSWORD)]),
        ] {
            let page = visitor.open(target).await;
            walk.note(visitor.send(&page, fields).await.0.documented.unwrap());
        }
        let token = json!({"name": "ci", "expires_at": "2027-06-01T00:00:00Z"});
        walk.send(ann.post("/auth/tokens").json(&token)).await;
    }
}
