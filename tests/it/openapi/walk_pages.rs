//! The part of the walk that people take: every answer that the document promises of a page.

use serde_json::Value;

use super::walk::{UNKNOWN, Walk};
use crate::harness::{ORIGIN, PASSWORD, Setup, TestServer};
use crate::http::pages::{Page, Visitor};

impl Walk {
    #[track_caller]
    fn took(&mut self, told: &str, page: Page) -> Page {
        let place = page.0.documented.clone().expect("a page is in the document");
        assert_eq!(place.rsplit(' ').next(), Some(told), "{place}: {}", page.0.text());
        self.note(place);
        page
    }
}

pub async fn on_pages(walk: &mut Walk) {
    let server = TestServer::start().await;
    let mut visitor = Visitor::new(&server);
    register(walk, &mut visitor).await;
    sign_in_and_out(walk, &mut visitor).await;
    set_password(walk, &server).await;
    set_up(walk).await;
    closed(walk).await;
    without_a_clock(walk).await;
    let user = format!("/console/users/{UNKNOWN}");
    for path in ["/account", "/console", &user, "/console/keys", "/console/events"] {
        walk.took("200", visitor.open(path).await);
    }
    walk.took("200", visitor.open("/console/status").await);
    walk.took("not_found", visitor.open("/console/users/x").await);
    files(walk, &mut visitor).await;
}

async fn register(walk: &mut Walk, visitor: &mut Visitor<'_>) {
    let page = walk.took("200", visitor.open("/register").await);
    let form = |name, email| [("username", name), ("password", PASSWORD), ("email", email)];
    walk.took("303", visitor.send(&page, &form("ann", "a@b.org")).await);
    walk.took("username_taken", visitor.send(&page, &form("ann", "")).await);
    walk.took("email_taken", visitor.send(&page, &form("other", "a@b.org")).await);
    walk.took("invalid_request", visitor.send(&page, &form("", "")).await);
}

async fn sign_in_and_out(walk: &mut Walk, visitor: &mut Visitor<'_>) {
    let page = walk.took("200", visitor.open("/login").await);
    let form = |password| [("username", "ann"), ("password", password)];
    walk.took("invalid_credentials", visitor.send(&page, &form("wrong")).await);
    walk.took("303", visitor.send(&page, &form(PASSWORD)).await);
    walk.took("foreign_origin", visitor.send(&page, &form(PASSWORD)).await);
    let page = walk.took("200", visitor.open("/login").await);
    walk.took("303", visitor.send(&page, &[]).await);
}

async fn set_password(walk: &mut Walk, server: &TestServer) {
    let (root, bob) = (server.admin().await, server.user("bob").await);
    let reset = root.post(&format!("/admin/users/{}/password-reset", bob.user_id)).send().await;
    let reset: Value = reset.json();
    let link = reset["link"].as_str().unwrap().strip_prefix(ORIGIN).unwrap();
    let mut visitor = Visitor::new(server);
    let page = walk.took("200", visitor.open(link).await);
    let form = [("new_password", "a quiet old place")];
    walk.took("303", visitor.send(&page, &form).await);
    walk.took("invalid_token", visitor.send(&page, &form).await);
    walk.took("invalid_token", visitor.open(link).await);
}

async fn set_up(walk: &mut Walk) {
    let server = TestServer::start().await;
    let secret = server.auth.prepare_setup(None).await.unwrap().unwrap();
    server.account("ann", &["user"]).await;
    let mut visitor = Visitor::new(&server);
    let page = walk.took("200", visitor.open("/setup").await);
    let form = |secret, name| [("secret", secret), ("username", name), ("password", PASSWORD)];
    walk.took("invalid_credentials", visitor.send(&page, &form("wrong", "root")).await);
    walk.took("username_taken", visitor.send(&page, &form(secret.expose(), "ann")).await);
    walk.took("303", visitor.send(&page, &form(secret.expose(), "root")).await);
    walk.took("not_found", visitor.send(&page, &form(secret.expose(), "root")).await);
    walk.took("not_found", visitor.open("/setup").await);
}

async fn closed(walk: &mut Walk) {
    let mut setup = Setup::default();
    setup.auth.registration_open = false;
    let server = setup.start().await;
    let mut visitor = Visitor::new(&server);
    walk.took("registration_closed", visitor.open("/register").await);
    // A form that was shown before registration was closed: the key of the tokens is the same.
    let opened = TestServer::start().await;
    let mut early = Visitor::new(&opened);
    let page = early.open("/register").await;
    visitor.jar = early.jar;
    let fields = [("username", "eve"), ("password", PASSWORD)];
    walk.took("registration_closed", visitor.send(&page, &fields).await);
}

async fn without_a_clock(walk: &mut Walk) {
    let server = TestServer::start().await;
    server.account("ann", &["user"]).await;
    server.advance(std::time::Duration::from_mins(9));
    server.auth.save(true).await.unwrap();
    server.clock.set_wall(server.clock.wall().minus(std::time::Duration::from_mins(6)));
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/login").await;
    let form = [("username", "ann"), ("password", PASSWORD)];
    walk.took("clock_not_set", visitor.send(&page, &form).await);
}

async fn files(walk: &mut Walk, visitor: &mut Visitor<'_>) {
    let page = visitor.open("/register").await;
    let script = visitor.open("/console").await;
    let addresses =
        [(page, "<link rel=\"stylesheet\" href=\""), (script, "<script type=\"module\" src=\"")];
    for (page, tag) in addresses {
        let tag = page.tag(tag);
        let file = tag.rsplit('"').nth(1).unwrap();
        let first = walk.took("200", visitor.open(file).await);
        let etag = first.0.header("etag").unwrap();
        let again = visitor.browser.get(file).header("if-none-match", etag);
        walk.is("304", again).await;
    }
    walk.is("not_found", visitor.browser.get("/assets/nothing")).await;
    walk.is("not_found", visitor.browser.get("/assets/nothing/dom.js")).await;
}
