//! LOG-01 and after: the audit trail shows tampering, and nothing else looks like it.

mod adopt;
mod export;
mod keep;
mod live;
mod tamper;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use doorkey::auth::{Access, Expected, Line, TrailFinding, TrailFlaw, TrailReport, Verifier};
use doorkey::crypto::{AuditKey, MasterKey, Random};
use doorkey::model::{Actor, Event, EventId, EventKind, Outcome, Seal, Timestamp};
use doorkey::store::engine::{Commit, Engine, Entry};
use doorkey::store::{EventPlace, Found, MOST_SEALED, Memory};
use serde::Serialize;
use serde_json::{Value, json};

use super::on_memory;
use crate::harness::TestServer;

/// The key of the servers of [`crate::harness`].
fn key() -> AuditKey {
    MasterKey::generate(&Random::seeded(7)).audit_key()
}

/// A server and its engine, into which a test reaches behind the server's back.
async fn server() -> (TestServer, Arc<Memory>) {
    let (setup, engine) = on_memory();
    (setup.start().await, engine)
}

/// The same with so many sealed events, two a second.
async fn sealed(events: usize) -> (TestServer, Arc<Memory>) {
    let (server, engine) = server().await;
    write(&server, events).await;
    server.auth.seal().await.unwrap();
    (server, engine)
}

fn event(server: &TestServer) -> Event {
    Event {
        id: server.random.id(),
        time: server.clock.now(),
        kind: EventKind::LoggedIn,
        actor: Actor::Operator,
        user: None,
        session: None,
        ip: Some("192.0.2.1".to_owned()),
        request_id: None,
        outcome: Outcome::Done,
        detail: None,
        count: 1,
        seal: None,
    }
}

/// Writes events as a use case does.
async fn write(server: &TestServer, events: usize) -> Vec<Event> {
    let mut written = Vec::new();
    for _ in 0..events {
        server.advance(Duration::from_millis(500));
        written.push(event(server));
        let insert = server.store.events().insert(written.last().unwrap());
        server.store.commit(insert).await.unwrap();
    }
    written
}

/// The whole trail, page by page.
async fn lines(server: &TestServer) -> Vec<Line> {
    let (mut lines, mut cursor) = (Vec::new(), None);
    loop {
        let page = server.auth.trail(&Access::operator(), cursor.as_deref()).await.unwrap();
        lines.extend(page.lines);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return lines;
        }
    }
}

fn verified(lines: Vec<Line>) -> TrailReport {
    expecting(lines, Some(key()), Expected::default())
}

fn expecting(lines: Vec<Line>, key: Option<AuditKey>, expected: Expected) -> TrailReport {
    let mut verifier = Verifier::new(key, expected);
    for line in lines {
        verifier.take(line);
    }
    verifier.finish(false)
}

async fn verify(server: &TestServer) -> TrailReport {
    verified(lines(server).await)
}

#[track_caller]
fn clean(report: &TrailReport) {
    let said: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!((report.total, said), (0, vec![]));
    assert!(report.end.is_none() || report.proven == Some(true));
}

/// What was found, without the places.
fn flaws(report: &TrailReport) -> Vec<TrailFlaw> {
    report.findings.iter().map(|finding| finding.what.clone()).collect()
}

fn about(seal: u64, event: &Event, what: TrailFlaw) -> TrailFinding {
    TrailFinding { seal: Some(seal), event: Some(event.into()), what }
}

fn about_seal(seal: u64, what: TrailFlaw) -> TrailFinding {
    TrailFinding { seal: Some(seal), event: None, what }
}

async fn seal(server: &TestServer, number: u64) -> Seal {
    match server.store.seals().get(number).await.unwrap() {
        Found::There(stored) => stored.value,
        Found::Absent | Found::Damaged => panic!("there is no seal {number}"),
    }
}

/// The seals there are, by their numbers.
async fn seals(server: &TestServer) -> Vec<u64> {
    let page = server.store.seals().page(None, 10_000).await.unwrap();
    page.into_iter().map(|(number, _)| number).collect()
}

/// An event as the store has it.
async fn stored(server: &TestServer, event: impl Into<EventPlace>) -> Event {
    match server.store.seals().event(event.into()).await.unwrap() {
        Found::There(stored) => stored.value,
        Found::Absent | Found::Damaged => panic!("the event is not there"),
    }
}

/// The key under which the engine has an event.
async fn key_of(engine: &Memory, id: EventId) -> Vec<u8> {
    let id = id.to_string();
    let is_it = |entry: &&Entry| entry.key.ends_with(id.as_bytes());
    let entries = engine.scan(b"event/", None, usize::MAX).await.unwrap();
    entries.iter().find(is_it).expect("the event is there").key.clone()
}

