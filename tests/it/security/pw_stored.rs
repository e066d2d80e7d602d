//! Stored passwords: what is stored, and damaged, cheap and old ones.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use doorkey::config::Flags;
use doorkey::crypto::{Argon2Params, PoolSettings, Random};
use doorkey::model::{LoginName, PasswordHash};
use doorkey::store::engine::Engine;
use serde_json::Value;
use tracing::Level;

use super::capture::Log;
use crate::auth::{change_password, dump, on_memory};
use crate::config::{load, refusal};
use crate::harness::{PASSWORD, Setup, TestServer};

/// Puts a hash of our choice into the store, as damage or an import would.
async fn plant(server: &TestServer, name: &str, hash: &str) {
    let users = server.store.users();
    let before = users.by_name(&LoginName::try_from(name).unwrap()).await.unwrap().unwrap();
    let hash = PasswordHash::from_phc(hash.to_owned());
    let after = before.value.clone().with_rehashed_password(hash);
    server.store.commit(users.replace(&before, &after)).await.unwrap();
}

/// The record of an account as the store holds it.
async fn stored(engine: &dyn Engine, name: &str) -> Value {
    let named = format!("\"username\":\"{name}\"");
    let all = dump(engine).await;
    let (_, user) = all.iter().find(|(_, value)| value.contains(&named)).unwrap();
    serde_json::from_str::<Value>(user).unwrap()["record"].clone()
}

/// What is weaker stops the start: the edges stand with the configuration.
#[tokio::test]
async fn pw_07_a_password_is_kept_as_argon2id_of_the_recommended_cost_and_a_salt_of_its_own() {
    let (mut setup, engine) = on_memory();
    setup.pool = PoolSettings { params: Argon2Params::default(), ..setup.pool };
    let server = setup.start().await;
    let mut salts = HashSet::new();
    for name in ["ann", "bob"] {
        server.account(name, &["user"]).await;
        let phc = stored(&*engine, name).await["password"].as_str().unwrap().to_owned();
        let fields: Vec<&str> = phc.split('$').collect();
        assert_eq!(fields[..4], ["", "argon2id", "v=19", "m=19456,t=2,p=1"], "{phc}");
        assert_eq!((STANDARD_NO_PAD.decode(fields[4]).unwrap().len(), fields.len()), (16, 6));
        salts.insert(fields[4].to_owned());
    }
    assert_eq!(salts.len(), 2);
    let shipped = load("", Flags::default()).unwrap().config.passwords.argon2;
    assert_eq!((shipped.m.bytes(), shipped.t, shipped.p), (19_456 * 1024, 2, 1));
    for weak in ["m = \"18 MiB\"", "m = \"19 MiB\", t = 1", "m = \"12 MiB\", t = 2", "t = 1"] {
        let said = refusal(&format!("[passwords]\nargon2 = {{ {weak} }}"));
        assert!(said.contains("argon2 must be at least"), "{weak}: {said}");
    }
}

/// It is told to whoever reads the log, and to nobody else.
#[tokio::test]
async fn pw_18_a_damaged_hash_is_a_plain_401_and_others_log_in() {
    let server = TestServer::start().await;
    server.account("ann", &["user"]).await;
    server.account("bob", &["user"]).await;
    let ours = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2Fs$";
    let log = Log::start(Level::TRACE);
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
        answer.problem("invalid_credentials").rule("password_unreadable");
        server.anonymous().login("ann", "").await.status(401);
        server.anonymous().login("bob", PASSWORD).await.status(200);
        assert_eq!(log.take().matches("the stored password hash is damaged").count(), 2);
    }
}

/// Also PW-10: by the current parameters, once, and no session ends.
#[tokio::test]
async fn pw_11_a_good_login_raises_an_old_hash_to_the_parameters_of_today() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let ann = server.user("ann").await;
    let hash = async || stored(&*engine, "ann").await["password"].to_string();
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

/// It is not refused for being the same, and even so the other sessions end.
#[tokio::test]
async fn pw_13_the_same_password_may_be_set_again_and_ends_the_rest() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let other = server.anonymous().logged_in("ann").await;
    change_password(&ann, PASSWORD, PASSWORD).await.status(200);
    other.refresh().await.status(401);
}
