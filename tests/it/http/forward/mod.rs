//! `/forward-auth`, asked as the proxy in front of an app asks it.

mod cookie;
mod rules;
mod seen;
mod ways;

use std::net::SocketAddr;
use std::sync::Arc;

use doorkey::config::Flags;
use doorkey::http::ForwardSite;
use doorkey::http::listen::Peer;
use doorkey::model::AccessRules;
use warp::http::Method;

use super::pages::Visitor;
use crate::config::load;
use crate::harness::{Answer, Browser, IDENTITY, PASSWORD, RequestBuilder, Setup, TestServer};

/// The rules of most tests.
pub const RULES: &str = r#"
[[access]]
host = "wiki.example.org"
path = "/health"
public = true

[[access]]
host = "wiki.example.org"
path = "/off/*"
deny = true

[[access]]
host = "wiki.example.org"
path = "/admin/*"
roles = ["admin", "editor"]
allow = true

[[access]]
host = "wiki.example.org"
allow = true
"#;

/// What a browser asks for when a person follows a link.
pub const HTML: &str = "text/html,application/xhtml+xml;q=0.9";

/// A server behind the trusted proxy, in front of apps in example.org.
pub fn guarding(rules: &str) -> Setup {
    let config = load(rules, Flags::default()).unwrap().config;
    let rules = config.access.iter().map(|access| access.rule().clone()).collect();
    let mut setup = Setup::default();
    setup.auth.access = Arc::new(AccessRules::new(rules));
    setup.http.forward.access = setup.auth.access.clone();
    setup.http.forward.site = Some(ForwardSite::new("example.org".to_owned(), true));
    setup.http.trusted_proxies = vec!["192.0.2.0/24".parse().unwrap()];
    setup
}

/// A request of the proxy by this peer, as it stands.
pub fn proxy(server: &TestServer) -> Browser<'_> {
    Browser { peer: Peer::Tcp(SocketAddr::from(([192, 0, 2, 10], 50_000))), ..server.anonymous() }
}

/// The question about `GET https://wiki.example.org` and this path.
pub fn asks<'a>(server: &'a TestServer, path: &str) -> RequestBuilder<'a> {
    asks_for(server, ("GET", "wiki.example.org", path))
}

pub fn asks_for<'a>(
    server: &'a TestServer,
    (method, host, path): (&str, &str, &str),
) -> RequestBuilder<'a> {
    let request = proxy(server).get("/forward-auth").header("x-forwarded-for", "203.0.113.7");
    let request = request.header("x-forwarded-method", method).header("x-forwarded-proto", "https");
    request.header("x-forwarded-host", host).header("x-forwarded-uri", path)
}

/// The four headers of identity.
#[track_caller]
pub fn told(answer: &Answer) -> [&str; 4] {
    IDENTITY.map(|name| {
        let lines: Vec<_> = answer.headers.get_all(name).iter().collect();
        assert_eq!(lines.len(), 1, "{name}: {:?}", answer.headers);
        lines[0].to_str().unwrap()
    })
}

/// A person who has signed in on the page, and the cookie of forward-auth.
pub async fn signed_in<'a>(server: &'a TestServer, name: &str) -> (Visitor<'a>, String) {
    let mut visitor = Visitor::new(server);
    let page = visitor.open("/login").await;
    visitor.send(&page, &[("username", name), ("password", PASSWORD)]).await.leads_to("/account");
    let cookie = visitor.jar["__Secure-forward"].clone();
    (visitor, cookie)
}

/// The question with this cookie.
pub fn with_cookie<'a>(server: &'a TestServer, cookie: &str) -> RequestBuilder<'a> {
    asks(server, "/").header("cookie", &format!("theme=dark; __Secure-forward={cookie}"))
}

pub fn bearer<'a>(request: RequestBuilder<'a>, token: &str) -> RequestBuilder<'a> {
    request.header("authorization", &format!("Bearer {token}"))
}

/// All methods that a proxy may send the question by.
pub const METHODS: [Method; 7] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::HEAD,
];
