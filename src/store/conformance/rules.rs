//! The rules of a commit, one caller at a time.

use std::sync::Arc;

use super::{conflicts, get, put, succeeds, value, version};
use crate::store::Error;
use crate::store::engine::{Commit, Engine, MAX_COMMIT, MAX_KEY, MAX_VALUE};

pub(super) async fn a_commit_can_be_read_when_it_returned(engine: Arc<dyn Engine>) {
    assert_eq!(value(&*engine, b"a").await, None);
    for round in 0..50_u8 {
        succeeds(&*engine, Commit::new().put("a", [round]).put("b", [round])).await;
        assert_eq!(value(&*engine, b"a").await, Some(vec![round]));
        assert_eq!(value(&*engine, b"b").await, Some(vec![round]));
    }
    succeeds(&*engine, Commit::new().delete("a").delete("never there")).await;
    assert_eq!(value(&*engine, b"a").await, None);
    assert_eq!(value(&*engine, b"b").await, Some(vec![49]));
}

pub(super) async fn a_stale_check_conflicts(engine: Arc<dyn Engine>) {
    let old = put(&*engine, b"a", b"1").await;
    succeeds(&*engine, Commit::new().check("a", Some(old)).put("a", "2")).await;
    conflicts(&*engine, Commit::new().check("a", Some(old)).put("a", "3")).await;
    conflicts(&*engine, Commit::new().check("a", None).put("a", "3")).await;
    assert_eq!(value(&*engine, b"a").await, Some(b"2".to_vec()));
    succeeds(&*engine, Commit::new().delete("a")).await;
    conflicts(&*engine, Commit::new().check("a", Some(old)).put("a", "4")).await;
    assert_eq!(value(&*engine, b"a").await, None);
}

pub(super) async fn a_check_holds_on_a_key_that_is_only_read(engine: Arc<dyn Engine>) {
    let seen = put(&*engine, b"role", b"admin").await;
    let relies = Commit::new().check("role", Some(seen));
    succeeds(&*engine, relies.clone().put("deed", "1")).await;
    assert_eq!(version(&*engine, b"role").await, Some(seen), "a check must not write");
    succeeds(&*engine, relies.clone()).await;
    put(&*engine, b"role", b"none").await;
    conflicts(&*engine, relies.clone().put("deed", "2")).await;
    conflicts(&*engine, relies).await;
    conflicts(&*engine, Commit::new().check("absent", Some(seen)).put("deed", "3")).await;
    assert_eq!(value(&*engine, b"deed").await, Some(b"1".to_vec()));
}

pub(super) async fn create_once_wins_once(engine: Arc<dyn Engine>) {
    let create = |by: &'static str| Commit::new().check("name/ann", None).put("name/ann", by);
    succeeds(&*engine, create("first")).await;
    conflicts(&*engine, create("second")).await;
    assert_eq!(value(&*engine, b"name/ann").await, Some(b"first".to_vec()));
}

pub(super) async fn a_failed_commit_writes_nothing(engine: Arc<dyn Engine>) {
    put(&*engine, b"kept", b"1").await;
    let before = get(&*engine, b"kept").await;
    let writes = Commit::new().put("kept", "2").put("new", "2").delete("kept");
    conflicts(&*engine, writes.clone().check("kept", None)).await;
    // The last of many checks counts as much as the first.
    let good = Commit::new().check("new", None).check("kept", before.as_ref().map(|e| e.version));
    conflicts(&*engine, good.and(writes).check("kept", None)).await;
    assert_eq!(get(&*engine, b"kept").await, before);
    assert_eq!(get(&*engine, b"new").await, None);
}

pub(super) async fn a_key_that_was_deleted_and_made_again_has_a_new_version(
    engine: Arc<dyn Engine>,
) {
    let mut seen = vec![put(&*engine, b"a", b"same").await];
    for _ in 0..20 {
        succeeds(&*engine, Commit::new().delete("a")).await;
        let again = put(&*engine, b"a", b"same").await;
        assert!(!seen.contains(&again), "the version {again:?} came back");
        seen.push(again);
    }
    succeeds(&*engine, Commit::new().delete("a").put("a", "same")).await;
    let again = version(&*engine, b"a").await.expect("it was put");
    assert!(!seen.contains(&again), "the version {again:?} came back in one commit");
    for old in seen {
        conflicts(&*engine, Commit::new().check("a", Some(old)).delete("a")).await;
    }
}

