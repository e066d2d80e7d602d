//! The list of one's sessions, its bounds, and the remote end of one of them.

use std::time::Duration;

use serde_json::Value;

use crate::auth::engines::Watched;
use crate::auth::{dump, on_memory};
use crate::harness::{Browser, PASSWORD, Setup, TestServer};

async fn list(browser: &Browser<'_>) -> Vec<Value> {
    let body: Value = browser.get("/auth/sessions").send().await.status(200).json();
    body["sessions"].as_array().unwrap().clone()
}

#[tokio::test]
async fn ses_14_the_list_shows_public_ids_and_which_one_is_current() {
    let server = TestServer::start().await;
    let phone = server.user("ann").await;
    let login = server.anonymous().post("/auth/login").header("user-agent", "Laptop\t1.0");
    let form = serde_json::json!({"username": "ann", "password": PASSWORD});
    login.json(&form).send().await.status(200);
    let sessions = list(&phone).await;
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions.iter().filter(|s| s["current"] == true).count(), 1);
    let mut names: Vec<&String> = sessions[0].as_object().unwrap().keys().collect();
    names.sort();
    let public = ["created_at", "current", "expires_at", "id", "ip", "last_used_at", "user_agent"];
    assert_eq!(names, public);
    assert_eq!(sessions[0]["user_agent"], "Laptop1.0");
    let cookie = phone.cookie.clone().unwrap();
    assert!(cookie.starts_with(sessions[1]["id"].as_str().unwrap()));
}

#[tokio::test]
async fn ses_13_one_ends_a_session_of_ones_own_from_elsewhere() {
    let server = TestServer::start().await;
    let phone = server.user("ann").await;
    let laptop = server.anonymous().logged_in("ann").await;
    let lost = list(&phone).await.into_iter().find(|s| s["current"] == true).unwrap();
    let path = format!("/auth/sessions/{}", lost["id"].as_str().unwrap());
    laptop.delete(&path).send().await.status(204);
    phone.refresh().await.status(401);
    phone.get("/auth/me").send().await.status(401);
    laptop.refresh().await.status(200);
    laptop.delete(&path).send().await.status(404).problem("not_found");
    assert_eq!(list(&laptop).await.len(), 1);
}

#[tokio::test]
async fn ses_13_an_administrator_ends_one_session_of_a_user_or_all() {
    let server = TestServer::start().await;
    let (root, ann, bob) =
        (server.admin().await, server.user("ann").await, server.user("bob").await);
    let (second, third) =
        (server.anonymous().logged_in("bob").await, server.anonymous().logged_in("bob").await);
    let path = format!("/admin/users/{}/sessions", bob.user_id);
    let body: Value = root.get(&path).send().await.status(200).json();
    assert_eq!(body["sessions"].as_array().unwrap().len(), 3);
    let id = bob.cookie.as_deref().unwrap().split_once('.').unwrap().0;
    root.delete(&format!("{path}/{id}")).send().await.status(204);
    bob.refresh().await.status(401);
    second.refresh().await.status(200);
    root.delete(&path).send().await.status(204);
    for ended in [bob, second, third] {
        ended.refresh().await.status(401);
        ended.get("/auth/me").send().await.status(401);
    }
    ann.refresh().await.status(200);
}

/// Also AZ-02: someone else's is as absent as one that never was.
#[tokio::test]
async fn ses_14_someone_elses_session_is_not_found_and_lives_on() {
    let server = TestServer::start().await;
    let (admin, ann, bob) =
        (server.admin().await, server.user("ann").await, server.user("bob").await);
    let id = list(&bob).await[0]["id"].as_str().unwrap().to_owned();
    for id in [id.as_str(), "AAAAAAAAAAAAAAAAAAAAAA", "x"] {
        let answer = ann.delete(&format!("/auth/sessions/{id}")).send().await;
        answer.status(404).problem("not_found");
        let path = format!("/admin/users/{}/sessions/{id}", ann.user_id);
        admin.delete(&path).send().await.status(404).problem("not_found");
    }
    bob.refresh().await.status(200);
    let path = format!("/admin/users/{}/sessions/{id}", bob.user_id);
    admin.delete(&path).send().await.status(204);
    bob.refresh().await.status(401);
}

