//! Administration: what an administrator may do to whom, and what stays out of everyone's reach.

use std::collections::HashSet;

use doorkey::http::{Guard, Route};
use serde_json::{Value, json};

use crate::auth::{OTHER_PASSWORD, change_password, dump, on_memory, patch};
use crate::harness::{Browser, PASSWORD, TestServer};

#[tokio::test]
async fn az_04_nobody_changes_its_own_roles() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    server.account("other", &["admin"]).await;
    for roles in [json!(["admin", "user", "editor"]), json!(["user"]), json!(["admin", "user"])] {
        let answer = patch(&root, &root.user_id, &json!({"roles": roles})).await.status(403);
        answer.problem("insufficient_scope");
    }
    let ann = server.user("ann").await;
    patch(&ann, &ann.user_id, &json!({"roles": ["admin"]})).await.status(403);
    let mass = json!({"display_name": "Ann", "roles": ["admin"]});
    ann.patch("/auth/me").json(&mass).send().await.status(422).problem("invalid_request");
    let me: Value = ann.get("/auth/me").send().await.json();
    assert_eq!((&me["roles"], &me["display_name"]), (&json!(["user"]), &Value::Null));
}

/// Out of a closed set.
#[tokio::test]
async fn az_04_a_role_that_is_not_declared_is_refused_and_nothing_changes() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    for roles in [json!(["owner"]), json!(["user", "Admin"]), json!([""]), json!(["user "])] {
        let refused = patch(&root, &ann.user_id, &json!({"roles": roles})).await.status(422);
        let body: Value = refused.problem("invalid_request").json();
        assert_eq!(body["errors"][0]["field"], "roles");
        let new = json!({"username": "bob", "password": PASSWORD, "roles": roles});
        root.post("/admin/users").json(&new).send().await.status(422);
    }
    ann.refresh().await.status(200);
    let list: Value = root.get("/admin/users?q=bob").send().await.json();
    assert_eq!(list["users"], json!([]));
}

/// What takes an administrator's place away, in each of three ways.
async fn take_away(by: &Browser<'_>, id: &str, way: usize) -> crate::harness::Answer {
    match way {
        0 => patch(by, id, &json!({"roles": ["user"]})).await,
        1 => patch(by, id, &json!({"disabled": true})).await,
        _ => by.delete(&format!("/admin/users/{id}")).send().await,
    }
}

/// Not by itself, and not by the operator either.
#[tokio::test]
async fn az_05_the_last_administrator_stays() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    for way in 0..3 {
        take_away(&server.operator(), &root.user_id, way).await.status(409).problem("last_admin");
    }
    take_away(&root, &root.user_id, 0).await.status(403);
    take_away(&root, &root.user_id, 1).await.status(409).problem("last_admin");
    take_away(&root, &root.user_id, 2).await.status(409).problem("last_admin");
    root.get("/admin/users").send().await.status(200);
}

/// Who cannot act is no administrator.
#[tokio::test]
async fn az_05_neither_a_disabled_nor_an_invited_administrator_counts() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let disabled = server.account("disabled", &["admin"]).await;
    patch(&root, &disabled, &json!({"disabled": true})).await.status(200);
    let invite = json!({"username": "invited", "roles": ["admin"]});
    let made: Value = root.post("/admin/users").json(&invite).send().await.status(201).json();
    for way in 1..3 {
        take_away(&root, &root.user_id, way).await.status(409).problem("last_admin");
    }
    let link = made["invite"]["link"].as_str().unwrap();
    let form = json!({"token": link.split_once("token=").unwrap().1, "new_password": PASSWORD});
    server.anonymous().post("/auth/password-reset").json(&form).send().await.status(204);
    take_away(&root, &root.user_id, 1).await.status(200);
    let invited = server.anonymous().logged_in("invited").await;
    take_away(&invited, &invited.user_id, 2).await.status(409).problem("last_admin");
}

