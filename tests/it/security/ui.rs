//! The hosted pages: what the browser is told of them, and that a form is good only where it was
//! shown.

use std::collections::BTreeSet;
use std::time::Duration;

use doorkey::http::{Guard, Route};
use warp::http::Method;

use crate::harness::{ORIGIN, PASSWORD, Setup, TestServer};
use crate::http::pages::{Page, Visitor};

/// What forms are sent to.
pub(super) const FORMS: [&str; 5] = ["/login", "/logout", "/register", "/set-password", "/setup"];

/// A server with an account and no administrator.
async fn server() -> TestServer {
    let server = TestServer::start().await;
    server.auth.prepare_setup(None).await.unwrap();
    server.account("ann", &["user"]).await;
    server
}

fn fields(form: &str) -> Vec<(String, String)> {
    let pairs: &[(&str, &str)] = match form {
        "/login" => &[("username", "ann"), ("password", PASSWORD)],
        "/register" => &[("username", "eve"), ("password", PASSWORD)],
        "/setup" => &[("secret", "x"), ("username", "eve"), ("password", PASSWORD)],
        _ => &[],
    };
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Sends the form with this token and asserts that nothing came of it but the form once more.
async fn refused(visitor: &mut Visitor<'_>, form: &str, token: Option<&str>) -> Page {
    let mut fields = fields(form);
    fields.extend(token.map(|token| ("form_token".to_owned(), token.to_owned())));
    let page = visitor.post(form, &fields).await.status(403).says("open for too long");
    assert_eq!(page.0.code(), "foreign_origin");
    assert_eq!(page.0.cookie("__Host-refresh"), None);
    page
}

#[tokio::test]
async fn ui_01_every_page_is_locked_down() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    for target in ["/login", "/register", "/setup", "/set-password", "/problems/busy", "/nothing"] {
        let page = visitor.open(target).await;
        let header = |name: &str| page.0.header(name).unwrap_or_default().to_owned();
        let policy = header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.split("; ").any(|given| given == part), "{target}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{target}: {policy}");
        assert!(policy.contains("; style-src 'self'; "), "{target}: {policy}");
        assert!(!policy.contains("http"), "{target}: {policy}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{target}");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{target}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{target}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{target}");
        let text = page.lacks("style=").lacks("<style").lacks("//").lacks("javascript:").0.text();
        let inline = ["<script>", "onclick=", "onload=", "onerror=", "onsubmit=", "onfocus="];
        assert!(inline.iter().all(|inline| !text.contains(inline)), "{target}: {text}");
    }
}

#[tokio::test]
async fn ui_01_every_page_is_guarded_as_one() {
    let server = server().await;
    let rows: Vec<Route> = server.api.routes().to_vec();
    let pages = rows.iter().filter(|row| row.guard == Guard::Page);
    let (reads, acts): (Vec<&Route>, Vec<&Route>) = pages.partition(|r| r.method == Method::GET);
    let paths = |rows: &[&Route]| rows.iter().map(|row| row.path).collect::<BTreeSet<_>>();
    assert_eq!(paths(&acts), BTreeSet::from(FORMS));
    let forms = BTreeSet::from(["/login", "/register", "/set-password", "/setup"]);
    let scripts = BTreeSet::from([
        "/account",
        "/console",
        "/console/events",
        "/console/keys",
        "/console/status",
        "/console/users/{id}",
    ]);
    assert_eq!(paths(&reads), forms.union(&scripts).copied().collect());
}

#[tokio::test]
async fn ui_01_the_cookie_of_the_forms_is_host_bound_and_hidden_from_scripts() {
    let server = server().await;
    let page = Visitor::new(&server).open("/login").await;
    let line = page.0.header("set-cookie").unwrap();
    assert!(line.starts_with("__Host-form="), "{line}");
    let mut given: Vec<&str> = line.split("; ").skip(1).collect();
    given.sort_unstable();
    assert_eq!(given, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
    let mut setup = Setup::default();
    setup.http.cookie = doorkey::http::cookie::CookieRule::LOOPBACK;
    let loopback = setup.start().await;
    let page = Visitor::new(&loopback).open("/login").await;
    let line = page.0.header("set-cookie").unwrap();
    assert!(line.starts_with("form=") && !line.contains("Secure"), "{line}");
}

/// The cookie is set once: other tabs keep their forms.
#[tokio::test]
async fn ui_01_a_browser_keeps_its_cookie_and_every_open_form_is_good() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    let first = visitor.open("/login").await;
    let second = visitor.open("/login").await;
    assert_eq!(second.0.cookie("__Host-form"), None);
    visitor.open("/register").await;
    let wrong = [("username", "ann"), ("password", "wrong")];
    visitor.send(&second, &wrong).await.status(401);
    visitor.send(&first, &fields_of_login()).await.leads_to("/account");
}

