//! Whoever can write to the store, and has no master key, leaves traces.

use doorkey::auth::{Expected, Line, TrailFlaw};
use doorkey::crypto::{MasterKey, Random};
use doorkey::model::{Chain, ChainSpan, Digest, Event, EventKind, Outcome, Seal, SealContent};
use doorkey::store::Memory;
use serde_json::json;

use super::{
    about, about_seal, chain, clean, delete, delete_events_of, expecting, flaws, key, key_of,
    lines, put, seal, seal_key, sealed, server, stored, verify, write,
};
use crate::harness::TestServer;

/// The event at a place of the trail, as it is stored.
async fn nth(server: &TestServer, number: u64, index: usize) -> Event {
    stored(server, &seal(server, number).await.content.events[index]).await
}

/// The seal with other content, and the hash that goes with it.
fn rehashed(content: SealContent) -> Seal {
    // Whoever forges has the same public function: SHA-256 over the text of the content.
    let text = serde_json::to_vec(&content).unwrap();
    Seal { hash: doorkey::crypto::hash_record(&text), content }
}

#[tokio::test]
async fn an_altered_event_is_found_and_named() {
    let (server, engine) = sealed(120).await;
    let original = nth(&server, 2, 7).await;
    let at = key_of(&engine, original.id).await;
    for altered in [
        Event { kind: EventKind::LoggedOut, ..original.clone() },
        Event { outcome: Outcome::Refused, ..original.clone() },
        Event { ip: None, ..original.clone() },
        Event { detail: Some("by someone else".to_owned()), ..original.clone() },
        Event { count: 2, ..original.clone() },
    ] {
        put(&engine, at.clone(), &altered).await;
        let report = verify(&server).await;
        assert_eq!(report.findings, [about(2, &original, TrailFlaw::EventAltered)]);
        let said = report.findings[0].to_string();
        assert!(said.contains(&original.id.to_string()) && said.contains("seal 2"), "{said}");
        assert!(said.contains(&original.time.to_string()), "{said}");
    }
    put(&engine, at, &original).await;
    clean(&verify(&server).await);
}

#[tokio::test]
async fn a_removed_event_is_found_and_named() {
    let (server, engine) = sealed(120).await;
    for (number, index) in [(1, 0), (2, 20), (3, 21)] {
        let gone = nth(&server, number, index).await;
        let at = key_of(&engine, gone.id).await;
        delete(&engine, at.clone()).await;
        let report = verify(&server).await;
        assert_eq!(report.findings, [about(number, &gone, TrailFlaw::EventRemoved)]);
        put(&engine, at, &gone).await;
    }
    clean(&verify(&server).await);
}

/// With a mark it waits, and is named as what is not sealed; without one it is found at once.
#[tokio::test]
async fn an_inserted_event_is_found_and_named_whatever_seal_it_claims() {
    let (server, engine) = sealed(120).await;
    let real = nth(&server, 2, 7).await;
    for claimed in [None, Some(2), Some(3), Some(99), Some(0)] {
        let inserted = Event { id: server.random.id(), seal: claimed, ..real.clone() };
        let at = String::from_utf8(key_of(&engine, real.id).await).unwrap();
        let at = at.replace(&real.id.to_string(), &inserted.id.to_string());
        put(&engine, at.clone(), &inserted).await;
        server.auth.seal().await.unwrap();
        let report = verify(&server).await;
        let found = &report.findings[0];
        assert_eq!((report.total, found.event), (1, Some((&inserted).into())), "{claimed:?}");
        assert_eq!(found.what, TrailFlaw::EventStray);
        delete(&engine, at).await;
    }
    clean(&verify(&server).await);
}

#[tokio::test]
async fn a_sealed_event_that_denies_its_seal_is_found() {
    let (server, engine) = sealed(120).await;
    let original = nth(&server, 2, 7).await;
    for claimed in [None, Some(1)] {
        let denying = Event { seal: claimed, ..original.clone() };
        put(&engine, key_of(&engine, original.id).await, &denying).await;
        assert_eq!(flaws(&verify(&server).await), [TrailFlaw::EventStray]);
    }
}

#[tokio::test]
async fn an_event_that_goes_before_its_seal_came_is_written_down_as_lost() {
    let (server, engine) = sealed(10).await;
    let written = write(&server, 3).await;
    delete(&engine, key_of(&engine, written[1].id).await).await;
    let report = verify(&server).await;
    assert!(matches!(&report.findings[0].what, TrailFlaw::Damaged(_)), "{:?}", report.findings);
    server.auth.seal().await.unwrap();
    let report = verify(&server).await;
    assert_eq!(report.findings, [about(2, &written[1], TrailFlaw::EventLost)]);
}

