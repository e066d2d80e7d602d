//! The throttle over time: owners under attack, restarts, and what the audit trail says of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::auth::engines::Watched;
use crate::auth::{WRONG_PASSWORD, at, dump, on_memory, visitor};
use crate::harness::{Browser, PASSWORD, Setup, TestServer};

/// An attacker who has 200 addresses, and tries the account once from each.
async fn hammer(server: &TestServer, name: &str) {
    for n in 0..200 {
        let eve = visitor(server, &format!("198.51.{n}.1"));
        let refused = eve.login(name, WRONG_PASSWORD).await.status;
        assert_eq!(refused, if n < 100 { 401 } else { 429 }, "{n}");
    }
    let stranger = visitor(server, "203.0.113.1");
    stranger.login(name, PASSWORD).await.status(429);
}

async fn limited() -> TestServer {
    Setup::default().with_limits().start().await
}

#[tokio::test]
async fn thr_02_the_owner_with_its_cookie_gets_in_from_anywhere_during_an_attack() {
    let server = limited().await;
    let ann = at(server.user("ann").await, "203.0.113.50");
    hammer(&server, "ann").await;
    ann.login("ann", PASSWORD).await.status(200);
}

/// The cookie need not be alive, but it must never have been ended.
#[tokio::test]
async fn thr_02_an_expired_cookie_proves_the_device_and_an_ended_one_does_not() {
    let server = limited().await;
    let expired = at(server.user("ann").await, "203.0.113.50");
    let ended = at(server.anonymous().logged_in("ann").await, "203.0.113.51");
    ended.post("/auth/logout").send().await.status(204);
    server.advance(Duration::from_hours(13));
    hammer(&server, "ann").await;
    ended.login("ann", PASSWORD).await.status(429);
    expired.login("ann", PASSWORD).await.status(200);
}

/// Nor does one that ended with all others.
#[tokio::test]
async fn thr_02_a_cookie_that_was_signed_out_everywhere_proves_no_device() {
    let server = limited().await;
    let stolen = at(server.user("ann").await, "203.0.113.50");
    let ann = server.anonymous().logged_in("ann").await;
    ann.delete("/auth/sessions").send().await.status(204);
    hammer(&server, "ann").await;
    stolen.login("ann", PASSWORD).await.status(429);
}

#[tokio::test]
async fn thr_02_the_owner_gets_in_from_a_network_it_has_used() {
    let server = limited().await;
    server.account("ann", &["user"]).await;
    visitor(&server, "192.0.2.10").logged_in("ann").await;
    hammer(&server, "ann").await;
    visitor(&server, "192.0.2.99").login("ann", PASSWORD).await.status(200);
}

/// Someone else's cookie is no proof for this account.
#[tokio::test]
async fn thr_02_a_cookie_of_another_account_proves_nothing() {
    let server = limited().await;
    server.account("ann", &["user"]).await;
    let eve = at(server.user("eve").await, "203.0.113.50");
    hammer(&server, "ann").await;
    eve.login("ann", PASSWORD).await.status(429);
}

/// Also PW-15: the way out for an owner who is nowhere known.
#[tokio::test]
async fn thr_02_a_password_set_by_link_ends_the_siege() {
    let server = limited().await;
    let admin = server.admin().await;
    let id = server.account("ann", &["user"]).await;
    hammer(&server, "ann").await;
    let path = format!("/admin/users/{id}/password-reset");
    let link: Value = admin.post(&path).send().await.status(200).json();
    let token = link["link"].as_str().unwrap().split_once("token=").unwrap().1;
    let form = json!({"token": token, "new_password": PASSWORD});
    server.anonymous().post("/auth/password-reset").json(&form).send().await.status(204);
    visitor(&server, "203.0.113.1").login("ann", PASSWORD).await.status(200);
}

/// A second server on the engine of the first, as after a restart.
async fn restarted(server: &TestServer, setup: Setup) -> TestServer {
    let again = setup.with_limits().start_at(server.clock.clone(), server.random.clone()).await;
    again.auth.restore_attempts().await.unwrap();
    again
}

async fn fail(browser: &Browser<'_>, times: usize) {
    for _ in 0..times {
        browser.login("ann", WRONG_PASSWORD).await.status(401);
    }
}

#[tokio::test]
async fn thr_05_the_row_of_failures_survives_a_restart() {
    let (setup, engine) = on_memory();
    let server = setup.with_limits().start().await;
    server.account("ann", &["user"]).await;
    fail(&visitor(&server, "192.0.2.1"), 5).await;
    server.advance(Duration::from_secs(1));
    fail(&visitor(&server, "192.0.2.1"), 1).await;
    server.auth.save(true).await.unwrap();
    let again = restarted(&server, Setup { engine, ..Setup::default() }).await;
    let eve = visitor(&again, "192.0.2.1");
    let refused = eve.login("ann", PASSWORD).await.status(429);
    assert_eq!(refused.header("retry-after"), Some("2"));
    server.advance(Duration::from_secs(2));
    eve.login("ann", WRONG_PASSWORD).await.status(401);
    let refused = eve.login("ann", PASSWORD).await.status(429);
    assert_eq!(refused.header("retry-after"), Some("4"));
}

