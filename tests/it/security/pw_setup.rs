//! The first administrator: one secret, one use, over restarts.

use serde_json::{Value, json};

use crate::auth::{dump, on_memory};
use crate::harness::{Answer, PASSWORD, Setup, TestServer};

async fn set_up(server: &TestServer, secret: &str, name: &str) -> Answer {
    let form = json!({"secret": secret, "username": name, "password": PASSWORD});
    server.anonymous().post("/auth/setup").json(&form).send().await
}

#[tokio::test]
async fn pw_14_without_a_setup_secret_there_is_no_setup() {
    let server = TestServer::start().await;
    set_up(&server, "", "root").await.status(404).problem("not_found");
    set_up(&server, "AAAA", "root").await.status(404);
}

/// No account comes with the server.
#[tokio::test]
async fn pw_14_a_new_server_has_no_account_and_its_first_registrant_is_no_administrator() {
    let server = TestServer::start().await;
    let list: Value = server.operator().get("/admin/users").send().await.json();
    assert_eq!(list["users"], json!([]));
    for (name, password) in [("admin", "admin"), ("root", ""), ("admin", "password")] {
        server.anonymous().login(name, password).await.status(401);
    }
    let form = json!({"username": "first", "password": PASSWORD});
    let made = server.anonymous().post("/auth/register").json(&form).send().await.status(201);
    assert_eq!(made.json::<Value>()["user"]["roles"], json!(["user"]));
}

#[tokio::test]
async fn pw_14_the_secret_makes_one_administrator_and_is_void_after() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let secret = server.auth.prepare_setup(None).await.unwrap().unwrap();
    assert_eq!(secret.expose().len(), 32);
    let stored = dump(&*engine).await;
    assert!(stored.iter().all(|(_, value)| !value.contains(secret.expose())));
    set_up(&server, "not the secret", "root").await.status(401).problem("invalid_credentials");
    set_up(&server, secret.expose(), "bad name").await.status(422);
    let made = set_up(&server, secret.expose(), "root").await.status(201);
    assert_eq!(made.json::<Value>()["user"]["roles"], json!(["admin", "user"]));
    assert!(made.header("set-cookie").is_none());
    set_up(&server, secret.expose(), "again").await.status(404).problem("not_found");
    assert!(dump(&*engine).await.iter().all(|(key, _)| key != "setup"));
    assert!(server.auth.prepare_setup(Some(secret)).await.unwrap().is_none());
    let root = server.anonymous().logged_in("root").await;
    root.get("/admin/users").send().await.status(200);
}

/// The secret of the file stays good over a restart; a lost one is replaced.
#[tokio::test]
async fn pw_14_a_restart_keeps_the_secret_that_is_still_known_and_replaces_a_lost_one() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let first = server.auth.prepare_setup(None).await.unwrap().unwrap();
    let again = Setup { engine, ..Setup::default() };
    let again = again.start_at(server.clock.clone(), server.random.clone()).await;
    let kept = again.auth.prepare_setup(Some(first.clone())).await.unwrap().unwrap();
    assert_eq!(kept.expose(), first.expose());
    let replaced = again.auth.prepare_setup(None).await.unwrap().unwrap();
    assert_ne!(replaced.expose(), first.expose());
    set_up(&again, first.expose(), "root").await.status(401);
    let forged = again.auth.prepare_setup(Some(first.clone())).await.unwrap().unwrap();
    assert_ne!(forged.expose(), first.expose());
    set_up(&again, replaced.expose(), "root").await.status(401);
    set_up(&again, forged.expose(), "root").await.status(201);
}

/// An administrator made in any other way voids it as well.
#[tokio::test]
async fn pw_14_an_administrator_made_on_the_command_line_voids_the_secret() {
    let server = TestServer::start().await;
    let secret = server.auth.prepare_setup(None).await.unwrap().unwrap();
    server.account("ann", &["user"]).await;
    set_up(&server, "wrong", "root").await.status(401);
    server.account("root", &["admin"]).await;
    set_up(&server, secret.expose(), "other").await.status(404).problem("not_found");
}

/// An invited administrator cannot act yet, so the way in stays open until it can.
#[tokio::test]
async fn pw_14_an_invited_administrator_voids_the_secret_only_with_its_password() {
    let server = TestServer::start().await;
    server.auth.prepare_setup(None).await.unwrap().unwrap();
    let form = json!({"username": "root", "roles": ["admin"]});
    let made = server.operator().post("/admin/users").json(&form).send().await.status(201);
    set_up(&server, "wrong", "other").await.status(401);
    let link = made.json::<Value>()["invite"]["link"].as_str().unwrap().to_owned();
    let form = json!({"token": link.split_once("token=").unwrap().1, "new_password": PASSWORD});
    server.anonymous().post("/auth/password-reset").json(&form).send().await.status(204);
    set_up(&server, "wrong", "other").await.status(404);
}
