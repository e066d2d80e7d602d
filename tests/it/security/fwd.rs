//! Forward-auth: what a client may send beside the proxy's question, and what comes of it.

use std::sync::Arc;

use super::failing::Moody;
use crate::harness::{IDENTITY, TestServer};
use crate::http::forward::{
    HTML, RULES, asks, asks_for, bearer, guarding, proxy, signed_in, told, with_cookie,
};
use crate::http::pages::Visitor;

/// What is told is what the store knows: not what the client says of itself, under the very names.
#[tokio::test]
async fn fwd_01_every_answer_that_lets_through_replaces_all_headers_of_identity() {
    let server = guarding(RULES).start().await;
    let ann = server.user("ann").await;
    let liar = |path: &str| {
        let asked = asks(&server, path);
        IDENTITY.iter().fold(asked, |asked, name| asked.header(name, "root").header(name, "admin"))
    };
    let known = bearer(liar("/"), ann.token.as_ref().unwrap()).send().await.status(200);
    assert_eq!(told(&known), ["ann", ann.user_id.as_str(), "user", ""]);
    assert_eq!(told(&liar("/health").send().await.status(200)), ["", "", "", ""]);
    let refused = liar("/").send().await.status(401);
    assert!(IDENTITY.iter().all(|name| !refused.headers.contains_key(*name)));
}

/// CVE-2025-64484, GHSA-5m6w-wvh7-57vm: some apps read these as `X-Auth-User`, and the proxy does not
/// replace them.
#[tokio::test]
async fn fwd_01_other_spellings_of_identity_headers_let_nobody_through() {
    let server = guarding(RULES).start().await;
    let ann = server.user("ann").await;
    for name in [
        "x_auth_user",
        "X_Auth_User",
        "X-Auth_User",
        "x_auth-user",
        "x.auth.user",
        "x_auth_id",
        "x_auth_roles",
        "X_AUTH_EMAIL",
        "x-auth~email",
    ] {
        for path in ["/", "/health"] {
            let asked = bearer(asks(&server, path), ann.token.as_ref().unwrap());
            let answer = asked.header(name, "root").send().await;
            answer.status(403).problem("access_denied").rule("forward_alias");
        }
    }
    for name in ["x_auth_username", "x_auth", "x-auth-user-name", "my_header"] {
        let asked = bearer(asks(&server, "/"), ann.token.as_ref().unwrap());
        asked.header(name, "root").send().await.status(200);
    }
}

/// CVE-2026-25748. A browser with such a cookie is sent nowhere: it would come back with it.
#[tokio::test]
async fn fwd_01_a_cookie_that_is_malformed_repeated_or_forged_is_401() {
    let server = guarding(RULES).start().await;
    server.account("ann", &["user"]).await;
    let (_, good) = signed_in(&server, "ann").await;
    with_cookie(&server, &good).send().await.status(200);
    let name = "__Secure-forward";
    for lines in [
        vec![format!("{name}=")],
        vec![format!("{name}=f.")],
        vec![format!("{name}={}", &good[..67])],
        vec![format!("{name}={good}A")],
        vec![format!("{name}=\"{good}\"")],
        vec![format!("{name}={}", good.replace("f.", "F."))],
        vec![format!("{name}=%66{}", &good[1..])],
        vec![format!("{name}={good}; {name}={good}")],
        vec![format!("{name}={good}; {name}=")],
        vec![format!("{name}={good}"), format!("{name}={good}")],
        vec![format!("{name}={good}; x=\u{e4}")],
        vec!["x".repeat(8_000).replace("xxxx", &format!("; {name}=y"))],
    ] {
        let asked = asks(&server, "/").header("accept", HTML);
        let asked = lines.iter().fold(asked, |asked, line| asked.header("cookie", line));
        let answer = asked.send().await.status(401).problem("sign_in_needed");
        let answer = answer.rule("forward_cookie_form");
        assert!(answer.header("www-authenticate").is_some() && answer.header("location").is_none());
    }
    let other = if good.ends_with('A') { "E" } else { "A" };
    let forged = format!("{}{other}", &good[..67]);
    with_cookie(&server, &forged).send().await.status(401).rule("forward_cookie_proof");
    let unknown = format!("f.{}{}", "A".repeat(22), &good[24..]);
    with_cookie(&server, &unknown).send().await.status(401).rule("forward_session_unknown");
}

#[tokio::test]
async fn fwd_01_an_authorization_that_is_unclear_is_401_whatever_the_cookie() {
    let server = guarding(RULES).start().await;
    let ann = server.user("ann").await;
    let (_, cookie) = signed_in(&server, "ann").await;
    let token = ann.token.as_ref().unwrap();
    for lines in [
        vec![format!("Bearer {token}"), format!("Bearer {token}")],
        vec![format!("Bearer  {token}")],
        vec![format!("Bearer {token}, Basic YTpi")],
        vec![format!("Basic YTpi, Bearer {token}")],
        vec!["Bearer".to_owned()],
        vec![String::new()],
    ] {
        let asked = with_cookie(&server, &cookie);
        let asked = lines.iter().fold(asked, |asked, line| asked.header("authorization", line));
        asked.send().await.status(401).rule("forward_bearer");
    }
}