/// Also PW-17: for its owner, for an administrator, in lists.
#[tokio::test]
async fn az_03_an_account_is_shown_with_its_public_fields_only() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let one: Value = root.get(&format!("/admin/users/{}", ann.user_id)).send().await.json();
    let list: Value = root.get("/admin/users?q=ann").send().await.json();
    let me: Value = ann.get("/auth/me").send().await.json();
    for shown in [&one, &list["users"][0], &me] {
        let mut names: Vec<&str> = shown.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        let public = "created_at disabled display_name email email_verified id roles username";
        assert_eq!(names.join(" "), public);
    }
}

/// Also INP-01: what decides about an account cannot be slipped in.
#[tokio::test]
async fn az_03_members_that_are_not_the_callers_to_set_are_refused() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    for member in ["id", "epoch", "email_verified", "password", "password_hash", "created_at"] {
        let change = json!({"display_name": "X", member: "1"});
        patch(&root, &ann.user_id, &change).await.status(422);
        ann.patch("/auth/me").json(&change).send().await.status(422);
    }
    for member in ["roles", "disabled", "username"] {
        let change = json!({"display_name": "X", member: null});
        ann.patch("/auth/me").json(&change).send().await.status(422);
    }
    for member in ["id", "roles", "email_verified", "disabled", "is_admin"] {
        let form = json!({"username": "bob", "password": PASSWORD, member: ["admin"]});
        server.anonymous().post("/auth/register").json(&form).send().await.status(422);
    }
    let me: Value = ann.get("/auth/me").send().await.json();
    assert_eq!(me["display_name"], Value::Null);
}

#[tokio::test]
async fn az_06_who_is_calling_is_told_by_the_token_alone() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let id = root.user_id.clone();
    let me = ann
        .get("/auth/me")
        .header("x-user-id", &id)
        .header("x-auth-user", "root")
        .header("x-forwarded-user", "root")
        .header("x-auth-id", &id)
        .header("remote-user", "root");
    assert_eq!(me.send().await.status(200).json::<Value>()["username"], "ann");
    let nobody = server.anonymous();
    let bare = nobody.get("/auth/me").header("x-user-id", &id).send().await;
    bare.status(401).problem("invalid_token");
    let asked: Value = ann.get(&format!("/auth/me?user_id={id}")).send().await.json();
    assert_ne!(asked["username"], "root");
    let change = json!({"user_id": id, "display_name": "Eve"});
    ann.patch("/auth/me").json(&change).send().await.status(422);
    nobody.patch("/auth/me").json(&change).send().await.status(401);
    let mut with_cookie = server.anonymous();
    with_cookie.cookie.clone_from(&root.cookie);
    with_cookie.get("/auth/me").send().await.status(401);
    with_cookie.get("/admin/users").send().await.status(401);
    let me: Value = root.get("/auth/me").send().await.json();
    assert_eq!(me["display_name"], Value::Null);
}

#[tokio::test]
async fn az_09_the_subject_of_a_token_stays_whatever_changes() {
    let server = TestServer::start().await;
    let (root, mut ann) = (server.admin().await, server.user("ann").await);
    let subject = |browser: &Browser<'_>| {
        crate::auth::claims(browser.token.as_deref().unwrap())["sub"].clone()
    };
    let first = subject(&ann);
    let changed = change_password(&ann, PASSWORD, OTHER_PASSWORD).await.status(200);
    crate::auth::take(&mut ann, &changed);
    assert_eq!(subject(&ann), first);
    for change in [
        json!({"email": "new@example.org", "display_name": "Ann"}),
        json!({"roles": ["user", "editor"]}),
        json!({"disabled": true}),
        json!({"disabled": false}),
    ] {
        patch(&root, &ann.user_id, &change).await.status(200);
    }
    let login = server.anonymous().login("ann", OTHER_PASSWORD).await.status(200);
    crate::auth::take(&mut ann, &login);
    assert_eq!(subject(&ann), first);
}

