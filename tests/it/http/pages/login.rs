//! Signing in by the form.

use std::time::Duration;

use super::Visitor;
use crate::harness::{PASSWORD, Setup, TestServer};

async fn server() -> TestServer {
    let mut setup = Setup::default();
    setup.http.pages.return_to = vec!["https://app.example.org/in?from=login&x=1".to_owned()];
    let server = setup.start().await;
    server.account("ann", &["user"]).await;
    server
}

#[tokio::test]
async fn a_person_signs_in_and_is_sent_to_the_account() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/login").await.status(200).says("User name or e-mail address");
    let fields = [("username", " Ann "), ("password", PASSWORD)];
    visitor.send(&page, &fields).await.leads_to("/account");
    let mut browser = server.anonymous();
    browser.cookie = visitor.jar.get("__Host-refresh").cloned();
    browser.refresh().await.status(200);
}

#[tokio::test]
async fn the_way_on_to_a_listed_address_survives_mistakes() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    let address = "https://app.example.org/in?from=login&x=1";
    let target = "/login?rd=https%3A%2F%2Fapp.example.org%2Fin%3Ffrom%3Dlogin%26x%3D1";
    let page = visitor.open(target).await.status(200);
    assert_eq!(page.hidden_value("rd"), address);
    let policy = page.0.header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains("form-action 'self' https://app.example.org;"), "{policy}");
    let wrong = visitor.send(&page, &[("username", "ann"), ("password", "wrong")]).await;
    let wrong = wrong.status(401);
    assert_eq!(wrong.0.header("content-security-policy"), Some(policy.as_str()));
    let right = [("username", "ann"), ("password", PASSWORD)];
    visitor.send(&wrong, &right).await.leads_to(address);
}

#[tokio::test]
async fn a_wrong_password_is_told_beside_its_field_and_only_the_name_is_kept() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/login").await;
    assert!(page.tag("<input id=\"username\"").contains("autofocus"));
    let fields = [("username", "ann \"<b>"), ("password", "not the password")];
    let wrong = visitor.send(&page, &fields).await.status(401).lacks("not the password");
    assert_eq!(wrong.error_of("password"), "The name or the password is not right.");
    let name = wrong.tag("<input id=\"username\"");
    assert!(
        name.contains("value=\"ann &#34;&#60;b&#62;\"") && !name.contains("autofocus"),
        "{name}"
    );
    let password = wrong.tag("<input id=\"password\"");
    assert!(password.contains("value=\"\"") && password.contains("autofocus"), "{password}");
    assert!(wrong.tag("<title").len() < 10);
    let wrong = wrong.says("<title>Error: Sign in \u{2013} Example</title>");
    assert_eq!(wrong.0.header("www-authenticate"), Some("Bearer realm=\"doorkey\""));
    assert!(!visitor.jar.contains_key("__Host-refresh"));
}