/// A save that failed is made up for by the next one.
#[tokio::test]
async fn thr_05_a_count_that_could_not_be_saved_is_saved_the_next_time() {
    let engine = Watched::new();
    let setup = || Setup { engine: engine.clone(), ..Setup::default() };
    let server = setup().with_limits().start().await;
    server.account("ann", &["user"]).await;
    let eve = visitor(&server, "192.0.2.1");
    fail(&eve, 1).await;
    server.auth.save(false).await.unwrap();
    fail(&eve, 4).await;
    engine.break_down(true);
    server.auth.save(false).await.unwrap_err();
    engine.break_down(false);
    server.auth.save(false).await.unwrap();
    let again = restarted(&server, setup()).await;
    visitor(&again, "192.0.2.1").login("ann", PASSWORD).await.status(429);
}

/// And so is the end of a row.
#[tokio::test]
async fn thr_05_the_end_of_a_row_that_could_not_be_saved_is_saved_the_next_time() {
    let engine = Watched::new();
    let setup = || Setup { engine: engine.clone(), ..Setup::default() };
    let server = setup().with_limits().start().await;
    server.account("ann", &["user"]).await;
    let ann = visitor(&server, "192.0.2.1");
    fail(&ann, 5).await;
    server.auth.save(false).await.unwrap();
    server.advance(Duration::from_secs(1));
    ann.login("ann", PASSWORD).await.status(200);
    engine.break_down(true);
    server.auth.save(false).await.unwrap_err();
    engine.break_down(false);
    server.auth.save(false).await.unwrap();
    let again = restarted(&server, setup()).await;
    visitor(&again, "192.0.2.1").login("ann", PASSWORD).await.status(200);
}

/// What an attack with made-up names leaves on the disk goes again.
#[tokio::test]
async fn thr_08_saved_counts_are_swept_when_they_are_over() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    for name in 0..40 {
        let eve = server.anonymous();
        for _ in 0..3 {
            eve.login(&format!("made-up-{name}"), WRONG_PASSWORD).await.status(401);
        }
    }
    server.auth.save(true).await.unwrap();
    let rows =
        async || dump(&*engine).await.iter().filter(|(k, _)| k.starts_with("attempt/")).count();
    assert_eq!(rows().await, 80);
    let again = Setup { engine: engine.clone(), ..Setup::default() };
    let again = again.start_at(server.clock.clone(), server.random.clone()).await;
    server.advance(Duration::from_hours(2));
    again.auth.sweep().await.unwrap();
    assert_eq!(rows().await, 40, "an account as a whole is remembered for a month");
    server.advance(Duration::from_hours(31 * 24));
    again.auth.sweep().await.unwrap();
    assert_eq!(rows().await, 0);
}

async fn failures(admin: &Browser<'_>) -> Vec<Value> {
    let body: Value = admin.get("/admin/events?kind=login_failed").send().await.status(200).json();
    body["events"].as_array().unwrap().clone()
}

/// An attack does not fill the disk.
#[tokio::test]
async fn thr_10_refused_logins_are_one_event_a_minute_for_an_account_and_network() {
    let server = TestServer::start().await;
    let (admin, ann) = (server.admin().await, server.account("ann", &["user"]).await);
    let eve = visitor(&server, "192.0.2.1");
    fail(&eve, 7).await;
    visitor(&server, "198.51.100.1").login("ann", WRONG_PASSWORD).await.status(401);
    server.auth.save(false).await.unwrap();
    let mut counts: Vec<u64> =
        failures(&admin).await.iter().map(|e| e["count"].as_u64().unwrap()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 7]);
    assert!(
        failures(&admin)
            .await
            .iter()
            .all(|e| e["user"] == ann.as_str() && e["outcome"] == "refused")
    );
    for _ in 0..5 {
        fail(&eve, 2).await;
        server.advance(Duration::from_secs(10));
        server.auth.save(false).await.unwrap();
    }
    assert_eq!(failures(&admin).await.len(), 2);
    server.advance(Duration::from_secs(10));
    server.auth.save(false).await.unwrap();
    assert_eq!(failures(&admin).await.len(), 3);
    assert_eq!(failures(&admin).await[0]["count"], 10);
}

/// A store that fails for a moment loses no refused login.
#[tokio::test]
async fn refused_logins_that_could_not_be_written_are_written_the_next_time() {
    let engine = Watched::new();
    let server = Setup { engine: engine.clone(), ..Setup::default() }.start().await;
    let (admin, _) = (server.admin().await, server.account("ann", &["user"]).await);
    let eve = visitor(&server, "192.0.2.1");
    fail(&eve, 3).await;
    engine.break_down(true);
    server.auth.save(false).await.unwrap_err();
    engine.break_down(false);
    fail(&eve, 1).await;
    server.auth.save(false).await.unwrap();
    let counts: Vec<Value> = failures(&admin).await.iter().map(|e| e["count"].clone()).collect();
    assert_eq!(counts, [4]);
}
