//! What is known of the time from one start to the next.

use doorkey::crypto::Random;
use doorkey::model::{Clock, Timestamp};

use super::clock::{DAY, MINUTE, is_refused, restarted, today};
use super::engines::Gated;
use super::on_memory;
use crate::harness::{PASSWORD, Setup};

/// KEY-20, KEY-22: a device that was off for a month, got the time from a server for five minutes
/// only, and comes back in 1970.
#[tokio::test]
async fn what_was_refused_as_expired_stays_so_after_a_restart_before_the_mark_has_followed() {
    let (mut setup, engine) = on_memory();
    setup.auth.trust_mark = true;
    let server = setup.start().await;
    let ann = server.user("ann").await;
    server.advance(Clock::CONFIRM);
    server.auth.save(true).await.unwrap();
    let (token, cookie) = (ann.token.clone().unwrap(), ann.cookie.clone());
    let back = async |wall| {
        let mut setup = Setup { engine: engine.clone(), ..Setup::default() };
        setup.auth.trust_mark = true;
        setup.start_at(Clock::manual(wall), Random::seeded(wall.seconds())).await
    };
    let month_later = today().plus(DAY * 30);
    for (wall, minutes) in [(month_later, 5), (Timestamp::EPOCH, 25), (Timestamp::EPOCH, 25)] {
        let second = back(wall).await;
        let mut ann = second.anonymous().with_token(&token);
        ann.cookie.clone_from(&cookie);
        for _ in 0..minutes {
            ann.get("/auth/me").send().await.status(401).problem("invalid_token");
            ann.refresh().await.status(401).problem("session_ended");
            // Cut off at any moment after the first save, which is there within ten seconds.
            second.auth.save(false).await.unwrap();
            second.advance(MINUTE);
        }
        second.anonymous().login("ann", PASSWORD).await.status(200);
    }
}

/// KEY-22: one wrong reading just before a stop ends nothing for good and locks nobody out.
#[tokio::test]
async fn a_jump_ahead_before_a_restart_is_forgotten_by_a_clock_that_is_set() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let ann = server.user("ann").await;
    server.advance(Clock::CONFIRM);
    server.auth.save(false).await.unwrap();
    let right = server.clock.wall();
    server.clock.set_wall(right.plus(DAY * 365 * 70));
    server.auth.save(true).await.unwrap();
    for start in 0..2 {
        let second = restarted(engine.clone(), right.plus(Clock::FORGET * start)).await;
        is_refused(&second.anonymous()).await;
        second.advance(MINUTE * 15);
        is_refused(&second.anonymous()).await;
        second.auth.save(true).await.unwrap();
    }
    let second = restarted(engine.clone(), right.plus(Clock::FORGET * 2)).await;
    is_refused(&second.anonymous()).await;
    second.advance(Clock::FORGET);
    let mut late = second.anonymous();
    late.cookie.clone_from(&ann.cookie);
    late.refresh().await.status(200);
    second.auth.save(true).await.unwrap();
    let third = restarted(engine, right.plus(Clock::FORGET * 3)).await;
    third.anonymous().login("ann", PASSWORD).await.status(200);
}

/// A stop may come while the write of before is under way, whose caller has gone.
#[tokio::test]
async fn a_write_of_the_times_that_meets_another_one_is_done_again() {
    for key in ["latest", "clock"] {
        let engine = Gated::new();
        let setup = || Setup { engine: engine.clone(), ..Setup::default() };
        let first = setup().start().await;
        if key == "clock" {
            first.auth.save(true).await.unwrap();
            first.advance(Clock::CONFIRM);
        }
        let second = setup().start_at(first.clock.clone(), Random::seeded(2)).await;
        engine.arm(key);
        let other = async {
            engine.reached().await;
            second.auth.save(true).await.unwrap();
            engine.open();
        };
        let (saved, ()) = tokio::join!(first.auth.save(true), other);
        saved.unwrap();
    }
}