fn fields_of_login() -> [(&'static str, &'static str); 2] {
    [("username", "ann"), ("password", PASSWORD)]
}

#[tokio::test]
async fn ui_01_a_form_without_its_token_is_refused() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    visitor.open("/login").await;
    for form in ["/login", "/register", "/setup", "/logout"] {
        refused(&mut visitor, form, None).await;
        for token in ["", ".", "1", "1.", ".x", "x.y", "18446744073709551616.x", "1800000000.AAAA"]
        {
            refused(&mut visitor, form, Some(token)).await;
        }
    }
    server.anonymous().login("eve", PASSWORD).await.status(401);
}

/// Each bit of it counts.
#[tokio::test]
async fn ui_01_a_token_that_was_changed_is_refused() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    let token = visitor.open("/login").await.hidden_value("form_token");
    for at in 0..token.len() {
        let other = if token.as_bytes()[at] == b'1' { "2" } else { "1" };
        let mut changed = token.clone();
        changed.replace_range(at..=at, other);
        if changed != token {
            refused(&mut visitor, "/login", Some(&changed)).await;
        }
    }
    refused(&mut visitor, "/login", Some(&token[..token.len() - 1])).await;
    refused(&mut visitor, "/login", Some(&format!("{token}A"))).await;
}

#[tokio::test]
async fn ui_01_a_token_of_another_form_is_refused() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    let shown = ["/login", "/register", "/setup"];
    for of in shown {
        let token = visitor.open(of).await.hidden_value("form_token");
        for form in shown.into_iter().chain(["/logout"]).filter(|form| *form != of) {
            refused(&mut visitor, form, Some(&token)).await;
        }
    }
}

/// What another site can get for itself does not help it: the victim's browser has another
/// cookie, or none.
#[tokio::test]
async fn ui_01_a_token_of_another_browser_is_refused() {
    let server = server().await;
    let mut stranger = Visitor::new(&server);
    let token = stranger.open("/login").await.hidden_value("form_token");
    let mut victim = Visitor::new(&server);
    refused(&mut victim, "/login", Some(&token)).await;
    let held = victim.jar.get("__Host-form").cloned().expect("with the page comes a cookie");
    assert_ne!(Some(&held), stranger.jar.get("__Host-form"));
    refused(&mut victim, "/login", Some(&token)).await;
    for garbage in ["", "x", "=", &"A".repeat(42), &"!".repeat(43)] {
        victim.jar.insert("__Host-form".to_owned(), garbage.to_owned());
        refused(&mut victim, "/login", Some(&token)).await;
    }
}

#[tokio::test]
async fn ui_01_a_form_that_was_open_for_too_long_is_refused_and_sent_again_with_the_next_page() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/login").await;
    server.advance(Duration::from_hours(12) - Duration::from_secs(1));
    let wrong = [("username", "ann"), ("password", "wrong")];
    visitor.send(&page, &wrong).await.status(401);
    server.advance(Duration::from_secs(1));
    let again = visitor.send(&page, &fields_of_login()).await.status(403);
    assert!(again.tag("<input id=\"username\"").contains("value=\"ann\""), "the name is kept");
    visitor.send(&again, &fields_of_login()).await.leads_to("/account");
}

/// Nothing that was known before a login is good after it (login CSRF, session fixation).
#[tokio::test]
async fn ui_01_a_login_and_a_logout_give_another_cookie() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    let before = visitor.open("/login").await;
    let old = visitor.jar["__Host-form"].clone();
    visitor.send(&before, &fields_of_login()).await.status(303);
    let new = visitor.jar["__Host-form"].clone();
    assert_ne!(old, new);
    refused(&mut visitor, "/login", Some(&before.hidden_value("form_token"))).await;
    let signed_in = visitor.open("/login").await.says("You are signed in");
    visitor.send(&signed_in, &[]).await.status(303);
    assert_ne!(visitor.jar["__Host-form"], new);
}

