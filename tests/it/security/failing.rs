//! A store that does not answer: nobody is let in on a guess, and nothing is told as done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use doorkey::store::engine::{Commit, Engine, Entry};
use doorkey::store::{Error, Memory};
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, Setup, TestServer};

/// A memory engine whose reads or commits fail while the test says so.
#[derive(Default)]
pub(crate) struct Moody {
    memory: Memory,
    no_reads: AtomicBool,
    no_commits: AtomicBool,
}

impl Moody {
    pub(crate) fn fail(&self, reads: bool, commits: bool) {
        self.no_reads.store(reads, Ordering::SeqCst);
        self.no_commits.store(commits, Ordering::SeqCst);
    }
}

fn check(broken: &AtomicBool) -> Result<(), Error> {
    if broken.load(Ordering::SeqCst) {
        return Err(Error::unavailable("the disk at /secret/place is gone"));
    }
    Ok(())
}

#[async_trait]
impl Engine for Moody {
    async fn get(&self, key: &[u8]) -> Result<Option<Entry>, Error> {
        check(&self.no_reads)?;
        self.memory.get(key).await
    }

    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        check(&self.no_reads)?;
        self.memory.scan(prefix, after, limit).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        check(&self.no_commits)?;
        self.memory.commit(commit).await
    }
}

pub(crate) async fn start() -> (TestServer, Arc<Moody>) {
    let engine = Arc::new(Moody::default());
    let setup = Setup { engine: engine.clone(), ..Setup::default() };
    (setup.start().await, engine)
}

/// A 503 that says nothing about the inside, and sets no cookie.
#[track_caller]
fn unavailable(answer: Answer) {
    assert!(!answer.headers.contains_key("set-cookie"), "no cookie is set or cleared");
    assert!(!answer.text().contains("secret/place"), "{}", answer.text());
    assert!(answer.header("retry-after").is_some());
    answer.status(503).problem("unavailable");
}

#[tokio::test]
async fn ses_16_a_refresh_that_cannot_be_judged_is_503_and_keeps_the_cookie() {
    let (server, engine) = start().await;
    let ann = server.user("ann").await;
    engine.fail(true, true);
    unavailable(ann.refresh().await);
    engine.fail(false, false);
    ann.refresh().await.status(200);
}

#[tokio::test]
async fn ses_16_a_logout_that_is_not_stored_is_503_and_keeps_the_cookie() {
    let (server, engine) = start().await;
    let ann = server.user("ann").await;
    for (reads, commits) in [(true, true), (false, true), (true, false)] {
        engine.fail(reads, commits);
        unavailable(ann.post("/auth/logout").send().await);
    }
    engine.fail(false, false);
    ann.refresh().await.status(200);
    let out = ann.post("/auth/logout").send().await.status(204);
    assert_eq!(out.cookie("__Host-refresh").as_deref(), Some(""));
    ann.refresh().await.status(401).problem("session_ended");
}

#[tokio::test]
async fn every_protected_route_fails_closed() {
    let (server, engine) = start().await;
    let root = server.admin().await;
    engine.fail(true, false);
    for path in [
        "/auth/me",
        "/auth/sessions",
        "/admin/users",
        "/admin/keys",
        "/admin/events",
        &format!("/admin/users/{}", root.user_id),
    ] {
        unavailable(root.get(path).send().await);
    }
    unavailable(root.delete("/auth/sessions").send().await);
    unavailable(root.post("/admin/keys/rotate").send().await);
    engine.fail(false, false);
    root.get("/auth/me").send().await.status(200);
}

#[tokio::test]
async fn a_token_that_is_forged_is_refused_with_or_without_a_store() {
    let (server, engine) = start().await;
    engine.fail(true, true);
    let eve = server.anonymous().with_token("a.b.c");
    eve.get("/auth/me").send().await.status(401).problem("invalid_token");
}

#[tokio::test]
async fn a_login_without_a_store_is_no_login_and_not_called_a_wrong_password() {
    let (server, engine) = start().await;
    server.account("ann", &["user"]).await;
    for (reads, commits) in [(true, true), (false, true)] {
        engine.fail(reads, commits);
        unavailable(server.anonymous().login("ann", PASSWORD).await);
    }
    engine.fail(false, false);
    server.anonymous().login("ann", PASSWORD).await.status(200);
}

#[tokio::test]
async fn a_change_that_is_not_stored_has_not_happened() {
    let (server, engine) = start().await;
    let root = server.admin().await;
    engine.fail(false, true);
    let form = json!({"username": "eve", "password": PASSWORD});
    unavailable(server.anonymous().post("/auth/register").json(&form).send().await);
    unavailable(root.post("/admin/users").json(&form).send().await);
    let name = json!({"display_name": "Root"});
    unavailable(root.patch("/auth/me").json(&name).send().await);
    let change = json!({"current_password": PASSWORD, "new_password": "another good long one"});
    unavailable(root.post("/auth/password").json(&change).send().await);
    unavailable(root.delete("/auth/sessions").send().await);
    engine.fail(false, false);

    let me: Value = root.get("/auth/me").send().await.status(200).json();
    assert_eq!(me["display_name"], Value::Null);
    server.anonymous().login("eve", PASSWORD).await.status(401);
    server.anonymous().login("root", PASSWORD).await.status(200);
    server.anonymous().post("/auth/register").json(&form).send().await.status(201);
}

#[tokio::test]
async fn readiness_follows_the_store_and_life_does_not() {
    let (server, engine) = start().await;
    let probe = server.anonymous();
    probe.get("/readyz").send().await.status(200);
    engine.fail(true, true);
    unavailable(probe.get("/readyz").send().await);
    probe.get("/healthz").send().await.status(200);
    probe.get("/.well-known/jwks.json").send().await.status(200);
    engine.fail(false, false);
    probe.get("/readyz").send().await.status(200);
}