#[tokio::test]
async fn ses_17_the_oldest_session_makes_room_at_the_cap() {
    let server = TestServer::start().await;
    server.account("ann", &["user"]).await;
    let mut browsers = Vec::new();
    for _ in 0..33 {
        browsers.push(server.anonymous().logged_in("ann").await);
    }
    browsers[0].refresh().await.status(401);
    browsers[0].get("/auth/me").send().await.status(401);
    for browser in &browsers[1..] {
        browser.refresh().await.status(200);
    }
    assert_eq!(list(&browsers[1]).await.len(), 32);
}

/// Nobody loses a living session to dead ones.
#[tokio::test]
async fn ses_17_ended_sessions_do_not_count_against_living_ones() {
    let server = TestServer::start().await;
    let phone = server.user("ann").await;
    for _ in 0..80 {
        let guest = server.anonymous().logged_in("ann").await;
        guest.post("/auth/logout").send().await.status(204);
    }
    phone.refresh().await.status(200);
    assert_eq!(list(&phone).await.len(), 1);
}

/// The list is bounded, and what it let go is swept with everything of it.
#[tokio::test]
async fn ses_17_two_hundred_logins_leave_a_bounded_store() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    server.account("ann", &["user"]).await;
    for _ in 0..200 {
        server.anonymous().logged_in("ann").await;
    }
    let all = dump(&*engine).await;
    let lists: Vec<_> = all.iter().filter(|(key, _)| key.starts_with("logins/")).collect();
    assert_eq!(lists.len(), 1);
    assert!(lists[0].1.len() < 4_096, "{} bytes", lists[0].1.len());
    server.advance(Duration::from_hours(12 + 24));
    server.auth.sweep().await.unwrap();
    let all = dump(&*engine).await;
    let left = all.iter().filter(|(k, _)| k.starts_with("session/") || k.starts_with("expiry/"));
    assert_eq!(left.count(), 0);
}

/// Section 2.4, idle: a refresh writes nothing, and yet the list knows of it.
#[tokio::test]
async fn the_last_use_moves_in_the_list_and_is_written_later() {
    let engine = Watched::new();
    let server = Setup { engine: engine.clone(), ..Setup::default() }.start().await;
    let phone = server.user("ann").await;
    let laptop = server.anonymous().logged_in("ann").await;
    let before = list(&laptop).await[1]["last_used_at"].clone();
    server.advance(Duration::from_mins(2));
    let commits = engine.commits();
    let used = phone.refresh().await.status(200).json::<Value>()["session"]["last_used_at"].clone();
    assert_ne!(used, before);
    assert_eq!(list(&laptop).await[1]["last_used_at"], used);
    assert_eq!(engine.commits(), commits);
    server.auth.write_last_used().await.unwrap();
    assert_eq!(engine.commits(), commits + 1);
    assert_eq!(list(&laptop).await[1]["last_used_at"], used);
}

/// The only write that may give way must not get lost for it.
#[tokio::test]
async fn a_last_use_that_could_not_be_written_is_written_the_next_time() {
    let engine = Watched::new();
    let server = Setup { engine: engine.clone(), ..Setup::default() }.start().await;
    let phone = server.user("ann").await;
    let laptop = server.anonymous().logged_in("ann").await;
    server.advance(Duration::from_mins(2));
    let used = phone.refresh().await.status(200).json::<Value>()["session"]["last_used_at"].clone();
    engine.break_down(true);
    server.auth.write_last_used().await.unwrap_err();
    engine.break_down(false);
    assert_eq!(list(&laptop).await[1]["last_used_at"], used);
    let commits = engine.commits();
    server.auth.write_last_used().await.unwrap();
    assert_eq!(engine.commits(), commits + 1);
}

/// The writer of last uses never overwrites an end.
#[tokio::test]
async fn writing_last_uses_revives_nothing() {
    let server = TestServer::start().await;
    let phone = server.user("ann").await;
    server.advance(Duration::from_mins(2));
    phone.refresh().await.status(200);
    phone.post("/auth/logout").send().await.status(204);
    server.auth.write_last_used().await.unwrap();
    phone.refresh().await.status(401);
}
