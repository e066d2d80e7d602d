//! What the one writing thread promises, with a disk that can be watched, held and broken.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use tempfile::TempDir;
use tokio::task::JoinSet;

use super::*;
use crate::model::{Clock, Timestamp};
use crate::store::engine::Version;
use crate::store::sled::journal::Medium;
use crate::store::sled::snapshots::Snapshots;
use crate::store::sled::{Options, Shared, files, layout, opening};

/// A disk that counts its syncs and fails what it is told to.
#[derive(Default)]
struct Disk {
    syncs: AtomicUsize,
    write: Mutex<Option<io::ErrorKind>>,
    sync: Mutex<Option<io::ErrorKind>>,
}

impl Disk {
    fn syncs(&self) -> usize {
        self.syncs.load(Ordering::SeqCst)
    }

    fn fail_syncs(&self, with: Option<io::ErrorKind>) {
        *self.sync.lock().unwrap() = with;
    }

    fn fail_writes(&self, with: Option<io::ErrorKind>) {
        *self.write.lock().unwrap() = with;
    }
}

struct Watched<F> {
    file: File,
    disk: Arc<Disk>,
    before: F,
}

impl<F: FnMut() + Send> Medium for Watched<F> {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        match *self.disk.write.lock().unwrap() {
            Some(kind) => {
                // What a full disk takes before it is full.
                self.file.write_all_at(&bytes[..bytes.len() / 2], offset)?;
                Err(kind.into())
            }
            None => self.file.write_all_at(bytes, offset),
        }
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        (self.before)();
        self.disk.syncs.fetch_add(1, Ordering::SeqCst);
        match *self.disk.sync.lock().unwrap() {
            Some(kind) => Err(io::Error::new(kind, "the disk is gone")),
            None => self.file.sync_data(),
        }
    }
}

struct Fixture {
    committer: Committer,
    shared: Arc<Shared>,
    disk: Arc<Disk>,
    data: PathBuf,
    _dir: TempDir,
}

fn options() -> Options {
    let clock = Clock::manual(Timestamp::from_seconds(1_000));
    Options { retry: Duration::ZERO, ..Options::new(clock) }
}

/// A committer whose journal does `before` and then syncs.
fn fixture(before: impl FnMut() + Send + 'static) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let lock = files::enter(&data).unwrap();
    let opened = opening::open(&data, &options()).unwrap();
    let shared = Arc::new(Shared::new((data.clone(), lock), options(), &opened));
    let disk = Arc::new(Disk::default());
    let path = opened.journal.path().to_owned();
    let file = File::options().write(true).open(&path).unwrap();
    let watched = Watched { file, disk: Arc::clone(&disk), before };
    let journal = Journal::over(Box::new(watched), path, opened.journal.bytes());
    let (snapshots, _) = Snapshots::start(Arc::clone(&shared)).unwrap();
    let writer = Writer::new(Arc::clone(&shared), journal, snapshots);
    let committer = Committer::start(writer).unwrap();
    Fixture { committer, shared, disk, data, _dir: dir }
}

impl Fixture {
    /// What a start after a power cut finds, and whether a record is in it.
    fn survives(&self, key: &str) -> bool {
        let dir = tempfile::tempdir().unwrap();
        let journals = files::journals_path(&self.data);
        let copy = files::journals_path(dir.path());
        std::fs::create_dir(&copy).unwrap();
        for entry in std::fs::read_dir(journals).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
        let opened = opening::open(dir.path(), &options()).unwrap();
        opened.db.get(layout::tree_key(key.as_bytes())).unwrap().is_some()
    }
}

fn put(key: &str) -> Commit {
    Commit::new().put(key, "v")
}

fn has(shared: &Shared, key: &str) -> bool {
    shared
        .live
        .read(|tree| tree.get(layout::tree_key(key.as_bytes())))
        .is_ok_and(|raw| raw.is_some())
}

mod failures;

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
    let raw = fix.shared.live.tree().unwrap().0.get(layout::tree_key(b"name")).unwrap().unwrap();
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
    let Fixture { committer, shared, .. } = fix;
    let committer = Arc::new(committer);
    for key in ["a", "b"] {
        let committer = Arc::clone(&committer);
        callers.spawn(async move { committer.commit(put(key)).await });
    }
    tokio::task::yield_now().await;
    callers.shutdown().await;
    drop(open);
    // The drop waits for what was sent.
    drop(Arc::into_inner(committer).unwrap());
    assert!(has(&shared, "a") && has(&shared, "b"));
}

/// What anyone has read must not be lost in a power cut.
#[tokio::test]
async fn a_commit_can_be_read_only_after_its_sync() {
    let (open, gate) = mpsc::channel::<()>();
    let fix = fixture(move || gate.recv().unwrap_or_default());
    let commit = fix.committer.commit(put("a"));
    let early = tokio::time::timeout(Duration::from_millis(50), commit).await;
    assert!(early.is_err() && !has(&fix.shared, "a"));
    drop(open);
    fix.committer.commit(put("b")).await.unwrap();
    assert!(has(&fix.shared, "a"));
}
