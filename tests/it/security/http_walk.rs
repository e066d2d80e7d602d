//! Every row of the route table under requests that no row is for.

use std::collections::BTreeSet;

use doorkey::http::{Body, Guard, Route};
use serde_json::Value;
use warp::http::Method;

use crate::harness::TestServer;
use crate::http::routes::{filled, is_guarded, name, there};

const METHODS: &[&str] =
    &["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "TRACE", "CONNECT", "FOO"];

/// The methods of a path as `Allow` must name them.
fn allowed(rows: &[Route], path: &str) -> Vec<&'static str> {
    let has = |method: &str| rows.iter().any(|r| r.path == path && r.method.as_str() == method);
    let all = ["GET", "HEAD", "POST", "PATCH", "DELETE"];
    all.into_iter().filter(|m| has(if *m == "HEAD" { "GET" } else { m })).collect()
}

#[tokio::test]
async fn http_05_a_method_that_a_path_has_not_is_405_with_those_it_has() {
    let server = TestServer::start().await;
    let (rows, root) = (there(&server), server.admin().await);
    // What proxies ask has every method.
    let rows_of_some = rows.iter().filter(|row| !row.any_method);
    let paths: BTreeSet<&str> = rows_of_some.map(|row| row.path).collect();
    for path in paths {
        let allowed = allowed(&rows, path);
        for method in METHODS.iter().filter(|method| !allowed.contains(method)) {
            let request = root.request(method.parse().unwrap(), &filled(path));
            let answer = request.send().await;
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text());
            assert_eq!(answer.header("allow"), Some(&*allowed.join(", ")), "{method} {path}");
            assert_eq!(answer.code(), "method_not_allowed");
        }
    }
}

#[tokio::test]
async fn http_05_head_answers_as_get_does_and_is_guarded_as_get_is() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    for row in there(&server).into_iter().filter(|row| row.method == Method::GET) {
        let path = filled(row.path);
        let (get, head) = (root.get(&path).send().await, root.request(Method::HEAD, &path));
        let head = head.send().await;
        assert_eq!(get.status, head.status, "{}", name(&row));
        assert_eq!(get.header("content-type"), head.header("content-type"), "{}", name(&row));
        if is_guarded(&row) {
            server.anonymous().request(Method::HEAD, &path).send().await.status(401);
        }
    }
}

#[tokio::test]
async fn http_05_a_method_in_a_header_or_in_the_query_is_not_read() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    for header in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let request = ann.post("/auth/sessions").header(header, "DELETE");
        request.send().await.status(405);
    }
    ann.get("/auth/sessions?_method=DELETE")
        .header("x-http-method-override", "DELETE")
        .send()
        .await
        .status(200);
    ann.get("/auth/me").send().await.status(200);
}

#[tokio::test]
async fn http_02_a_body_of_more_than_16_kib_is_413() {
    let (server, fresh) = (TestServer::start().await, TestServer::start().await);
    let (root, nobody) = (server.admin().await, fresh.anonymous());
    let wiki = server.service("wiki").await;
    let text = "x".repeat(17 * 1024);
    for row in there(&server).iter().filter(|row| row.body != Body::Ignored) {
        // The setup route is there only while there is no administrator.
        let caller = if row.guard == Guard::Setup {
            &nobody
        } else if row.guard == Guard::Service {
            &wiki
        } else {
            &root
        };
        let request = caller.request(row.method.clone(), &filled(row.path));
        let answer = request.json(&Value::String(text.clone())).send().await;
        assert_eq!(answer.status, 413, "{}", name(row));
        assert_eq!(answer.code(), "body_too_large");
    }
}

#[tokio::test]
async fn http_02_a_target_of_more_than_4_kib_is_414() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let text = "x".repeat(5 * 1024);
    for row in there(&server) {
        for target in [format!("{}?{text}", filled(row.path)), format!("/{text}")] {
            let answer = root.request(row.method.clone(), &target).send().await;
            assert_eq!(answer.status(414).code(), "uri_too_long");
        }
    }
}

/// Other spellings of a path that careless routers take for it.
fn spellings(route: &Route) -> Vec<String> {
    let path = filled(route.path);
    let (parent, last) = path.rsplit_once('/').unwrap();
    let mut shouted = filled(&route.path.to_ascii_uppercase().replace("{ID}", "{id}"));
    shouted = shouted.replace("{SID}", "x").replace("{CODE}", "x").replace("{REQUEST_ID}", "x");
    let (first, rest) = last.split_at(1);
    vec![
        format!("{path}/"),
        format!("{path}//"),
        format!("/{path}"),
        format!("{parent}//{last}"),
        format!("{parent}/./{last}"),
        format!("/x/..{path}"),
        format!("{parent}/x/../{last}"),
        format!("{path}/."),
        format!("{path}/x/.."),
        format!("{parent}/%2e/{last}"),
        format!("{parent}/x/%2e%2e/{last}"),
        format!("{parent}%2f{last}"),
        format!("{parent}%5c{last}"),
        format!("{path}%2f"),
        format!("{path};x"),
        format!("{path};x=y"),
        format!("{path}%00"),
        format!("{path}%20"),
        format!("{path}%c0%af"),
        format!("{path}.json"),
        format!("{parent}/%{:02x}{rest}", first.as_bytes()[0]),
        shouted,
    ]
}

/// A spelling may fall into a `{part}` of some row: then it is the id of nothing.
#[tokio::test]
async fn http_06_another_spelling_of_a_path_is_not_that_path() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    for row in there(&server) {
        for path in spellings(&row).into_iter().filter(|path| path.starts_with('/')) {
            let answer = root.request(row.method.clone(), &path).send().await;
            // 405 and 415 come before the handler; 415 from a row whose `{part}` it fell into.
            let before = answer.status == 405 || (row.path.contains('{') && answer.status == 415);
            // Any text may be asked for as the id of a request; nothing is what it has done.
            let into_request = row.path.ends_with("{request_id}")
                && answer.json::<Value>()["events"] == Value::Array(Vec::new());
            let fine = answer.status == 404 || before || into_request;
            assert!(fine, "{} {path}: {} {}", row.method, answer.status, answer.text());
        }
    }
    root.get("/auth/me").send().await.status(200);
}

#[tokio::test]
async fn http_09_every_request_has_an_id_of_its_own() {
    let server = TestServer::start().await;
    let mut seen = BTreeSet::new();
    for row in there(&server) {
        let request = server.anonymous().request(row.method.clone(), &filled(row.path));
        let answer = request.header("x-request-id", "chosen-by-me").send().await;
        let id = answer.header("x-request-id").unwrap().to_owned();
        assert_ne!(id, "chosen-by-me");
        assert!(seen.insert(id), "{}", name(&row));
    }
}
