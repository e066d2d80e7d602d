//! A store of a version without seals, restarts, and crashes in between.

use std::sync::Arc;

use doorkey::auth::TrailFlaw;
use doorkey::crypto::Random;
use doorkey::store::engine::{Commit, Engine as _};

use super::super::engines::Watched;
use super::{clean, delete, event, flaws, key_of, put, seals, server, stored, verify, write};
use crate::harness::Setup;

/// A store whose events do not wait for a seal, as versions before wrote them.
async fn unsealed(events: usize) -> (crate::harness::TestServer, Arc<doorkey::store::Memory>) {
    let (server, engine) = server().await;
    for event in write(&server, events).await {
        let key = String::from_utf8(key_of(&engine, event.id).await).unwrap();
        assert!(key.starts_with("event/"));
        let mark = format!("unsealed/{:016x}/{}", event.time.seconds(), event.id);
        assert!(engine.get(mark.as_bytes()).await.unwrap().is_some());
        delete(&engine, mark).await;
    }
    (server, engine)
}

#[tokio::test]
async fn the_events_of_before_are_sealed_first() {
    let (server, _) = unsealed(250).await;
    let report = verify(&server).await;
    clean(&report);
    assert_eq!((report.unsealed, report.end), (250, None));
    write(&server, 5).await;
    assert_eq!(server.auth.seal().await.unwrap(), 255);
    let report = verify(&server).await;
    clean(&report);
    assert_eq!((report.events, report.unsealed), (255, 0));
    let first = super::seal(&server, 1).await.content.events[0];
    let listed = server.store.events().list(None, 1_000).await.unwrap();
    assert_eq!(listed.last().unwrap().1.id, first.id, "the oldest is the first");
}

/// It is done once: later an event without a mark is a stranger.
#[tokio::test]
async fn nothing_is_adopted_twice() {
    let (server, engine) = unsealed(10).await;
    server.auth.seal().await.unwrap();
    let inserted = event(&server);
    let key = String::from_utf8(key_of(&engine, write(&server, 1).await[0].id).await).unwrap();
    let (place, _) = key.rsplit_once('/').unwrap();
    put(&engine, format!("{place}/{}", inserted.id), &inserted).await;
    server.auth.seal().await.unwrap();
    assert_eq!(flaws(&verify(&server).await).len(), 1);
}

#[tokio::test]
async fn a_restart_goes_on_with_the_chain() {
    let (server, engine) = server().await;
    let written = write(&server, 60).await;
    server.auth.seal().await.unwrap();
    let waiting = write(&server, 3).await;
    let setup = Setup { engine, ..Setup::default() };
    let again = setup.start_at(server.clock.clone(), Random::seeded(43)).await;
    assert_eq!(again.auth.seal().await.unwrap(), 3, "what waited still waits");
    clean(&verify(&again).await);
    assert_eq!(stored(&again, &waiting[0]).await.seal, Some(3));
    assert_eq!(stored(&again, &written[0]).await.seal, Some(1));
}

/// At any commit of the way: the next run does the rest, and nothing is sealed twice.
#[tokio::test]
async fn a_crash_at_any_commit_costs_nothing() {
    for commits in 0..8 {
        let engine = Watched::new();
        let server = Setup { engine: engine.clone(), ..Setup::default() }.start().await;
        for event in write(&server, 250).await {
            let mark = format!("unsealed/{:016x}/{}", event.time.seconds(), event.id);
            engine.commit(Commit::new().delete(mark)).await.unwrap();
        }
        engine.break_after(commits);
        server.auth.seal().await.unwrap_err();
        engine.break_down(false);
        server.auth.seal().await.unwrap();
        let report = verify(&server).await;
        clean(&report);
        assert_eq!((report.events, report.unsealed), (250, 0), "after {commits} commits");
        assert_eq!(seals(&server).await, [1, 2, 3, 4, 5, 6], "after {commits} commits");
    }
}

/// Who takes all seals and the record of the chain away does not get a new chain over it.
#[tokio::test]
async fn a_chain_that_was_taken_away_whole_is_not_begun_again_in_silence() {
    let (server, engine) = super::sealed(60).await;
    for number in seals(&server).await {
        delete(&engine, super::seal_key(number)).await;
    }
    delete(&engine, "chain").await;
    write(&server, 1).await;
    server.auth.seal().await.unwrap();
    let flaws = flaws(&verify(&server).await);
    assert_eq!(flaws.len(), 60);
    assert!(flaws.iter().all(|flaw| *flaw == TrailFlaw::EventStray));
}
