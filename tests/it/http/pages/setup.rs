//! The first start: an administrator by the secret that the server printed.

use super::Visitor;
use crate::harness::{PASSWORD, TestServer};

#[tokio::test]
async fn the_owner_makes_the_first_administrator_and_the_page_is_gone() {
    let server = TestServer::start().await;
    let secret = server.auth.prepare_setup(None).await.unwrap().unwrap();
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/setup").await.status(200).says("There is no administrator yet.");
    let fields = [("secret", secret.expose()), ("username", "root"), ("password", PASSWORD)];
    visitor.send(&page, &fields).await.leads_to("/login?done=set_up");
    visitor.open("/login?done=set_up").await.says("The administrator is there.");
    let root = server.anonymous().logged_in("root").await;
    root.get("/admin/users").send().await.status(200);
    visitor.open("/setup").await.status(404).says("There is no such page.").lacks("<form");
    visitor.send(&page, &fields).await.status(404);
}

#[tokio::test]
async fn a_wrong_secret_is_told_beside_its_field_and_not_repeated() {
    let server = TestServer::start().await;
    server.auth.prepare_setup(None).await.unwrap();
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/setup").await;
    let fields = [("secret", "wrong-secret"), ("username", "root"), ("password", PASSWORD)];
    let page = visitor.send(&page, &fields).await.status(401).lacks("wrong-secret");
    assert_eq!(page.error_of("secret"), "This is not the setup secret.");
    assert!(page.tag("<input id=\"username\"").contains("value=\"root\""));
}

#[tokio::test]
async fn a_bad_name_and_a_bad_password_leave_the_secret_good() {
    let server = TestServer::start().await;
    let secret = server.auth.prepare_setup(None).await.unwrap().unwrap();
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/setup").await;
    let fields = [("secret", secret.expose()), ("username", "a b"), ("password", "short")];
    let page = visitor.send(&page, &fields).await.status(422);
    assert!(!page.error_of("username").is_empty() && !page.error_of("password").is_empty());
    let fields = [("secret", secret.expose()), ("username", "root"), ("password", PASSWORD)];
    visitor.send(&page, &fields).await.status(303);
}
