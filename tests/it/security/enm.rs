//! Nobody learns by asking whether an account is there. What a registration tells stands with
//! the password queue (`pw_pool`).

use std::collections::HashSet;
use std::time::Duration;

use doorkey::http::{Guard, Route};
use serde_json::{Value, json};

use crate::auth::{OTHER_PASSWORD, WRONG_PASSWORD, anonymous_text, patch};
use crate::harness::{PASSWORD, Setup, TestServer};
use crate::http::routes::{filled, name};

/// Also PW-10: unknown, wrong, disabled, invited.
#[tokio::test]
async fn enm_01_every_refused_login_is_the_same_answer() {
    let server = TestServer::start().await;
    let (admin, ann, bob) =
        (server.admin().await, server.user("ann").await, server.user("bob").await);
    patch(&admin, &bob.user_id, &json!({"disabled": true})).await.status(200);
    patch(&admin, &ann.user_id, &json!({"email": null})).await.status(200);
    let invite = json!({"username": "invited"});
    admin.post("/admin/users").json(&invite).send().await.status(201);
    let change = json!({"email": "ann@example.org"});
    let mut fresh = server.anonymous().logged_in("ann").await;
    fresh.patch("/auth/me").json(&change).send().await.status(200);
    fresh.cookie = None;
    let mut texts = HashSet::new();
    for (name, password) in [
        ("nobody", PASSWORD),
        ("ann", WRONG_PASSWORD),
        ("ann", ""),
        ("bob", PASSWORD),
        ("bob", WRONG_PASSWORD),
        ("invited", PASSWORD),
        ("invited", ""),
        ("ann@example.org", PASSWORD),
        ("not a name\u{0}", PASSWORD),
        ("", PASSWORD),
        ("@", PASSWORD),
    ] {
        texts.insert(anonymous_text(&fresh.login(name, password).await.status(401)));
    }
    assert_eq!(texts.len(), 1, "{texts:#?}");
}

#[tokio::test]
async fn enm_06_the_throttle_answers_alike_for_accounts_that_exist_and_that_do_not() {
    let server = Setup::default().with_limits().start().await;
    let admin = server.admin().await;
    server.account("ann", &["user"]).await;
    let bob = server.account("bob", &["user"]).await;
    patch(&admin, &bob, &json!({"disabled": true})).await.status(200);
    let mut stories = HashSet::new();
    for name in ["ann", "bob", "nobody", "no@example.org"] {
        let eve = server.anonymous();
        let mut story = Vec::new();
        for _ in 0..8 {
            story.push(anonymous_text(&eve.login(name, WRONG_PASSWORD).await));
        }
        stories.insert(story);
    }
    assert_eq!(stories.len(), 1);
}

/// There is no way to ask for a link but an administrator's; and what a link is told that no
/// longer opens anything does not say whose it was.
#[tokio::test]
async fn enm_04_a_refused_link_tells_nothing_of_an_account() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let mut tokens =
        vec![String::new(), "x".to_owned(), format!("{}.{}", "A".repeat(22), "A".repeat(43))];
    for name in ["used", "disabled", "deleted", "moved", "late"] {
        let id = server.account(name, &["user"]).await;
        let path = format!("/admin/users/{id}/password-reset");
        let link: Value = root.post(&path).send().await.status(200).json();
        tokens.push(link["link"].as_str().unwrap().split_once("token=").unwrap().1.to_owned());
    }
    let list: Value = root.get("/admin/users").send().await.json();
    let users = list["users"].as_array().unwrap();
    let id =
        |name: &str| users.iter().find(|u| u["username"] == name).unwrap()["id"].as_str().unwrap();
    let finish = async |token: &str| {
        let form = json!({"token": token, "new_password": OTHER_PASSWORD});
        server.anonymous().post("/auth/password-reset").json(&form).send().await
    };
    finish(&tokens[3]).await.status(204);
    patch(&root, id("disabled"), &json!({"disabled": true})).await.status(200);
    root.delete(&format!("/admin/users/{}", id("deleted"))).send().await.status(204);
    patch(&root, id("moved"), &json!({"roles": ["editor"]})).await.status(200);
    server.advance(Duration::from_mins(15));
    let mut texts = HashSet::new();
    for token in &tokens {
        texts.insert(anonymous_text(&finish(token).await.status(401).problem("invalid_token")));
    }
    assert_eq!(texts.len(), 1, "{texts:#?}");
    for path in ["/auth/forgot-password", "/auth/reset", "/auth/recover", "/forgot-password"] {
        let form = json!({"username": "used"});
        server.anonymous().post(path).json(&form).send().await.status(404);
    }
}

/// By byte, on every route that takes an id. The administration does not look at one before it
/// has seen the role.
#[tokio::test]
async fn enm_05_an_id_of_someone_else_answers_as_one_that_never_was() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let session = bob.cookie.as_deref().unwrap().split_once('.').unwrap().0.to_owned();
    let takes_id = |row: &&Route| row.path.contains('{') && row.guard != Guard::Operator;
    let guarded = |row: &&Route| matches!(row.guard, Guard::User | Guard::Admin);
    let rows = server.api.routes().iter().filter(takes_id).filter(guarded);
    for row in rows {
        let own = if row.guard == Guard::User { &session } else { &bob.user_id };
        let theirs = row.path.replace("{id}", own).replace("{sid}", &session);
        let mut texts = HashSet::new();
        for path in [theirs, filled(row.path)] {
            let answer = ann.request(row.method.clone(), &path).json(&json!({})).send().await;
            assert_eq!(answer.status, if row.guard == Guard::User { 404 } else { 403 });
            texts.insert(anonymous_text(&answer));
        }
        assert_eq!(texts.len(), 1, "{}: {texts:#?}", name(row));
    }
    bob.refresh().await.status(200);
}
