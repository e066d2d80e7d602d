//! Races about passwords and one-time secrets: the latest password wins, one use is one use.

use std::sync::Arc;

use doorkey::crypto::{Argon2Params, PoolSettings, Random};
use serde_json::{Value, json};

use crate::auth::engines::{Dawdling, Gated};
use crate::auth::{OTHER_PASSWORD, at_once, change_password, count, hold};
use crate::harness::{Answer, Browser, PASSWORD, Setup, TestServer};

fn on(engine: &Arc<Gated>) -> Setup {
    Setup { engine: engine.clone(), ..Setup::default() }
}

/// The token of a fresh link that sets this account's password.
async fn link(admin: &Browser<'_>, id: &str) -> String {
    let path = format!("/admin/users/{id}/password-reset");
    let body: Value = admin.post(&path).send().await.status(200).json();
    body["link"].as_str().unwrap().split_once("token=").unwrap().1.to_owned()
}

async fn use_link(server: &TestServer, token: &str, password: &str) -> Answer {
    let form = json!({"token": token, "new_password": password});
    server.anonymous().post("/auth/password-reset").json(&form).send().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_05_a_login_with_the_old_password_that_ends_after_the_change_begins_no_session() {
    let engine = Gated::new();
    let server = hold(on(&engine).start().await);
    let (admin, id) = (server.admin().await, server.account("ann", &["user"]).await);
    let token = link(&admin, &id).await;
    engine.arm("session/");
    let late = crate::auth::begin(async move { server.anonymous().login("ann", PASSWORD).await });
    engine.reached().await;
    use_link(server, &token, OTHER_PASSWORD).await.status(204);
    engine.open();
    late.await.unwrap().status(401).problem("invalid_credentials").rule("account_overtaken");
    let path = format!("/admin/users/{id}/sessions");
    let body: Value = admin.get(&path).send().await.status(200).json();
    assert_eq!(body["sessions"], json!([]));
}

/// The same for an account that is shut out meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_05_a_login_that_ends_after_the_account_was_disabled_begins_no_session() {
    let engine = Gated::new();
    let server = hold(on(&engine).start().await);
    let (admin, id) = (server.admin().await, server.account("ann", &["user"]).await);
    engine.arm("session/");
    let late = crate::auth::begin(async move { server.anonymous().login("ann", PASSWORD).await });
    engine.reached().await;
    crate::auth::patch(&admin, &id, &json!({"disabled": true})).await.status(200);
    engine.open();
    late.await.unwrap().status(401).problem("invalid_credentials").rule("account_overtaken");
}

/// In whatever order they meet.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_05_no_session_of_the_old_password_outlives_the_change() {
    for seed in 0..12 {
        let setup = Setup { engine: Dawdling::new(seed), ..Setup::default() };
        let server = hold(setup.start().await);
        let ann = server.user("ann").await;
        let logins = (0..6).map(|_| async { server.anonymous().login("ann", PASSWORD).await });
        let logins = crate::auth::begin(at_once(logins));
        change_password(&ann, PASSWORD, OTHER_PASSWORD).await.status(200);
        for login in logins.await.unwrap().into_iter().filter(|l| l.status == 200) {
            let mut browser = server.anonymous();
            crate::auth::take(&mut browser, &login);
            browser.refresh().await.status(401);
        }
    }
}

/// Also PW-11.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_06_a_new_password_wins_over_the_rehash_of_the_old_one() {
    let engine = Gated::new();
    let server = on(&engine).start().await;
    let (admin, id) = (server.admin().await, server.account("ann", &["user"]).await);
    let token = link(&admin, &id).await;
    let dearer = Argon2Params { memory_kib: 128, iterations: 2, parallelism: 1 };
    let pool = PoolSettings { params: dearer, ..Setup::default().pool };
    let next = Setup { pool, ..on(&engine) };
    let next = hold(next.start_at(server.clock.clone(), Random::seeded(77)).await);
    engine.arm("user/");
    let late = crate::auth::begin(async move { next.anonymous().login("ann", PASSWORD).await });
    engine.reached().await;
    use_link(&server, &token, OTHER_PASSWORD).await.status(204);
    engine.open();
    late.await.unwrap().status(200);
    next.anonymous().login("ann", PASSWORD).await.status(401);
    next.anonymous().login("ann", OTHER_PASSWORD).await.status(200);
}

/// Of two changes at once one succeeds, and its password is the one that counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_06_of_two_changes_of_one_password_at_once_one_wins() {
    for seed in 0..12 {
        let setup = Setup { engine: Dawdling::new(seed), ..Setup::default() };
        let server = hold(setup.start().await);
        let phone = server.user("ann").await;
        let laptop = server.anonymous().logged_in("ann").await;
        let tasks = [(phone, OTHER_PASSWORD), (laptop, "a third good passphrase")];
        let tasks = tasks.map(|(by, new)| async move {
            (change_password(&by, PASSWORD, new).await.status, new)
        });
        let mut done = at_once(tasks).await;
        done.sort_unstable();
        assert_eq!((done[0].0, done[1].0), (200, 401));
        server.anonymous().login("ann", done[0].1).await.status(200);
        server.anonymous().login("ann", done[1].1).await.status(401);
        server.anonymous().login("ann", PASSWORD).await.status(401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_07_of_two_setups_at_once_one_wins() {
    for seed in 0..20 {
        let setup = Setup { engine: Dawdling::new(seed), ..Setup::default() };
        let server = hold(setup.start().await);
        let secret = server.auth.prepare_setup(None).await.unwrap().unwrap();
        let set_up = |name: &'static str| {
            let form = json!({"secret": secret.expose(), "username": name, "password": PASSWORD});
            async move { server.anonymous().post("/auth/setup").json(&form).send().await }
        };
        let answers = at_once([set_up("ada"), set_up("bob")]).await;
        assert_eq!((count(&answers, 201), count(&answers, 404)), (1, 1));
        set_up("eve").await.status(404).problem("not_found");
        let body: Value = server.operator().get("/admin/users").send().await.json();
        assert_eq!(body["users"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_08_of_fifty_uses_of_one_link_one_succeeds() {
    for seed in 0..3 {
        let setup = Setup { engine: Dawdling::new(seed), ..Setup::default() };
        let server = hold(setup.start().await);
        let (admin, id) = (server.admin().await, server.account("ann", &["user"]).await);
        let token = link(&admin, &id).await;
        let tasks = (0..50).map(|n| {
            let token = token.clone();
            async move { use_link(server, &token, &format!("passphrase number {n:03}")).await }
        });
        let answers = at_once(tasks).await;
        assert_eq!((count(&answers, 204), count(&answers, 401)), (1, 49));
    }
}
