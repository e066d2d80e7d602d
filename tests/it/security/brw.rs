//! What every answer tells a browser, on every route and to every caller.

use std::time::Duration;

use doorkey::http::kind::Kind;
use serde_json::{Value, json};

use super::walk::everything;
use crate::harness::{Setup, TestServer};
use crate::http::routes::{filled, name, there};

#[tokio::test]
async fn brw_01_every_answer_is_locked_down() {
    let server = TestServer::start().await;
    for (what, answer) in everything(&server).await {
        let public = ["/.well-known/", "/openapi.json", "/client/"].map(|path| what.contains(path));
        let for_everyone = public.contains(&true) && [200, 304].contains(&answer.status);
        let policy = if for_everyone { "cross-origin" } else { "same-origin" };
        for (header, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", policy),
        ] {
            let given: Vec<_> = answer.headers.get_all(header).iter().collect();
            assert_eq!(given, [value], "{what} {header}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.split("; ").any(|given| given == part), "{what}: {policy}");
        }
        assert_eq!(answer.headers.get_all("cache-control").iter().count(), 1, "{what}");
    }
}

#[tokio::test]
async fn brw_02_hsts_is_said_by_every_answer_when_it_is_configured() {
    let mut setup = Setup::default();
    setup.http.hsts = Some(Duration::from_hours(365 * 24));
    for (what, answer) in everything(&setup.start().await).await {
        let said = answer.header("strict-transport-security");
        assert_eq!(said, Some("max-age=31536000; includeSubDomains"), "{what}");
    }
    let without = TestServer::start().await.anonymous().get("/healthz").send().await;
    assert_eq!(without.header("strict-transport-security"), None);
}

#[tokio::test]
async fn brw_03_every_problem_has_a_page_without_script() {
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

/// Markup wherever a request has a place for it. What of it comes back is text in a JSON
/// document that no browser takes for a page.
#[tokio::test]
async fn brw_03_nothing_that_a_request_holds_comes_back_as_markup() {
    let server = TestServer::start().await;
    server.admin().await;
    let markup = "<script>alert(1)</script>";
    let encoded = "%3Cscript%3Ealert(1)%3C/script%3E";
    for row in there(&server) {
        let root = server.anonymous().logged_in("root").await;
        for path in [
            format!("{}?q={encoded}&{encoded}=1", filled(row.path)),
            row.path.replace("{id}", encoded).replace("{sid}", encoded).replace("{code}", encoded),
            format!("{}/{encoded}", filled(row.path)),
        ] {
            let request = root.request(row.method.clone(), &path).header("x-request-id", markup);
            let request = request.header("user-agent", markup).header("origin", markup);
            let answer = request.json(&json!({markup: markup, "username": markup})).send().await;
            let kind = answer.header("content-type").unwrap_or("no body");
            // Pages and scripts are ours to the letter.
            let page = kind.starts_with("text/");
            assert!(!page || !answer.text().contains("alert"), "{} {path}", name(&row));
            assert!(page || answer.body.is_empty() || kind.ends_with("json"), "{kind}");
            if kind.ends_with("json") {
                answer.json::<Value>();
            }
        }
    }
}

#[tokio::test]
async fn brw_04_every_body_says_what_it_is_and_in_which_characters() {
    let server = TestServer::start().await;
    let json = ["application/json", "application/problem+json", "application/jwk-set+json"];
    for (what, answer) in everything(&server).await {
        match answer.header("content-type") {
            // RFC 8259, 8.1: JSON is UTF-8, and its type has no parameter.
            Some(kind) if json.contains(&kind) => drop(answer.json::<Value>()),
            Some(kind) => {
                let texts = ["text/html; charset=utf-8", "text/javascript; charset=utf-8"];
                assert!(texts.contains(&kind), "{what}: {kind}");
            }
            None => assert!(answer.body.is_empty(), "{what}: {}", answer.text()),
        }
    }
}
