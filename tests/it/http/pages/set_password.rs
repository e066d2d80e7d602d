//! Setting a password by the link of an invite or a reset.

use serde_json::Value;

use super::Visitor;
use crate::harness::{Browser, ORIGIN, PASSWORD, TestServer};

const NEW: &str = "a quiet old place";

/// The address of a reset of this account, below our origin.
async fn link(root: &Browser<'_>, id: &str) -> String {
    let path = format!("/admin/users/{id}/password-reset");
    let issued: Value = root.post(&path).send().await.status(200).json();
    issued["link"].as_str().unwrap().strip_prefix(ORIGIN).unwrap().to_owned()
}

#[tokio::test]
async fn a_person_sets_a_password_and_signs_in_with_it() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let link = link(&root, &ann.user_id).await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open(&link).await.status(200).says("For the account ann.");
    let sent = visitor.send(&page, &[("username", "ann"), ("new_password", NEW)]).await;
    sent.leads_to("/login?done=password_set");
    ann.refresh().await.status(401);
    server.anonymous().login("ann", PASSWORD).await.status(401);
    server.anonymous().login("ann", NEW).await.status(200);
}

/// The token is in the page and no longer in any address: neither that of the form nor that of
/// the page after a mistake.
#[tokio::test]
async fn the_token_goes_on_in_a_hidden_field() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let link = link(&root, &ann.user_id).await;
    let (_, token) = link.split_once("token=").unwrap();
    let mut visitor = Visitor::new(&server);
    let page = visitor.open(&link).await;
    assert_eq!(page.hidden_value("token"), token);
    assert!(page.tag("<form").contains("action=\"/set-password\""));
    assert_eq!(page.0.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.0.header("cache-control"), Some("no-store"));
    assert_eq!(page.0.text().matches(token).count(), 1);
    let page = visitor.send(&page, &[("new_password", "short")]).await.status(422);
    assert_eq!(page.error_of("new_password"), "Use at least 8 characters.");
    assert_eq!(page.hidden_value("token"), token, "a bad password leaves the link good");
    let sent = visitor.send(&page, &[("new_password", NEW)]).await.status(303);
    assert!(!sent.0.header("location").unwrap().contains(token));
}

#[tokio::test]
async fn a_link_that_is_used_too_old_or_broken_says_to_ask_for_another() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let used = link(&root, &ann.user_id).await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open(&used).await;
    visitor.send(&page, &[("new_password", NEW)]).await.status(303);
    let again = visitor.send(&page, &[("new_password", PASSWORD)]).await.status(401);
    again.says("This link has been used already, or it is too old.").lacks("<form");
    let old = link(&root, &ann.user_id).await;
    server.advance(std::time::Duration::from_mins(15));
    for target in [&used, &old, "/set-password", "/set-password?token=", "/set-password?token=x"] {
        let page = visitor.open(target).await.status(401);
        page.says("Ask for a new one.").lacks("<form");
    }
    server.anonymous().login("ann", NEW).await.status(200);
}

/// Browsers and mail programs look at links before people do.
#[tokio::test]
async fn looking_at_the_page_uses_nothing_up() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let link = link(&root, &ann.user_id).await;
    for _ in 0..5 {
        Visitor::new(&server).open(&link).await.status(200);
    }
    let mut visitor = Visitor::new(&server);
    let page = visitor.open(&format!("{link}&fbclid=x")).await;
    visitor.send(&page, &[("new_password", NEW)]).await.status(303);
}
