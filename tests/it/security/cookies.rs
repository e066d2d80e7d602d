//! The refresh cookie: how it is set and cleared, and what of a Cookie header is taken for it.

use std::time::Duration;

use doorkey::http::cookie::CookieRule;
use serde_json::json;

use super::failing;
use crate::auth::{OTHER_PASSWORD, change_password};
use crate::config::{dev, load, refusal};
use crate::harness::{Answer, Browser, PASSWORD, Setup, TestServer};

fn sets_nothing(answer: &Answer) -> bool {
    !answer.headers.contains_key("set-cookie")
}

fn cookie_of(browser: &Browser<'_>) -> String {
    browser.cookie.clone().unwrap()
}

/// What sets the cookie and what clears it, each with the `Max-Age` that is due.
async fn setters(server: &TestServer) -> [(Answer, &'static str); 3] {
    let mut ann = server.user("ann").await;
    let login = ann.login("ann", PASSWORD).await.status(200);
    crate::auth::take(&mut ann, &login);
    server.advance(Duration::from_mins(5));
    let changed = change_password(&ann, PASSWORD, OTHER_PASSWORD).await.status(200);
    let cleared = ann.post("/auth/logout").send().await.status(204);
    [(login, "Max-Age=43200"), (changed, "Max-Age=42900"), (cleared, "Max-Age=0")]
}

#[tokio::test]
async fn ck_01_the_cookie_is_host_bound_secure_and_hidden_from_scripts() {
    for (answer, age) in setters(&TestServer::start().await).await {
        let line = answer.header("set-cookie").unwrap();
        assert!(line.starts_with("__Host-refresh="), "{line}");
        let mut given: Vec<&str> = line.split("; ").skip(1).collect();
        given.sort_unstable();
        assert_eq!(given, ["HttpOnly", age, "Path=/", "SameSite=Strict", "Secure"]);
    }
}

/// No key of the configuration asks for less.
#[tokio::test]
async fn ck_02_the_cookie_is_same_site_strict_and_cannot_be_loosened() {
    for (answer, _) in setters(&TestServer::start().await).await {
        assert!(answer.header("set-cookie").unwrap().contains("; SameSite=Strict"));
    }
    for key in ["same_site = \"none\"", "cookie_samesite = \"lax\"", "cookie = { secure = false }"]
    {
        let said = refusal(&format!("[http]\n{key}\n"));
        assert!(said.starts_with("auth.toml:2:"), "{said}");
    }
}

/// The hop from a proxy is plain HTTP, and says so.
#[tokio::test]
async fn ck_03_the_cookie_is_secure_whatever_the_hop_and_only_development_is_without() {
    let server = TestServer::start().await;
    server.account("ann", &["user"]).await;
    let form = json!({"username": "ann", "password": PASSWORD});
    let hop = server.anonymous().post("/auth/login").header("x-forwarded-proto", "http");
    let login = hop.json(&form).send().await.status(200);
    assert!(login.header("set-cookie").unwrap().contains("; Secure"));

    let mut setup = Setup::default();
    setup.http.cookie = CookieRule::LOOPBACK;
    let server = setup.start().await;
    server.account("ann", &["user"]).await;
    let login = server.anonymous().login("ann", PASSWORD).await.status(200);
    let line = login.header("set-cookie").unwrap();
    assert!(line.starts_with("refresh=") && !line.contains("Secure"), "{line}");
    let host = format!("__Host-{}", line.split_once(';').unwrap().0);
    let refresh = server.anonymous().post("/auth/refresh").header("cookie", &host);
    refresh.send().await.status(401);

    assert!(load("", dev(Some("127.0.0.1:0"))).unwrap().dev);
    for address in ["0.0.0.0:80", "192.0.2.1:80", "[::]:80"] {
        assert!(load("", dev(Some(address))).unwrap_err().contains("loopback"), "{address}");
    }
}

#[tokio::test]
async fn ck_04_the_cookie_lives_as_long_as_the_rest_of_its_session_and_is_set_once() {
    for (answer, age) in setters(&TestServer::start().await).await {
        let lines: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
        assert_eq!(lines.len(), 1);
        let line = lines[0].to_str().unwrap();
        assert!(line.ends_with(&format!("; {age}")) && line.len() < 4096, "{line}");
    }
    let mut longest = Setup::default();
    longest.auth.session_ttl = Duration::from_hours(30 * 24);
    let server = longest.start().await;
    server.account("ann", &["user"]).await;
    let login = server.anonymous().login("ann", PASSWORD).await.status(200);
    assert!(login.header("set-cookie").unwrap().ends_with("; Max-Age=2592000"), "30 days");
    assert!(refusal("[sessions]\nttl = \"31d\"").contains("and 30d"));
}

#[tokio::test]
async fn ck_05_two_refresh_cookies_are_refused_and_no_session_is_touched() {
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

#[tokio::test]
async fn ck_06_only_the_exact_name_is_the_refresh_cookie() {
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

/// With the store gone, a value that was looked for there would be 503.
#[tokio::test]
async fn ck_07_a_value_that_is_no_token_is_an_ended_session_before_any_read() {
    let (server, engine) = failing::start().await;
    let ann = server.user("ann").await;
    let token = cookie_of(&ann);
    let long = "x".repeat(64 * 1024);
    engine.fail(true, true);
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
    ann.refresh().await.status(503);
    engine.fail(false, false);
    ann.refresh().await.status(200);
}

#[tokio::test]
async fn ck_08_a_cookie_outside_ascii_is_refused_and_hides_no_session() {
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