#[tokio::test]
async fn a_damaged_event_or_seal_is_found_and_does_not_end_the_search() {
    let (server, engine) = sealed(150).await;
    let damaged = nth(&server, 1, 3).await;
    put(&engine, key_of(&engine, damaged.id).await, &json!("garbage")).await;
    put(&engine, seal_key(3), &json!("garbage")).await;
    let report = verify(&server).await;
    assert_eq!(report.findings[0], about(1, &damaged, TrailFlaw::EventRemoved));
    let flaws = flaws(&report);
    let is_seal = |f: &TrailFlaw| *f == TrailFlaw::Damaged(seal_key(3));
    assert!(flaws.iter().any(is_seal) && flaws.contains(&TrailFlaw::SealsMissing(3)), "{flaws:?}");
}

#[tokio::test]
async fn an_altered_seal_is_found_and_named() {
    let (server, engine) = sealed(150).await;
    let real = seal(&server, 2).await;
    let mut altered = real.clone();
    altered.content.events.remove(4);
    put(&engine, seal_key(2), &altered).await;
    let report = verify(&server).await;
    assert_eq!(report.findings[0], about_seal(2, TrailFlaw::SealAltered));
    assert!(flaws(&report).contains(&TrailFlaw::EventStray));
    // The hash of before is what the next one goes on from: its own hash does not help.
    put(&engine, seal_key(2), &rehashed(altered.content)).await;
    let found = verify(&server).await.findings;
    assert_eq!(found[0], about_seal(3, TrailFlaw::SealBroken));
}

#[tokio::test]
async fn a_removed_seal_is_found_and_named() {
    for (number, first) in [(1, 1), (2, 2), (4, 4)] {
        let (server, engine) = sealed(150).await;
        delete_events_of(&server, &engine, number).await;
        delete(&engine, seal_key(number)).await;
        let report = verify(&server).await;
        assert_eq!(report.findings, [about_seal(number, TrailFlaw::SealsMissing(first))]);
    }
}

#[tokio::test]
async fn seals_that_change_places_are_found() {
    let (server, engine) = sealed(200).await;
    let (two, three) = (seal(&server, 2).await, seal(&server, 3).await);
    put(&engine, seal_key(2), &three).await;
    put(&engine, seal_key(3), &two).await;
    let report = verify(&server).await;
    assert_eq!(report.findings[0], about_seal(2, TrailFlaw::SealsMissing(2)));
    assert_eq!(report.findings[1], about_seal(2, TrailFlaw::SealMisplaced));
}

#[tokio::test]
async fn an_inserted_seal_is_found() {
    let (server, engine) = sealed(150).await;
    let last = seal(&server, 4).await;
    let content = SealContent { number: 5, previous: Some(last.hash), ..last.content };
    put(&engine, seal_key(5), &rehashed(content)).await;
    let report = verify(&server).await;
    assert!(report.findings.contains(&about_seal(5, TrailFlaw::AfterEnd)), "{report:?}");
    // The sealer takes its place and says that something was there.
    write(&server, 1).await;
    server.auth.seal().await.unwrap();
    assert_eq!(verify(&server).await.findings, [about_seal(5, TrailFlaw::Unproven)]);
}

/// Everything after an altered event made again, as only who has no key can.
async fn forge_from(server: &TestServer, engine: &Memory, number: u64) -> Seal {
    let mut previous = None;
    let mut last = seal(server, number).await;
    for number in number..=4 {
        let mut content = seal(server, number).await.content;
        content.previous = previous.or(content.previous);
        content.time = content.time.minus(std::time::Duration::from_secs(1));
        last = rehashed(content);
        previous = Some(last.hash);
        put(engine, seal_key(number), &last).await;
    }
    last
}

/// Without the key the chain can be made again up to its end, and there it shows.
#[tokio::test]
async fn a_chain_that_is_made_again_is_not_proven_by_the_master_key() {
    let (server, engine) = sealed(150).await;
    let last = forge_from(&server, &engine, 2).await;
    assert_eq!(verify(&server).await.findings, [about_seal(4, TrailFlaw::SealBroken)]);
    let mut end = chain(&engine).await;
    end["span"]["end"] = json!(last.place());
    put(&engine, "chain", &end).await;
    assert_eq!(verify(&server).await.findings, [about_seal(4, TrailFlaw::EndForged)]);
    // Sealing goes on, and does not make it good.
    write(&server, 60).await;
    server.auth.seal().await.unwrap();
    let report = verify(&server).await;
    assert_eq!(report.findings, [about_seal(5, TrailFlaw::Unproven)]);
    assert_eq!((report.proven, report.seals), (Some(true), 6));
}