/// ENM-01: nothing tells an account from none.
#[tokio::test]
async fn every_refused_login_is_the_same_page() {
    let server = server().await;
    server.account("off", &["user"]).await;
    let root = server.admin().await;
    let users: serde_json::Value = root.get("/admin/users?q=off").send().await.json();
    let id = users["users"][0]["id"].as_str().unwrap().to_owned();
    crate::auth::patch(&root, &id, &serde_json::json!({"disabled": true})).await.status(200);
    let mut pages = Vec::new();
    for (name, password) in [("ann", "wrong"), ("nobody", PASSWORD), ("off", PASSWORD)] {
        let mut visitor = Visitor::new(&server);
        let page = visitor.open("/login").await;
        let wrong = visitor.send(&page, &[("username", name), ("password", password)]).await;
        let token = wrong.hidden_value("form_token");
        let text = wrong.status(401).0.text();
        pages.push(text.replace(&token, "TOKEN").replace(name, "NAME"));
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:#?}");
}

#[tokio::test]
async fn too_many_attempts_are_told_in_words_and_in_the_header() {
    let server = Setup::default().with_limits().start().await;
    server.account("ann", &["user"]).await;
    let mut visitor = Visitor::new(&server);
    let mut page = visitor.open("/login").await;
    for _ in 0..9 {
        page = visitor.send(&page, &[("username", "ann"), ("password", "wrong")]).await;
        let wait: u64 = page.0.header("retry-after").unwrap_or("0").parse().unwrap();
        if page.0.status == 429 && wait < 16 {
            server.advance(Duration::from_secs(wait));
        }
    }
    visitor.language = "de";
    let page = visitor.send(&page, &[("username", "ann"), ("password", PASSWORD)]).await;
    let page = page.status(429).says("Versuchen Sie es in ").says(" Sekunden noch einmal.");
    let seconds: u64 = page.0.header("retry-after").unwrap().parse().unwrap();
    let page = page.says(&format!(" in {seconds} Sekunden"));
    assert!(page.tag("<p class=\"alert\"").contains("role=\"alert\""));
    assert!(page.tag("<p class=\"alert\"").contains("autofocus"));
    server.advance(Duration::from_secs(seconds));
    let right = [("username", "ann"), ("password", PASSWORD)];
    visitor.send(&page, &right).await.leads_to("/account");
}

/// SES-06, SES-07: as by the JSON API.
#[tokio::test]
async fn a_login_ends_the_session_that_the_browser_had() {
    let server = server().await;
    server.account("bob", &["user"]).await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/login").await;
    visitor.send(&page, &[("username", "ann"), ("password", PASSWORD)]).await.status(303);
    let mut before = server.anonymous();
    before.cookie = visitor.jar.get("__Host-refresh").cloned();
    let held = visitor.jar.remove("__Host-refresh").unwrap();
    let page = visitor.open("/login").await;
    visitor.jar.insert("__Host-refresh".to_owned(), held);
    visitor.send(&page, &[("username", "bob"), ("password", PASSWORD)]).await.status(303);
    before.refresh().await.status(401);
}

#[tokio::test]
async fn whoever_is_signed_in_is_told_so_and_goes_on_by_a_link() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/login").await;
    visitor.send(&page, &[("username", "ann"), ("password", PASSWORD)]).await.status(303);
    let held = visitor.jar.get("__Host-refresh").cloned();
    let page = visitor.open("/login?rd=/console").await.status(200).says("signed in as ann.");
    let page = page.says("href=\"/console\"");
    assert_eq!(page.0.cookie("__Host-refresh"), None);
    assert_eq!(visitor.jar.get("__Host-refresh").cloned(), held, "nothing is renewed");
    server.advance(Duration::from_hours(13));
    visitor.open("/login").await.status(200).says("User name or e-mail address");
}

#[tokio::test]
async fn what_was_done_before_is_told_by_words_of_ours_only() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    visitor.open("/login?done=registered").await.says("Your account is there.");
    for other in ["", "x", "%3Cb%3E", "Registered", "registered&done=set_up"] {
        let page = visitor.open(&format!("/login?done={other}")).await.status(200);
        page.lacks("class=\"notice\"").lacks("<b>");
    }
}

/// Mail programs and networks append what they like to a link.
#[tokio::test]
async fn what_others_append_to_an_address_is_passed_over() {
    let server = server().await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/login?rd=/console&utm_source=mail&%zz&x=%ff").await.status(200);
    assert_eq!(page.hidden_value("rd"), "/console");
}

#[tokio::test]
async fn the_way_to_an_account_is_shown_where_registration_is_open() {
    let server = server().await;
    let page = Visitor::new(&server).open("/login?rd=/console").await;
    page.says("href=\"/register?rd=%2Fconsole\"");
    let mut setup = Setup::default();
    setup.auth.registration_open = false;
    let closed = setup.start().await;
    Visitor::new(&closed).open("/login").await.lacks("/register");
}

/// THR-06: the same gate as that of the JSON API.
#[tokio::test]
async fn failures_by_the_form_and_by_json_share_their_counters() {
    let server = Setup::default().with_limits().start().await;
    server.account("ann", &["user"]).await;
    let mut visitor = Visitor::new(&server);
    let mut page = visitor.open("/login").await;
    for round in 0..3 {
        page = visitor.send(&page, &[("username", "ANN"), ("password", "wrong")]).await;
        page = page.status(401);
        if round < 2 {
            visitor.browser.login("ann", "wrong").await.status(401);
        }
    }
    visitor.browser.login("ann", PASSWORD).await.status(429);
    visitor.send(&page, &[("username", "ann"), ("password", PASSWORD)]).await.status(429);
}