/// Nor does a token of the old one open the new one.
#[tokio::test]
async fn az_09_the_id_of_a_deleted_account_is_never_used_again() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let mut ids = HashSet::new();
    for _ in 0..20 {
        let ann = server.user("ann").await;
        assert!(ids.insert(ann.user_id.clone()), "an id came back");
        assert!(ann.user_id.len() >= 21, "122 bits and more");
        root.delete(&format!("/admin/users/{}", ann.user_id)).send().await.status(204);
        server.account("ann", &["user"]).await;
        ann.get("/auth/me").send().await.status(401);
        ann.refresh().await.status(401);
        let list: Value = root.get("/admin/users?q=ann").send().await.json();
        let next = list["users"][0]["id"].as_str().unwrap().to_owned();
        assert!(ids.insert(next.clone()));
        root.delete(&format!("/admin/users/{next}")).send().await.status(204);
    }
}

/// The second account's id, session and name on every route, in path and body, by the first.
#[tokio::test]
async fn az_02_a_user_reaches_nothing_of_another_account() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let session = bob.cookie.as_deref().unwrap().split_once('.').unwrap().0.to_owned();
    let form = json!({
        "id": bob.user_id, "user_id": bob.user_id, "username": "bob", "roles": ["admin"],
        "disabled": true, "current_password": PASSWORD, "new_password": OTHER_PASSWORD,
    });
    let before = dump(&*engine).await;
    // A page for administrators is empty, whoever asks for it: `http/pages/app.rs`.
    let is_open = |row: &&Route| matches!(row.guard, Guard::Public | Guard::Page);
    let takes_id = |row: &&Route| row.path.contains('{') && !is_open(row);
    for row in server.api.routes().iter().filter(takes_id) {
        let own = if row.guard == Guard::User { &session } else { &bob.user_id };
        let path = row.path.replace("{id}", own).replace("{sid}", &session);
        let answer = ann.request(row.method.clone(), &path).json(&form).send().await;
        let refused = [403, 404].contains(&answer.status);
        assert!(refused, "{} {path}: {}", row.method, answer.text());
    }
    ann.patch("/auth/me").json(&form).send().await.status(422);
    ann.post("/auth/password").json(&form).send().await.status(422);
    assert_eq!(dump(&*engine).await, before);
    bob.refresh().await.status(200);
}

/// An account that is gone is gone for every route.
#[tokio::test]
async fn az_02_an_unknown_id_is_404_for_an_administrator() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    for id in ["AAAAAAAAAAAAAAAAAAAAAA", "x", "ann", "..", "%00"] {
        let path = format!("/admin/users/{id}");
        root.get(&path).send().await.status(404).problem("not_found");
        root.delete(&path).send().await.status(404);
        patch(&root, id, &json!({"disabled": true})).await.status(404);
        root.post(&format!("{path}/password-reset")).send().await.status(404);
        root.get(&format!("{path}/sessions")).send().await.status(404);
        root.delete(&format!("{path}/sessions")).send().await.status(404);
    }
}

/// Also INP-06: one account for each name and each address.
#[tokio::test]
async fn inp_05_a_taken_name_or_address_is_409_and_changes_nothing() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let bob = server.account("bob", &["user"]).await;
    let address = json!({"email": "ann@example.org"});
    patch(&root, &ann.user_id, &address).await.status(200);
    let before = dump(&*engine).await;
    let taken = patch(&root, &bob, &json!({"email": "ANN@Example.org"})).await.status(409);
    taken.problem("email_taken");
    let new = json!({"username": "ANN", "password": PASSWORD});
    root.post("/admin/users").json(&new).send().await.status(409).problem("username_taken");
    let new = json!({"username": "carl", "password": PASSWORD, "email": "Ann@example.org"});
    root.post("/admin/users").json(&new).send().await.status(409).problem("email_taken");
    assert_eq!(dump(&*engine).await, before);
    patch(&root, &ann.user_id, &json!({"email": null})).await.status(200);
    patch(&root, &bob, &address).await.status(200);
}
