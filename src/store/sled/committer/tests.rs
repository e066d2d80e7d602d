//! What the one writing thread promises, with a disk that can be watched, held and broken.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use tokio::task::JoinSet;

use super::*;
use crate::store::sled::layout;

/// A disk that counts its syncs and fails them when told to.
#[derive(Default)]
struct Disk {
    syncs: AtomicUsize,
    broken: AtomicBool,
}

impl Disk {
    fn sync(&self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::SeqCst);
        if self.broken.load(Ordering::SeqCst) {
            return Err(io::Error::other("the disk is gone"));
        }
        Ok(())
    }

    fn syncs(&self) -> usize {
        self.syncs.load(Ordering::SeqCst)
    }
}

struct Fixture {
    committer: Committer,
    db: sled::Db,
    disk: Arc<Disk>,
    _dir: tempfile::TempDir,
}

/// A committer whose disk does `before` and then syncs.
fn fixture(mut before: impl FnMut() + Send + 'static) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let db = sled::Config::new().path(dir.path()).flush_every_ms(None).open().unwrap();
    let disk = Arc::new(Disk::default());
    let watched = Arc::clone(&disk);
    let durable: MakeDurable = Box::new(move || {
        before();
        watched.sync()
    });
    let committer = Committer::start((*db).clone(), Version(0), durable).unwrap();
    Fixture { committer, db, disk, _dir: dir }
}

fn put(key: &str) -> Commit {
    Commit::new().put(key, "v")
}

fn has(db: &sled::Db, key: &str) -> bool {
    db.get(layout::tree_key(key.as_bytes())).unwrap().is_some()
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_acknowledged_and_nothing_more_is_written() {
    let fix = fixture(|| {});
    fix.committer.commit(put("before")).await.unwrap();
    fix.disk.broken.store(true, Ordering::SeqCst);
    let lost = fix.committer.commit(put("lost")).await.unwrap_err();
    assert!(matches!(&lost, Error::Unavailable(reason) if reason.to_string().contains("gone")));

    // The disk is well again, but who knows which pages it dropped: the sync is not retried.
    fix.disk.broken.store(false, Ordering::SeqCst);
    let later = fix.committer.commit(put("later")).await.unwrap_err();
    assert!(matches!(&later, Error::Unavailable(reason) if reason.to_string().contains("gone")));
    let read_only = fix.committer.commit(Commit::new().check("before", None)).await.unwrap_err();
    assert!(matches!(read_only, Error::Unavailable(_)));
    assert_eq!(fix.disk.syncs(), 2);
    assert!(has(&fix.db, "before") && !has(&fix.db, "later"));
}

#[tokio::test]
async fn a_failed_sync_fails_every_commit_of_its_batch() {
    let (open, gate) = mpsc::channel::<()>();
    let fix = fixture(move || gate.recv().unwrap());
    let queue = fix.committer.jobs.as_ref().unwrap();
    let mut answers = Vec::new();
    for n in 0..10 {
        let (caller, answer) = oneshot::channel();
        queue.send(Job { commit: put(&n.to_string()), caller }).await.unwrap();
        answers.push(answer);
    }
    fix.disk.broken.store(true, Ordering::SeqCst);
    open.send(()).unwrap();
    for answer in answers {
        assert!(matches!(answer.await.unwrap(), Err(Error::Unavailable(_))));
    }
    assert_eq!(fix.disk.syncs(), 1);
}

#[tokio::test]
async fn a_panic_on_the_way_to_the_disk_makes_the_store_read_only() {
    let fix = fixture(|| panic!("cannot find pid"));
    for _ in 0..2 {
        let error = fix.committer.commit(put("a")).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(r) if r.to_string() == "cannot find pid"));
    }
    assert_eq!(fix.disk.syncs(), 0);
}

#[tokio::test]
async fn commits_that_wait_together_share_a_sync() {
    let (open, gate) = mpsc::channel::<()>();
    let fix = fixture(move || gate.recv().unwrap_or_default());
    let queue = fix.committer.jobs.as_ref().unwrap();
    let mut answers = Vec::new();
    for n in 0..=100 {
        let (caller, answer) = oneshot::channel();
        queue.send(Job { commit: put(&n.to_string()), caller }).await.unwrap();
        answers.push(answer);
    }
    drop(open);
    for answer in answers {
        answer.await.unwrap().unwrap();
    }
    // At least two, as a batch holds at most 64; at most four, as the gate was shut before.
    let syncs = fix.disk.syncs();
    assert!((2..=4).contains(&syncs), "{syncs} syncs for 101 commits");
}

