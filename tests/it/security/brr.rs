//! How a token is brought, what is no access token, and what a 401 says.

use serde_json::json;

use crate::auth::change_password;
use crate::harness::{Answer, PASSWORD, TestServer};

const PLAIN: &str = r#"Bearer realm="doorkey""#;

#[track_caller]
fn assert_refused(answer: Answer, status: u16, code: &str, error: Option<&str>) {
    let answer = answer.status(status).problem(code);
    let expected = error.map_or(PLAIN.to_owned(), |error| format!("{PLAIN}, error=\"{error}\""));
    assert_eq!(answer.header("www-authenticate"), Some(&*expected));
}

#[tokio::test]
async fn brr_01_a_refusal_says_which_of_the_four_it_is() {
    let server = TestServer::start().await;
    let (ann, nobody) = (server.user("ann").await, server.anonymous());
    let refused = nobody.get("/auth/me").send().await;
    assert_refused(refused, 401, "invalid_token", None);
    let refused = nobody.with_token("abc").get("/auth/me").send().await;
    assert_refused(refused, 401, "invalid_token", Some("invalid_token"));
    let refused = ann.get("/admin/users").send().await;
    assert_refused(refused, 403, "insufficient_scope", Some("insufficient_scope"));
    let refused = nobody.get("/auth/me").header("authorization", "Bearer").send().await;
    assert_refused(refused, 400, "malformed_header", Some("invalid_request"));
}

#[tokio::test]
async fn brr_02_the_scheme_has_any_case_and_the_token_one_form() {
    let server = TestServer::start().await;
    let token = server.user("ann").await.token.unwrap();
    let send = |line: String| {
        let nobody = server.anonymous();
        async move { nobody.get("/auth/me").header("authorization", &line).send().await }
    };
    for scheme in ["Bearer", "bearer", "BEARER"] {
        send(format!("{scheme} {token}")).await.status(200);
    }
    for line in [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer  {token}"),
        format!("Bearer {token} "),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer {token} realm=x"),
        format!("Bearer \"{token}\""),
        format!("Bearer\t{token}"),
        format!("Basic YTpi, Bearer {token}"),
    ] {
        let answer = send(line.clone()).await;
        assert_eq!(answer.status, 400, "{line}");
        answer.problem("malformed_header");
    }
    for line in [token.clone(), format!("Token {token}"), "Basic YW5uOng=".to_owned()] {
        assert_refused(send(line).await, 401, "invalid_token", None);
    }
}

#[tokio::test]
async fn brr_03_a_token_in_the_query_or_in_a_body_is_not_seen() {
    let server = TestServer::start().await;
    let token = server.user("ann").await.token.unwrap();
    let nobody = server.anonymous();
    let query = nobody.get(&format!("/auth/me?access_token={token}")).send().await;
    assert_refused(query, 401, "invalid_token", None);
    let form = nobody.delete("/auth/sessions").body(format!("access_token={token}"));
    let form = form.header("content-type", "application/x-www-form-urlencoded").send().await;
    assert_refused(form, 401, "invalid_token", None);
    let body = nobody.patch("/auth/me").json(&json!({"access_token": token})).send().await;
    assert_refused(body, 401, "invalid_token", None);
}

#[tokio::test]
async fn brr_04_no_cookie_opens_a_route_that_asks_for_a_token() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let token = ann.token.clone().unwrap();
    let alone = ann.get("/auth/me").without("authorization").send().await;
    assert_refused(alone, 401, "invalid_token", None);
    for name in ["__Host-refresh", "access_token", "token", "Authorization"] {
        let request =
            server.anonymous().get("/auth/me").header("cookie", &format!("{name}={token}"));
        assert_refused(request.send().await, 401, "invalid_token", None);
    }
}

/// Who brings two tokens may mean either.
#[tokio::test]
async fn brr_05_a_token_is_brought_once_and_in_one_way() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let token = ann.token.clone().unwrap();
    for second in [&*format!("Bearer {token}"), "Basic YTpi", "Bearer abc"] {
        let answer = ann.get("/auth/me").header("authorization", second).send().await;
        assert_refused(answer, 400, "malformed_header", Some("invalid_request"));
    }
    for query in [&*format!("access_token={token}"), "a=b&access_token=x", "access_token"] {
        let answer = ann.get(&format!("/auth/me?{query}")).send().await;
        assert_refused(answer, 400, "malformed_header", Some("invalid_request"));
    }
    ann.get("/auth/me?token=x&access_tokens=y").send().await.status(200);
}

#[tokio::test]
async fn brr_06_what_hands_out_tokens_is_never_stored() {
    let server = TestServer::start().await;
    let form = json!({"username": "ann", "password": PASSWORD});
    let registered = server.anonymous().post("/auth/register").json(&form).send().await;
    let ann = server.anonymous().logged_in("ann").await;
    let change = json!({"current_password": PASSWORD, "new_password": "another long password"});
    for answer in [
        registered.status(201),
        server.anonymous().login("ann", PASSWORD).await.status(200),
        server.anonymous().login("ann", "wrong").await.status(401),
        ann.refresh().await.status(200),
        ann.post("/auth/password").json(&change).send().await.status(200),
    ] {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.text());
    }
}

#[tokio::test]
async fn brr_07_every_401_has_a_challenge_and_none_opens_the_browsers_dialog() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let nobody = server.anonymous();
    let reset = json!({"token": "abc", "new_password": PASSWORD});
    for answer in [
        nobody.login("ann", "not the password").await,
        nobody.login("nobody", PASSWORD).await,
        nobody.refresh().await,
        nobody.post("/auth/refresh").header("cookie", "__Host-refresh=abc").send().await,
        nobody.post("/auth/password-reset").json(&reset).send().await,
        change_password(&ann, "not the password", PASSWORD).await,
        nobody.get("/auth/me").send().await,
    ] {
        let answer = answer.status(401);
        let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
        assert_eq!(challenges.len(), 1, "{}", answer.text());
        assert!(challenges[0].to_str().unwrap().starts_with(PLAIN), "{challenges:?}");
    }
}
