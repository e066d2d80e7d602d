//! The rules for engines that keep their records over a restart.

use super::{conflicts, get, put, succeeds, value, version};
use crate::store::engine::{Commit, Engine};

pub(super) async fn records_survive_a_reopen<E: Engine>(open: &impl AsyncFn() -> E) {
    let engine = open().await;
    for n in 0..40_u8 {
        put(&engine, &[b'r', n], &vec![n; usize::from(n) * 1000]).await;
    }
    succeeds(&engine, Commit::new().delete(*b"r\x07")).await;
    let before = engine.scan(b"r", None, 100).await.expect("an engine in a test can scan");
    drop(engine);
    let engine = open().await;
    let after = engine.scan(b"r", None, 100).await.expect("an engine in a test can scan");
    assert_eq!(after, before, "values and versions are as before");
    assert_eq!(after.len(), 39);
    assert_eq!(get(&engine, b"r\x07").await, None);
}

pub(super) async fn versions_rise_over_a_reopen<E: Engine>(open: &impl AsyncFn() -> E) {
    let mut seen = Vec::new();
    for round in 0..5 {
        let engine = open().await;
        assert_eq!(value(&engine, b"a").await, None, "in round {round}");
        let now = put(&engine, b"a", b"same").await;
        assert!(seen.iter().all(|old| now > *old), "{now:?} after {seen:?}");
        for old in &seen {
            conflicts(&engine, Commit::new().check("a", Some(*old)).put("a", "x")).await;
        }
        seen.push(now);
        // The last thing before the reopen leaves no record with a version behind.
        succeeds(&engine, Commit::new().check("a", Some(now)).delete("a")).await;
        assert_eq!(version(&engine, b"a").await, None);
    }
}