#[tokio::test]
async fn a_batch_ends_at_its_size_in_bytes() {
    let (sender, mut queue) = tokio::sync::mpsc::channel(QUEUE);
    for n in 0..10 {
        let (caller, _) = oneshot::channel();
        let commit = Commit::new().put(n.to_string(), vec![0; 60 * 1024]);
        sender.send(Job { commit, caller }).await.unwrap();
    }
    let first = queue.recv().await.unwrap();
    assert_eq!(drain(first, &mut queue).len(), 5);
    let next = queue.recv().await.unwrap();
    assert_eq!(drain(next, &mut queue).len(), 5);
}

#[tokio::test]
async fn a_check_sees_the_earlier_commits_of_its_batch() {
    let (open, gate) = mpsc::channel::<()>();
    let fix = fixture(move || gate.recv().unwrap_or_default());
    let queue = fix.committer.jobs.as_ref().unwrap();
    let mut answers = Vec::new();
    let create = |by: &str| Commit::new().check("name", None).put("name", by);
    for commit in [put("holds the gate"), create("first"), create("second")] {
        let (caller, answer) = oneshot::channel();
        queue.send(Job { commit, caller }).await.unwrap();
        answers.push(answer);
    }
    drop(open);
    let mut done = Vec::new();
    for answer in answers {
        done.push(answer.await.unwrap());
    }
    assert!(matches!(done.as_slice(), [Ok(()), Ok(()), Err(Error::Conflict)]), "{done:?}");
    let raw = fix.db.get(layout::tree_key(b"name")).unwrap().unwrap();
    assert_eq!(layout::entry(b"name", &raw).unwrap().value, b"first");
}

#[tokio::test]
async fn a_commit_that_writes_nothing_costs_no_sync() {
    let fix = fixture(|| {});
    fix.committer.commit(Commit::new().check("a", None)).await.unwrap();
    fix.committer.commit(Commit::new().check("a", Some(Version(1)))).await.unwrap_err();
    assert_eq!(fix.disk.syncs(), 0);
}

#[tokio::test]
async fn a_commit_is_acknowledged_only_after_its_sync() {
    let (open, gate) = mpsc::channel::<()>();
    let fix = fixture(move || gate.recv().unwrap_or_default());
    let early = Duration::from_millis(100);
    let mut commit = std::pin::pin!(fix.committer.commit(put("a")));
    assert!(tokio::time::timeout(early, &mut commit).await.is_err());
    drop(open);
    commit.await.unwrap();
}

#[tokio::test]
async fn a_commit_happens_though_its_caller_went_away() {
    let (open, gate) = mpsc::channel::<()>();
    let fix = fixture(move || gate.recv().unwrap_or_default());
    let mut callers = JoinSet::new();
    let committer = Arc::new(fix.committer);
    for key in ["a", "b"] {
        let committer = Arc::clone(&committer);
        callers.spawn(async move { committer.commit(put(key)).await });
    }
    tokio::task::yield_now().await;
    callers.shutdown().await;
    drop(open);
    // The drop waits for what was sent.
    drop(Arc::into_inner(committer).unwrap());
    assert!(has(&fix.db, "a") && has(&fix.db, "b"));
}

#[tokio::test]
async fn every_acknowledged_commit_was_applied_before_the_sync_that_covers_it() {
    let applied = Arc::new(Mutex::new(Vec::new()));
    let dir = tempfile::tempdir().unwrap();
    let db = sled::Config::new().path(dir.path()).flush_every_ms(None).open().unwrap();
    let (seen, tree) = (Arc::clone(&applied), db.clone());
    let durable: MakeDurable = Box::new(move || {
        seen.lock().unwrap().push(has(&tree, "a"));
        Ok(())
    });
    let committer = Committer::start((*db).clone(), Version(0), durable).unwrap();
    committer.commit(put("a")).await.unwrap();
    assert_eq!(*applied.lock().unwrap(), [true]);
}
