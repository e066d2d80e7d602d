//! sled's own folder: opened, watched until it is closed, with its errors and panics as ours.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::panics::caught;
use super::{OpenError, files, layout};

/// sled panics below 256 bytes.
pub(super) const SMALLEST_CACHE: u64 = 1024 * 1024;
/// How long sled's lock may outlive a store that this process has closed: sled's own threads
/// drop the file a moment later than the last handle.
const LINGERING: Duration = Duration::from_secs(5);

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

/// Waits until sled has let go of its files after its last handle went.
pub(super) fn wait_closed(store: &Path) -> bool {
    let start = Instant::now();
    let Ok(file) = File::open(files::db_path(store)) else { return false };
    while start.elapsed() < LINGERING {
        if file.try_lock().is_ok() {
            return true;
        }
        thread::sleep(Duration::from_millis(1));
    }
    false
}

/// Work on sled's files, with its errors and panics.
pub(super) fn checked<T>(
    store: &Path,
    work: impl FnOnce() -> sled::Result<T>,
) -> Result<T, OpenError> {
    caught(work)
        .map_err(|panic| OpenError::Damaged { store: store.to_owned(), cause: panic })?
        .map_err(|error| OpenError::from_sled(store, error))
}

/// Our own notes in sled: checks the format, and gives the number of the last commit.
pub(super) fn check_notes(db: &sled::Db) -> Result<u64, String> {
    if note(db, layout::FORMAT_KEY)? != layout::FORMAT {
        return Err("its format is another".to_owned());
    }
    note(db, layout::VERSION_KEY)
}

/// The number of one of our own notes.
pub(super) fn note(db: &sled::Db, key: &[u8]) -> Result<u64, String> {
    let missing = || {
        let name = String::from_utf8_lossy(key.get(1..).unwrap_or_default()).into_owned();
        format!("its {name} number is missing")
    };
    let raw = caught(|| db.get(key))?.map_err(|error| error.to_string())?;
    raw.and_then(|raw| layout::number(&raw)).ok_or_else(missing)
}
