//! Errors that tell what a client needs and nothing of the inside.

use doorkey::http::headers::RESPONSE_HEADERS;
use serde_json::{Value, json};

use super::failing;
use super::walk::everything;
use crate::harness::{Answer, TestServer};

/// What would tell how the server is made or where it lies.
const INSIDE: &[&str] = &[
    "sled",
    "tokio",
    "warp",
    "hyper",
    "serde",
    "argon2",
    "jsonwebtoken",
    "matchit",
    "panicked",
    "unwrap",
    "src/",
    ".rs",
    "/home",
    "/tmp",
    "thread '",
    "Error(",
    "Some(",
    "os error",
];

#[track_caller]
fn assert_document(what: &str, answer: Answer) {
    let (body, code): (Value, _) = (answer.json(), answer.code());
    // Services are told in the form of OAuth.
    let (answer, known, text) = if let Some(error) = body["error"].as_str() {
        let known = &["error", "error_description", "error_uri"][..];
        (answer.oauth(error, &code), known, &body["error_description"])
    } else {
        let known = &["code", "detail", "errors", "request_id", "status", "title", "type"][..];
        (answer.problem(&code), known, &body["title"])
    };
    for member in body.as_object().unwrap().keys() {
        assert!(known.contains(&member.as_str()), "{what}: {member}");
    }
    assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{what}");
    for word in INSIDE {
        assert!(!answer.text().contains(word), "{what} has {word:?}: {}", answer.text());
    }
}

/// RFC 9457. That a handler that panics is a 500 of this form, and the next request works,
/// stands with the listener.
#[tokio::test]
async fn http_07_every_error_is_a_problem_document_and_tells_nothing_of_the_inside() {
    let server = TestServer::start().await;
    for (what, answer) in everything(&server).await.into_iter().filter(|(_, a)| a.status >= 400) {
        assert_document(&what, answer);
    }
    let (broken, engine) = failing::start().await;
    let root = broken.admin().await;
    engine.fail(true, true);
    for path in ["/readyz", "/auth/me", "/admin/users"] {
        assert_document(path, root.get(path).send().await.status(503));
    }
    let bad = root.post("/auth/login").header("content-type", "application/json").body("{\"a\"");
    assert_document("a body", bad.send().await.status(400));
}

/// What comes over plain HTTP by mistake is told so at once: a redirect would have its secret
/// sent in clear first, and then again. The one answer that leads on without a form that was sent
/// is a page of a session where there is none, and it leads to a path here.
#[tokio::test]
async fn http_11_nothing_is_redirected() {
    let server = TestServer::start().await;
    for (what, answer) in everything(&server).await {
        if what.ends_with(" GET /account") && answer.status == 303 {
            assert_eq!(answer.header("location"), Some("/login?rd=%2Faccount"), "{what}");
            continue;
        }
        assert!(!(300..=399).contains(&answer.status), "{what}: {}", answer.status);
        assert_eq!(answer.header("location"), None, "{what}");
    }
}

#[tokio::test]
async fn http_08_no_answer_names_the_software_or_has_a_header_beyond_the_list() {
    let server = TestServer::start().await;
    for (what, answer) in everything(&server).await {
        for header in answer.headers.keys() {
            assert!(RESPONSE_HEADERS.contains(&header.as_str()), "{what}: {header}");
        }
        assert!(!answer.text().contains(env!("CARGO_PKG_VERSION")), "{what}: {}", answer.text());
    }
    for name in ["server", "x-powered-by", "via", "x-runtime"] {
        assert!(!RESPONSE_HEADERS.contains(&name));
    }
    let root = server.anonymous().logged_in("root").await;
    for path in ["/metrics", "/debug", "/debug/pprof", "/status", "/info", "/actuator", "/env"] {
        root.get(path).send().await.status(404);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn http_09_a_thousand_failing_requests_at_once_are_not_mixed_up() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let one = |n: usize| {
        let ann = &ann;
        let anonymous = ann.server.anonymous();
        let member = format!("member_{n}");
        async move {
            let (answer, code) = match n % 6 {
                0 => (ann.get(&format!("/none/{n}")).send().await, "not_found"),
                1 => (ann.get("/admin/users").send().await, "insufficient_scope"),
                2 => (anonymous.get("/auth/me").send().await, "invalid_token"),
                3 => (anonymous.login("ann", &format!("wrong {n}")).await, "invalid_credentials"),
                4 => (ann.get("/auth/login").send().await, "method_not_allowed"),
                _ => {
                    let form = json!({"display_name": "x", member.as_str(): 1});
                    (ann.patch("/auth/me").json(&form).send().await, "invalid_request")
                }
            };
            let body: Value = answer.problem(code).json();
            let named = body["errors"][0]["field"].as_str();
            assert_eq!(named, (n % 6 == 5).then_some(member.as_str()));
            body["request_id"].as_str().unwrap().to_owned()
        }
    };
    let ids = all((0..1000).map(one)).await;
    let distinct: std::collections::HashSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), 1000, "a request id names one request");
}

/// Runs all of them at the same time.
async fn all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut open: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in open.iter_mut().filter(|(_, output)| output.is_none()) {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(context) {
                *output = Some(value);
            }
        }
        let done = open.iter().all(|(_, output)| output.is_some());
        if done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    open.into_iter().filter_map(|(_, output)| output).collect()
}
