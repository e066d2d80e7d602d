//! The rules of a scan.

use std::sync::Arc;

use super::{get, put, succeeds};
use crate::store::engine::{Commit, Engine};

async fn keys(
    engine: &dyn Engine,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Vec<Vec<u8>> {
    let found = engine.scan(prefix, after, limit).await.expect("an engine in a test can scan");
    for entry in &found {
        assert_eq!(get(engine, &entry.key).await.as_ref(), Some(entry), "scan and get differ");
    }
    found.into_iter().map(|entry| entry.key).collect()
}

async fn fill(engine: &dyn Engine, keys: &[&[u8]]) {
    for key in keys {
        put(engine, key, b"v").await;
    }
}

pub(super) async fn a_scan_is_in_the_order_of_its_keys(engine: Arc<dyn Engine>) {
    assert!(keys(&*engine, b"", None, 10).await.is_empty(), "an empty store has no keys");
    let ordered: [&[u8]; 8] = [b"", b"\0", b"a", b"a\0", b"a1", b"aa", b"b", b"\xff"];
    for at in [3, 0, 7, 5, 1, 6, 2, 4] {
        fill(&*engine, &[ordered[at]]).await;
    }
    assert_eq!(keys(&*engine, b"", None, 100).await, ordered);
    for limit in 0..=ordered.len() {
        assert_eq!(keys(&*engine, b"", None, limit).await, ordered[..limit]);
    }
    assert_eq!(keys(&*engine, b"", None, usize::MAX).await, ordered);
}

pub(super) async fn a_scan_keeps_to_its_prefix(engine: Arc<dyn Engine>) {
    fill(&*engine, &[b"a/1", b"a/2", b"a", b"a0", b"b/1", b"a/"]).await;
    assert_eq!(keys(&*engine, b"a/", None, 100).await, [&b"a/"[..], b"a/1", b"a/2"]);
    assert!(keys(&*engine, b"c", None, 100).await.is_empty());
    assert!(keys(&*engine, b"a/1/more", None, 100).await.is_empty());

    // There is no next prefix after 0xff to end at.
    fill(&*engine, &[b"\xfe\xff", b"\xff", b"\xff\xfe", b"\xff\xff", b"\xff\xff\x01"]).await;
    let last: [&[u8]; 4] = [b"\xff", b"\xff\xfe", b"\xff\xff", b"\xff\xff\x01"];
    assert_eq!(keys(&*engine, b"\xff", None, 100).await, last);
    assert_eq!(keys(&*engine, b"\xff\xff", None, 100).await, last[2..]);
    assert_eq!(keys(&*engine, b"\xfe\xff", None, 100).await, [b"\xfe\xff"]);
}

pub(super) async fn a_scan_pages_by_the_key_it_comes_after(engine: Arc<dyn Engine>) {
    let all: Vec<Vec<u8>> = (0..60).map(|n| format!("p/{n:02}").into_bytes()).collect();
    for some in all.chunks(20) {
        let all_of_them = some.iter().fold(Commit::new(), |c, key| c.put(key.clone(), "v"));
        succeeds(&*engine, all_of_them).await;
    }
    fill(&*engine, &[b"o", b"q"]).await;
    for size in [1, 7, 60, 61] {
        assert_eq!(pages(&*engine, b"p/", size).await, all, "in pages of {size}");
    }
    // A key that is not there is as good a place to go on from.
    assert_eq!(keys(&*engine, b"p/", Some(b"p/581"), 9).await, [b"p/59"]);
    assert_eq!(keys(&*engine, b"p/", Some(b"a"), 1).await, [b"p/00"], "after, before the prefix");
    assert_eq!(keys(&*engine, b"p/", Some(b"p/"), 1).await, [b"p/00"]);
    assert!(keys(&*engine, b"p/", Some(b"p/59"), 9).await.is_empty());
    assert!(keys(&*engine, b"p/", Some(b"p0"), 9).await.is_empty(), "after, behind the prefix");
}

async fn pages(engine: &dyn Engine, prefix: &[u8], size: usize) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    loop {
        let page = keys(engine, prefix, all.last().map(Vec::as_slice), size).await;
        let full = page.len() == size;
        all.extend(page);
        if !full {
            return all;
        }
    }
}

pub(super) async fn a_scan_sees_no_deleted_key(engine: Arc<dyn Engine>) {
    fill(&*engine, &[b"a", b"b", b"c"]).await;
    succeeds(&*engine, Commit::new().delete("b")).await;
    assert_eq!(keys(&*engine, b"", None, 10).await, [b"a", b"c"]);
    assert_eq!(keys(&*engine, b"", Some(b"b"), 10).await, [b"c"]);
}
