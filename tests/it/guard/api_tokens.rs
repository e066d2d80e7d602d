//! API tokens: the issuer is asked about each, and neither hurried nor waited for while it is away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use doorkey::guard::{Introspection, Options};
use doorkey::model::{ApiTokenId, PlainApiToken, Secret, TokenSecret};
use serde_json::json;
use tokio::task::JoinSet;

use super::fake::FakeIssuer;
use super::program::Program;

const INTROSPECT: &str = "/oauth/introspect";
/// How many questions there may be at a time.
const AT_ONCE: usize = 16;

/// Everything well-formed is a token to a guard.
fn token(n: u8) -> String {
    let (token, secret) = (ApiTokenId::from_bytes([n; 16]), TokenSecret::from_bytes([n; 32]));
    PlainApiToken { token, secret }.to_text().expose().to_owned()
}

fn options(issuer: &FakeIssuer) -> Options {
    let introspection = Some(Introspection::new("wiki", Secret::new("x".to_owned())));
    Options { introspection, ..Options::new(&issuer.socket.origin) }
}

async fn start() -> (FakeIssuer, Program) {
    let issuer = FakeIssuer::start().await;
    let program = Program::new(options(&issuer), issuer.clock.clone());
    (issuer, program)
}

/// Every token is good from now on.
fn answers(issuer: &FakeIssuer) {
    let (origin, now) = (&issuer.socket.origin, issuer.clock.now().seconds());
    let user = issuer.claims().subject;
    let answer = json!({
        "active": true, "iss": origin, "aud": origin, "sub": user, "roles": ["user"],
        "iat": now, "exp": now + 3600,
    });
    issuer.put(INTROSPECT, answer.to_string());
}

/// An issuer that takes questions and does not answer, and a guard that waits `patience` for it.
async fn silent(patience: Duration) -> (FakeIssuer, Arc<Program>) {
    let issuer = FakeIssuer::start().await;
    issuer.set_silent(INTROSPECT);
    let options = Options { fetch_timeout: patience, ..options(&issuer) };
    let program = Program::new(options, issuer.clock.clone());
    (issuer, Arc::new(program))
}

#[tokio::test]
async fn after_a_failure_nobody_asks_for_five_seconds() {
    let (issuer, program) = start().await;
    issuer.put(INTROSPECT, "no answer");
    Program::says(&program.opens(&token(1)).await, 503, "unavailable");
    answers(&issuer);
    for n in 1..=20 {
        Program::says(&program.opens(&token(n)).await, 503, "unavailable");
    }
    issuer.clock.advance(Duration::from_millis(4_999));
    let answer = program.get("/notes", &token(1)).await.status(503);
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(issuer.socket.count(INTROSPECT), 1);
    issuer.clock.advance(Duration::from_millis(1));
    Program::says(&program.opens(&token(1)).await, 200, "");
    assert_eq!(issuer.socket.count(INTROSPECT), 2);
}

#[tokio::test]
async fn what_the_issuer_said_counts_while_it_is_away() {
    let (issuer, program) = start().await;
    answers(&issuer);
    Program::says(&program.opens(&token(1)).await, 200, "");
    issuer.put(INTROSPECT, "no answer");
    Program::says(&program.opens(&token(2)).await, 503, "unavailable");
    issuer.clock.advance(Duration::from_secs(4));
    Program::says(&program.opens(&token(1)).await, 200, "");
    assert_eq!(issuer.socket.count(INTROSPECT), 2);
    issuer.clock.advance(Duration::from_secs(26));
    Program::says(&program.opens(&token(1)).await, 503, "unavailable");
    assert_eq!(issuer.socket.count(INTROSPECT), 3);
}

#[tokio::test]
async fn behind_an_issuer_that_is_silent_nobody_waits_longer_than_for_one_answer() {
    let patience = Duration::from_secs(1);
    let (issuer, program) = silent(patience).await;
    let (start, mut requests) = (Instant::now(), JoinSet::new());
    for n in 0..60 {
        let program = program.clone();
        requests.spawn(async move { program.opens(&token(n)).await });
    }
    for answer in requests.join_all().await {
        Program::says(&answer, 503, "unavailable");
    }
    assert!(start.elapsed() < patience * 2, "{:?}", start.elapsed());
    assert_eq!(issuer.socket.count(INTROSPECT), AT_ONCE);
}

/// Or clients with less patience than the guard would keep it asking for ever.
#[tokio::test]
async fn a_failure_is_remembered_even_when_the_client_that_asked_has_gone() {
    let patience = Duration::from_millis(300);
    let (issuer, program) = silent(patience).await;
    tokio::time::timeout(patience / 3, program.get("/notes", &token(1))).await.unwrap_err();
    tokio::time::sleep(patience).await;
    Program::says(&program.opens(&token(1)).await, 503, "unavailable");
    assert_eq!(issuer.socket.count(INTROSPECT), 1);
}

#[tokio::test]
async fn a_question_that_failed_says_nothing_of_an_issuer_that_has_answered_since() {
    let (issuer, program) = silent(Duration::from_millis(300)).await;
    let (asking, asked) = (program.clone(), Duration::from_millis(1));
    let mut slow = JoinSet::new();
    slow.spawn(async move { asking.opens(&token(1)).await });
    while issuer.socket.count(INTROSPECT) == 0 {
        tokio::time::sleep(asked).await;
    }
    issuer.clock.advance(asked);
    answers(&issuer);
    Program::says(&program.opens(&token(2)).await, 200, "");
    Program::says(&slow.join_all().await[0], 503, "unavailable");
    Program::says(&program.opens(&token(3)).await, 200, "");
}
