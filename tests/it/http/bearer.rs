//! How a token is brought, what is no access token, and what a 401 says.

use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, TestServer};

const PLAIN: &str = r#"Bearer realm="doorkey""#;

#[track_caller]
fn assert_refused(answer: Answer, status: u16, code: &str, error: Option<&str>) {
    let answer = answer.status(status).problem(code);
    let expected = error.map_or(PLAIN.to_owned(), |error| format!("{PLAIN}, error=\"{error}\""));
    assert_eq!(answer.header("www-authenticate"), Some(&*expected));
}

/// BRR-01.
#[tokio::test]
async fn a_refusal_says_which_of_the_four_it_is() {
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

/// BRR-02.
#[tokio::test]
async fn the_scheme_has_any_case_and_the_token_one_form() {
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

/// BRR-03.
#[tokio::test]
async fn a_token_in_the_query_or_in_a_body_is_not_seen() {
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

/// BRR-04.
#[tokio::test]
async fn no_cookie_opens_a_route_that_asks_for_a_token() {
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

/// BRR-05.
#[tokio::test]
async fn two_authorization_headers_are_400_even_when_they_are_the_same() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let good = format!("Bearer {}", ann.token.clone().unwrap());
    for second in [&*good, "Basic YTpi", "Bearer abc"] {
        let answer = ann.get("/auth/me").header("authorization", second).send().await;
        assert_refused(answer, 400, "malformed_header", Some("invalid_request"));
    }
}

/// BRR-07.
#[tokio::test]
async fn every_401_has_a_challenge_and_none_opens_the_browsers_dialog() {
    let server = TestServer::start().await;
    server.user("ann").await;
    let nobody = server.anonymous();
    let reset = json!({"token": "abc", "new_password": PASSWORD});
    for answer in [
        nobody.login("ann", "not the password").await,
        nobody.login("nobody", PASSWORD).await,
        nobody.refresh().await,
        nobody.post("/auth/refresh").header("cookie", "__Host-refresh=abc").send().await,
        nobody.post("/auth/password-reset").json(&reset).send().await,
        nobody.get("/auth/me").send().await,
    ] {
        let answer = answer.status(401);
        let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
        assert_eq!(challenges.len(), 1, "{}", answer.text());
        assert!(challenges[0].to_str().unwrap().starts_with(PLAIN), "{challenges:?}");
    }
}

/// TOK-21: each kind of token opens its own door and no other.
#[tokio::test]
async fn no_kind_of_token_is_taken_for_another() {
    let server = TestServer::start().await;
    let (ann, root) = (server.user("ann").await, server.admin().await);
    let (access, refresh) = (ann.token.clone().unwrap(), ann.cookie.clone().unwrap());
    let issue = format!("/admin/users/{}/password-reset", ann.user_id);
    let issued: Value = root.post(&issue).send().await.status(200).json();
    let (_, reset) = issued["link"].as_str().unwrap().split_once("?token=").unwrap();

    for bearer in [&*refresh, reset] {
        let answer = server.anonymous().with_token(bearer).get("/auth/me").send().await;
        assert_refused(answer, 401, "invalid_token", Some("invalid_token"));
    }
    for cookie in [&*access, reset] {
        let request = server.anonymous().post("/auth/refresh");
        let answer = request.header("cookie", &format!("__Host-refresh={cookie}")).send().await;
        answer.status(401).problem("session_ended");
    }
    let form = |token: &str| json!({"token": token, "new_password": "another long password"});
    for token in [&access, &refresh] {
        let request = server.anonymous().post("/auth/password-reset").json(&form(token));
        request.send().await.status(401);
    }
    ann.get("/auth/me").send().await.status(200);
    ann.refresh().await.status(200);
    server.anonymous().post("/auth/password-reset").json(&form(reset)).send().await.status(204);
}

/// TOK-22, AZ-07.
#[tokio::test]
async fn a_role_that_is_taken_away_is_gone_at_the_next_call() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let id = server.account("eve", &["admin", "user"]).await;
    let eve = server.anonymous().logged_in("eve").await;
    eve.get("/admin/users").send().await.status(200);
    let change = root.patch(&format!("/admin/users/{id}")).json(&json!({"roles": ["user"]}));
    change.send().await.status(200);
    let refused = eve.get("/admin/users").send().await;
    assert!([401, 403].contains(&refused.status), "{}", refused.text());
    let again = server.anonymous().logged_in("eve").await;
    again.get("/admin/users").send().await.status(403).problem("insufficient_scope");
}