/// Takes the events of a seal away behind the server's back.
async fn delete_events_of(server: &TestServer, engine: &Memory, number: u64) {
    for event in seal(server, number).await.content.events {
        delete(engine, key_of(engine, event.id).await).await;
    }
}

fn seal_key(number: u64) -> String {
    format!("seal/{number:016x}")
}

/// A record as the store writes it.
fn record(value: &impl Serialize) -> Vec<u8> {
    json!({"v": 1, "record": value}).to_string().into_bytes()
}

/// Writes a record behind the server's back.
async fn put(engine: &Memory, key: impl Into<Vec<u8>>, value: &impl Serialize) {
    engine.commit(Commit::new().put(key, record(value))).await.unwrap();
}

async fn delete(engine: &Memory, key: impl Into<Vec<u8>>) {
    engine.commit(Commit::new().delete(key)).await.unwrap();
}

/// The record of the chain, to be written again.
async fn chain(engine: &Memory) -> Value {
    let entry = engine.get(b"chain").await.unwrap().unwrap();
    serde_json::from_slice::<Value>(&entry.value).unwrap()["record"].clone()
}

/// Each written event comes under exactly one seal.
#[tokio::test]
async fn a_long_trail_is_sealed_in_batches_and_verifies() {
    let (server, _) = server().await;
    let written = write(&server, 500).await;
    assert_eq!(server.auth.seal().await.unwrap(), 500);
    let report = verify(&server).await;
    clean(&report);
    let batches = 500_usize.div_ceil(MOST_SEALED) as u64;
    assert_eq!((report.events, report.seals, report.unsealed), (500, batches, 0));
    let mut covered = HashSet::new();
    for number in 1..=batches {
        let seal = seal(&server, number).await;
        assert_eq!((seal.content.number, seal.content.unproven), (number, false));
        let events = seal.content.events.iter().map(EventPlace::from);
        assert!(events.into_iter().all(|event| covered.insert(event)), "twice");
    }
    assert!(covered == written.iter().map(EventPlace::from).collect());
    assert_eq!(stored(&server, &written[60]).await.seal, Some(2));
    assert_eq!(server.auth.seal().await.unwrap(), 0, "nothing more waits");
}

#[tokio::test]
async fn what_waits_for_its_seal_is_counted_and_no_finding() {
    let (server, _) = server().await;
    write(&server, 3).await;
    let report = verify(&server).await;
    clean(&report);
    assert_eq!((report.events, report.unsealed, report.end), (0, 3, None));
    server.auth.seal().await.unwrap();
    write(&server, 700).await;
    let report = verify(&server).await;
    clean(&report);
    assert_eq!((report.events, report.seals, report.unsealed), (3, 1, 700));
}

/// Commits that overtake each other, refused logins that are written late, a clock that steps
/// back: an event of a time that is sealed already is sealed later.
#[tokio::test]
async fn equal_times_and_times_that_are_sealed_already_raise_no_alarm() {
    let (server, _) = sealed(60).await;
    let same = event(&server);
    let late = Timestamp::from_seconds(same.time.seconds() - 20);
    for round in 0..3 {
        for time in [same.time, same.time, late, Timestamp::EPOCH] {
            let event = Event { id: server.random.id(), time, ..same.clone() };
            server.store.commit(server.store.events().insert(&event)).await.unwrap();
        }
        assert_eq!(server.auth.seal().await.unwrap(), 4, "round {round}");
    }
    let report = verify(&server).await;
    clean(&report);
    assert_eq!((report.events, report.seals), (72, 5));
    let times: Vec<u64> =
        seal(&server, 5).await.content.events.iter().map(|e| e.time.seconds()).collect();
    assert_eq!(times, [0, late.seconds(), same.time.seconds(), same.time.seconds()]);
}

/// Its own time is written down as it is; the order is in the numbers.
#[tokio::test]
async fn a_clock_that_is_put_back_breaks_no_chain() {
    let (server, _) = sealed(10).await;
    let start = server.clock.now();
    server.clock.set_wall(start.minus(Duration::from_hours(24 * 30)));
    server.clock.accept();
    write(&server, 10).await;
    server.auth.seal().await.unwrap();
    assert!(seal(&server, 2).await.content.time < seal(&server, 1).await.content.time);
    clean(&verify(&server).await);
}

#[tokio::test]
async fn only_the_operator_walks_the_trail_and_by_no_cursor_but_its_own() {
    let (server, _) = sealed(3).await;
    let root = server.admin().await;
    root.get("/admin/audit").send().await.status(404);
    let page: Value = server.operator().get("/admin/audit").send().await.status(200).json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = format!("/admin/audit?cursor={cursor}");
    server.operator().get(&next).send().await.status(200);
    for bad in ["cursor=x", "cursor=%20", "limit=1", "cursor="] {
        server.operator().get(&format!("/admin/audit?{bad}")).send().await.status(422);
    }
}
