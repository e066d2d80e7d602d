//! Signing out by the form.

use super::Visitor;
use crate::harness::{PASSWORD, TestServer};

async fn signed_in(server: &TestServer) -> Visitor<'_> {
    server.account("ann", &["user"]).await;
    let mut visitor = Visitor::new(server);
    let page = visitor.open("/login").await;
    visitor.send(&page, &[("username", "ann"), ("password", PASSWORD)]).await.status(303);
    visitor
}

#[tokio::test]
async fn the_session_ends_and_the_sign_in_page_comes() {
    let server = TestServer::start().await;
    let mut visitor = signed_in(&server).await;
    let mut browser = server.anonymous();
    browser.cookie = visitor.jar.get("__Host-refresh").cloned();
    let page = visitor.open("/login").await.says("You are signed in as ann.");
    visitor.send(&page, &[]).await.leads_to("/login");
    assert!(!visitor.jar.contains_key("__Host-refresh"), "the cookie is cleared");
    browser.refresh().await.status(401);
    visitor.open("/login").await.says("Password");
}

#[tokio::test]
async fn without_the_token_of_this_form_nobody_is_signed_out() {
    let server = TestServer::start().await;
    let mut visitor = signed_in(&server).await;
    let mut browser = server.anonymous();
    browser.cookie = visitor.jar.get("__Host-refresh").cloned();
    let mut stranger = Visitor::new(&server);
    let of_login = stranger.open("/login").await.hidden_value("form_token");
    for token in ["", "1.x", of_login.as_str()] {
        let fields = [("form_token".to_owned(), token.to_owned())];
        visitor.post("/logout", &fields).await.status(403).says("open for too long");
    }
    visitor.post("/logout", &[]).await.status(403);
    browser.refresh().await.status(200);
}

/// The question who is signed in renews nothing.
#[tokio::test]
async fn whoever_is_signed_in_stays_so_by_looking() {
    let server = TestServer::start().await;
    let mut visitor = signed_in(&server).await;
    let held = visitor.jar.get("__Host-refresh").cloned();
    let page = visitor.open("/login").await.status(200);
    assert_eq!(page.0.cookie("__Host-refresh"), None);
    assert_eq!(visitor.jar.get("__Host-refresh").cloned(), held);
}

/// As by the JSON API: there is nothing left to end.
#[tokio::test]
async fn a_dead_session_is_signed_out_as_well() {
    let server = TestServer::start().await;
    let mut visitor = signed_in(&server).await;
    let page = visitor.open("/login").await;
    visitor.jar.insert("__Host-refresh".to_owned(), "garbage".to_owned());
    visitor.send(&page, &[]).await.leads_to("/login");
    assert!(!visitor.jar.contains_key("__Host-refresh"));
}
