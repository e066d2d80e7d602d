//! The issuer's keys: fetched seldom, as they change, and kept while it is away.

use std::time::Duration;

use doorkey::crypto::KeyPair;
use doorkey::guard::Options;
use doorkey::model::Algorithm;
use tokio::task::JoinSet;

use super::fake::{FakeIssuer, JWKS};
use super::program::Program;

async fn start() -> (FakeIssuer, Program) {
    let issuer = FakeIssuer::start().await;
    let program = Program::new(Options::new(&issuer.socket.origin), issuer.clock.clone());
    (issuer, program)
}

/// Waits for what goes on behind the requests.
async fn until(what: impl Fn() -> bool) {
    for _ in 0..500 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen within 5 s");
}

#[tokio::test]
async fn many_first_requests_at_once_are_one_for_the_keys() {
    let (issuer, program) = start().await;
    let (token, program) = (issuer.sign(&issuer.claims()), std::sync::Arc::new(program));
    let mut requests = JoinSet::new();
    for _ in 0..50 {
        let (program, token) = (program.clone(), token.clone());
        requests.spawn(async move { program.opens(&token).await });
    }
    for answer in requests.join_all().await {
        Program::says(&answer, 200, "");
    }
    assert_eq!(issuer.socket.count(JWKS), 1);
}

#[tokio::test]
async fn a_rotated_key_is_taken_at_once_and_without_a_restart() {
    let (mut issuer, program) = start().await;
    let old = issuer.sign(&issuer.claims());
    Program::says(&program.opens(&old).await, 200, "");
    issuer.rotate();
    let new = issuer.sign(&issuer.claims());
    for token in [&new, &old] {
        Program::says(&program.opens(token).await, 200, "");
    }
    assert_eq!(issuer.socket.count(JWKS), 2);
}

#[tokio::test]
async fn a_flood_of_unknown_keys_is_no_flood_of_requests() {
    let (issuer, program) = start().await;
    let good = issuer.sign(&issuer.claims());
    Program::says(&program.opens(&good).await, 200, "");
    let stranger = FakeIssuer::start().await;
    for n in 0..60 {
        // Signed by nobody's key, and each under another name.
        let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{}"}}"#, kid(n));
        let forged = stranger.sign(&stranger.claims());
        let rest = forged.split_once('.').unwrap().1;
        Program::says(
            &program.opens(&format!("{}.{rest}", encoded(&header))).await,
            401,
            "invalid_token",
        );
    }
    assert_eq!(issuer.socket.count(JWKS), 2);
    issuer.clock.advance(Duration::from_secs(10));
    for _ in 0..20 {
        let forged = stranger.sign(&stranger.claims());
        Program::says(&program.opens(&forged).await, 401, "invalid_token");
    }
    assert_eq!(issuer.socket.count(JWKS), 3);
    Program::says(&program.opens(&good).await, 200, "");
}

fn encoded(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

fn kid(n: u8) -> String {
    doorkey::model::KeyId::from_bytes([n; 32]).to_string()
}

#[tokio::test]
async fn keys_are_renewed_behind_the_requests_and_a_withdrawn_one_is_not_used_beyond_its_cache() {
    let (issuer, program) = start().await;
    let token = || issuer.sign(&issuer.claims());
    Program::says(&program.opens(&token()).await, 200, "");
    issuer.clock.advance(Duration::from_secs(149));
    Program::says(&program.opens(&token()).await, 200, "");
    assert_eq!(issuer.socket.count(JWKS), 1);
    issuer.clock.advance(Duration::from_secs(1));
    Program::says(&program.opens(&token()).await, 200, "");
    until(|| issuer.socket.count(JWKS) == 2).await;
    issuer.show(&[&KeyPair::generate(Algorithm::Es256).unwrap()]);
    issuer.clock.advance(Duration::from_mins(5));
    Program::says(&program.opens(&token()).await, 401, "invalid_token");
}

#[tokio::test]
async fn while_the_issuer_is_away_the_last_good_keys_serve_for_an_hour_and_no_longer() {
    let (issuer, program) = start().await;
    Program::says(&program.opens(&issuer.sign(&issuer.claims())).await, 200, "");
    issuer.socket.set_away(true);
    issuer.clock.advance(Duration::from_mins(59));
    Program::says(&program.opens(&issuer.sign(&issuer.claims())).await, 200, "");
    issuer.clock.advance(Duration::from_mins(1));
    let answer = program.get("/notes", &issuer.sign(&issuer.claims())).await.status(503);
    assert_eq!(answer.header("retry-after"), Some("5"));
    issuer.socket.set_away(false);
    Program::says(&program.opens(&issuer.sign(&issuer.claims())).await, 503, "unavailable");
    issuer.clock.advance(Duration::from_secs(5));
    Program::says(&program.opens(&issuer.sign(&issuer.claims())).await, 200, "");
}

#[tokio::test]
async fn what_is_no_set_of_keys_never_takes_the_place_of_one() {
    let (issuer, program) = start().await;
    Program::says(&program.opens(&issuer.sign(&issuer.claims())).await, 200, "");
    let endless = format!(r#"{{"keys":[],"x":"{}"}}"#, "a".repeat(70_000));
    for body in ["", "[]", r#"{"keys":[]}"#, r#"{"keys":5}"#, &endless] {
        issuer.put(JWKS, body);
        issuer.clock.advance(Duration::from_mins(5));
        Program::says(&program.opens(&issuer.sign(&issuer.claims())).await, 200, "");
    }
    assert_eq!(issuer.socket.count(JWKS), 6);
}
