//! A jump ahead that is taken back, and the list of a user's sessions: what only the jump made old
//! stays on it, because it lives again.

use std::time::Duration;

use doorkey::model::{Clock, UserId};
use serde_json::{Value, json};

use super::clock::DAY;
use super::status_lists::{bit, place};
use crate::harness::{Browser, Setup, TestServer};
use crate::http::api_tokens::{is_active, token};

/// A server on a store that has run before, with at most this many sessions for each user.
async fn started(max_sessions: usize) -> TestServer {
    let mut setup = Setup::default();
    setup.auth.max_sessions = max_sessions;
    let server = setup.start().await;
    server.advance(Clock::CONFIRM);
    server.auth.save(false).await.unwrap();
    server
}

fn jump_ahead(server: &TestServer) {
    server.clock.set_wall(server.clock.wall().plus(DAY));
    assert!(server.clock.certain() < server.clock.now());
}

/// Sets the clock right, and waits until the jump is forgotten.
fn take_back(server: &TestServer) {
    server.clock.set_wall(server.clock.wall().minus(DAY));
    assert!(server.clock.now() > server.clock.wall());
    server.advance(Clock::FORGET);
    assert_eq!(server.clock.now(), server.clock.wall());
}

/// The session lives again, with a token of now.
async fn revived(browser: &mut Browser<'_>) {
    let answer: Value = browser.refresh().await.status(200).json();
    browser.token = Some(answer["access_token"].as_str().unwrap().to_owned());
}

async fn listed(browser: &Browser<'_>) -> usize {
    let body: Value = browser.get("/auth/sessions").send().await.status(200).json();
    body["sessions"].as_array().unwrap().len()
}

/// How many sessions the record of the user's list names.
async fn recorded(server: &TestServer, browser: &Browser<'_>) -> usize {
    let id = UserId::try_from(browser.user_id.as_str()).unwrap();
    server.store.sessions().of_user(id).await.unwrap().value.sessions.len()
}

#[tokio::test]
async fn a_session_that_lives_again_is_listed_and_ended_with_all() {
    let server = started(32).await;
    let mut ann = server.user("ann").await;
    jump_ahead(&server);
    ann.refresh().await.status(401).problem("session_ended");
    server.anonymous().logged_in("ann").await;
    take_back(&server);
    revived(&mut ann).await;
    assert_eq!(listed(&ann).await, 1);

    let other = server.anonymous().logged_in("ann").await;
    other.delete("/auth/sessions").send().await.status(204);
    ann.refresh().await.status(401).problem("session_ended");
    server.advance(Duration::from_secs(1));
    let (path, index) = place(ann.token.as_deref().unwrap());
    let list = server.anonymous().get(&path).send().await.status(200);
    assert!(bit(&list, index), "verifiers are told that its token is dead");
}

#[tokio::test]
async fn on_a_full_list_too_it_is_ended_with_all() {
    let server = started(2).await;
    let ann = server.user("ann").await;
    let mut second = server.anonymous().logged_in("ann").await;
    jump_ahead(&server);
    let third = server.anonymous().logged_in("ann").await;
    assert_eq!(recorded(&server, &ann).await, 2);
    take_back(&server);
    // The oldest made room, as it would have without the jump.
    ann.refresh().await.status(401).problem("session_ended");
    third.refresh().await.status(401).problem("session_ended");
    revived(&mut second).await;
    second.delete("/auth/sessions").send().await.status(204);
    server.advance(Duration::from_secs(1));
    let (path, index) = place(second.token.as_deref().unwrap());
    assert!(bit(&server.anonymous().get(&path).send().await.status(200), index));
}

#[tokio::test]
async fn a_session_of_a_time_that_never_was_makes_room_before_living_ones() {
    let server = started(2).await;
    let mut ann = server.user("ann").await;
    jump_ahead(&server);
    server.anonymous().logged_in("ann").await;
    take_back(&server);
    let other = server.anonymous().logged_in("ann").await;
    revived(&mut ann).await;
    other.refresh().await.status(200);
    assert_eq!(listed(&ann).await, 2);
    assert_eq!(recorded(&server, &ann).await, 2);
}

#[tokio::test]
async fn many_logins_during_a_jump_leave_a_bounded_list() {
    let server = started(3).await;
    let ann = server.user("ann").await;
    jump_ahead(&server);
    for _ in 0..9 {
        server.anonymous().logged_in("ann").await;
        assert!(recorded(&server, &ann).await <= 3);
    }
    take_back(&server);
    server.anonymous().logged_in("ann").await;
    assert_eq!(recorded(&server, &ann).await, 3);
}

/// What is over by any clock goes with the next login.
#[tokio::test]
async fn what_is_certainly_over_leaves_the_list() {
    let server = started(32).await;
    let ann = server.user("ann").await;
    server.anonymous().logged_in("ann").await;
    server.advance(DAY);
    server.anonymous().logged_in("ann").await;
    assert_eq!(recorded(&server, &ann).await, 1);
}

/// Another API token makes no room at the cost of one that only the jump made old.
#[tokio::test]
async fn an_api_token_that_lives_again_was_not_removed() {
    let server = started(32).await;
    let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
    let end = server.clock.now().plus(DAY / 2);
    let form = json!({"name": "nightly", "expires_at": end.to_string()});
    let made: Value = ann.post("/auth/tokens").json(&form).send().await.status(201).json();
    let text = made["secret"].as_str().unwrap();
    jump_ahead(&server);
    assert!(!is_active(&wiki, text).await);
    token(&server.anonymous().logged_in("ann").await, "another").await;
    take_back(&server);
    assert!(is_active(&wiki, text).await);
}

/// One that was made during a jump lives when its time comes: its owner sees it and can revoke it.
#[tokio::test]
async fn an_api_token_of_a_time_that_never_was_is_listed_and_revoked() {
    let server = started(32).await;
    server.account("ann", &["user"]).await;
    jump_ahead(&server);
    let (id, _) = token(&server.anonymous().logged_in("ann").await, "early").await;
    take_back(&server);
    let ann = server.anonymous().logged_in("ann").await;
    let listed: Value = ann.get("/auth/tokens").send().await.status(200).json();
    assert_eq!(listed["tokens"][0]["id"], id);
    ann.delete(&format!("/auth/tokens/{id}")).send().await.status(204);
    let listed: Value = ann.get("/auth/tokens").send().await.status(200).json();
    assert_eq!(listed["tokens"], json!([]));
}