/// A forger who knows the derivation and has another key.
#[tokio::test]
async fn a_chain_under_another_master_key_is_not_proven() {
    let (server, engine) = sealed(150).await;
    let span: ChainSpan = serde_json::from_value(chain(&engine).await["span"].clone()).unwrap();
    let other = MasterKey::generate(&Random::seeded(8)).audit_key();
    let mac = other.mac(&serde_json::to_vec(&span).unwrap());
    put(&engine, "chain", &Chain { mac, span }).await;
    assert_eq!(verify(&server).await.findings, [about_seal(4, TrailFlaw::EndForged)]);
    let mac = key().mac(&serde_json::to_vec(&span).unwrap());
    put(&engine, "chain", &Chain { mac, span }).await;
    clean(&verify(&server).await);
}

/// The newest seals go, their events too, and the end is put back to where it was.
#[tokio::test]
async fn a_trail_that_is_cut_off_is_found() {
    let (server, engine) = sealed(150).await;
    let cut = seal(&server, 3).await.place();
    for number in [3, 4] {
        delete_events_of(&server, &engine, number).await;
        delete(&engine, seal_key(number)).await;
    }
    assert_eq!(verify(&server).await.findings, [about_seal(4, TrailFlaw::SealsMissing(3))]);
    let mut end = chain(&engine).await;
    end["span"]["end"] = json!({"number": 2, "hash": seal(&server, 2).await.hash});
    put(&engine, "chain", &end).await;
    assert_eq!(verify(&server).await.findings, [about_seal(2, TrailFlaw::EndForged)]);
    write(&server, 1).await;
    server.auth.seal().await.unwrap();
    assert_eq!(verify(&server).await.findings, [about_seal(3, TrailFlaw::Unproven)]);
    assert_ne!(seal(&server, 3).await.place(), cut);
}

#[tokio::test]
async fn a_beginning_that_retention_never_left_is_found() {
    let (server, engine) = sealed(150).await;
    delete_events_of(&server, &engine, 1).await;
    let start = seal(&server, 1).await.place();
    delete(&engine, seal_key(1)).await;
    let mut moved = chain(&engine).await;
    moved["span"]["start"] = json!(start);
    put(&engine, "chain", &moved).await;
    assert_eq!(verify(&server).await.findings, [about_seal(4, TrailFlaw::EndForged)]);
}

#[tokio::test]
async fn a_record_of_the_chain_that_is_deleted_is_found_and_stays_found() {
    let (server, engine) = sealed(150).await;
    delete(&engine, "chain").await;
    assert_eq!(flaws(&verify(&server).await), [TrailFlaw::NoEnd]);
    write(&server, 1).await;
    server.auth.seal().await.unwrap();
    let report = verify(&server).await;
    assert_eq!(report.findings, [about_seal(5, TrailFlaw::Unproven)]);
    assert_eq!(report.seals, 5);
}

/// What only someone can see who noted the end elsewhere: the whole store put back.
#[tokio::test]
async fn a_store_that_is_put_back_is_found_by_who_noted_a_later_seal() {
    let (server, _) = sealed(60).await;
    let earlier = lines(&server).await;
    write(&server, 60).await;
    server.auth.seal().await.unwrap();
    let later = seal(&server, 4).await;
    let found = |lines: &[Line], place| {
        let expected = Expected { place: Some(place), from: 0 };
        flaws(&expecting(lines.to_vec(), Some(key()), expected))
    };
    let noted = (later.content.number, later.hash);
    assert_eq!(found(&lines(&server).await, noted), []);
    assert_eq!(found(&earlier, noted), [TrailFlaw::Shorter]);
    let another = Digest::from_bytes([1; 32]);
    assert_eq!(found(&earlier, (1, another)), [TrailFlaw::OtherHash]);
    assert_eq!(found(&[], noted), [TrailFlaw::Shorter]);
}

/// For an operator who knows why: findings about earlier seals do not count.
#[tokio::test]
async fn what_is_wrong_before_a_seal_can_be_left_out() {
    let (server, engine) = sealed(150).await;
    let altered = nth(&server, 1, 3).await;
    let forged = Event { count: 9, ..altered.clone() };
    put(&engine, key_of(&engine, altered.id).await, &forged).await;
    let lines = lines(&server).await;
    let from = |from| {
        let expected = Expected { place: None, from };
        expecting(lines.clone(), Some(key()), expected).total
    };
    assert_eq!((from(1), from(2)), (1, 0));
}

#[tokio::test]
async fn without_the_key_only_hashes_are_checked_and_the_report_says_so() {
    let (server, _) = server().await;
    write(&server, 5).await;
    server.auth.seal().await.unwrap();
    let report = expecting(lines(&server).await, None, Expected::default());
    assert_eq!((report.total, report.proven), (0, None));
    assert_eq!(verify(&server).await.proven, Some(true));
}