pub(super) async fn every_write_raises_the_version(engine: Arc<dyn Engine>) {
    let mut last = put(&*engine, b"a", b"same").await;
    for _ in 0..20 {
        put(&*engine, b"other", b"x").await;
        assert_eq!(version(&*engine, b"a").await, Some(last), "nobody wrote it");
        let next = put(&*engine, b"a", b"same").await;
        assert!(next > last, "{next:?} after {last:?}");
        last = next;
    }
}

pub(super) async fn of_two_writes_to_one_key_the_later_stays(engine: Arc<dyn Engine>) {
    succeeds(&*engine, Commit::new().put("a", "1").put("a", "2")).await;
    assert_eq!(value(&*engine, b"a").await, Some(b"2".to_vec()));
    succeeds(&*engine, Commit::new().put("a", "3").delete("a")).await;
    assert_eq!(value(&*engine, b"a").await, None);
    succeeds(&*engine, Commit::new().delete("a").put("a", "4")).await;
    assert_eq!(value(&*engine, b"a").await, Some(b"4".to_vec()));
    // Checks are about the state before the commit, not about its own writes.
    let now = version(&*engine, b"a").await;
    succeeds(&*engine, Commit::new().put("a", "5").check("a", now).put("a", "6")).await;
    assert_eq!(value(&*engine, b"a").await, Some(b"6".to_vec()));
}

pub(super) async fn an_empty_commit_does_nothing(engine: Arc<dyn Engine>) {
    let seen = put(&*engine, b"a", b"1").await;
    succeeds(&*engine, Commit::new()).await;
    assert_eq!(version(&*engine, b"a").await, Some(seen));
}

pub(super) async fn commits_up_to_the_limits_are_taken_and_larger_ones_write_nothing(
    engine: Arc<dyn Engine>,
) {
    let largest = vec![7; MAX_VALUE];
    let many = |n: usize| (0..n).fold(Commit::new(), |c, i| c.put(format!("m{i}"), "x"));
    succeeds(&*engine, Commit::new().put("v", largest.clone())).await;
    assert_eq!(value(&*engine, b"v").await, Some(largest));
    succeeds(&*engine, Commit::new().put(vec![b'k'; MAX_KEY], "long key")).await;
    assert_eq!(value(&*engine, &[b'k'; MAX_KEY]).await, Some(b"long key".to_vec()));
    succeeds(&*engine, many(MAX_COMMIT)).await;
    assert_eq!(value(&*engine, b"m99").await, Some(b"x".to_vec()));

    let first = || Commit::new().put("first", "x");
    too_large(&*engine, first().put("v", vec![8; MAX_VALUE + 1])).await;
    too_large(&*engine, first().put(vec![b'k'; MAX_KEY + 1], "x")).await;
    too_large(&*engine, first().delete(vec![b'k'; MAX_KEY + 1])).await;
    too_large(&*engine, first().check(vec![b'k'; MAX_KEY + 1], None)).await;
    too_large(&*engine, first().and(many(MAX_COMMIT))).await;
    assert_eq!(value(&*engine, b"first").await, None);
    assert_eq!(value(&*engine, &[b'k'; MAX_KEY + 1]).await, None);
}

async fn too_large(engine: &dyn Engine, commit: Commit) {
    let done = engine.commit(commit).await;
    assert!(matches!(done, Err(Error::TooLarge)), "should be too large, but: {done:?}");
}

pub(super) async fn any_bytes_are_a_key(engine: Arc<dyn Engine>) {
    let keys: [&[u8]; 9] =
        [b"", b"\0", b"\0\0", b"\0version", b"\0format", b"\x01", b"a\0b", b"\xff", b"\xff\xff"];
    for key in keys {
        assert_eq!(value(&*engine, key).await, None, "{key:?} in an empty store");
        succeeds(&*engine, Commit::new().check(key, None).put(key, key)).await;
    }
    for key in keys {
        assert_eq!(value(&*engine, key).await, Some(key.to_vec()), "{key:?}");
    }
    succeeds(&*engine, keys.iter().fold(Commit::new(), |c, key| c.delete(*key))).await;
    assert!(engine.scan(b"", None, 100).await.is_ok_and(|found| found.is_empty()));
}