/// A page of a stranger cannot sign anybody in, with or without a token of its own. CSRF-06.
#[tokio::test]
async fn csrf_02_no_other_origin_sends_a_form() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/login").await;
    let mut fields = fields("/login");
    fields.push(("form_token".to_owned(), page.hidden_value("form_token")));
    let body = crate::http::pages::encoded(&fields);
    let post = || {
        let post = server.anonymous().post("/login").body(body.clone());
        let post = post.header("content-type", "application/x-www-form-urlencoded");
        post.header("cookie", &format!("__Host-form={}", visitor.jar["__Host-form"]))
    };
    for (header, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "https://auth.example.org:8443"),
        ("origin", "http://auth.example.org"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let answer = post().header(header, value).send().await;
        assert!(!answer.headers.contains_key("set-cookie"), "{header}: {value}");
        answer.status(403).problem("foreign_origin");
    }
    for site in ["cross-site", "same-site", "none", ""] {
        let hidden = post().header("origin", "null").header("sec-fetch-site", site);
        hidden.send().await.status(403).problem("foreign_origin");
    }
    post().header("origin", ORIGIN).send().await.status(303);
}

/// A form that is read by anything else than browsers' own encoding is none.
#[tokio::test]
async fn csrf_05_a_form_in_another_media_type_is_415() {
    let server = server().await;
    for form in FORMS {
        for declared in ["text/plain", "application/json", "multipart/form-data; boundary=x"] {
            let post = server.anonymous().post(form).header("content-type", declared);
            post.body("username=a").send().await.status(415).problem("unsupported_media_type");
        }
        server.anonymous().post(form).body("username=a").send().await.status(415);
    }
}

/// Both pages speak to one person at a time: an answer with somebody's form is kept by nobody.
#[tokio::test]
async fn brr_06_no_page_with_a_form_is_stored() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    for target in ["/login", "/register", "/setup", "/set-password?token=x"] {
        let page = visitor.open(target).await;
        assert_eq!(page.0.header("cache-control"), Some("no-store"), "{target}");
    }
}

/// Whatever people do on the pages, at the finest level of the log.
#[tokio::test]
async fn log_02_no_secret_of_a_page_reaches_the_log() {
    let server = server().await;
    let secret = server.auth.prepare_setup(None).await.unwrap().unwrap();
    let link = {
        let operator = doorkey::auth::Access::operator();
        let client = doorkey::auth::Client::operator();
        let ann = server.anonymous().logged_in("ann").await.user_id;
        let id = doorkey::model::UserId::try_from(ann.as_str()).unwrap();
        server.auth.issue_reset(&operator, id, &client).await.unwrap().link
    };
    let target = link.expose().strip_prefix(ORIGIN).unwrap();
    let (_, token) = target.split_once("token=").unwrap();
    let log = super::capture::Log::start(tracing::Level::TRACE);
    let mut visitor = Visitor::new(&server);
    let page = visitor.open(target).await.status(200);
    visitor.send(&page, &[("new_password", "short77")]).await.status(422);
    visitor.send(&page, &[("new_password", "a quiet old place")]).await.status(303);
    let page = visitor.open("/login").await;
    let form_token = page.hidden_value("form_token");
    visitor.send(&page, &[("username", "ann"), ("password", "wrong-77")]).await.status(401);
    let right = [("username", "ann"), ("password", "a quiet old place")];
    visitor.send(&page, &right).await.status(303);
    let page = visitor.open("/setup").await;
    let form = [("secret", secret.expose()), ("username", "root"), ("password", "short78")];
    visitor.send(&page, &form).await.status(422);
    let lines = log.take();
    assert!(lines.contains("/set-password"), "the log is written");
    let cookies = visitor.jar.values().map(String::as_str);
    let typed = ["short77", "a quiet old place", "wrong-77", "short78", secret.expose()];
    for secret in typed.into_iter().chain(cookies).chain([token, &form_token]) {
        assert!(!lines.contains(secret), "{secret} is in the log");
    }
}
