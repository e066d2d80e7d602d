//! What a page of another site can make a browser send, and that nothing comes of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use doorkey::http::{Body, Guard, Route};
use doorkey::store::Memory;
use doorkey::store::engine::Engine as _;
use serde_json::{Value, json};
use warp::http::Method;

use super::ui::FORMS;
use crate::harness::{Answer, Browser, ORIGIN, PASSWORD, Setup, TestServer};
use crate::http::routes::{filled, name, there};

const APP: &str = "https://app.example";

/// What acts by the cookie or by a password.
const COOKIE_ROUTES: [&str; 6] = [
    "/auth/refresh",
    "/auth/logout",
    "/auth/login",
    "/auth/register",
    "/auth/setup",
    "/auth/password-reset",
];

/// The status of a well-formed request with these headers to each cookie route.
async fn try_all(browser: &Browser<'_>, headers: &[(&str, &str)]) -> Vec<(&'static str, Answer)> {
    let mut answers = Vec::new();
    for path in COOKIE_ROUTES {
        let form = match path {
            "/auth/setup" => json!({"secret": "x", "username": "eve", "password": PASSWORD}),
            "/auth/password-reset" => json!({"token": "x", "new_password": PASSWORD}),
            "/auth/register" => json!({"username": "eve", "password": PASSWORD}),
            _ => json!({"username": "ann", "password": PASSWORD}),
        };
        let post = headers.iter().fold(browser.post(path), |post, (n, v)| post.header(n, v));
        answers.push((path, post.json(&form).send().await));
    }
    answers
}

fn sets_nothing(answer: &Answer) -> bool {
    !answer.headers.contains_key("set-cookie")
}

/// Each route refuses each of these, and nothing comes of it.
async fn refuses(foreign: &[&[(&str, &str)]]) {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    for headers in foreign {
        for (path, answer) in try_all(&ann, headers).await {
            assert_eq!(answer.status, 403, "{path} {headers:?}: {}", answer.text());
            assert!(sets_nothing(&answer), "{path}");
            answer.problem("foreign_origin");
        }
    }
    ann.refresh().await.status(200);
    assert_eq!(server.anonymous().login("eve", PASSWORD).await.status, 401, "nothing was stored");
}

/// Each route lets each of these through to what it does.
async fn takes(own: &[&[(&str, &str)]]) {
    for headers in own {
        let server = TestServer::start().await;
        let ann = server.user("ann").await;
        for (path, answer) in try_all(&ann, headers).await {
            assert_ne!(answer.status, 403, "{path} {headers:?}: {}", answer.text());
        }
        server.anonymous().login("eve", PASSWORD).await.status(200);
    }
}

/// By GET and HEAD nothing is written, on no route, whatever is asked for.
#[tokio::test]
async fn csrf_01_reading_changes_nothing() {
    let engine = Arc::new(Memory::new());
    let server = Setup { engine: engine.clone(), ..Setup::default() }.start().await;
    let root = server.admin().await;
    // With their versions, so that the same value written again is seen too.
    let records = async || engine.scan(b"", None, usize::MAX).await.unwrap();
    let before = records().await;
    for row in server.api.routes().iter().filter(|row| row.method == Method::GET) {
        for method in [Method::GET, Method::HEAD] {
            for path in [filled(row.path), row.path.replace("{id}", &root.user_id)] {
                let answer = root.request(method.clone(), &path).send().await;
                let form_only = row.guard == Guard::Page && answer.cookie("__Host-form").is_some();
                assert!(sets_nothing(&answer) || form_only, "{}", name(row));
                assert_eq!(answer.cookie("__Host-refresh"), None, "{}", name(row));
            }
        }
    }
    assert!(records().await == before);
}

/// A link or an image of a foreign page logs nobody out or in.
#[tokio::test]
async fn ses_09_a_logout_is_a_post_and_a_get_does_nothing() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    for path in ["/auth/logout", "/auth/refresh", "/auth/login", "/auth/register"] {
        let answer = ann.get(path).send().await.status(405);
        assert_eq!(answer.header("allow"), Some("POST"), "{path}");
        assert!(sets_nothing(&answer));
        answer.problem("method_not_allowed");
    }
    ann.refresh().await.status(200);
    let me: Value = ann.get("/auth/me").send().await.status(200).json();
    assert_eq!(me["username"], "ann");
}

#[tokio::test]
async fn csrf_02_another_origin_reaches_no_route_that_acts_by_cookie_or_password() {
    refuses(&[
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "")],
        &[("origin", "http://auth.example.org")],
        &[("origin", "https://auth.example.org:8443")],
        &[("origin", "https://auth.example.org.evil.example")],
        &[("origin", "https://AUTH.example.org")],
        &[("origin", ORIGIN), ("origin", ORIGIN)],
        &[("origin", ORIGIN), ("origin", "https://evil.example")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
    ])
    .await;
    takes(&[&[("origin", ORIGIN)], &[("origin", ORIGIN), ("sec-fetch-site", "same-origin")]]).await;
}

