//! The embedded engine: records in sled 0.34.7, written by one thread that syncs the disk itself.
//!
//! sled's `flush` is no fsync and its `flush_async` and `transaction` can hang or cost too much,
//! so none of them decides here when a commit is durable: `committer.rs` does.

mod batch;
mod committer;
mod files;
mod layout;
mod open_error;
mod opening;
mod panics;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use sled::IVec;

use self::committer::{Committer, MakeDurable};
pub use self::open_error::OpenError;
use self::panics::caught;
use super::Error;
use super::engine::{Commit, Engine, Entry};

/// An engine in a folder of this machine, which one process at a time can open.
///
/// After a failed write or sync it takes no commit any more ([`Error::Unavailable`] with the
/// reason) and goes on reading. Dropping it lets the commits under way come to their end.
pub struct Sled {
    // Before `shared`: the thread must have ended before the lock can go.
    committer: Committer,
    shared: Arc<Shared>,
}

/// What the thread that writes and the scans under way keep alive.
struct Shared {
    // Before `_lock`: sled must be closed before another process may open it.
    db: sled::Db,
    _lock: File,
}

/// A data folder that is this process' own, without a store being opened in it: for an engine
/// that keeps nothing there.
#[derive(Debug)]
pub struct FolderLock {
    _lock: File,
}

impl FolderLock {
    /// Creates or checks the data folder and takes its lock, as [`Sled::open`] does.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and how to mend it.
    pub fn take(data: &Path) -> Result<Self, OpenError> {
        Ok(Self { _lock: files::enter(data)? })
    }
}

impl Sled {
    /// Opens the store in the data folder `data`, creating both when they are not there. Only
    /// one level is created, not the parents of `data`. `cache_bytes` is how much sled keeps in
    /// memory, a hint that it exceeds.
    ///
    /// Sets the umask of the process to 077. Reads every record once, so it takes
    /// seconds for a million of them; call it on a thread that may block.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and how to mend it.
    pub fn open(data: &Path, cache_bytes: u64) -> Result<Self, OpenError> {
        let lock = files::enter(data)?;
        let store = files::store_path(data);
        if !store.exists() {
            opening::create(data, cache_bytes)?;
        }
        let (db, last) = opening::open(data, cache_bytes)?;
        let shared = Arc::new(Shared { db, _lock: lock });
        let disk = make_durable(Arc::clone(&shared), &store);
        let disk = disk.map_err(OpenError::io("open the file db of", &store))?;
        let committer = Committer::start((*shared.db).clone(), last, disk)
            .map_err(OpenError::io("start the thread that writes to", &store))?;
        Ok(Self { committer, shared })
    }
}

/// sled's `flush` writes its buffers to the file but leaves the file's size and the disk's own
/// cache alone: only the `fdatasync` after it makes them durable.
fn make_durable(shared: Arc<Shared>, store: &Path) -> io::Result<MakeDurable> {
    let file = File::open(files::db_path(store))?;
    let store = store.to_owned();
    Ok(Box::new(move || {
        shared.db.flush().map_err(io::Error::other)?;
        files::sync_blobs(&store)?;
        file.sync_data()
    }))
}

#[async_trait]
impl Engine for Sled {
    async fn get(&self, key: &[u8]) -> Result<Option<Entry>, Error> {
        let raw = caught(|| self.shared.db.get(layout::tree_key(key)))
            .map_err(Error::unavailable)?
            .map_err(Error::unavailable)?;
        raw.map(|raw| layout::entry(key, &raw)).transpose()
    }

    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        let start = layout::scan_start(prefix, after);
        let prefix = layout::tree_key(prefix);
        let shared = Arc::clone(&self.shared);
        let scan = move || {
            let range = shared.db.range::<Vec<u8>, _>((start, std::ops::Bound::Unbounded));
            range
                .take_while(|pair| pair.as_ref().map_or(true, |(key, _)| key.starts_with(&prefix)))
                .take(limit)
                .map(entry)
                .collect()
        };
        tokio::task::spawn_blocking(scan).await.map_err(Error::unavailable)?
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        commit.check_size()?;
        self.committer.commit(commit).await
    }
}

fn entry(pair: sled::Result<(IVec, IVec)>) -> Result<Entry, Error> {
    let (tree_key, raw) = pair.map_err(Error::unavailable)?;
    layout::entry(tree_key.get(1..).unwrap_or_default(), &raw)
}

#[cfg(test)]
mod tests;
