//! How each proxy asks, and what a browser gets that has to sign in.

use bytes::Bytes;
use doorkey::http::{ForwardMode, ForwardProxy};
use http_body_util::Full;
use warp::http::Request;

use super::{HTML, RULES, asks, asks_for, bearer, guarding, proxy, told};
use crate::harness::{Answer, TestServer};

const SIGN_IN: &str =
    "https://auth.example.org/login?rd=https%3A%2F%2Fwiki.example.org%2Fpage%3Fx%3D1";

#[tokio::test]
async fn nginx_names_the_whole_address() {
    let mut setup = guarding(RULES);
    setup.http.forward.proxy = ForwardProxy::Nginx;
    let server = setup.start().await;
    let ann = server.user("ann").await;
    let asks = |method: &str, url: &str| {
        let asked = proxy(&server).get("/forward-auth").header("x-original-method", method);
        bearer(asked.header("x-original-url", url), ann.token.as_ref().unwrap())
    };
    let answer = asks("POST", "https://wiki.example.org/x?y=/off").send().await.status(200);
    assert_eq!(told(&answer)[0], "ann");
    asks("GET", "https://wiki.example.org/admin/x").send().await.status(403);
    for (method, url) in [
        ("GET", "/health"),
        ("GET", "https://wiki.example.org/a/../health"),
        ("GET", "https://u@wiki.example.org/health"),
        ("get", "https://wiki.example.org/health"),
        ("", "https://wiki.example.org/health"),
    ] {
        asks(method, url).send().await.status(403).rule("forward_question");
    }
    let other_way = super::asks(&server, "/health").send().await;
    other_way.status(403).rule("forward_question");
}

/// Paths below the route are no part of `/openapi.json`, which is that of the other proxies.
async fn envoy(
    server: &TestServer,
    (method, target): (&str, &str),
    lines: &[(&str, &str)],
) -> Answer {
    let request = Request::builder().method(method).uri(format!("/forward-auth{target}"));
    let request =
        lines.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let request = request.body(Full::new(Bytes::new())).unwrap();
    Answer::of(server.api.handle(request, proxy(server).peer).await).await
}

#[tokio::test]
async fn envoy_sends_the_request_itself_behind_a_prefix() {
    let mut setup = guarding(RULES);
    setup.http.forward.proxy = ForwardProxy::Envoy;
    let server = setup.start().await;
    let ann = server.user("ann").await;
    let token = format!("Bearer {}", ann.token.as_ref().unwrap());
    let host = ("host", "wiki.example.org");
    for (method, target, status) in [
        ("GET", "/", 200),
        ("POST", "/x/y?mode=redirect", 200),
        ("DELETE", "/admin/x", 403),
        ("OPTIONS", "/off/x", 403),
        ("GET", "", 200),
        ("GET", "//health", 403),
        ("GET", "/a/../health", 403),
        ("GET", "/%68ealth", 403),
    ] {
        let lines = [host, ("authorization", token.as_str())];
        let answer = envoy(&server, (method, target), &lines).await;
        assert_eq!(answer.status, status, "{method} {target}");
    }
    assert_eq!(envoy(&server, ("GET", "/health"), &[host]).await.status, 200);
    assert_eq!(envoy(&server, ("GET", "/health"), &[]).await.status, 403);
    assert_eq!(envoy(&server, ("GET", "/health"), &[host, host]).await.status, 403);
    let browser = envoy(&server, ("GET", "/page?x=1"), &[host, ("accept", HTML)]).await;
    assert_eq!((browser.status, browser.header("location")), (303, Some(SIGN_IN)));
    // Another proxy's words count for nothing.
    let other = [host, ("x-forwarded-uri", "/health"), ("x-original-url", "https://a.org/health")];
    assert_eq!(envoy(&server, ("GET", "/x"), &other).await.status, 401);
}

