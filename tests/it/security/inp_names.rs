//! What an account may be called, and who it is then.

use serde_json::{Value, json};

use crate::auth::{dump, on_memory};
use crate::harness::{Answer, PASSWORD, TestServer};

async fn register(server: &TestServer, username: &str) -> Answer {
    let form = json!({"username": username, "password": PASSWORD});
    server.anonymous().post("/auth/register").json(&form).send().await
}

async fn register_with(server: &TestServer, username: &str, email: &str) -> Answer {
    let form = json!({"username": username, "password": PASSWORD, "email": email});
    server.anonymous().post("/auth/register").json(&form).send().await
}

#[track_caller]
fn refused(answer: Answer, field: &str, what: &str) {
    assert_eq!(answer.status, 422, "{what:?}: {}", answer.text());
    let body: Value = answer.problem("invalid_request").json();
    assert_eq!(body["errors"].as_array().unwrap().len(), 1, "{what:?}: {body}");
    assert_eq!(body["errors"][0]["field"], field, "{what:?}");
}

const BAD_NAMES: [&str; 40] = [
    "",
    " ",
    "ann ",
    " ann",
    "an n",
    "ann\0",
    "\0",
    "ann\n",
    "ann\r\nx",
    "ann\t",
    "ann\u{7f}",
    "ann\u{85}",
    "ann\u{a0}",
    "ann\u{ad}",
    "ann\u{200b}",
    "ann\u{200d}",
    "ann\u{200f}",
    "\u{feff}ann",
    "ann\u{202e}",
    "ann\u{2066}",
    "ann\u{3000}",
    "\u{430}nn",
    "\u{430}dmin",
    "\u{ff41}nn",
    "\u{212a}im",
    "\u{130}nn",
    "\u{131}nn",
    "stra\u{df}e",
    "a\u{301}nn",
    "\u{1d41a}nn",
    "ann\u{1f36a}",
    "-ann",
    ".ann",
    "_ann",
    ".well-known",
    "ann@example.org",
    "ann/x",
    "ann%00",
    "<b>ann",
    "ann;x",
];

#[tokio::test]
async fn inp_04_a_name_that_could_be_taken_for_another_is_refused_to_all() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    for name in BAD_NAMES.into_iter().chain([&*"a".repeat(65), &*"a".repeat(10_000)]) {
        refused(register(&server, name).await, "username", name);
        let form = json!({"username": name, "password": PASSWORD});
        refused(root.post("/admin/users").json(&form).send().await, "username", name);
    }
    let lone = format!(r#"{{"username":"ann\ud800","password":"{PASSWORD}"}}"#);
    let post = server.anonymous().post("/auth/register").header("content-type", "application/json");
    post.body(lone).send().await.status(400).problem("malformed_json");
    for name in ["a", "0", "a.b_c-d", &"a".repeat(64), "ANN"] {
        register(&server, name).await.status(201);
    }
}

/// Also INP-05.
#[tokio::test]
async fn inp_04_no_other_writing_of_a_name_logs_in() {
    let server = TestServer::start().await;
    for name in ["ann", "kim", "admin", "strasse", "iann"] {
        server.account(name, &["user"]).await;
    }
    // White space around the name is a slip of the hand: it is cut at login, and only there.
    for name in BAD_NAMES.into_iter().filter(|name| name.trim() == *name) {
        let answer = server.anonymous().login(name, PASSWORD).await;
        assert_eq!(answer.cookie("__Host-refresh"), None);
        assert!(matches!(answer.status, 401 | 422), "{name:?}: {}", answer.text());
    }
    for name in ["ann", "ANN", "Ann", "KIM", " ann "] {
        server.anonymous().login(name, PASSWORD).await.status(200);
    }
}

#[tokio::test]
async fn inp_05_alice_in_any_case_is_one_account() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let made: Value = register(&server, "Alice").await.status(201).json();
    assert_eq!(made["user"]["username"], "alice");
    for name in ["alice", "ALICE", "aLiCe"] {
        register(&server, name).await.status(409).problem("username_taken");
        let form = json!({"username": name, "password": PASSWORD});
        root.post("/admin/users").json(&form).send().await.status(409).problem("username_taken");
        let login: Value = server.anonymous().login(name, PASSWORD).await.status(200).json();
        assert_eq!(login["user"]["id"], made["user"]["id"]);
        let found = root.get(&format!("/admin/users?q={name}")).send().await.status(200);
        let found: Value = found.json();
        assert_eq!(found["users"][0]["id"], made["user"]["id"], "{name}");
    }
}

#[tokio::test]
async fn inp_07_a_reserved_name_is_for_administrators_to_give() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    for name in ["admin", "Admin", "system", "me", "self", "null", "undefined"] {
        refused(register(&server, name).await, "username", name);
    }
    refused(register(&server, "root").await, "username", "root");
    for name in ["admin", "system", "me", "self", "null", "undefined"] {
        let form = json!({"username": name, "password": PASSWORD});
        root.post("/admin/users").json(&form).send().await.status(201);
    }
}

