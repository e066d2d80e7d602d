//! The audit trail: each act leaves its event, no event holds a secret.

use serde_json::{Value, json};
use warp::http::Method;

use super::engines::Watched;
use super::{OTHER_PASSWORD, WRONG_PASSWORD, change_password, dump, on_memory, patch};
use crate::harness::{Browser, PASSWORD, Setup, TestServer};

async fn events(root: &Browser<'_>, query: &str) -> Vec<Value> {
    let body: Value = root.get(&format!("/admin/events?{query}")).send().await.status(200).json();
    body["events"].as_array().unwrap().clone()
}

/// AZ-01, section 2.4: what was done, by whom, to whom, by which request, in the same commit.
#[tokio::test]
async fn each_act_of_an_administrator_leaves_its_event_in_its_own_commit() {
    let engine = Watched::new();
    let server = Setup { engine: engine.clone(), ..Setup::default() }.start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let one = format!("/admin/users/{}", ann.user_id);
    let acts = [
        (Method::PATCH, one.clone(), json!({"display_name": "Ann"}), "profile_changed"),
        (Method::PATCH, one.clone(), json!({"roles": ["user", "editor"]}), "roles_changed"),
        (Method::PATCH, one.clone(), json!({"disabled": true}), "user_disabled"),
        (Method::PATCH, one.clone(), json!({"disabled": false}), "user_enabled"),
        (Method::POST, format!("{one}/password-reset"), json!({}), "reset_issued"),
        (Method::DELETE, format!("{one}/sessions"), json!({}), "sessions_ended"),
        (Method::DELETE, one, json!({}), "user_deleted"),
    ];
    for (method, path, body, kind) in acts {
        let before = engine.commits();
        let answer = root.request(method, &path).json(&body).send().await;
        assert!(answer.status < 300, "{}", answer.text());
        assert_eq!(engine.commits(), before + 1, "{kind}");
        let request = answer.header("x-request-id").unwrap();
        let body: Value =
            root.get(&format!("/admin/events/{request}")).send().await.status(200).json();
        let event = &body["events"][0];
        assert_eq!((&event["kind"], &event["outcome"]), (&json!(kind), &json!("done")));
        assert_eq!(event["user"], ann.user_id.as_str());
        assert_eq!(event["actor"], json!({"kind": "user", "id": root.user_id}));
        assert_eq!(event["ip"].as_str(), Some("10.0.1.1"));
    }
    let made = json!({"username": "bob", "password": PASSWORD});
    root.post("/admin/users").json(&made).send().await.status(201);
    root.post("/admin/keys/rotate").send().await.status(200);
    let latest = events(&root, "limit=100").await;
    let kinds: Vec<&str> = latest.iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"user_created") && kinds.contains(&"key_rotated"), "{kinds:?}");
}

/// SES-06, SES-17: a session that ends because of a login is named in the event of that login.
#[tokio::test]
async fn a_login_says_which_session_it_ended() {
    let mut setup = Setup::default();
    setup.auth.max_sessions = 1;
    let server = setup.start().await;
    let root = server.admin().await;
    server.account("ann", &["user"]).await;
    let mut logins = Vec::new();
    let mut ann = server.anonymous();
    for _ in 0..2 {
        let login = ann.login("ann", PASSWORD).await.status(200);
        let body: Value = login.json();
        logins.push(body["session"]["id"].as_str().unwrap().to_owned());
        ann.cookie = login.cookie("__Host-refresh");
    }
    server.anonymous().login("ann", PASSWORD).await.status(200);
    let details: Vec<Value> =
        events(&root, "kind=logged_in&limit=9").await.iter().map(|e| e["detail"].clone()).collect();
    let ended = |id: &String| json!(format!("ended the session {id}"));
    assert_eq!(details.len(), 4, "the administrator's and three of ann");
    for expected in [ended(&logins[0]), ended(&logins[1]), Value::Null] {
        assert!(details.contains(&expected), "{expected} in {details:?}");
    }
}

/// Two changes in one request are two events in one commit.
#[tokio::test]
async fn a_request_that_changes_two_things_leaves_two_events() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let change = json!({"roles": ["editor"], "disabled": true, "display_name": "Ann"});
    let answer = patch(&root, &ann.user_id, &change).await.status(200);
    let path = format!("/admin/events/{}", answer.header("x-request-id").unwrap());
    let body: Value = root.get(&path).send().await.status(200).json();
    let mut kinds: Vec<&str> =
        body["events"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["profile_changed", "roles_changed", "user_disabled"]);
}

