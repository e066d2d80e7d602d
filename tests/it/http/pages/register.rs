//! Making an account by the form.

use super::{Page, Visitor};
use crate::harness::{PASSWORD, Setup, TestServer};

async fn filled(visitor: &mut Visitor<'_>, name: &str, password: &str, email: &str) -> Page {
    let page = visitor.open("/register").await.status(200);
    let fields = [("username", name), ("password", password), ("email", email)];
    visitor.send(&page, &fields).await
}

#[tokio::test]
async fn a_person_makes_an_account_and_signs_in_with_it() {
    let server = TestServer::start().await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/register?rd=/console").await.status(200);
    let fields = [("username", "Ann "), ("password", PASSWORD), ("email", " ann@example.org")];
    let sent = visitor.send(&page, &fields).await;
    let address = "/login?done=registered&rd=%2Fconsole";
    sent.leads_to(address);
    let page = visitor.open(address).await.says("Your account is there.");
    let fields = [("username", "ann"), ("password", PASSWORD)];
    visitor.send(&page, &fields).await.leads_to("/console");
}

#[tokio::test]
async fn without_an_address_there_is_none() {
    let server = TestServer::start().await;
    filled(&mut Visitor::new(&server), "ann", PASSWORD, "").await.status(303);
    let ann = server.anonymous().logged_in("ann").await;
    let me: serde_json::Value = ann.get("/auth/me").send().await.json();
    assert!(me["email"].is_null());
}

#[tokio::test]
async fn every_mistake_stands_beside_its_field_in_the_language_of_the_page() {
    let server = TestServer::start().await;
    let mut visitor = Visitor::new(&server);
    let page = filled(&mut visitor, "-ann", "short", "nowhere").await.status(422);
    assert_eq!(page.error_of("username"), "Begin with a letter a-z or a digit.");
    assert_eq!(page.error_of("password"), "Use at least 8 characters.");
    assert_eq!(page.error_of("email"), "Write the address like name@example.org.");
    let page = page.lacks("short\"").lacks("class=\"alert\"");
    assert!(page.tag("<input id=\"username\"").contains("value=\"-ann\""));
    assert!(page.tag("<input id=\"username\"").contains("autofocus"));
    visitor.language = "de";
    let page = filled(&mut visitor, "admin", "password1", "").await.status(422);
    assert_eq!(page.error_of("username"), "Dieser Name ist vergeben. Wählen Sie einen anderen.");
    assert!(page.error_of("password").starts_with("Das ist eines der häufigsten Passwörter"));
}

/// Whatever the use case says of a field, the pages have words for it.
#[tokio::test]
async fn every_sentence_about_a_field_has_words_in_both_languages() {
    let server = TestServer::start().await;
    let long = "x".repeat(300);
    let tries = [
        ("", PASSWORD, ""),
        (long.as_str(), PASSWORD, ""),
        ("-a", PASSWORD, ""),
        ("a b", PASSWORD, ""),
        ("root", PASSWORD, ""),
        ("ann", "short", ""),
        ("ann", &long, ""),
        ("ann", &"ä".repeat(600), ""),
        ("ann", "ann12345", ""),
        ("ann", "iloveyou", ""),
        ("ann", PASSWORD, "x"),
        ("ann", PASSWORD, &format!("{long}@example.org")),
    ];
    for (name, password, email) in tries {
        let mut said = Vec::new();
        for language in ["en", "de"] {
            let mut visitor = Visitor::new(&server);
            visitor.language = language;
            let page = filled(&mut visitor, name, password, email).await.status(422);
            let fields = ["username", "password", "email"];
            said.push(fields.map(|field| page.error_of(field)).concat());
        }
        assert!(!said[0].is_empty() && said[0] != said[1], "{name} {password} {email}: {said:?}");
        assert!(said.iter().all(|text| text.starts_with(char::is_uppercase)), "{said:?}");
    }
}

#[tokio::test]
async fn a_taken_name_and_a_taken_address_are_told_beside_their_fields() {
    let server = TestServer::start().await;
    let mut visitor = Visitor::new(&server);
    filled(&mut visitor, "ann", PASSWORD, "ann@example.org").await.status(303);
    let page = filled(&mut visitor, "ann", PASSWORD, "").await.status(409);
    assert_eq!(page.error_of("username"), "Somebody has this name. Choose another one.");
    let page = filled(&mut visitor, "bob", PASSWORD, "ann@example.org").await.status(409);
    assert_eq!(page.error_of("email"), "Another account has this address.");
}

#[tokio::test]
async fn where_registration_is_closed_the_page_says_whom_to_ask() {
    let mut setup = Setup::default();
    setup.auth.registration_open = false;
    let server = setup.start().await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/register").await.status(403);
    page.says("Accounts are made by the administrators here.").lacks("<form");
    let token = visitor.open("/login").await.hidden_value("form_token");
    let fields = [("username", "ann"), ("password", PASSWORD), ("form_token", &token)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    visitor.post("/register", &fields).await.status(403);
    server.anonymous().login("ann", PASSWORD).await.status(401);
}

#[tokio::test]
async fn too_many_accounts_from_one_place_are_told_in_words() {
    let server = Setup::default().with_limits().start().await;
    let mut visitor = Visitor::new(&server);
    for n in 0..5 {
        filled(&mut visitor, &format!("ann{n}"), PASSWORD, "").await.status(303);
    }
    let page = filled(&mut visitor, "ann5", PASSWORD, "").await.status(429);
    assert!(page.0.header("retry-after").is_some());
    page.says("Try again in 1 minute.");
}
