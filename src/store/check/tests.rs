//! Each rule broken alone by a raw commit, on a store that is clean before.

use super::*;
use crate::model::{KeyId, LinkId, Session, Timestamp, User, UserId};
use crate::store::SigningKeys;
use crate::store::engine::Commit;
use crate::store::layout::KINDS;
use crate::store::record::encode;
use crate::store::revive::Progress;

mod sample;

use sample::{api_token, ended, link, list_of, seal, session, signing_key, store, tokens_of, user};

fn key_of(prefix: &str, id: impl fmt::Display) -> String {
    format!("{prefix}/{id}")
}

fn ann() -> String {
    key_of("user", user(1, "ann").id)
}

/// The findings of a full check after `commit` on a clean store.
async fn findings(commit: Commit) -> Vec<(String, Flaw)> {
    let store = store().await;
    assert!(store.check(Depth::Full).await.unwrap().is_clean());
    store.commit(commit).await.unwrap();
    let report = store.check(Depth::Full).await.unwrap();
    report.findings.into_iter().map(|finding| (finding.key, finding.what)).collect()
}

#[tokio::test]
async fn a_key_that_the_layout_does_not_know_is_found() {
    for key in [
        "stray",
        "user/short",
        "name/Ann",
        "setup2",
        "expiry/1/session/x",
        "apitoken/x",
        "apitokens/",
        "ended/x",
        "services/wiki",
        "attempt/+1",
        "seal/1",
        "unsealed/1/x",
    ] {
        let found = findings(Commit::new().put(key, "hunter2")).await;
        assert_eq!(found, [(key.to_owned(), Flaw::Unknown)]);
    }
}

#[tokio::test]
async fn a_damaged_record_is_a_finding_and_not_the_end_of_the_check() {
    let store = store().await;
    for entry in store.engine.scan(b"", None, 100).await.unwrap() {
        let key = String::from_utf8(entry.key).unwrap();
        let found = findings(Commit::new().put(key.clone(), "{")).await;
        assert_eq!(found, [(key, Flaw::Damaged)]);
    }
}

#[tokio::test]
async fn a_record_under_the_key_of_another_is_found() {
    let moved_key = key_of("key", KeyId::from_bytes([8; 32]));
    let moved_seal = format!("seal/{:016x}", 2);
    for (moved, record) in [(moved_key, encode(&signing_key())), (moved_seal, encode(&seal()))] {
        let found = findings(Commit::new().put(moved.clone(), record)).await;
        assert_eq!(found, [(moved, Flaw::Misplaced)]);
    }
}

#[tokio::test]
async fn an_index_entry_without_its_user_is_found() {
    let nobody = UserId::from_bytes([6; 16]);
    let found = findings(Commit::new().put("email/x@y.z", encode(&nobody))).await;
    assert_eq!(found, [("email/x@y.z".to_owned(), Flaw::NoUser)]);
}

#[tokio::test]
async fn an_index_entry_that_leads_to_a_user_of_another_name_is_found() {
    let found = findings(Commit::new().put("name/zed", encode(&user(1, "ann").id))).await;
    assert_eq!(found, [("name/zed".to_owned(), Flaw::OtherUser)]);
}

#[tokio::test]
async fn a_user_without_an_index_entry_is_found() {
    for entry in ["name/ann", "email/ann@example.org"] {
        let found = findings(Commit::new().delete(entry)).await;
        assert_eq!(found, [(ann(), Flaw::NoEntry(entry.to_owned()))]);
    }
}

#[tokio::test]
async fn a_session_link_or_token_of_a_later_epoch_than_its_user_is_found() {
    let ahead = User { epoch: 4, ..user(1, "ann") };
    let (held, invite) = (session(3, &ahead), link(4, &ahead));
    let (at_session, at_link) = (key_of("session", held.id), key_of("link", invite.id));
    let found = findings(Commit::new().put(at_session.clone(), encode(&held))).await;
    assert_eq!(found, [(at_session, Flaw::LaterEpoch)]);
    let found = findings(Commit::new().put(at_link.clone(), encode(&invite))).await;
    assert_eq!(found, [(at_link, Flaw::LaterEpoch)]);
    let token = api_token(5, &ahead);
    let at_token = key_of("apitoken", token.id);
    let found = findings(Commit::new().put(at_token.clone(), encode(&token))).await;
    assert_eq!(found, [(at_token, Flaw::LaterEpoch)]);
}

#[tokio::test]
async fn a_session_link_or_token_without_its_mark_is_found() {
    let ann = user(1, "ann");
    for number in [10, 11, 12, 14] {
        let (key, value) = match number {
            10 => (key_of("session", session(10, &ann).id), encode(&session(10, &ann))),
            14 => (key_of("ended", ended(14).name()), encode(&ended(14))),
            11 => (key_of("link", link(11, &ann).id), encode(&link(11, &ann))),
            _ => (key_of("apitoken", api_token(12, &ann).id), encode(&api_token(12, &ann))),
        };
        let found = findings(Commit::new().put(key.clone(), value)).await;
        assert_eq!(found, [(key, Flaw::NoMark)]);
    }
}

#[tokio::test]
async fn a_mark_of_nothing_or_of_another_time_is_found() {
    let held = session(3, &user(1, "ann")).id;
    let token = key_of("apitoken", api_token(5, &user(1, "ann")).id);
    let removed = key_of("ended", ended(13).name());
    let link = key_of("link", LinkId::from_bytes([77; 16]));
    for target in [key_of("session", held), link, token, removed] {
        let mark = format!("expiry/{:016x}/{target}", 5);
        let found = findings(Commit::new().put(mark.clone(), encode(&()))).await;
        assert_eq!(found, [(mark, Flaw::NothingMarked)]);
    }
}

