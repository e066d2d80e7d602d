//! Creating a store, and opening one so that damage becomes an error and never a panic.

use std::io::ErrorKind;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::panics::caught;
use super::{OpenError, files, layout};
use crate::store::engine::Version;

/// sled panics below 256 bytes.
const SMALLEST_CACHE: u64 = 1024 * 1024;
/// How long sled's lock may outlive a store that this process has closed: sled's own threads
/// drop the file a moment later than the last handle.
const LINGERING: Duration = Duration::from_secs(5);

/// Creates an empty store in the data folder. It is made beside its place and renamed, so a
/// store without its format number is a damaged one and not one that was cut off here.
pub(super) fn create(data: &Path, cache_bytes: u64) -> Result<(), OpenError> {
    files::remove_unfinished(data)?;
    let path = files::unfinished_path(data);
    files::make_folder(&path)?;
    let db = open_sled(&path, cache_bytes)?;
    let mut notes = sled::Batch::default();
    notes.insert(layout::FORMAT_KEY, &layout::FORMAT.to_be_bytes());
    notes.insert(layout::VERSION_KEY, &0_u64.to_be_bytes());
    checked(&path, || db.apply_batch(notes).and_then(|()| db.flush()))?;
    drop(db);
    files::seal(&path)?;
    files::publish(data)
}

/// Opens the store of the data folder and reads all of it once, because sled opens some damaged
/// files without a word. Also says which version was given last.
pub(super) fn open(data: &Path, cache_bytes: u64) -> Result<(sled::Db, Version), OpenError> {
    let store = files::store_path(data);
    // sled would make a new one in its place.
    if !files::db_path(&store).exists() {
        return Err(damaged(&store, "the file db is missing"));
    }
    files::remove_half_snapshots(&store)?;
    let db = open_sled(&store, cache_bytes)?;
    files::seal(&store)?;
    check_format(data, &db)?;
    let last = last_version(&store, &db)?;
    check_records(&store, &db, last)?;
    Ok((db, last))
}

/// Opens sled alone, whatever it holds.
pub(super) fn open_sled(store: &Path, cache_bytes: u64) -> Result<sled::Db, OpenError> {
    let config = sled::Config::new()
        .path(store)
        .cache_capacity(cache_bytes.max(SMALLEST_CACHE))
        .flush_every_ms(None);
    let start = Instant::now();
    loop {
        match checked(store, || config.open()) {
            Err(error) if is_sled_lock(&error) && start.elapsed() < LINGERING => {
                thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

/// Whether sled's own lock is taken. We hold ours, so this is no other doorkey.
fn is_sled_lock(error: &OpenError) -> bool {
    let OpenError::Io { cause, .. } = error else { return false };
    cause.kind() == ErrorKind::Other && cause.to_string().contains("could not acquire lock")
}

/// Work on sled's files, with its errors and panics.
fn checked<T>(store: &Path, work: impl FnOnce() -> sled::Result<T>) -> Result<T, OpenError> {
    caught(work)
        .map_err(|panic| damaged(store, panic))?
        .map_err(|error| OpenError::from_sled(store, error))
}

fn check_format(data: &Path, db: &sled::Db) -> Result<(), OpenError> {
    let found = note(&files::store_path(data), db, layout::FORMAT_KEY)?;
    if found > layout::FORMAT {
        return Err(OpenError::NewerFormat { data: data.to_owned(), found });
    }
    Ok(())
}

fn last_version(store: &Path, db: &sled::Db) -> Result<Version, OpenError> {
    note(store, db, layout::VERSION_KEY).map(Version)
}

/// The number of one of our own notes.
fn note(store: &Path, db: &sled::Db, key: &[u8]) -> Result<u64, OpenError> {
    let missing = || {
        let name = String::from_utf8_lossy(key.get(1..).unwrap_or_default()).into_owned();
        damaged(store, format!("its {name} number is missing"))
    };
    let raw = checked(store, || db.get(key))?.ok_or_else(missing)?;
    layout::number(&raw).ok_or_else(missing)
}

fn check_records(store: &Path, db: &sled::Db, last: Version) -> Result<(), OpenError> {
    let bad = checked(store, || {
        for pair in db.iter() {
            let (key, raw) = pair?;
            let version = layout::number(&raw).map(Version);
            if layout::is_record(&key) && version.is_none_or(|version| version > last) {
                return Ok(Some(key));
            }
        }
        Ok(None)
    })?;
    let Some(key) = bad else { return Ok(()) };
    let key = String::from_utf8_lossy(key.get(1..).unwrap_or_default()).into_owned();
    Err(damaged(store, format!("the record {key} has no valid version")))
}

fn damaged(store: &Path, cause: impl Into<String>) -> OpenError {
    OpenError::Damaged { store: store.to_owned(), cause: cause.into() }
}
