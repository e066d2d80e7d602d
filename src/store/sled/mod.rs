//! The embedded engine: a journal that says what has happened, and records in sled 0.34.7 as the
//! index over it.
//!
//! A commit has happened when its frame in the journal is synced (`writer.rs`). sled is asked for
//! speed only: after any stop that was not clean its folder is made again from the newest
//! snapshot and the journals (`opening.rs`), because sled's own `flush` is no fsync and its files
//! do not survive a power cut.
//!
//! - `frame.rs`, `reader.rs`: the checksummed form of everything but sled's own files.
//! - `journal.rs`, `writer.rs`, `committer.rs`, `batch.rs`: the way of a commit.
//! - `live.rs`: the index in use, and its exchange under those who read.
//! - `history.rs`, `replay.rs`, `index.rs`, `remake.rs`: the index made again.
//! - `opening.rs`, `mark.rs`, `known.rs`, `upgrade.rs`: opening, and what is known to be lost.
//! - `scan.rs`, `archive.rs`, `snapshots.rs`: the whole store in one file.
//! - `restore.rs`, `settle.rs`, `rewind.rs`, `reach.rs`, `inspect.rs`, `trial.rs`: another store in its place, and what there is to
//!   choose from.
//! - `db.rs`: sled itself.
//! - `watchdog.rs`, `pace.rs`, `disk.rs`, `panics.rs`: what goes wrong meanwhile.

mod archive;
mod batch;
mod committer;
mod db;
mod disk;
mod files;
mod frame;
mod history;
mod index;
mod inspect;
mod journal;
mod known;
mod layout;
mod live;
mod mark;
mod open_error;
mod opening;
mod options;
mod pace;
mod panics;
mod reach;
mod reader;
mod remake;
mod replay;
mod restore;
mod rewind;
mod scan;
mod settle;
mod shared;
mod snapshots;
mod trial;
mod upgrade;
mod watchdog;
mod writer;

use std::fs::File;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sled::IVec;

pub use self::archive::ArchiveError;
use self::committer::Committer;
pub use self::disk::free_space;
use self::frame::End;
pub use self::history::Point;
pub use self::inspect::{Gap, HistoryFile, Reach, history};
use self::journal::Journal;
use self::live::Failed;
use self::mark::Mark;
pub use self::open_error::OpenError;
pub use self::options::Options;
pub use self::restore::{Restore, RestoreError};
pub use self::rewind::Until;
use self::shared::Shared;
use self::snapshots::{SnapshotThread, Snapshots};
pub use self::trial::{inspect, trial};
use self::watchdog::Watchdog;
use self::writer::Writer;
use super::changes::Changes;
use super::engine::{Commit, Engine, Entry};
use super::{BackUp, Backup, Error, Sink};

/// An engine in a folder of this machine, which one process at a time can open.
///
/// While the disk is full, and after sled failed, it takes no commit ([`Error::Unavailable`] with
/// the reason), goes on reading, and mends itself. After a failed sync of the journal it takes
/// none until it is opened again. Dropping it lets the commits under way come to their end and
/// marks the stop as clean.
pub struct Sled {
    committer: Committer,
    snapshots: Option<SnapshotThread>,
    _watchdog: Watchdog,
    was_clean: bool,
    // Last: the folder's lock goes with it.
    shared: Arc<Shared>,
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
    /// one level is created, not the parents of `data`.
    ///
    /// Sets the umask of the process to 077. After a stop that was not clean it makes the index
    /// again, which takes seconds for a million records; call it on a thread that may block.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and how to mend it.
    pub fn open(data: &Path, options: Options) -> Result<Self, OpenError> {
        let lock = files::enter(data)?;
        let opened = opening::open(data, &options)?;
        let shared = Arc::new(Shared::new((data.to_owned(), lock), options, &opened));
        let was_clean = opened.was_clean;
        let thread = |cause| OpenError::io("start a thread for", data)(cause);
        let (snapshots, snapshot_thread) = Snapshots::start(Arc::clone(&shared)).map_err(thread)?;
        let thread = |cause| OpenError::io("start a thread for", data)(cause);
        let watchdog =
            Watchdog::start(Arc::clone(&shared.pulse), &shared.options).map_err(thread)?;
        let writer = Writer::new(Arc::clone(&shared), opened.journal, snapshots);
        let thread = |cause| OpenError::io("start a thread for", data)(cause);
        let committer = Committer::start(writer).map_err(thread)?;
        let snapshots = Some(snapshot_thread);
        Ok(Self { committer, snapshots, _watchdog: watchdog, was_clean, shared })
    }

