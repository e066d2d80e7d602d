//! A wall clock that was never set, is set back, or jumps ahead by mistake.

use std::sync::Arc;
use std::time::Duration;

use doorkey::crypto::Random;
use doorkey::model::{BUILD_FLOOR, Clock, Timestamp};
use doorkey::store::engine::Engine;
use serde_json::{Value, json};

use super::engines::Watched;
use super::{OTHER_PASSWORD, change_password, dump, on_memory};
use crate::harness::{Browser, PASSWORD, Setup, TestServer};

pub(super) const DAY: Duration = Duration::from_hours(24);
pub(super) const MINUTE: Duration = Duration::from_mins(1);

/// A moment of the real world, long after the build.
pub(super) fn today() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000)
}

/// A server on a store that has run before, so that time is known.
async fn started() -> TestServer {
    let server = TestServer::start().await;
    server.advance(Duration::from_hours(1));
    server.auth.save(false).await.unwrap();
    server.advance(Clock::CONFIRM);
    server.auth.save(false).await.unwrap();
    assert_eq!(server.clock.certain(), server.clock.wall());
    server
}

/// Another start on the same engine, the machine's clock at `wall`.
pub(super) async fn restarted(engine: Arc<dyn Engine>, wall: Timestamp) -> TestServer {
    let setup = Setup { engine, ..Setup::default() };
    setup.start_at(Clock::manual(wall), Random::seeded(wall.seconds())).await
}

fn set_back(server: &TestServer, span: Duration) {
    server.clock.set_wall(server.clock.wall().minus(span));
}

/// Nothing is issued, and who holds a cookie keeps it.
pub(super) async fn is_refused(caller: &Browser<'_>) {
    caller.login("ann", PASSWORD).await.status(503).problem("clock_not_set");
    if caller.cookie.is_some() {
        let refused = caller.refresh().await.status(503).problem("clock_not_set");
        assert!(refused.headers.get("set-cookie").is_none());
    }
    caller.get("/readyz").send().await.status(503).problem("clock_not_set");
}

/// KEY-20.
#[tokio::test]
async fn a_clock_set_back_by_a_day_revives_nothing() {
    let server = started().await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    bob.post("/auth/logout").send().await.status(204);
    server.advance(Duration::from_hours(12));
    set_back(&server, DAY);
    ann.get("/auth/me").send().await.status(401).problem("invalid_token");
    bob.get("/auth/me").send().await.status(401).problem("invalid_token");
    is_refused(&ann).await;
    server.clock.set_wall(server.clock.now());
    ann.refresh().await.status(401).problem("session_ended");
    bob.refresh().await.status(401).problem("session_ended");
}

/// KEY-20.
#[tokio::test]
async fn a_restart_with_the_clock_set_back_revives_nothing() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let ann = server.user("ann").await;
    server.advance(Duration::from_hours(13));
    server.auth.save(true).await.unwrap();
    let (token, cookie) = (ann.token.clone().unwrap(), ann.cookie.clone());

    let second = restarted(engine, today()).await;
    let mut ann = second.anonymous().with_token(&token);
    ann.cookie = cookie;
    ann.get("/auth/me").send().await.status(401).problem("invalid_token");
    is_refused(&ann).await;
    second.clock.set_wall(second.clock.now());
    ann.refresh().await.status(401).problem("session_ended");
    second.anonymous().login("ann", PASSWORD).await.status(200);
}

/// KEY-20: what is issued is still good while nothing more is issued.
#[tokio::test]
async fn verification_and_logout_go_on_while_nothing_is_issued() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let ann = server.user("ann").await;
    server.advance(MINUTE * 9);
    server.auth.save(true).await.unwrap();
    set_back(&server, Duration::from_mins(6));
    ann.get("/auth/me").send().await.status(200);
    is_refused(&ann).await;
    let before = dump(&*engine).await;
    change_password(&ann, PASSWORD, OTHER_PASSWORD).await.status(503).problem("clock_not_set");
    ann.login("ann", "a wrong password").await.status(503);
    server.auth.write_failures(true).await.unwrap();
    assert_eq!(dump(&*engine).await, before, "nothing is written");
    ann.get("/healthz").send().await.status(200);
    ann.get("/.well-known/jwks.json").send().await.status(200);
    ann.post("/auth/logout").send().await.status(204);
    ann.get("/auth/me").send().await.status(401).problem("invalid_token");
}

/// KEY-20: five minutes are no question, one second more is.
#[tokio::test]
async fn tokens_are_issued_up_to_five_minutes_behind() {
    let server = started().await;
    let ann = server.user("ann").await;
    let known = server.clock.now();
    server.clock.set_wall(known.minus(Clock::STEP));
    let token = ann.refresh().await.status(200).json::<Value>();
    assert_eq!(super::claims(token["access_token"].as_str().unwrap())["iat"], known.seconds());
    server.clock.set_wall(known.minus(Clock::STEP + Duration::from_secs(1)));
    is_refused(&ann).await;
}

