//! Request bodies: of the parser, and of every route that takes one.

use std::collections::BTreeSet;

use doorkey::http::{Body, Guard, json};
use serde::Deserialize;
use serde_json::Value;
use warp::http::{HeaderMap, HeaderValue};

use crate::harness::{PASSWORD, TestServer};
use crate::json::members;
use crate::mutate::Stock;
use crate::run::{Target, Verdict};

const WORDS: &[&str] = &[
    "\"username\":\"ann\"",
    "\"password\":\"x\"",
    "\"roles\":[\"admin\"]",
    "\"roles\":null",
    "\"disabled\":true",
    "\"is_admin\":true",
    "\"user\\u006eame\":\"x\"",
    "\"\":0",
    ",",
    ":",
    "{",
    "}",
    "[",
    "]",
    "{}",
    "null",
    "true",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "\u{e4}",
    "\u{202e}",
    "//",
    "NaN",
    "admin",
];
const SEEDS: &[&str] = &[
    r#"{"username":"ann","password":"correct horse battery staple"}"#,
    r#"{"username":"bob","password":"correct horse battery staple","email":"bob@example.org"}"#,
    r#"{"username":"eve","email":"eve@example.org","roles":["user","editor"]}"#,
    r#"{"email":null,"display_name":"Ann"}"#,
    r#"{"roles":["editor"],"disabled":false}"#,
    r#"{"current_password":"correct horse battery staple","new_password":"a quiet old place"}"#,
    r#"{"token":"AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","new_password":"a quiet old place"}"#,
    r#"{"secret":"x","username":"root","password":"correct horse battery staple"}"#,
    r#"{"revoke":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
    "{}",
];

fn stock() -> Stock {
    Stock { seeds: SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).collect(), words: WORDS }
}

/// A form with everything that the server's own ones have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    username: Option<String>,
    password: Option<String>,
    email: Option<String>,
    display_name: Option<String>,
    roles: Option<Vec<String>>,
    disabled: Option<bool>,
    current_password: Option<String>,
    new_password: Option<String>,
    token: Option<String>,
    secret: Option<String>,
    revoke: Option<String>,
}

impl Form {
    fn texts(&self) -> [(&'static str, Option<&str>); 9] {
        [
            ("username", self.username.as_deref()),
            ("password", self.password.as_deref()),
            ("email", self.email.as_deref()),
            ("display_name", self.display_name.as_deref()),
            ("current_password", self.current_password.as_deref()),
            ("new_password", self.new_password.as_deref()),
            ("token", self.token.as_deref()),
            ("secret", self.secret.as_deref()),
            ("revoke", self.revoke.as_deref()),
        ]
    }
}

#[test]
fn a_body_that_is_read_is_one_object_of_known_members_each_once() {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let name = "a_body_that_is_read_is_one_object_of_known_members_each_once";
    Target { name, stock: stock(), smoke: 300_000 }.run(|bytes| {
        let read = json::parse::<Form>(&headers, bytes);
        if let Ok(form) = &read {
            let all = members(bytes).expect("another reader takes it too");
            let names: BTreeSet<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names.len(), all.len(), "a member stands twice");
            let value = |name: &str| all.iter().find(|(n, _)| n == name).map(|(_, value)| value);
            for (name, text) in form.texts() {
                let there = value(name).filter(|value| !value.is_null());
                assert_eq!(there.map(|value| value.as_str().unwrap()), text, "{name}");
            }
            let disabled = value("disabled").filter(|value| !value.is_null());
            assert_eq!(disabled.map(|value| value.as_bool().unwrap()), form.disabled);
            let roles = value("roles").filter(|value| !value.is_null());
            assert_eq!(roles, form.roles.clone().map(Value::from).as_ref());
        }
        Verdict::of(&read)
    });
}

/// The harness holds each answer against `/openapi.json`. The server is the same for all cases,
/// so that what one did is there for the next.
#[test]
fn a_route_answers_any_body_as_the_document_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(TestServer::start());
    let root = runtime.block_on(server.admin());
    let routes: Vec<_> = server.api.routes().iter().filter(|r| r.body != Body::Ignored).collect();
    assert!(routes.len() > 8, "{}", routes.len());
    let mut turn = 0_usize;
    let name = "a_route_answers_any_body_as_the_document_says";
    Target { name, stock: stock(), smoke: 10_000 }.run(|bytes| {
        turn += 1;
        let route = routes[turn % routes.len()];
        let path =
            route.path.replace("{id}", &root.user_id).replace("{sid}", "AAAAAAAAAAAAAAAAAAAAAA");
        let caller = match (route.guard, turn % 5) {
            (Guard::Operator, _) => server.operator(),
            (_, 0) => server.anonymous(),
            _ => root.with_token(root.token.as_deref().unwrap()),
        };
        let request = caller.request(route.method.clone(), &path);
        let request = request.header("content-type", "application/json").body(bytes.to_vec());
        let answer = runtime.block_on(request.send());
        assert!(answer.status < 500, "{} {path}: {}", route.method, answer.text());
        let is_object = members(bytes).is_some() || bytes.is_empty();
        assert!(is_object || answer.status >= 400, "{} {path}: {}", route.method, answer.text());
        assert!(!answer.text().contains(PASSWORD), "{}", answer.text());
        // Whether a seed is taken depends on the route that it meets.
        Verdict::Taken
    });
}
