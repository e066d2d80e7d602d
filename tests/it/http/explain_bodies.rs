//! Denied, and why: bodies and queries, failures of ours, and what is never kept.

use serde_json::{Value, json};

use super::explain::why;
use crate::auth::WRONG_PASSWORD;
use crate::harness::{PASSWORD, RequestBuilder, Setup, TestServer};
use crate::security::failing;
use doorkey::http::refusals::Refusals;

#[tokio::test]
async fn a_body_that_is_not_taken_says_what_is_wrong_with_it() {
    let mut setup = Setup::default();
    setup.auth.registration_open = false;
    let server = setup.start().await;
    let root = server.admin().await;
    let post = |body: &str| server.anonymous().post("/auth/login").body(body);
    let json = |body: &str| post(body).header("content-type", "application/json");
    for (rule, detail, request) in [
        ("media_type", Value::Null, post("{}")),
        ("body_too_large", Value::Null, json(&"x".repeat(20_000))),
        ("json_form", json!("The body does not start with an object."), json("[]")),
        (
            "json_form",
            json!("The JSON breaks off or is not well formed at line 1, column 2."),
            json("{x"),
        ),
        (
            "json_twice",
            json!("A member is named twice at line 1, column 31."),
            json(r#"{"username":"a","username":"b"}"#),
        ),
        ("member_missing", json!("password is missing"), json(r#"{"username":"a"}"#)),
        (
            "member_type",
            json!("username has the wrong type"),
            json(r#"{"username":1,"password":"b"}"#),
        ),
        ("member_unknown", Value::Null, json(r#"{"username":"a","password":"b","s3cret":1}"#)),
        (
            "field_refused",
            json!("password must have at most 256 characters"),
            json(&json!({"username": "a", "password": "x".repeat(5_000)}).to_string()),
        ),
    ] {
        let answer = request.send().await.rule(rule);
        let why = why(&root, &answer).await;
        assert_eq!(why["detail"], detail, "{why}");
        assert_eq!((&why["route"], &why["method"]), (&json!("/auth/login"), &json!("POST")));
    }
    let form = json!({"username": "new", "password": PASSWORD});
    let closed = server.anonymous().post("/auth/register").json(&form).send().await;
    closed.status(403).rule("registration_closed");
    let taken = json!({"username": "root", "password": PASSWORD});
    root.post("/admin/users").json(&taken).send().await.status(409).rule("username_taken");
}

#[tokio::test]
async fn a_query_that_is_not_taken_names_its_parameter_and_not_its_value() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    for (query, detail) in [
        ("limit=s3cret", "limit must be a whole number from 1 to 100"),
        ("s3cret=1", "query has a parameter that this route does not know"),
        ("kind=s3cret", "kind must be a kind of event, for example logged_in"),
    ] {
        let answer = root.get("/admin/events").query(query).send().await.status(422);
        let why = why(&root, &answer.rule("query_refused")).await;
        assert_eq!(why["detail"], detail);
        assert_eq!(why["user"], root.user_id.as_str());
    }
}

/// What failed is in the log, under the same id.
#[tokio::test]
async fn a_failure_of_the_store_is_told_as_one() {
    let (server, engine) = failing::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    engine.fail(true, true);
    let answer = ann.get("/auth/me").send().await.status(503).rule("store_unavailable");
    engine.fail(false, false);
    let why = why(&root, &answer).await;
    assert!(!why.to_string().contains("secret/place"), "{why}");
}

/// What a person or a program may put where it does not belong.
fn misplaced<'a>(server: &'a TestServer, secret: &str) -> Vec<RequestBuilder<'a>> {
    let nobody = || server.anonymous();
    let login = |form: &Value| nobody().post("/auth/login").json(form);
    let mut member = json!({"username": "ann", "password": WRONG_PASSWORD});
    member[secret] = json!(1);
    vec![
        login(&json!({"username": secret, "password": "x"})),
        login(&json!({"username": format!("{secret}@example.org"), "password": "x"})),
        login(&json!({"username": "ann", "password": secret})),
        login(&member),
        nobody().post("/auth/login").body(secret),
        nobody().post("/auth/login").header("content-type", "application/json").body(secret),
        nobody().get(&format!("/{secret}")),
        nobody().get(&format!("/auth/{secret}")),
        nobody().get(&format!("/problems/{secret}")),
        nobody().get("/auth/me").query(&format!("access_token={secret}")),
        nobody().get("/auth/me").header("authorization", &format!("Bearer {secret}")),
        nobody().get("/auth/me").header("authorization", &format!("Basic {secret}")),
        nobody().get("/auth/me").header("authorization", secret),
        nobody().post("/auth/refresh").header("cookie", &format!("__Host-refresh={secret}")),
        nobody().post("/auth/refresh").header("user-agent", secret),
        nobody().post("/auth/register").json(&json!({"username": secret, "password": "x"})),
        nobody().post("/auth/register").json(&json!({"username": "a b", "password": secret})),
        nobody().post("/auth/password-reset").json(&json!({"token": secret, "new_password": "x"})),
        nobody().post("/auth/setup").json(&json!({"secret": secret})),
    ]
}

/// Also of an administrator's own requests, who may mistake one field for another as well.
fn misplaced_by_root<'a>(
    root: &crate::harness::Browser<'a>,
    secret: &str,
) -> Vec<RequestBuilder<'a>> {
    vec![
        root.get("/admin/users").query(&format!("cursor={secret}")),
        root.get("/admin/events").query(&format!("user={secret}")),
        root.get("/admin/events").query(&format!("{secret}=1")),
        root.get(&format!("/admin/events/{secret}")),
        root.get(&format!("/admin/users/{secret}")),
        root.delete(&format!("/auth/sessions/{secret}")),
        root.post("/admin/users").json(&json!({"username": "new", "roles": [secret]})),
        root.post("/admin/users").json(&json!({"username": "new", "email": secret})),
        root.patch("/auth/me").json(&json!({"display_name": format!("{secret}\u{0}")})),
    ]
}

/// LOG-04, HTTP-07.
#[tokio::test]
async fn no_secret_is_ever_kept_wherever_it_was_put() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let secret = "hunter2-is-My-Passw0rd";
    let requests = misplaced(&server, secret).into_iter().chain(misplaced_by_root(&root, secret));
    for (number, request) in requests.enumerate() {
        let answer = request.send().await;
        assert!(answer.status >= 400, "{number}: {}", answer.text());
    }
    let (token, cookie) = (ann.token.clone().unwrap(), ann.cookie.clone().unwrap());
    ann.post("/auth/logout").send().await.status(204);
    ann.get("/auth/me").send().await.status(401);
    ann.refresh().await.status(401);
    let kept = server.api.refusals().all();
    assert!(kept.len() > 25, "{}", kept.len());
    let text = format!("{kept:?}");
    let (_, of_cookie) = cookie.split_once('.').unwrap();
    let (_, signature) = token.rsplit_once('.').unwrap();
    for secret in [secret, &secret.to_lowercase(), of_cookie, signature, WRONG_PASSWORD, PASSWORD] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

/// Whoever floods the server with refused requests pushes out what was refused before, and takes
/// no more memory than is known.
#[tokio::test]
async fn a_flood_pushes_out_the_oldest_and_no_more_are_kept_than_ten_thousand() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let first = server.anonymous().get("/nope").send().await.status(404);
    why(&root, &first).await;
    let eve = server.anonymous();
    for _ in 0..Refusals::MOST {
        eve.get("/nope").send().await.status(404);
    }
    assert_eq!(server.api.refusals().all().len(), 10_000);
    let path = format!("/admin/events/{}", first.header("x-request-id").unwrap());
    root.get(&path).send().await.status(404).rule("request_unknown");
}
