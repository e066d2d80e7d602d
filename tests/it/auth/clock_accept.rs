//! What is left of a wrong time when the operator has accepted the right one.

use std::time::Duration;

use doorkey::crypto::Random;
use doorkey::model::Clock;

use super::OTHER_PASSWORD;
use super::clock::{DAY, today};
use super::engines::{Gated, Watched};
use crate::harness::{Browser, PASSWORD, Setup};
use crate::security::pw_links::{finish, reset};

/// KEY-22: what begins by the wrong time while it is being put right would live at that time.
#[tokio::test]
async fn what_begins_while_a_clock_is_accepted_ends_with_the_rest() {
    let engine = Gated::new();
    let mut setup = Setup { engine: engine.clone(), ..Setup::default() };
    setup.auth.trust_mark = true;
    let wrong = today().plus(DAY * 3);
    let server = setup.start_at(Clock::manual(wrong), Random::seeded(1)).await;
    server.account("ann", &["user"]).await;
    let operator = server.operator();
    server.advance(Clock::CONFIRM);
    server.auth.save(true).await.unwrap();
    server.clock.set_wall(today());
    engine.arm("clock");
    let accept = async { operator.post("/admin/clock/accept").send().await.status(200) };
    let meanwhile = async {
        engine.reached().await;
        let ann = server.anonymous().logged_in("ann").await;
        let token = reset(&operator, &ann.user_id).await;
        engine.open();
        (ann, token)
    };
    let (_, (ann, token)) = tokio::join!(accept, meanwhile);
    for _ in 0..2 {
        ann.refresh().await.status(401).problem("session_ended");
        ann.get("/auth/me").send().await.status(401).problem("invalid_token");
        finish(&server, &token, OTHER_PASSWORD).await.status(401).problem("invalid_token");
        server.advance(DAY * 3 + Clock::CONFIRM);
    }
}

/// KEY-23: counts of a time that is to come.
#[tokio::test]
async fn counts_of_failed_logins_of_a_wrong_time_are_over_in_their_time() {
    let engine = Watched::new();
    let limited = || Setup { engine: engine.clone(), ..Setup::default() }.with_limits();
    let wrong = Clock::manual(today().plus(DAY * 365));
    let server = limited().start_at(wrong, Random::seeded(1)).await;
    server.account("ann", &["user"]).await;
    let peer = server.anonymous().peer;
    for _ in 0..5 {
        let eve = Browser { peer, ..server.anonymous() };
        eve.login("ann", "a wrong password").await.status(401);
    }
    server.auth.save(true).await.unwrap();
    server.clock.set_wall(today());
    server.operator().post("/admin/clock/accept").send().await.status(200);
    for (hours, status) in [(0, 429), (2, 429), (3, 200)] {
        let clock = Clock::manual(today().plus(Duration::from_hours(hours)));
        let next = limited().start_at(clock, Random::seeded(hours + 2)).await;
        next.auth.restore_attempts().await.unwrap();
        let eve = Browser { peer, ..next.anonymous() };
        eve.login("ann", PASSWORD).await.status(status);
        next.advance(Clock::CONFIRM);
        next.auth.save(true).await.unwrap();
    }
}
