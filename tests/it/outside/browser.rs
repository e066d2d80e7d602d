//! What a browser is told and what it may do: the refresh cookie, foreign pages, CORS.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Answer, Browser, ORIGIN, PASSWORD, Setup, TestServer};

const APP: &str = "https://app.example";

fn sets_nothing(answer: &Answer) -> bool {
    !answer.headers.contains_key("set-cookie")
}

fn cookie_of(browser: &Browser<'_>) -> String {
    browser.cookie.clone().unwrap()
}

/// CK-01, CK-02, CK-04.
#[tokio::test]
async fn setting_and_clearing_name_the_same_cookie() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let set = ann.login("ann", PASSWORD).await.status(200);
    let cleared = ann.post("/auth/logout").send().await.status(204);
    for (answer, age) in [(&set, "Max-Age=43200"), (&cleared, "Max-Age=0")] {
        let line = answer.header("set-cookie").unwrap();
        assert!(line.starts_with("__Host-refresh=") && line.len() < 4096, "{line}");
        let mut given: Vec<&str> = line.split("; ").skip(1).collect();
        given.sort_unstable();
        assert_eq!(given, ["HttpOnly", age, "Path=/", "SameSite=Strict", "Secure"]);
        assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 1);
    }
    assert_eq!(cleared.cookie("__Host-refresh").as_deref(), Some(""));
}

/// CK-04: the cookie of a changed password lives no longer than its session.
#[tokio::test]
async fn the_cookie_lives_as_long_as_the_rest_of_the_session() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    server.advance(Duration::from_mins(5));
    let form = json!({"current_password": PASSWORD, "new_password": "another good long one"});
    let changed = ann.post("/auth/password").json(&form).send().await.status(200);
    assert!(changed.header("set-cookie").unwrap().contains("; Max-Age=42900"));
}

/// CK-05.
#[tokio::test]
async fn two_refresh_cookies_are_refused_and_no_session_is_touched() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let token = cookie_of(&ann);
    let both = format!("__Host-refresh={token}; __Host-refresh={token}");
    let single = format!("__Host-refresh={token}");
    for path in ["/auth/refresh", "/auth/logout", "/auth/login"] {
        let form = json!({"username": "ann", "password": PASSWORD});
        let post = || server.anonymous().post(path).json(&form);
        let one_line = post().header("cookie", &both).send().await;
        let other = "__Host-refresh=x";
        let lines = post().header("cookie", &single).header("cookie", other).send().await;
        for answer in [one_line, lines] {
            assert!(sets_nothing(&answer), "{path}");
            answer.status(400).problem("malformed_header");
        }
    }
    ann.refresh().await.status(200);
}

/// CK-06.
#[tokio::test]
async fn only_the_exact_name_is_the_refresh_cookie() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let token = cookie_of(&ann);
    for near in [
        "__host-refresh={}",
        "__HOST-REFRESH={}",
        "__Host-Refresh={}",
        "__Host-refresh ={}",
        "a=b;  __Host-refresh={}",
        "\t__Host-refresh={}",
        "=__Host-refresh={}",
        "refresh={}",
        "__Host-refresh2={}",
        "a=\"b; __Host-refresh={}\"",
        "__Host-refresh:{}",
    ] {
        let line = near.replace("{}", &token);
        let answer = server.anonymous().post("/auth/refresh").header("cookie", &line).send().await;
        assert!(sets_nothing(&answer));
        assert_eq!(answer.status, 401, "{near}");
        let answer = server.anonymous().post("/auth/logout").header("cookie", &line).send().await;
        assert_eq!(answer.status, 204, "{near}");
    }
    // Beside the exact one, the others count for nothing.
    let line = format!("__host-refresh=x; refresh=y; __Host-refresh={token}; z=1");
    server.anonymous().post("/auth/refresh").header("cookie", &line).send().await.status(200);
}

/// CK-07.
#[tokio::test]
async fn a_value_that_is_no_token_is_an_ended_session_and_clears_nothing() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let token = cookie_of(&ann);
    let long = "x".repeat(8000);
    for value in [
        "",
        "x",
        ".",
        "a.b",
        &long,
        "../../etc",
        "%00",
        "' OR 1=1",
        &token[1..],
        &token[..token.len() - 1],
        &format!("{token}x"),
        &format!("\"{token}\""),
        &token.replace('.', ""),
    ] {
        let line = format!("__Host-refresh={value}");
        let answer = server.anonymous().post("/auth/refresh").header("cookie", &line).send().await;
        assert!(sets_nothing(&answer), "{value}");
        answer.status(401).problem("session_ended");
    }
    ann.refresh().await.status(200);
}

/// CK-08.
#[tokio::test]
async fn a_cookie_outside_ascii_is_refused_and_hides_no_session() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    for other in ["a=\u{e4}", "\u{2000}__Host-refresh=x", "\u{1f36a}"] {
        for path in ["/auth/refresh", "/auth/logout"] {
            let answer = ann.post(path).header("cookie", other).send().await;
            assert!(sets_nothing(&answer));
            answer.status(400).problem("malformed_header");
        }
    }
    ann.refresh().await.status(200);
}

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

/// CSRF-02, CSRF-03, CSRF-06.
#[tokio::test]
async fn a_foreign_page_reaches_no_route_that_acts_by_cookie_or_password() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let foreign: [&[(&str, &str)]; 15] = [
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
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "Same-Origin")],
        &[("sec-fetch-site", "")],
        &[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")],
    ];
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

/// CSRF-02, CSRF-03, CSRF-04.
#[tokio::test]
async fn our_own_pages_and_programs_reach_every_route() {
    for headers in [
        &[][..],
        &[("origin", ORIGIN)],
        &[("origin", ORIGIN), ("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
    ] {
        let server = TestServer::start().await;
        let ann = server.user("ann").await;
        for (path, answer) in try_all(&ann, headers).await {
            assert_ne!(answer.status, 403, "{path} {headers:?}: {}", answer.text());
        }
        server.anonymous().login("eve", PASSWORD).await.status(200);
    }
}

/// CSRF-04.
#[tokio::test]
async fn strict_origin_refuses_who_does_not_say_where_it_comes_from() {
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

/// CSRF-05.
#[tokio::test]
async fn what_a_form_of_a_foreign_page_can_send_is_not_read() {
    let server = TestServer::start().await;
    server.account("ann", &["user"]).await;
    let form = json!({"username": "ann", "password": PASSWORD}).to_string();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        let post = server.anonymous().post("/auth/login").header("content-type", kind);
        let answer = post.body(form.clone()).send().await;
        assert!(sets_nothing(&answer));
        answer.status(415).problem("unsupported_media_type");
    }
    let bare = server.anonymous().post("/auth/login").body(form).send().await;
    bare.status(415).problem("unsupported_media_type");
}

/// CSRF-01, SES-09.
#[tokio::test]
async fn a_link_or_an_image_logs_nobody_out() {
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

/// CORS-01: a listed site may also send what acts by cookie.
#[tokio::test]
async fn a_listed_site_may_log_in() {
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
