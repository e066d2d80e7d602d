//! What anyone may read: the pages of problems, the metadata, the state; and that an answer
//! is about its own request only.

use doorkey::http::kind::Kind;
use serde_json::{Value, json};

use crate::harness::{ORIGIN, TestServer};

/// BRW-03.
#[tokio::test]
async fn every_problem_has_a_page_without_script() {
    let server = TestServer::start().await;
    for kind in Kind::ALL {
        let row = kind.row();
        let page = server.anonymous().get(&format!("/problems/{}", row.code)).send().await;
        let page = page.status(200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"));
        let text = page.text();
        assert!(text.contains(row.code) && !text.contains("<script"), "{text}");
    }
    for code in ["", "nothing", "Not_Found", "not_found/", "%3Cscript%3E", "../healthz"] {
        let answer = server.anonymous().get(&format!("/problems/{code}")).send().await.status(404);
        assert!(!answer.text().to_lowercase().contains("script"));
        answer.problem("not_found");
    }
}

#[tokio::test]
async fn the_metadata_names_what_exists() {
    let server = TestServer::start().await;
    let path = "/.well-known/oauth-authorization-server";
    let answer = server.anonymous().get(path).send().await.status(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body: Value = answer.json();
    assert_eq!(body["issuer"], ORIGIN);
    let keys = body["jwks_uri"].as_str().unwrap().strip_prefix(ORIGIN).unwrap();
    server.anonymous().get(keys).send().await.status(200);
    assert!(body.get("token_endpoint").is_none() && body.get("authorization_endpoint").is_none());
}

#[tokio::test]
async fn the_state_is_told_to_anyone_and_tells_nothing_else() {
    let server = TestServer::start().await;
    for (path, status) in [("/healthz", "ok"), ("/readyz", "ready")] {
        let answer = server.anonymous().get(path).send().await.status(200);
        assert_eq!(answer.json::<Value>(), json!({"status": status}));
        server.anonymous().post(path).send().await.status(405);
    }
    server.anonymous().get("/metrics").send().await.status(404);
}

/// INP-08, BRW-03.
#[tokio::test]
async fn nothing_of_a_request_comes_back_in_the_headers_of_its_answer() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    for path in [
        "/x%0d%0aset-cookie:a=b",
        "/problems/x%0d%0aset-cookie:a=b",
        "/auth/me%00",
        "/admin/users?cursor=%0d%0aset-cookie:a=b",
    ] {
        let answer = ann.get(path).header("user-agent", "marked-agent").send().await;
        assert!(answer.status >= 400 && answer.status < 500, "{path}");
        for value in answer.headers.values() {
            let text = value.to_str().unwrap();
            assert!(!text.contains("a=b") && !text.contains("marked"), "{path}: {text}");
        }
        assert!(!answer.text().contains("a=b"), "{}", answer.text());
    }
}

/// HTTP-09.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_hundred_failing_requests_at_once_are_not_mixed_up() {
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
    let ids = all((0..300).map(one)).await;
    let distinct: std::collections::HashSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), 300, "a request id names one request");
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