#[tokio::test]
async fn inp_06_an_address_is_of_the_plain_form() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let long = format!("a@{}.org", "x.".repeat(130));
    for email in [
        "",
        "ann",
        "@",
        "ann@",
        "@example.org",
        "a@b@example.org",
        "ann@example.org\r\nBcc: eve@example.org",
        "ann@example.org\0",
        "\"ann\"@example.org",
        "ann @example.org",
        "Ann <ann@example.org>",
        "ann@example..org",
        "ann@-example.org",
        "ann@exampl\u{435}.org",
        "\u{e4}nn@example.org",
        "ann@[127.0.0.1]",
        "ann@example.org,eve@example.org",
        &long,
    ] {
        refused(register_with(&server, "bob", email).await, "email", email);
        let patch = ann.patch("/auth/me").json(&json!({"email": email})).send().await;
        refused(patch, "email", email);
    }
    let made = register_with(&server, "bob", "Bob.Lee+x@EXAMPLE.org").await.status(201);
    assert_eq!(made.json::<Value>()["user"]["email"], "Bob.Lee+x@example.org");
}

#[tokio::test]
async fn inp_06_an_address_belongs_to_one_account_in_any_case() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    register_with(&server, "ann", "Ann@example.org").await.status(201);
    let bob = server.user("bob").await;
    let one = format!("/admin/users/{}", bob.user_id);
    for email in ["Ann@example.org", "ann@example.org", "ANN@EXAMPLE.ORG"] {
        register_with(&server, "eve", email).await.status(409).problem("email_taken");
        let form = json!({"email": email});
        bob.patch("/auth/me").json(&form).send().await.status(409).problem("email_taken");
        root.patch(&one).json(&form).send().await.status(409).problem("email_taken");
        let new = json!({"username": "eve", "password": PASSWORD, "email": email});
        root.post("/admin/users").json(&new).send().await.status(409).problem("email_taken");
    }
    register(&server, "eve").await.status(201);
}

#[tokio::test]
async fn inp_06_an_address_logs_in_only_once_an_administrator_has_said_it_is_right() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let made = register_with(&server, "ann", "Ann@example.org").await.status(201);
    let made: Value = made.json();
    assert_eq!(made["user"]["email_verified"], false);
    let login = |name: &'static str| async { server.anonymous().login(name, PASSWORD).await };
    login("Ann@example.org").await.status(401).problem("invalid_credentials");

    let one = format!("/admin/users/{}", made["user"]["id"].as_str().unwrap());
    let form = json!({"email": "Ann@example.org"});
    let seen: Value = root.patch(&one).json(&form).send().await.status(200).json();
    assert_eq!(seen["email_verified"], true);
    for name in ["Ann@example.org", "ann@example.org", "ANN@EXAMPLE.ORG"] {
        let body: Value = login(name).await.status(200).json();
        assert_eq!(body["user"]["username"], "ann", "{name}");
    }

    let ann = server.anonymous().logged_in("ann").await;
    let moved = json!({"email": "new@example.org"});
    let seen: Value = ann.patch("/auth/me").json(&moved).send().await.status(200).json();
    assert_eq!(seen["email_verified"], false);
    login("new@example.org").await.status(401).problem("invalid_credentials");
    login("Ann@example.org").await.status(401).problem("invalid_credentials");
}

/// Names and addresses that begin like each other, or like the keys of the store's other
/// records, are each their own.
#[tokio::test]
async fn inp_10_no_text_of_a_person_reaches_the_key_of_another_record() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let root = server.admin().await;
    let people = [
        ("a", "bc@d.example.org"),
        ("ab", "c@d.example.org"),
        ("abc", "b@cd.example.org"),
        ("name", "name/root@example.org"),
        ("session", "session/x@example.org"),
        ("user", "user/root@example.org"),
        ("email", "email/a@example.org"),
        ("setups", "setup@example.org"),
        ("admins", "admins@example.org"),
    ];
    for (name, email) in people {
        register_with(&server, name, email).await.status(201);
    }
    let keys = async || dump(&*engine).await.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    let all = keys().await;
    for (name, email) in people {
        for key in [format!("name/{name}"), format!("email/{email}")] {
            assert_eq!(all.iter().filter(|known| **known == key).count(), 1, "{key}");
        }
    }
    assert!(!all.contains(&"setup".to_owned()), "no address stands for the setup secret");
    let found: Value = root.get("/admin/users?q=a").send().await.status(200).json();
    let first = found["users"].as_array().unwrap().iter().find(|u| u["username"] == "a").unwrap();
    let one = format!("/admin/users/{}", first["id"].as_str().unwrap());
    root.delete(&one).send().await.status(204);
    let left = keys().await;
    let gone: Vec<_> = all.iter().filter(|key| !left.contains(key)).collect();
    assert_eq!(gone.len(), 3, "the account, its name and its address: {gone:?}");
    for (name, _) in &people[1..] {
        server.anonymous().login(name, PASSWORD).await.status(200);
    }
}