/// CVE-2026-40575: who reaches the server without the proxy decides nothing by headers of his own.
#[tokio::test]
async fn fwd_02_the_question_of_anyone_but_a_trusted_proxy_is_refused() {
    let server = guarding(RULES).start().await;
    let ann = server.user("ann").await;
    let ask = |peer| {
        let mut stranger = server.anonymous();
        stranger.peer = peer;
        let asked = stranger.get("/forward-auth").header("x-forwarded-for", "192.0.2.10");
        let asked = asked.header("x-forwarded-method", "GET").header("x-forwarded-proto", "https");
        let asked = asked.header("x-forwarded-host", "wiki.example.org");
        let asked = asked.header("x-forwarded-uri", "/health");
        bearer(asked, ann.token.as_ref().unwrap())
    };
    for peer in [server.anonymous().peer, server.operator().peer] {
        let answer = ask(peer).send().await.status(403).problem("access_denied");
        assert!(answer.rule("forward_untrusted").text().contains("http.trusted_proxies"));
    }
    ask(proxy(&server).peer).send().await.status(200);
    let nobody = guarding(RULES);
    let mut nobody = nobody;
    nobody.http.trusted_proxies.clear();
    let server = nobody.start().await;
    asks(&server, "/health").send().await.status(403).rule("forward_untrusted");
}

/// CVE-2025-54576.
#[tokio::test]
async fn fwd_02_the_query_decides_nothing() {
    let server = guarding(RULES).start().await;
    let ann = server.user("ann").await;
    for (path, status) in [
        ("/?/health", 401),
        ("/x?path=/health", 401),
        ("/x?/../health", 401),
        ("/health?x=/off/../..//%2e", 200),
        ("/health?", 200),
    ] {
        asks(&server, path).send().await.status(status);
    }
    let asked = bearer(asks(&server, "/off/x?/health"), ann.token.as_ref().unwrap());
    asked.send().await.status(403);
}

/// CVE-2026-42274, GHSA-6jwx-7vp4-9847: an app that reads the path otherwise than the rules would get
/// what they deny.
#[tokio::test]
async fn fwd_02_a_path_that_is_not_canonical_is_denied_to_all() {
    let server = guarding(RULES).start().await;
    let root = server.admin().await;
    for path in [
        "",
        "health",
        "//health",
        "/off//x",
        "/health/../off",
        "/./off",
        "/off/.",
        "/off/..",
        "/%6fff",
        "/%2e%2e/off",
        "/health/%2E%2E/off",
        "/off%2fx",
        "/off%2Fx",
        "/off%5cx",
        "/off\\x",
        "/x%00",
        "/x%0d%0a",
        "/%zz",
        "/%",
        "/%252e%252e/off",
        "/\u{f6}ff",
        "/off;x/y",
        "/health/..;/off",
        "/health#x",
        "http://wiki.example.org/health",
        "/%c0%ae%c0%ae/off",
        "*",
    ] {
        for asked in
            [asks(&server, path), bearer(asks(&server, path), root.token.as_ref().unwrap())]
        {
            let answer = asked.header("accept", HTML).send().await.status(403);
            answer.problem("access_denied").rule("forward_question");
        }
    }
    let token = root.token.as_ref().unwrap();
    for path in ["/caf%C3%A9", "/caf%c3%a9", "/a%20b/%5B1%5D", "/a,b=c@d:e", "/x/"] {
        bearer(asks(&server, path), token).send().await.status(200);
    }
}

#[tokio::test]
async fn fwd_02_each_header_of_the_question_is_there_once_or_nobody_gets_through() {
    let server = guarding(RULES).start().await;
    asks(&server, "/health").send().await.status(200);
    for (name, second) in [
        ("x-forwarded-uri", "/health"),
        ("x-forwarded-host", "wiki.example.org"),
        ("x-forwarded-method", "GET"),
        ("x-forwarded-proto", "https"),
    ] {
        let twice = asks(&server, "/health").header(name, second).send().await;
        twice.status(403).rule("forward_question");
        let missing = asks(&server, "/health").without(name).send().await;
        missing.status(403).rule("forward_question");
    }
    for (name, value) in [
        ("x-forwarded-host", ""),
        ("x-forwarded-host", "wiki.example.org, evil.example"),
        ("x-forwarded-host", "wiki.example.org."),
        ("x-forwarded-host", "wiki.example.org:0"),
        ("x-forwarded-host", "wiki.example.org:80:80"),
        ("x-forwarded-host", "u@wiki.example.org"),
        ("x-forwarded-host", "wiki.example.org/health"),
        ("x-forwarded-method", "get"),
        ("x-forwarded-method", "GET, POST"),
        ("x-forwarded-proto", "ftp"),
        ("x-forwarded-proto", "https, http"),
    ] {
        let asked = asks(&server, "/health").without(name).header(name, value);
        asked.send().await.status(403).rule("forward_question");
    }
    let upper = asks_for(&server, ("GET", "WIKI.Example.ORG:8443", "/health"));
    upper.send().await.status(200);
    // Neither another spelling nor another proxy's header counts.
    for (name, value) in [
        ("x_forwarded_uri", "/health"),
        ("x-original-url", "https://wiki.example.org/health"),
        ("x-original-uri", "/health"),
        ("x-rewrite-url", "/health"),
        ("x-forwarded-path", "/health"),
        ("x-http-method-override", "OPTIONS"),
    ] {
        asks(&server, "/x").header(name, value).send().await.status(401);
    }
}