/// The list that the walks here go through is that of the route table.
#[tokio::test]
async fn csrf_02_every_route_without_a_token_that_acts_is_guarded_so() {
    let server = TestServer::start().await;
    let acts = |row: &&Route| row.method != Method::GET;
    // What is for services has a test of its own (`oau`).
    let others = [Guard::User, Guard::Admin, Guard::Operator, Guard::Service];
    let open = |row: &&Route| !others.contains(&row.guard);
    let rows = server.api.routes().iter().filter(acts).filter(open);
    let (forms, rows): (Vec<&Route>, Vec<&Route>) = rows.partition(|row| row.body == Body::Form);
    let paths: BTreeSet<&str> = rows.iter().map(|row| row.path).collect();
    assert_eq!(paths, BTreeSet::from(COOKIE_ROUTES));
    // Forms have a token besides: `ui.rs`.
    assert!(forms.iter().all(|row| row.guard == Guard::Page));
    assert_eq!(forms.iter().map(|row| row.path).collect::<BTreeSet<_>>(), BTreeSet::from(FORMS));
}

#[tokio::test]
async fn csrf_03_fetch_metadata_of_another_site_are_refused_unless_the_origin_is_listed() {
    refuses(&[
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "Same-Origin")],
        &[("sec-fetch-site", "")],
        &[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")],
    ])
    .await;
    takes(&[&[("sec-fetch-site", "same-origin")], &[("sec-fetch-site", "none")]]).await;
}

#[tokio::test]
async fn csrf_04_a_program_that_says_nothing_of_its_origin_is_let_in() {
    takes(&[&[]]).await;
}

#[tokio::test]
async fn csrf_04_strict_origin_refuses_who_does_not_say_where_it_comes_from() {
    let mut setup = Setup::default();
    setup.http.strict_origin = true;
    let server = setup.start().await;
    server.account("ann", &["user"]).await;
    let ann = server.anonymous();
    for (path, answer) in try_all(&ann, &[]).await {
        assert_eq!(answer.status, 403, "{path}");
        answer.problem("foreign_origin");
    }
    for (path, answer) in try_all(&ann, &[("origin", ORIGIN)]).await {
        assert_ne!(answer.status, 403, "{path}");
    }
}

/// What a form of a foreign page can send without asking is never read as JSON.
#[tokio::test]
async fn csrf_05_a_body_that_is_not_declared_as_json_is_415() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let types = [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("application/json; charset=latin1"),
        Some("application/jsonp"),
        Some("text/plain, application/json"),
    ];
    // With an administrator there, the setup route is not there at all.
    let json = |row: &&Route| matches!(row.body, Body::Json | Body::OptionalJson);
    let reads = |row: &&Route| json(row) && row.path != "/auth/setup";
    for row in there(&server).iter().filter(reads) {
        for declared in types {
            let request = root.request(row.method.clone(), &filled(row.path)).body("{}");
            let request = match declared {
                Some(declared) => request.header("content-type", declared),
                None => request,
            };
            let answer = request.send().await;
            assert_eq!(answer.status, 415, "{declared:?} {}: {}", name(row), answer.text());
            answer.problem("unsupported_media_type");
        }
    }
    let fresh = TestServer::start().await;
    let undeclared = fresh.anonymous().post("/auth/setup").body("{}").send().await;
    undeclared.status(415).problem("unsupported_media_type");
}

#[tokio::test]
async fn csrf_06_a_foreign_page_logs_nobody_in() {
    let server = TestServer::start().await;
    server.account("eve", &["user"]).await;
    let victim = server.user("ann").await;
    let form = json!({"username": "eve", "password": PASSWORD});
    for (header, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let login = victim.post("/auth/login").header(header, value).json(&form).send().await;
        assert!(sets_nothing(&login));
        assert!(!login.text().contains("access_token"));
        login.status(403).problem("foreign_origin");
    }
    victim.refresh().await.status(200);
}

/// A listed site may also send what acts by cookie.
#[tokio::test]
async fn cors_01_a_listed_site_may_log_in() {
    let mut setup = Setup::default();
    setup.http.cors_origins = vec![APP.to_owned()];
    let server = setup.start().await;
    let ann = server.user("ann").await;
    let headers = [("origin", APP), ("sec-fetch-site", "cross-site")];
    for (path, answer) in try_all(&ann, &headers).await {
        assert_ne!(answer.status, 403, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(APP), "{path}");
    }
}
