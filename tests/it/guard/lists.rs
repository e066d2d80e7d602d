//! The Token Status List: it decides about ended sessions, and fails closed.

use std::time::Duration;

use doorkey::crypto::KeyPair;
use doorkey::guard::{Options, StatusCheck};
use doorkey::model::{Algorithm, Claims, StatusListId, StatusRef};

use super::fake::{FakeIssuer, LIST, TTL};
use super::program::Program;

/// The bit of the place 5.
const DEAD: u8 = 0b10_0000;

async fn start() -> (FakeIssuer, Program) {
    with(StatusCheck::WhenPresent).await
}

async fn with(status: StatusCheck) -> (FakeIssuer, Program) {
    let issuer = FakeIssuer::start().await;
    let options = Options { status, ..Options::new(&issuer.socket.origin) };
    let program = Program::new(options, issuer.clock.clone());
    (issuer, program)
}

async fn asked(issuer: &FakeIssuer, times: usize) {
    for _ in 0..500 {
        if issuer.socket.count(&FakeIssuer::list_path()) == times {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(issuer.socket.count(&FakeIssuer::list_path()), times);
}

#[tokio::test]
async fn a_token_of_an_ended_session_is_refused_when_the_list_was_renewed() {
    let (issuer, program) = start().await;
    issuer.publish(&[!DEAD]);
    let token = issuer.sign(&issuer.claims_with_status());
    Program::says(&program.opens(&token).await, 200, "");
    issuer.publish(&[DEAD]);
    issuer.clock.advance((TTL / 2).saturating_sub(Duration::from_secs(1)));
    Program::says(&program.opens(&token).await, 200, "");
    asked(&issuer, 1).await;
    issuer.clock.advance(TTL / 2 + Duration::from_secs(1));
    issuer.publish(&[DEAD]);
    Program::says(&program.opens(&token).await, 401, "invalid_token");
}

#[tokio::test]
async fn a_list_is_renewed_behind_the_requests_from_half_its_time_on() {
    let (issuer, program) = start().await;
    issuer.publish(&[0]);
    let token = issuer.sign(&issuer.claims_with_status());
    Program::says(&program.opens(&token).await, 200, "");
    issuer.clock.advance(TTL / 2);
    issuer.publish(&[DEAD]);
    Program::says(&program.opens(&token).await, 200, "");
    asked(&issuer, 2).await;
    for _ in 0..100 {
        if program.opens(&token).await.0 == 401 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Program::says(&program.opens(&token).await, 401, "invalid_token");
    asked(&issuer, 2).await;
}

#[tokio::test]
async fn many_requests_at_once_are_one_for_the_list() {
    let (issuer, program) = start().await;
    issuer.publish(&[0]);
    let token = issuer.sign(&issuer.claims_with_status());
    let program = std::sync::Arc::new(program);
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (program, token) = (program.clone(), token.clone());
        requests.spawn(async move { program.opens(&token).await });
    }
    for answer in requests.join_all().await {
        Program::says(&answer, 200, "");
    }
    asked(&issuer, 1).await;
}

#[tokio::test]
async fn a_list_that_cannot_be_had_or_trusted_fails_closed() {
    let (issuer, program) = start().await;
    let token = issuer.sign(&issuer.claims_with_status());
    let stranger = KeyPair::generate(Algorithm::Es256).unwrap();
    let other = StatusListId::from_bytes([8; 8]);
    let good = issuer.list(issuer.key(), (LIST, &[0]));
    let bad = [
        issuer.list(&stranger, (LIST, &[0])),
        issuer.list(issuer.key(), (other, &[0])),
        issuer.sign(&issuer.claims()),
        good[..good.len() - 4].to_owned(),
        String::new(),
    ];
    for list in bad {
        issuer.put(&FakeIssuer::list_path(), list.clone());
        issuer.clock.advance(Duration::from_secs(5));
        Program::says(&program.opens(&token).await, 503, "unavailable");
    }
    issuer.publish(&[0]);
    issuer.clock.advance(Duration::from_secs(5));
    Program::says(&program.opens(&token).await, 200, "");
    issuer.socket.set_away(true);
    issuer.clock.advance(TTL.saturating_sub(Duration::from_secs(6)));
    Program::says(&program.opens(&token).await, 200, "");
    issuer.clock.advance(Duration::from_secs(1));
    Program::says(&program.opens(&token).await, 503, "unavailable");
}

/// No session lives in it, so that the client has to log in again.
#[tokio::test]
async fn a_token_of_a_list_that_the_issuer_does_not_have_is_refused() {
    let (issuer, program) = start().await;
    let token = issuer.sign(&issuer.claims_with_status());
    Program::says(&program.opens(&token).await, 401, "invalid_token");
    issuer.publish(&[0]);
    issuer.clock.advance(Duration::from_secs(4));
    Program::says(&program.opens(&token).await, 401, "invalid_token");
    asked(&issuer, 1).await;
    issuer.clock.advance(Duration::from_secs(1));
    Program::says(&program.opens(&token).await, 200, "");
}

#[tokio::test]
async fn a_list_that_counts_outranks_that_the_issuer_has_none() {
    let (issuer, program) = start().await;
    issuer.publish(&[0]);
    let token = issuer.sign(&issuer.claims_with_status());
    Program::says(&program.opens(&token).await, 200, "");
    issuer.remove(&FakeIssuer::list_path());
    issuer.clock.advance(TTL / 2);
    Program::says(&program.opens(&token).await, 200, "");
    asked(&issuer, 2).await;
    issuer.clock.advance((TTL / 2).saturating_sub(Duration::from_secs(1)));
    Program::says(&program.opens(&token).await, 200, "");
    issuer.clock.advance(Duration::from_secs(1));
    Program::says(&program.opens(&token).await, 401, "invalid_token");
    issuer.socket.set_away(true);
    issuer.clock.advance(Duration::from_secs(5));
    Program::says(&program.opens(&token).await, 503, "unavailable");
}

#[tokio::test]
async fn a_list_that_was_served_too_late_is_not_used() {
    let (issuer, program) = start().await;
    issuer.publish(&[0]);
    issuer.clock.advance(TTL);
    let token = issuer.sign(&issuer.claims_with_status());
    Program::says(&program.opens(&token).await, 503, "unavailable");
}

#[tokio::test]
async fn a_place_beyond_the_end_of_the_list_is_refused() {
    let (issuer, program) = start().await;
    issuer.publish(&[0]);
    let far = Claims { status: Some(StatusRef { list: LIST, index: 8 }), ..issuer.claims() };
    Program::says(&program.opens(&issuer.sign(&far)).await, 401, "invalid_token");
}

#[tokio::test]
async fn a_token_without_a_list_passes_unless_one_is_required() {
    let (issuer, program) = with(StatusCheck::Required).await;
    issuer.publish(&[0]);
    Program::says(&program.opens(&issuer.sign(&issuer.claims())).await, 401, "invalid_token");
    Program::says(&program.opens(&issuer.sign(&issuer.claims_with_status())).await, 200, "");
}

#[tokio::test]
async fn whoever_switches_the_list_off_asks_for_none() {
    let (issuer, program) = with(StatusCheck::Off).await;
    issuer.publish(&[DEAD]);
    Program::says(&program.opens(&issuer.sign(&issuer.claims_with_status())).await, 200, "");
    asked(&issuer, 0).await;
}