/// A request of a script to an app is not answered as one to this server.
#[tokio::test]
async fn fwd_02_the_preflight_of_an_app_is_judged_by_the_rules() {
    let mut setup = guarding(RULES);
    setup.http.cors_origins = vec!["https://other.example.org".to_owned()];
    let server = setup.start().await;
    let asked = proxy(&server).request(warp::http::Method::OPTIONS, "/forward-auth");
    let asked = asked.header("x-forwarded-method", "OPTIONS").header("x-forwarded-proto", "https");
    let asked = asked.header("x-forwarded-host", "wiki.example.org").header("x-forwarded-uri", "/");
    let asked = asked.header("origin", "https://other.example.org");
    let answer = asked.header("access-control-request-method", "POST").send().await.status(401);
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}

/// Also INP-09: after signing in nobody is led out of the domain, or to a host that no rule names.
#[tokio::test]
async fn fwd_02_a_login_leads_only_to_apps_of_the_domain_that_a_rule_names() {
    let rules = format!(
        "{RULES}\n[[access]]\nhost = \"*.apps.example.org\"\nallow = true\n\
        [[access]]\nhost = \"wiki.example.net\"\nallow = true\n"
    );
    let server = guarding(&rules).start().await;
    let long = format!("https://wiki.example.org/{}", "x".repeat(1024));
    for good in [
        "https://wiki.example.org/",
        "https://wiki.example.org:8443/a/b?c=d%20e&f=//g",
        "https://a.b.apps.example.org/x",
    ] {
        let page = Visitor::new(&server).open(&format!("/login?rd={}", escaped(good))).await;
        assert_eq!(page.hidden_value("rd"), good);
    }
    for bad in [
        "http://wiki.example.org/",
        "https://wiki.example.org",
        "https://mail.example.org/",
        "https://apps.example.org/",
        "https://wiki.example.net/",
        "https://evil.example/",
        "https://wiki.example.org.evil.example/",
        "https://wiki.example.org@evil.example/",
        "https://u:p@wiki.example.org/",
        "https://evil.example\\@wiki.example.org/",
        "https:\\\\wiki.example.org/",
        "https:wiki.example.org/",
        "//wiki.example.org/",
        "/\\wiki.example.org/",
        "javascript://wiki.example.org/",
        "wss://wiki.example.org/",
        "HTTPS://wiki.example.org/",
        "https://WIKI.example.org/",
        "https://wiki.example.org./",
        "https://wiki.example.org:/",
        "https://wiki.example.org//evil.example",
        "https://wiki.example.org/../x",
        "https://wiki.example.org/%2e%2e/x",
        "https://wiki.example.org/%c3%a4",
        "https://wiki.example.org/#x",
        "https://wiki.example.org/?x#y",
        "https://wiki.example.org/?\"",
        "https://wiki.example.org/ ",
        " https://wiki.example.org/",
        "https://wiki.example.org/\n",
        "https://wiki.example.org/?\u{e4}",
        &long,
    ] {
        let page = Visitor::new(&server).open(&format!("/login?rd={}", escaped(bad))).await;
        let page = page.status(200);
        assert_eq!(page.hidden_value("rd"), "", "{bad:?}");
        let policy = page.0.header("content-security-policy").unwrap();
        assert!(policy.contains("form-action 'self';"), "{policy}");
    }
}

fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"))
}

#[tokio::test]
async fn fwd_03_a_store_that_does_not_answer_lets_nobody_through() {
    let engine = Arc::new(Moody::default());
    let mut setup = guarding(RULES);
    setup.engine = engine.clone();
    let server: TestServer = setup.start().await;
    let ann = server.user("ann").await;
    let (_, cookie) = signed_in(&server, "ann").await;
    let fresh = server.anonymous().logged_in("ann").await;
    engine.fail(true, false);
    for asked in [
        with_cookie(&server, &cookie),
        with_cookie(&server, &cookie).header("accept", HTML),
        bearer(asks(&server, "/"), ann.token.as_ref().unwrap()),
        bearer(asks(&server, "/"), fresh.token.as_ref().unwrap()),
    ] {
        let answer = asked.send().await.status(503).problem("unavailable");
        assert!(!answer.headers.contains_key("x-auth-user"));
    }
    engine.fail(false, false);
    with_cookie(&server, &cookie).send().await.status(200);
}