/// KEY-21.
#[tokio::test]
async fn a_machine_in_1970_issues_nothing_until_its_clock_is_set() {
    let (setup, engine) = on_memory();
    let server = setup.start_at(Clock::manual(Timestamp::EPOCH), Random::seeded(1)).await;
    server.account("ann", &["user"]).await;
    is_refused(&server.anonymous()).await;
    server.auth.sweep().await.unwrap();
    server.clock.set_wall(today());
    let ann = server.anonymous().logged_in("ann").await;
    ann.get("/readyz").send().await.status(200);

    let second = restarted(engine, Timestamp::EPOCH).await;
    is_refused(&second.anonymous()).await;
    second.clock.set_wall(today().plus(DAY));
    second.anonymous().login("ann", PASSWORD).await.status(200);
}

/// KEY-21: a clock before the first key is a clock that is not set, not a fault of the server.
#[tokio::test]
async fn a_clock_before_the_first_key_is_not_set() {
    let (setup, engine) = on_memory();
    setup.start().await.account("ann", &["user"]).await;
    let second = restarted(engine, today().minus(DAY)).await;
    second.anonymous().login("ann", PASSWORD).await.status(503).problem("clock_not_set");
    second.clock.set_wall(today());
    second.anonymous().login("ann", PASSWORD).await.status(200);
}

/// KEY-22.
#[tokio::test]
async fn a_jump_ahead_that_is_taken_back_costs_nothing_for_good() {
    let server = started().await;
    let ann = server.user("ann").await;
    let year = DAY * 365;
    server.clock.set_wall(server.clock.wall().plus(year));
    let future = server.anonymous().logged_in("ann").await;
    ann.refresh().await.status(401).problem("session_ended");
    server.auth.sweep().await.unwrap();
    server.auth.save(true).await.unwrap();
    server.advance(MINUTE);
    set_back(&server, year);
    is_refused(&ann).await;
    ann.get("/auth/me").send().await.status(401).problem("invalid_token");

    server.advance(Clock::FORGET);
    ann.get("/auth/me").send().await.status(401).problem("invalid_token");
    ann.refresh().await.status(200);
    future.refresh().await.status(401).problem("session_ended");
    future.get("/auth/me").send().await.status(401).problem("invalid_token");
}

/// KEY-22.
#[tokio::test]
async fn the_mark_in_the_store_follows_a_jump_only_once_it_has_stood() {
    let server = started().await;
    let mark = async || server.store.clock().get().await.unwrap().unwrap().value;
    let before = server.clock.wall();
    server.clock.set_wall(before.plus(DAY));
    for minute in 0..9 {
        server.advance(MINUTE);
        server.auth.save(false).await.unwrap();
        assert!(mark().await <= before.plus(Clock::STEP + MINUTE * (minute + 1)));
    }
    server.advance(MINUTE);
    server.auth.save(false).await.unwrap();
    server.advance(MINUTE);
    server.auth.save(false).await.unwrap();
    assert_eq!(mark().await, server.clock.wall());
}

/// KEY-22: a machine that was off for a month needs nobody.
#[tokio::test]
async fn a_month_without_power_needs_no_operator() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let ann = server.user("ann").await;
    server.advance(Clock::CONFIRM);
    server.auth.save(true).await.unwrap();
    let second = restarted(engine, today().plus(DAY * 30)).await;
    let mut late = second.anonymous();
    late.cookie.clone_from(&ann.cookie);
    late.refresh().await.status(401).problem("session_ended");
    second.anonymous().login("ann", PASSWORD).await.status(200);
    second.anonymous().get("/readyz").send().await.status(200);
}

#[tokio::test]
async fn the_mark_is_written_once_a_minute_and_at_the_end_and_never_by_a_request() {
    let engine = Watched::new();
    let setup = Setup { engine: engine.clone(), ..Setup::default() };
    let server = setup.start().await;
    let ann = server.user("ann").await;
    server.advance(Clock::CONFIRM);
    server.auth.save(false).await.unwrap();
    let before = engine.commits();
    for _ in 0..60 {
        server.advance(Duration::from_secs(1));
        ann.refresh().await.status(200);
        server.auth.save(false).await.unwrap();
    }
    // The mark, and the last use of the session.
    assert!(engine.commits() - before <= 60 + 2, "{}", engine.commits() - before);
    let stored = server.store.clock().get().await.unwrap().unwrap().value;
    assert_eq!(stored, server.clock.wall());
}

