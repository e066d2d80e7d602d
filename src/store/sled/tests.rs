//! The engine as a whole, on a folder of its own.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::*;
use crate::model::{Clock, Timestamp};
use crate::store::Progress;
use crate::store::conformance;
use crate::store::engine::MAX_VALUE;

fn options() -> Options {
    let clock = Clock::manual(Timestamp::from_seconds(1_000));
    Options { cache_bytes: 4 * 1024 * 1024, ..Options::new(clock) }
}

fn open(data: &Path) -> Sled {
    Sled::open(data, options()).unwrap()
}

fn refusal(data: &Path) -> OpenError {
    match Sled::open(data, options()) {
        Ok(_) => panic!("{} should not open", data.display()),
        Err(error) => error,
    }
}

/// A data folder with a closed store of 300 records in it.
async fn filled() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let sled = open(&data);
    for some in 0..10 {
        let put = |c: Commit, n: u32| c.put(format!("{some}/{n}"), vec![1; 300]);
        sled.commit((0..30).fold(Commit::new(), put)).await.unwrap();
    }
    (dir, data)
}

/// Where a backup goes in a test.
struct InMemory<'a>(&'a mut Vec<u8>);

impl std::io::Write for InMemory<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Sink for InMemory<'_> {
    fn progress(&mut self, _: Progress) -> std::io::Result<()> {
        Ok(())
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Every path below the data folder and itself, with its permission bits.
fn modes(path: &Path) -> Vec<(PathBuf, u32)> {
    let meta = fs::metadata(path).unwrap();
    let mut found = vec![(path.to_owned(), meta.permissions().mode() & 0o7777)];
    if meta.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            found.extend(modes(&entry.unwrap().path()));
        }
    }
    found
}

fn assert_private(data: &Path) {
    let found = modes(data);
    assert!(found.len() >= 8, "data, lock, journal and in it, store, db, conf, blobs: {found:?}");
    for (path, mode) in found {
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, wanted, "{} has mode {mode:o}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sled_keeps_the_contract_of_an_engine() {
    let (dir, made) = (tempfile::tempdir().unwrap(), AtomicUsize::new(0));
    let next = || dir.path().join(made.fetch_add(1, Ordering::SeqCst).to_string());
    conformance::run(async || open(&next())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sled_keeps_its_records_over_a_reopen() {
    let dir = tempfile::tempdir().unwrap();
    conformance::run_durable(async || open(&dir.path().join("data"))).await;
}

#[tokio::test]
async fn a_store_that_is_open_is_refused_to_a_second_one() {
    let (_dir, data) = filled().await;
    let first = open(&data);
    let error = refusal(&data);
    assert!(matches!(&error, OpenError::Locked { data: named } if *named == data));
    assert!(error.to_string().contains("is running"), "{error}");
    drop(first);
    open(&data);
}

/// A scan that goes on after its caller and the engine are gone still holds the lock.
#[tokio::test]
async fn the_lock_goes_only_after_sled_is_closed() {
    let (_dir, data) = filled().await;
    let sled = open(&data);
    let scan = Arc::clone(&sled.shared);
    drop(sled);
    assert!(matches!(refusal(&data), OpenError::Locked { .. }));
    drop(scan);
    open(&data);
}

#[tokio::test]
async fn nothing_that_sled_creates_is_open_to_other_users() {
    let (_dir, data) = filled().await;
    assert_private(&data);
    let sled = open(&data);
    // Large enough for files in blobs/ too.
    for n in 0..40_u32 {
        sled.commit(Commit::new().put(n.to_be_bytes(), vec![1; MAX_VALUE])).await.unwrap();
    }
    assert!(fs::read_dir(data.join("store/blobs")).unwrap().next().is_some());
    assert_private(&data);
}

#[tokio::test]
async fn records_large_enough_for_files_of_their_own_survive_a_reopen() {
    let dir = tempfile::tempdir().unwrap();
    let sled = open(dir.path());
    for n in 0..40_u8 {
        sled.commit(Commit::new().put([n], vec![n; MAX_VALUE])).await.unwrap();
    }
    drop(sled);
    let found = open(dir.path()).scan(b"", None, 100).await.unwrap();
    let whole = |(n, entry): (u8, &Entry)| entry.value == vec![n; MAX_VALUE];
    assert!(found.len() == 40 && (0..40).zip(&found).all(whole));
}

#[tokio::test]
async fn a_data_folder_with_a_store_that_others_can_enter_is_refused() {
    let (_dir, data) = filled().await;
    for mode in [0o750, 0o701, 0o777] {
        set_mode(&data, mode);
        let error = refusal(&data);
        assert!(matches!(error, OpenError::TooOpen { mode: found, .. } if found == mode));
        assert!(error.to_string().contains("chmod 700"), "{error}");
        assert_eq!(modes(&data)[0].1, mode, "a refusal changes nothing");
    }
    set_mode(&data, 0o700);
    open(&data);
}

#[tokio::test]
async fn a_shared_folder_named_by_mistake_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    set_mode(dir.path(), 0o755);
    fs::write(dir.path().join("of somebody else"), "x").unwrap();
    assert!(matches!(refusal(dir.path()), OpenError::TooOpen { mode: 0o755, .. }));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn an_empty_folder_is_closed_to_other_users() {
    let dir = tempfile::tempdir().unwrap();
    set_mode(dir.path(), 0o755);
    let _sled = open(dir.path());
    assert_private(dir.path());
}

#[tokio::test]
async fn what_a_power_cut_left_of_a_creation_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["store.new", "journal.new"] {
        fs::create_dir(dir.path().join(name)).unwrap();
        fs::write(dir.path().join(name).join("db"), "torn").unwrap();
    }
    set_mode(dir.path(), 0o700);
    open(dir.path()).commit(Commit::new().put("a", "1")).await.unwrap();
    assert!(!dir.path().join("store.new").exists() && !dir.path().join("journal.new").exists());
}

mod lost_end;
mod past;
mod recovery;
mod restored;
mod snapshots;
mod time;

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let error = refusal(&dir.path().join("missing/data"));
    assert!(matches!(error, OpenError::Io { .. }));
    assert!(error.to_string().starts_with("Could not create the folder"), "{error}");
    assert!(error.to_string().contains("missing/data"), "{error}");
}

#[tokio::test]
async fn it_is_one_engine_among_others() {
    let dir = tempfile::tempdir().unwrap();
    let engine: Arc<dyn Engine> = Arc::new(open(dir.path()));
    engine.commit(Commit::new().put("a", "1")).await.unwrap();
    assert_eq!(engine.get(b"a").await.unwrap().unwrap().value, b"1");
}
