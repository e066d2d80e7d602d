//! What went wrong, as a page for a person and as a document for a program.

use doorkey::http::kind::Kind;

use super::Visitor;
use crate::harness::TestServer;

#[tokio::test]
async fn the_page_of_a_code_explains_it() {
    let server = TestServer::start().await;
    let mut visitor = Visitor::new(&server);
    for kind in Kind::ALL {
        let row = kind.row();
        let page = visitor.open(&format!("/problems/{}", row.code)).await.status(200);
        let page = page.says(row.title).says(row.help).lacks("<script");
        let page = page.says(&format!("Code {}, HTTP status {}.", row.code, row.status.as_u16()));
        assert_eq!(page.0.header("cache-control"), Some("public, max-age=300"));
        assert_eq!(page.0.cookie("__Host-form"), None, "it may be kept by anyone");
    }
}

#[tokio::test]
async fn a_person_gets_a_page_where_there_is_none_and_a_program_the_document() {
    let server = TestServer::start().await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/nothing").await.status(404).says("There is no such page.");
    let id = page.0.header("x-request-id").unwrap().to_owned();
    page.says(&id).says("href=\"/login\"").lacks("<script");
    for accept in ["*/*", "application/json", "application/json, text/plain, */*", ""] {
        let request = server.anonymous().get("/nothing").header("accept", accept);
        request.send().await.status(404).problem("not_found");
    }
}

/// BRW-03: what programs ask is answered to programs, whatever they accept.
#[tokio::test]
async fn the_api_never_answers_with_a_page() {
    let server = TestServer::start().await;
    for path in ["/auth/me", "/auth/nothing", "/admin/users", "/admin/export", "/admin/nothing"] {
        let request = server.anonymous().get(path).header("accept", "text/html");
        let answer = request.send().await;
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
    }
}

#[tokio::test]
async fn what_the_gate_refuses_of_a_form_is_said_to_a_person_on_a_page() {
    let server = TestServer::start().await;
    let post = || server.anonymous().post("/login").header("accept", "text/html");
    let form = || post().header("content-type", "application/x-www-form-urlencoded");
    let foreign = form().header("origin", "https://evil.example").body("username=a").send().await;
    let large = form().body("x".repeat(17 * 1024)).send().await;
    let unknown = form().body("username=a&password=b&admin=1").send().await;
    let other = server.anonymous().delete("/login").header("accept", "text/html").send().await;
    for (answer, status, code) in [
        (foreign, 403, "foreign_origin"),
        (large, 413, "body_too_large"),
        (unknown, 422, "invalid_request"),
        (post().body("{}").send().await, 415, "unsupported_media_type"),
        (other, 405, "method_not_allowed"),
    ] {
        let answer = answer.status(status);
        assert_eq!(answer.code(), code);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{code}");
        assert!(!answer.headers.contains_key("set-cookie"), "{code}");
    }
}