/// What was refused or changed nothing leaves no event that says it was done.
#[tokio::test]
async fn a_refused_act_and_an_act_without_a_change_leave_no_event() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let before = events(&root, "limit=100").await;
    patch(&root, &root.user_id, &json!({"disabled": true})).await.status(409);
    patch(&root, &ann.user_id, &json!({"roles": ["nope"]})).await.status(422);
    patch(&root, &ann.user_id, &json!({"roles": ["user"]})).await.status(200);
    patch(&ann, &root.user_id, &json!({"disabled": true})).await.status(403);
    assert_eq!(events(&root, "limit=100").await, before);
    root.get("/admin/events/unknown").send().await.status(404).problem("not_found");
}

#[tokio::test]
async fn events_come_newest_first_in_pages_and_by_account_and_kind() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    for _ in 0..30 {
        server.advance(std::time::Duration::from_secs(1));
        server.anonymous().login("ann", PASSWORD).await.status(200);
    }
    let all = events(&root, "limit=100").await;
    let times: Vec<&str> = all.iter().map(|e| e["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/admin/events?limit=7{cursor}");
        let page: Value = root.get(&path).send().await.status(200).json();
        paged.extend(page["events"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, all);
    let logins = events(&root, &format!("limit=100&kind=logged_in&user={}", ann.user_id)).await;
    assert_eq!(logins.len(), 31);
    assert!(logins.iter().all(|e| e["user"] == ann.user_id.as_str() && e["kind"] == "logged_in"));
    for bad in ["kind=nope", "user=x", "kind=LoggedIn"] {
        root.get(&format!("/admin/events?{bad}")).send().await.status(422);
    }
}

/// PW-17: neither what a person typed nor what the server gave out.
#[tokio::test]
async fn no_event_holds_a_secret_or_a_typed_name() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    server.anonymous().login("typed-by-mistake", "hunter2-as-name").await.status(401);
    server.anonymous().login("ann", WRONG_PASSWORD).await.status(401);
    let changed = change_password(&ann, PASSWORD, OTHER_PASSWORD).await.status(200);
    let path = format!("/admin/users/{}/password-reset", ann.user_id);
    let link: Value = root.post(&path).send().await.status(200).json();
    let token = link["link"].as_str().unwrap().split_once("token=").unwrap().1.to_owned();
    let form = json!({"token": token, "new_password": "a third good passphrase"});
    server.anonymous().post("/auth/password-reset").json(&form).send().await.status(204);
    server.auth.save(true).await.unwrap();
    let secret = |pair: String| pair.split_once('.').unwrap().1.to_owned();
    let secrets = [
        "typed-by-mistake".to_owned(),
        "hunter2-as-name".to_owned(),
        WRONG_PASSWORD.to_owned(),
        PASSWORD.to_owned(),
        OTHER_PASSWORD.to_owned(),
        "a third good passphrase".to_owned(),
        secret(token),
        secret(ann.cookie.clone().unwrap()),
        secret(changed.cookie("__Host-refresh").unwrap()),
        ann.token.clone().unwrap(),
    ];
    let shown = root.get("/admin/events?limit=100").send().await.status(200).text();
    let stored = dump(&*engine).await;
    let stored: String =
        stored.iter().filter(|(k, _)| k.starts_with("event/")).map(|(_, v)| v.as_str()).collect();
    for secret in &secrets {
        assert!(!shown.contains(secret) && !stored.contains(secret), "{secret}");
    }
    assert!(stored.contains("login_failed") && stored.contains("password_reset"));
}

/// The trail is kept as long as configured and no longer.
#[tokio::test]
async fn old_events_are_swept() {
    let server = TestServer::start().await;
    server.account("ann", &["user"]).await;
    server.auth.seal().await.unwrap();
    server.advance(std::time::Duration::from_hours(365 * 24));
    server.auth.sweep().await.unwrap();
    let root = server.admin().await;
    assert!(events(&root, "kind=user_created&limit=100").await.len() == 2);
    server.advance(std::time::Duration::from_secs(1));
    server.auth.sweep().await.unwrap();
    let root = server.anonymous().logged_in("root").await;
    assert!(events(&root, "kind=user_created&limit=100").await.len() == 1);
}
