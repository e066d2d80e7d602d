//! Retention takes whole seals, and the rest still verifies.

use std::time::Duration;

use doorkey::auth::TrailFlaw;
use doorkey::model::Event;

use super::{
    about_seal, chain, clean, delete, event, flaws, put, seal, seal_key, sealed, seals, server,
    verify, write,
};

const YEAR: Duration = Duration::from_hours(365 * 24);
const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn what_is_too_old_goes_with_its_seals_and_the_rest_verifies() {
    let (server, _) = sealed(120).await;
    server.advance(DAY);
    write(&server, 70).await;
    server.auth.seal().await.unwrap();
    let last_gone = seal(&server, 3).await.place();
    server.advance(YEAR.saturating_sub(DAY));
    server.auth.sweep().await.unwrap();
    let report = verify(&server).await;
    clean(&report);
    assert_eq!((report.start, report.seals, report.events), (last_gone, 2, 70));
    assert_eq!(seals(&server).await, [4, 5]);
    // The chain goes on from there.
    write(&server, 1).await;
    server.auth.seal().await.unwrap();
    clean(&verify(&server).await);
}

/// Until the last event in it is too old, nothing of a seal goes.
#[tokio::test]
async fn a_seal_goes_whole_or_not_at_all() {
    let (server, _) = server().await;
    write(&server, 1).await;
    server.advance(DAY);
    write(&server, 1).await;
    server.auth.seal().await.unwrap();
    server.advance(YEAR);
    server.auth.sweep().await.unwrap();
    assert_eq!(verify(&server).await.events, 2);
    server.advance(Duration::from_secs(1));
    server.auth.sweep().await.unwrap();
    let report = verify(&server).await;
    clean(&report);
    assert_eq!((report.events, report.seals, report.start.number), (0, 0, 1));
    assert_eq!(report.end, Some(report.start));
}

/// What no seal covers is not swept, however old it is.
#[tokio::test]
async fn an_event_that_waits_is_kept() {
    let (server, _) = server().await;
    write(&server, 3).await;
    server.advance(YEAR + DAY);
    server.auth.sweep().await.unwrap();
    assert_eq!(verify(&server).await.unsealed, 3);
}

/// KEY-20: a clock that once jumped ten years ahead does not keep everything for ten years.
#[tokio::test]
async fn what_was_sealed_under_a_clock_that_was_ahead_goes_with_what_came_after_it() {
    let (server, _) = sealed(10).await;
    let ahead = Event { time: server.clock.now().plus(YEAR * 10), ..event(&server) };
    server.store.commit(server.store.events().insert(&ahead)).await.unwrap();
    server.auth.seal().await.unwrap();
    write(&server, 10).await;
    server.auth.seal().await.unwrap();
    server.advance(DAY);
    write(&server, 10).await;
    server.auth.seal().await.unwrap();
    server.advance(YEAR.saturating_sub(DAY));
    server.auth.sweep().await.unwrap();
    assert_eq!(seals(&server).await, [4]);
    clean(&verify(&server).await);
}

/// KEY-20: and one that is put back costs nothing.
#[tokio::test]
async fn a_clock_that_was_put_back_makes_nothing_old() {
    let (server, _) = sealed(10).await;
    let now = server.clock.now();
    server.clock.set_wall(now.minus(YEAR * 2));
    server.clock.accept();
    write(&server, 10).await;
    server.auth.seal().await.unwrap();
    server.clock.set_wall(now.plus(Duration::from_mins(1)));
    server.clock.accept();
    write(&server, 10).await;
    server.auth.seal().await.unwrap();
    server.auth.sweep().await.unwrap();
    assert_eq!(seals(&server).await, [1, 2, 3]);
}

/// The end of the chain is proven by the sealer alone: what was cut before stays found until
/// all of it is old.
#[tokio::test]
async fn sweeping_makes_no_forged_chain_good() {
    let (server, engine) = sealed(120).await;
    let mut forged = chain(&engine).await;
    forged["mac"] = serde_json::json!(doorkey::model::Digest::from_bytes([3; 32]));
    put(&engine, "chain", &forged).await;
    server.advance(YEAR + DAY);
    server.auth.sweep().await.unwrap();
    let report = verify(&server).await;
    assert_eq!(report.findings, [about_seal(3, TrailFlaw::EndForged)]);
    write(&server, 1).await;
    server.auth.seal().await.unwrap();
    assert_eq!(verify(&server).await.findings, [about_seal(4, TrailFlaw::Unproven)]);
}

#[tokio::test]
async fn a_missing_seal_does_not_stop_retention() {
    let (server, engine) = sealed(150).await;
    delete(&engine, seal_key(1)).await;
    delete(&engine, seal_key(3)).await;
    assert!(flaws(&verify(&server).await).contains(&TrailFlaw::SealsMissing(3)));
    server.advance(YEAR + DAY);
    server.auth.sweep().await.unwrap();
    assert_eq!(seals(&server).await, [] as [u64; 0]);
    // The events of the missing ones are in no seal that there is.
    let flaws = flaws(&verify(&server).await);
    assert!(flaws.len() == 98 && flaws.iter().all(|f| *f == TrailFlaw::EventStray));
}