#[tokio::test]
async fn a_browser_is_sent_to_the_sign_in_page_and_a_program_is_told_to_sign_in() {
    let server = guarding(RULES).start().await;
    let asked = || asks(&server, "/page?x=1");
    for (name, value) in [("accept", HTML), ("sec-fetch-mode", "navigate")] {
        let answer = asked().header(name, value).send().await.status(303);
        assert_eq!(answer.header("location"), Some(SIGN_IN), "{name}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(!answer.headers.contains_key("x-auth-user") && answer.body.is_empty());
        let kept = server.api.refusals().of(answer.header("x-request-id").unwrap());
        assert_eq!(kept[0].why.rule().word(), "forward_anonymous");
    }
    for (name, value) in [("accept", "application/json"), ("accept", "*/*"), ("x", "y")] {
        let answer = asked().header(name, value).send().await.status(401).problem("sign_in_needed");
        assert!(!answer.headers.contains_key("location"));
    }
    let script = asked().header("accept", HTML).header("sec-fetch-mode", "cors");
    script.send().await.status(401);
    let posted = asks_for(&server, ("POST", "wiki.example.org", "/page")).header("accept", HTML);
    posted.send().await.status(401);
}

#[tokio::test]
async fn the_configuration_or_the_proxy_says_what_a_browser_gets() {
    for (mode, query, status, leads) in [
        (ForwardMode::Redirect, "", 303, true),
        (ForwardMode::Redirect, "mode=location", 401, true),
        (ForwardMode::Redirect, "mode=deny", 401, false),
        (ForwardMode::Location, "", 401, true),
        (ForwardMode::Location, "mode=redirect", 303, true),
        (ForwardMode::Deny, "", 401, false),
        (ForwardMode::Deny, "mode=location", 401, true),
    ] {
        let mut setup = guarding(RULES);
        setup.http.forward.mode = mode;
        let server = setup.start().await;
        let asked = asks(&server, "/page?x=1").query(query).header("accept", HTML);
        let answer = asked.send().await.status(status);
        assert_eq!(answer.header("location"), leads.then_some(SIGN_IN), "{mode:?} {query}");
        let challenged = answer.headers.contains_key("www-authenticate");
        assert_eq!(challenged, status == 401, "{mode:?} {query}");
    }
    let server = guarding(RULES).start().await;
    for query in ["mode", "mode=", "mode=Deny", "mode=deny&mode=deny", "rd=x", "mode=deny&x=y"] {
        asks(&server, "/health").query(query).send().await.status(403).rule("forward_mode");
    }
}

/// Signing in would change nothing there.
#[tokio::test]
async fn nobody_is_sent_to_sign_in_for_an_app_that_no_cookie_reaches() {
    let rules = format!("{RULES}\n[[access]]\nhost = \"wiki.example.net\"\nallow = true\n");
    let server = guarding(&rules).start().await;
    for host in ["wiki.example.net", "mail.example.org"] {
        let asked = asks_for(&server, ("GET", host, "/")).header("accept", HTML);
        assert_eq!(asked.send().await.status(401).header("location"), None, "{host}");
    }
    let mut setup = guarding(RULES);
    setup.http.forward.site = None;
    let server = setup.start().await;
    let asked = asks(&server, "/").header("accept", HTML);
    assert_eq!(asked.send().await.status(401).header("location"), None);
}

#[tokio::test]
async fn an_address_too_long_to_come_back_to_leads_to_the_page_alone() {
    let server = guarding(RULES).start().await;
    let asked = asks(&server, &format!("/{}", "x".repeat(1024))).header("accept", HTML);
    let answer = asked.send().await.status(303);
    assert_eq!(answer.header("location"), Some("https://auth.example.org/login"));
    let odd = asks(&server, "/?q=\"<'>").header("accept", HTML).send().await.status(303);
    assert!(odd.header("location").unwrap().ends_with("%2F%3Fq%3D%2522%253C%2527%253E"), "{odd:?}");
}