    /// Whether the stop before this start was clean, or there was none. If not, the index was
    /// made again.
    #[must_use]
    pub fn was_clean(&self) -> bool {
        self.was_clean
    }

    /// Has the next start make the index again: somebody found in it what must not be.
    pub fn distrust(&self) {
        self.shared.is_distrusted.store(true, Ordering::Relaxed);
    }

    /// Marks the stop as clean, once nothing is left that could change a file.
    fn close(&self, journal: Journal) -> Result<(), OpenError> {
        let data = &self.shared.data;
        let last = self.shared.committed();
        if !self.shared.close() {
            tracing::warn!("somebody still reads the store: the stop is not marked as clean");
            return Ok(());
        }
        if self.shared.is_distrusted.load(Ordering::Relaxed) {
            tracing::warn!("the index is not trusted: the stop is not marked as clean");
            return Ok(());
        }
        files::seal(&files::store_path(data))?;
        let mark = Mark::of(data, (last.applied, last.time), (journal.path(), journal.bytes()))?;
        drop(journal);
        mark.write(data)?;
        files::remove_torn(&files::journals_path(data))?;
        files::remove(&files::aside_path(data))
    }
}

impl Drop for Sled {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        let journal = self.committer.stop();
        let Some(journal) = journal else {
            self.shared.close();
            return;
        };
        if let Some(thread) = self.snapshots.take() {
            thread.join();
        }
        if let Err(error) = self.close(journal) {
            tracing::warn!(%error, "the stop could not be marked as clean");
        }
    }
}

#[async_trait]
impl Engine for Sled {
    async fn get(&self, key: &[u8]) -> Result<Option<Entry>, Error> {
        let tree_key = layout::tree_key(key);
        let live = &self.shared.live;
        let raw = match live.read(|tree| tree.get(&tree_key)) {
            Ok(raw) => raw,
            Err(failed) => {
                live.another(failed).await?;
                live.read(|tree| tree.get(&tree_key))?
            }
        };
        raw.map(|raw| layout::entry(key, &raw)).transpose()
    }

    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        let page = Page {
            start: layout::scan_start(prefix, after),
            prefix: layout::tree_key(prefix),
            limit,
        };
        let raw = match self.page(page.clone()).await? {
            Ok(raw) => raw,
            Err(failed) => {
                self.shared.live.another(failed).await?;
                self.page(page).await??
            }
        };
        raw.iter().map(|(key, raw)| layout::entry(key.get(1..).unwrap_or_default(), raw)).collect()
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        commit.check_size()?;
        self.committer.commit(commit).await
    }

    fn changes(&self) -> Option<&Changes> {
        Some(&self.shared.changes)
    }
}

impl BackUp for Sled {
    fn back_up(&self, out: &mut dyn Sink) -> Result<Backup, Error> {
        let (_, end) = scan::write_archive(&self.shared, out)?;
        let End { records, changes, sequence, time, .. } = end;
        Ok(Backup { records, changes, sequence, time })
    }
}

/// What a scan asks the tree for.
#[derive(Clone)]
struct Page {
    start: Bound<Vec<u8>>,
    prefix: Vec<u8>,
    limit: usize,
}

impl Sled {
    /// A scan reads as much as it is asked for, so it has a thread that may block.
    async fn page(&self, page: Page) -> Result<Result<Pairs, Failed>, Error> {
        let shared = Arc::clone(&self.shared);
        let scan = move || shared.live.read(|tree| page.read(tree));
        tokio::task::spawn_blocking(scan).await.map_err(Error::unavailable)
    }
}

type Pairs = Vec<(IVec, IVec)>;

impl Page {
    fn read(self, tree: &sled::Tree) -> sled::Result<Pairs> {
        tree.range::<Vec<u8>, _>((self.start, Bound::Unbounded))
            .take_while(|pair| pair.as_ref().map_or(true, |(key, _)| key.starts_with(&self.prefix)))
            .take(self.limit)
            .collect()
    }
}

#[cfg(test)]
mod tests;