/// KEY-22, KEY-20.
#[tokio::test]
async fn the_operator_accepts_a_clock_that_was_far_ahead() {
    let (setup, engine) = on_memory();
    let wrong = today().plus(DAY * 3650);
    let server = setup.start_at(Clock::manual(wrong), Random::seeded(1)).await;
    let root = server.admin().await;
    let ann = server.user("ann").await;
    server.advance(Clock::CONFIRM);
    server.auth.save(true).await.unwrap();
    server.clock.set_wall(today());
    is_refused(&ann).await;

    let operator = server.operator();
    let accepted: Value = operator.post("/admin/clock/accept").send().await.status(200).json();
    assert_eq!(
        (&accepted["mark"], &accepted["accounts"]),
        (&json!("2027-01-15T08:00:00Z"), &json!(2))
    );
    assert_eq!(server.store.clock().get().await.unwrap().unwrap().value, today());
    for caller in [&root, &ann] {
        caller.refresh().await.status(401).problem("session_ended");
        caller.get("/auth/me").send().await.status(401).problem("invalid_token");
    }
    let ann = server.anonymous().logged_in("ann").await;
    ann.get("/auth/me").send().await.status(200);
    let events: Value = operator.get("/admin/events?kind=clock_accepted").send().await.json();
    assert_eq!(events["events"][0]["actor"], json!({"kind": "operator"}));
    assert!(events["events"][0]["detail"].as_str().unwrap().contains("2 accounts"));
    let second = restarted(engine, today().plus(MINUTE)).await;
    second.anonymous().login("ann", PASSWORD).await.status(200);
}

/// KEY-21.
#[tokio::test]
async fn a_clock_that_was_never_set_is_not_accepted() {
    let server = started().await;
    server.clock.set_wall(BUILD_FLOOR.minus(MINUTE));
    let refused = server.operator().post("/admin/clock/accept").send().await;
    refused.status(503).problem("clock_not_set");
}

/// KEY-20, KEY-21.
#[tokio::test]
async fn with_trust_in_the_mark_tokens_are_issued_without_a_wall_clock() {
    let (mut setup, engine) = on_memory();
    setup.auth.trust_mark = true;
    let server = setup.start_at(Clock::manual(Timestamp::EPOCH), Random::seeded(1)).await;
    let ann = server.user("ann").await;
    ann.get("/readyz").send().await.status(200);
    for _ in 0..13 {
        server.advance(Duration::from_hours(1));
        server.auth.save(true).await.unwrap();
    }
    ann.refresh().await.status(401).problem("session_ended");
    let mut again = Setup { engine, ..Setup::default() };
    again.auth.trust_mark = true;
    let second = again.start_at(Clock::manual(Timestamp::EPOCH), Random::seeded(2)).await;
    let mut late = second.anonymous();
    late.cookie.clone_from(&ann.cookie);
    late.refresh().await.status(401).problem("session_ended");
    second.anonymous().login("ann", PASSWORD).await.status(200);
}

/// KEY-23: a delay is a delay, whatever the wall clock does.
#[tokio::test]
async fn no_setting_of_the_clock_ends_the_delay_after_failed_logins() {
    let server = Setup::default().with_limits().start().await;
    server.account("ann", &["user"]).await;
    let eve = server.anonymous();
    for _ in 0..5 {
        eve.login("ann", "a wrong password").await.status(401);
    }
    eve.login("ann", PASSWORD).await.status(429);
    server.clock.set_wall(today().plus(DAY));
    eve.login("ann", PASSWORD).await.status(429);
    server.advance(Duration::from_secs(1));
    eve.login("ann", PASSWORD).await.status(200);
}

/// KEY-23, KEY-22.
#[tokio::test]
async fn no_setting_of_the_clock_before_a_start_lifts_the_delay() {
    let engine = Watched::new();
    let limited = || Setup { engine: engine.clone(), ..Setup::default() }.with_limits();
    let server = limited().start().await;
    server.account("ann", &["user"]).await;
    let eve = server.anonymous();
    for _ in 0..5 {
        eve.login("ann", "a wrong password").await.status(401);
    }
    server.auth.save(true).await.unwrap();
    let clock = Clock::manual(today().plus(DAY));
    let second = limited().start_at(clock, Random::seeded(2)).await;
    second.auth.restore_attempts().await.unwrap();
    let eve = Browser { peer: eve.peer, ..second.anonymous() };
    eve.login("ann", PASSWORD).await.status(429);
}

#[tokio::test]
async fn an_administrator_sees_the_clock() {
    let server = started().await;
    let root = server.admin().await;
    let now = server.clock.now().to_string();
    let clock: Value = root.get("/admin/clock").send().await.status(200).json();
    let expected =
        json!({"wall": now, "effective": now, "mark": now, "state": "set", "issuing": true});
    assert_eq!(clock, expected);
    server.clock.set_wall(Timestamp::EPOCH);
    let clock: Value = root.get("/admin/clock").send().await.status(200).json();
    assert_eq!((&clock["state"], &clock["issuing"]), (&json!("never_set"), &json!(false)));
}