#[tokio::test]
async fn a_list_without_its_user_is_found() {
    for (list, empty) in [("logins", encode(&list_of(&[]))), ("apitokens", encode(&tokens_of(&[])))]
    {
        let key = key_of(list, UserId::from_bytes([6; 16]));
        let found = findings(Commit::new().put(key.clone(), empty)).await;
        assert_eq!(found, [(key, Flaw::NoUser)]);
    }
}

#[tokio::test]
async fn a_list_that_names_a_session_of_someone_else_or_with_another_end_is_found() {
    let (ann, bob) = (user(1, "ann"), user(2, "bob"));
    let later = Session { expires_at: Timestamp::from_seconds(1), ..session(3, &ann) };
    for (owner, held) in [(bob, session(3, &ann)), (ann.clone(), later)] {
        let key = key_of("logins", owner.id);
        let found = findings(Commit::new().put(key.clone(), encode(&list_of(&[&held])))).await;
        assert_eq!(found, [(key, Flaw::OtherSession)]);
    }
}

#[tokio::test]
async fn a_list_that_names_an_api_token_of_someone_else_is_found() {
    let (ann, bob) = (user(1, "ann"), user(2, "bob"));
    let key = key_of("apitokens", bob.id);
    let list = encode(&tokens_of(&[&api_token(5, &ann)]));
    let found = findings(Commit::new().put(key.clone(), list)).await;
    assert_eq!(found, [(key, Flaw::OtherToken)]);
}

#[tokio::test]
async fn a_wrong_number_of_administrators_is_found() {
    let found = findings(Commit::new().put("admins", encode(&3_u32))).await;
    assert_eq!(found, [("admins".to_owned(), Flaw::Admins { stored: 3, counted: 2 })]);
    let found = findings(Commit::new().delete("admins")).await;
    assert_eq!(found, [("admins".to_owned(), Flaw::Admins { stored: 0, counted: 2 })]);
}

#[tokio::test]
async fn a_restore_that_was_not_finished_is_found() {
    let found = findings(Commit::new().put("reviving", encode(&Progress::default()))).await;
    assert_eq!(found, [("reviving".to_owned(), Flaw::Unfinished)]);
}

#[tokio::test]
async fn what_a_deleted_user_leaves_for_the_sweep_is_no_finding() {
    let store = store().await;
    let bob = store.users().get(user(2, "bob").id).await.unwrap().unwrap();
    let orphan = session(12, &bob.value);
    store.commit(store.sessions().insert(&orphan)).await.unwrap();
    let admins = store.users().admins().await.unwrap();
    let gone = store.users().remove(&bob).and(store.users().set_admins(&admins, 1));
    store.commit(gone).await.unwrap();
    assert!(store.check(Depth::Full).await.unwrap().is_clean());
}

#[tokio::test]
async fn a_quick_check_looks_at_a_bounded_number_of_each_kind_and_says_so() {
    let store = store().await;
    let report = store.check(Depth::Quick { per_kind: 1 }).await.unwrap();
    assert!(report.is_clean() && !report.is_whole);
    assert!(report.counts["user"] == 1 && report.counts["setup"] == 1);
    assert!(store.check(Depth::Quick { per_kind: 10 }).await.unwrap().is_whole);
}

#[tokio::test]
async fn many_findings_are_counted_and_the_first_hundred_kept() {
    let store = store().await;
    for number in 0..150 {
        store.commit(Commit::new().put(format!("stray{number}"), "x")).await.unwrap();
    }
    let report = store.check(Depth::Full).await.unwrap();
    assert_eq!((report.findings.len(), report.total), (100, 150));
    let quick = store.check(Depth::Quick { per_kind: 5 }).await.unwrap();
    assert_eq!(quick.total, 5);
}

#[test]
fn a_finding_is_one_line_whatever_the_key_is() {
    let finding = Finding { key: printable(b"a\n\x1b[2J\xff"), what: Flaw::Unknown };
    assert!(!finding.to_string().contains(char::is_control));
}

#[test]
fn no_key_of_a_kind_starts_like_another_kind() {
    for kind in KINDS {
        let alike = KINDS.iter().filter(|other| other.prefix.starts_with(kind.prefix));
        assert_eq!(alike.count(), 1, "{}", kind.prefix);
    }
}

#[tokio::test]
async fn a_revived_store_is_clean_and_holds_no_way_in_but_passwords() {
    let store = store().await;
    let done = store.revive(SigningKeys::Drop).await.unwrap();
    assert_eq!((done.users, done.sessions, done.links, done.keys), (2, 1, 1, 1));
    assert_eq!(done.api_tokens, 1);
    let report = store.check(Depth::Full).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    let left: Vec<&str> = report.counts.keys().copied().collect();
    let trail = ["chain", "event", "seal", "unsealed"];
    assert!(trail.iter().all(|kind| left.contains(kind)), "{left:?}");
    let others = left.iter().filter(|kind| !trail.contains(*kind));
    assert!(others.eq(["admins", "email", "logins", "name", "user"].iter()), "{left:?}");
    let ann = user(1, "ann");
    let list = store.sessions().of_user(ann.id).await.unwrap().value;
    assert_eq!(list, list_of(&[]));
    let after = store.users().get(ann.id).await.unwrap().unwrap().value;
    assert_eq!((after.epoch, after.api_since), (ann.epoch + 1, ann.epoch + 1));
}

#[tokio::test]
async fn the_signing_keys_stay_if_they_are_to() {
    let store = store().await;
    assert_eq!(store.revive(SigningKeys::Keep).await.unwrap().keys, 0);
    assert_eq!(store.keys().all().await.unwrap(), [signing_key()]);
}
