//! Where a login may lead to: what is listed, to the letter, and nothing that looks like it.

use crate::harness::{PASSWORD, Setup, TestServer};
use crate::http::pages::{Visitor, encoded};

const LISTED: &str = "https://app.example.org/in";

async fn server() -> TestServer {
    let mut setup = Setup::default();
    setup.http.pages.return_to = vec![LISTED.to_owned()];
    let server = setup.start().await;
    server.account("ann", &["user"]).await;
    server
}

/// What careless checks let through, with what a browser would make of it.
const NASTY: &[&str] = &[
    // Read as another host.
    "//evil.example",
    "//evil.example/account",
    "///evil.example",
    "////evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/%09/evil.example",
    "/%2f/evil.example",
    "%2f%2fevil.example",
    "%2F%2Fevil.example",
    "%5c%5cevil.example",
    "/%5cevil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https:\\\\evil.example",
    "http://evil.example",
    "https://evil.example",
    " https://evil.example",
    "\u{0}https://evil.example",
    "\u{feff}//evil.example",
    // Looks like the listed one.
    "https://app.example.org",
    "https://app.example.org/",
    "https://app.example.org/in/",
    "https://app.example.org/in?",
    "https://app.example.org/in#",
    "https://app.example.org/in?x=1",
    "https://app.example.org/in/../out",
    "https://app.example.org/%69n",
    "https://app.example.org/IN",
    "https://APP.example.org/in",
    "HTTPS://app.example.org/in",
    "http://app.example.org/in",
    "https://app.example.org:443/in",
    "https://app.example.org:8443/in",
    "https://app.example.org./in",
    "https://app.example.org.evil.example/in",
    "https://evilapp.example.org/in",
    "https://sub.app.example.org/in",
    "https://app.example.org@evil.example/in",
    "https://evil.example@app.example.org/in",
    "https://app.example.org:x@evil.example/in",
    "https://evil.example/https://app.example.org/in",
    "https://evil.example?https://app.example.org/in",
    "https://evil.example#https://app.example.org/in",
    "https://evil.example\\@app.example.org/in",
    "https://app.example.org\\.evil.example/in",
    "https://app.example.org/in\r\nSet-Cookie: a=b",
    "https://app.example.org/in\u{0}",
    " https://app.example.org/in",
    "https://app.example.org/in ",
    "https://app\u{3002}example.org/in",
    "https://\u{430}pp.example.org/in",
    // Runs something.
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "blob:https://app.example.org/in",
    "file:///etc/passwd",
    // Looks like a page here.
    "account",
    "./account",
    "/account/",
    "/account?x",
    "/account#x",
    "/account/..//evil.example",
    "/ACCOUNT",
    "/%61ccount",
    "/account%00",
    "/login",
    "/logout",
    "/",
    "",
    "?",
    "#",
    "@evil.example",
    ".evil.example",
    "null",
];

#[tokio::test]
async fn inp_09_a_login_leads_to_nothing_that_only_looks_like_a_listed_address() {
    let server = server().await;
    for nasty in NASTY {
        let mut visitor = Visitor::new(&server);
        let query = encoded(&[("rd".to_owned(), (*nasty).to_owned())]);
        let page = visitor.open(&format!("/login?{query}")).await.status(200);
        assert_eq!(page.hidden_value("rd"), "", "{nasty:?}");
        assert!(!page.0.text().contains("evil") && !page.0.text().contains("alert"), "{nasty:?}");
        let policy = page.0.header("content-security-policy").unwrap();
        assert!(policy.contains("; form-action 'self';"), "{nasty:?}: {policy}");
        let form = [("username", "ann"), ("password", PASSWORD), ("rd", nasty)];
        visitor.send(&page, &form).await.leads_to("/account");
    }
}

#[tokio::test]
async fn inp_09_a_login_leads_to_what_is_listed() {
    let server = server().await;
    for good in [LISTED, "/account", "/console"] {
        let mut visitor = Visitor::new(&server);
        let query = encoded(&[("rd".to_owned(), good.to_owned())]);
        let page = visitor.open(&format!("/login?{query}")).await;
        assert_eq!(page.hidden_value("rd"), good);
        visitor.send(&page, &[("username", "ann"), ("password", PASSWORD)]).await.leads_to(good);
    }
}

/// Two parameters of one name are read in two ways by two readers.
#[tokio::test]
async fn inp_09_an_address_that_is_named_twice_is_none() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open(&format!("/login?rd={LISTED}&rd=https://evil.example")).await;
    assert_eq!(page.hidden_value("rd"), "");
    let token = page.hidden_value("form_token");
    let fields = [
        ("username", "ann"),
        ("password", PASSWORD),
        ("rd", LISTED),
        ("rd", "https://evil.example"),
        ("form_token", &token),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let refused = visitor.post("/login", &fields).await.status(422);
    assert_eq!(refused.0.cookie("__Host-refresh"), None);
}

/// No other page hands an address on that a login would not follow.
#[tokio::test]
async fn inp_09_the_other_pages_lead_where_the_login_does() {
    let server = server().await;
    for nasty in NASTY {
        let mut visitor = Visitor::new(&server);
        let query = encoded(&[("rd".to_owned(), (*nasty).to_owned())]);
        let page = visitor.open(&format!("/register?{query}")).await;
        assert_eq!(page.hidden_value("rd"), "", "{nasty:?}");
        page.says("href=\"/login\"");
    }
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/login").await;
    visitor.send(&page, &[("username", "ann"), ("password", PASSWORD)]).await.status(303);
    let page = visitor.open("/login?rd=//evil.example").await.says("You are signed in");
    page.says("href=\"/account\"").lacks("evil");
}
