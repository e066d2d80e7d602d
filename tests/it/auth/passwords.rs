//! Stored passwords: damaged ones, cheap ones, changed ones.

use doorkey::crypto::{Argon2Params, PoolSettings, Random};
use doorkey::model::{LoginName, PasswordHash};
use serde_json::{Value, json};

use super::{OTHER_PASSWORD, change_password, dump, on_memory};
use crate::harness::{PASSWORD, Setup, TestServer};

/// Puts a hash of our choice into the store, as damage or an import would.
async fn plant(server: &TestServer, name: &str, hash: &str) {
    let users = server.store.users();
    let before = users.by_name(&LoginName::try_from(name).unwrap()).await.unwrap().unwrap();
    let hash = PasswordHash::from_phc(hash.to_owned());
    let after = before.value.clone().with_rehashed_password(hash);
    server.store.commit(users.replace(&before, &after)).await.unwrap();
}

/// PW-18.
#[tokio::test]
async fn a_damaged_hash_is_a_plain_401_and_others_log_in() {
    let server = TestServer::start().await;
    server.account("ann", &["user"]).await;
    server.account("bob", &["user"]).await;
    let ours = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2Fs$";
    for damaged in [
        "",
        "$",
        "garbage",
        "$2b$12$abcdefghijklmnopqrstuv",
        "$argon2id$v=19$m=64,t=1,p=1$$",
        "$argon2id$v=19$m=99999999,t=1,p=1$c29tZXNhbHQ$c29tZWhhc2g",
        "$argon2id$v=19$m=64,t=4000000000,p=1$c29tZXNhbHQ$c29tZWhhc2g",
        ours,
    ] {
        plant(&server, "ann", damaged).await;
        let answer = server.anonymous().login("ann", PASSWORD).await.status(401);
        answer.problem("invalid_credentials");
        server.anonymous().login("ann", "").await.status(401);
        server.anonymous().login("bob", PASSWORD).await.status(200);
    }
}

/// PW-11, PW-10: by the current parameters, once, and no session ends.
#[tokio::test]
async fn a_good_login_raises_an_old_hash_to_the_parameters_of_today() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let ann = server.user("ann").await;
    let hash = async || {
        let all = dump(&*engine).await;
        let (_, user) = all.iter().find(|(_, v)| v.contains("\"username\":\"ann\"")).unwrap();
        serde_json::from_str::<Value>(user).unwrap()["record"]["password"].to_string()
    };
    let dearer = Argon2Params { memory_kib: 128, iterations: 2, parallelism: 1 };
    let pool = PoolSettings { params: dearer, ..Setup::default().pool };
    let next = Setup { pool, engine: engine.clone(), ..Setup::default() };
    let next = next.start_at(server.clock.clone(), Random::seeded(77)).await;
    let before = hash().await;
    assert!(before.contains("m=64,t=1"));
    next.anonymous().login("ann", "wrong").await.status(401);
    assert_eq!(hash().await, before);
    next.anonymous().login("ann", PASSWORD).await.status(200);
    let after = hash().await;
    assert!(after.contains("m=128,t=2"), "{after}");
    next.anonymous().login("ann", PASSWORD).await.status(200);
    assert_eq!(hash().await, after);
    ann.refresh().await.status(200);
    server.anonymous().login("ann", PASSWORD).await.status(200);
}

/// PW-13.
#[tokio::test]
async fn a_change_needs_the_present_password_and_a_good_next_one() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    for wrong in ["", "wrong", " correct horse battery staple", "Correct horse battery staple"] {
        let answer = change_password(&ann, wrong, OTHER_PASSWORD).await.status(401);
        answer.problem("invalid_credentials");
    }
    for bad in ["", "short", "password", "ann", "12345678"] {
        let answer = change_password(&ann, PASSWORD, bad).await.status(422);
        let body: Value = answer.problem("invalid_request").json();
        assert_eq!(body["errors"][0]["field"], "new_password");
    }
    ann.post("/auth/password")
        .json(&json!({"new_password": OTHER_PASSWORD}))
        .send()
        .await
        .status(422);
    ann.refresh().await.status(200);
    server.anonymous().login("ann", PASSWORD).await.status(200);
    change_password(&ann, PASSWORD, OTHER_PASSWORD).await.status(200);
}

/// PW-13: it is not refused for being the same, and even so the other sessions end.
#[tokio::test]
async fn the_same_password_may_be_set_again_and_ends_the_rest() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let other = server.anonymous().logged_in("ann").await;
    change_password(&ann, PASSWORD, PASSWORD).await.status(200);
    other.refresh().await.status(401);
}

/// PW-02, PW-03, PW-04: what is typed is verified whole.
#[tokio::test]
async fn no_password_is_cut_folded_or_trimmed() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let long = "seven otters ".repeat(19);
    for (n, good) in
        [long.as_str(), " spaces around it ", "p\u{e4}ssw\u{f6}rd \u{1f511} key"].iter().enumerate()
    {
        let form = json!({"username": format!("ann{n}"), "password": good});
        root.post("/admin/users").json(&form).send().await.status(201);
        let name = format!("ann{n}");
        let near = [
            good.trim().to_owned() + "\u{0}",
            good[..good.len() - 1].to_owned() + "X",
            format!("{good}\u{0}"),
            format!("{good} "),
            good.to_uppercase() + "A",
            good.chars().take(72).collect::<String>() + "x",
        ];
        for near in near {
            server.anonymous().login(&name, &near).await.status(401);
        }
        server.anonymous().login(&name, good).await.status(200);
    }
    server.anonymous().login("ann2", "pa\u{308}sswo\u{308}rd \u{1f511} key").await.status(200);
}
