//! Makes sled's folder from a snapshot and the journals.

use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::Path;

use super::archive::{self, ArchiveError, Part};
use super::db::{checked, open_sled};
use super::frame::Change;
use super::history::{History, Numbered};
use super::replay::{Ending, Replayed};
use super::{OpenError, files, layout};
use crate::model::Timestamp;
use crate::store::engine::{Entry, Version, Write};

/// A batch is applied when it holds as many bytes, and sled flushed after so many batches: sled
/// can deadlock on very many writes without a flush between them.
const BATCH_BYTES: usize = 256 * 1024;
const BATCHES_UNFLUSHED: u32 = 16;

/// What an index was made from.
#[derive(Debug)]
pub(super) struct Rebuilt {
    /// The number of the last commit.
    pub(super) last: u64,
    /// When it happened; of an empty store, when it was begun.
    pub(super) time: Timestamp,
    /// How long the snapshot is.
    pub(super) snapshot_bytes: u64,
    /// How the journals ended.
    pub(super) replayed: Replayed,
}

/// Makes the index in `folder`, which is not there yet, as of `until` or as new as can be.
///
/// # Errors
/// When it cannot be made from what there is.
pub(super) fn build(
    history: &History,
    folder: &Path,
    (cache_bytes, until): (u64, Option<Timestamp>),
) -> Result<Rebuilt, OpenError> {
    let mut wanted = history.snapshots.clone();
    while let Some(snapshot) = wanted.pop() {
        match archive::verify(&snapshot.path) {
            Ok((_, end)) if until.is_some_and(|until| end.time > until) => {}
            Ok((_, end)) => {
                let base =
                    Base { snapshot: Some(snapshot), sequence: end.sequence, time: end.time };
                return base.build(history, folder, (cache_bytes, until));
            }
            // Those before it and their journals are still there.
            Err(error) if !wanted.is_empty() || reaches_back(history) => {
                tracing::error!(snapshot = %snapshot.path.display(), %error, "a snapshot is damaged");
            }
            Err(error) => {
                let cause = error.to_string();
                return Err(OpenError::SnapshotDamaged { path: snapshot.path, cause });
            }
        }
    }
    let base = Base { snapshot: None, sequence: 0, time: Timestamp::EPOCH };
    base.build(history, folder, (cache_bytes, until))
}

/// Whether the journals begin with the first commit of the store.
fn reaches_back(history: &History) -> bool {
    history.journals.first().is_some_and(|journal| journal.first == 1)
}

/// What the index is begun with.
struct Base {
    snapshot: Option<Numbered>,
    /// The state is that after this commit.
    sequence: u64,
    time: Timestamp,
}

impl Base {
    fn build(
        self,
        history: &History,
        folder: &Path,
        (cache_bytes, until): (u64, Option<Timestamp>),
    ) -> Result<Rebuilt, OpenError> {
        let mut builder = Builder::create(folder, cache_bytes)?;
        let mut snapshot_bytes = 0;
        if let Some(snapshot) = &self.snapshot {
            let file = File::open(&snapshot.path);
            let file = file.map_err(OpenError::io("open the snapshot", &snapshot.path))?;
            snapshot_bytes = file.metadata().map_or(0, |found| found.len());
            builder.load(BufReader::new(file), &snapshot.path)?;
        }
        let replayed = history.replay(self.sequence + 1, &mut |change| {
            if until.is_some_and(|until| change.stamp.time > until) {
                return Ok(ControlFlow::Break(()));
            }
            builder.change(change)?;
            Ok(ControlFlow::Continue(()))
        })?;
        builder.finish(replayed.last)?;
        let time = replayed.time.unwrap_or(self.time);
        Ok(Rebuilt { last: replayed.last, time, snapshot_bytes, replayed })
    }
}

/// A sled folder being filled.
pub(super) struct Builder<'a> {
    folder: &'a Path,
    db: sled::Db,
    batch: sled::Batch,
    waiting: usize,
    unflushed: u32,
}

impl<'a> Builder<'a> {
    /// Begins an empty index in `folder`, which is not there yet.
    pub(super) fn create(folder: &'a Path, cache_bytes: u64) -> Result<Self, OpenError> {
        files::make_folder(folder)?;
        let db = open_sled(folder, cache_bytes)?;
        let mut batch = sled::Batch::default();
        batch.insert(layout::FORMAT_KEY, &layout::FORMAT.to_be_bytes());
        Ok(Self { folder, db, batch, waiting: 0, unflushed: 0 })
    }

    /// Takes all of an archive. It was verified before.
    pub(super) fn load(&mut self, input: impl std::io::Read, path: &Path) -> Result<(), OpenError> {
        let loaded = archive::read(input, |part| match part {
            Part::Record(entry) => self.record(&entry).map_err(LoadError::Store),
            Part::Change(change) => self.change(change).map_err(LoadError::Store),
        });
        match loaded {
            Ok(_) => Ok(()),
            Err(LoadError::Store(error)) => Err(error),
            Err(LoadError::Archive(error)) => {
                let cause = error.to_string();
                Err(OpenError::SnapshotDamaged { path: path.to_owned(), cause })
            }
        }
    }

    /// Takes a record.
    pub(super) fn record(&mut self, entry: &Entry) -> Result<(), OpenError> {
        self.put(&entry.key, &layout::tree_value(entry.version, &entry.value))
    }

    /// Takes a commit.
    pub(super) fn change(&mut self, change: Change) -> Result<(), OpenError> {
        let version = Version(change.stamp.sequence);
        for write in change.writes {
            match write {
                Write::Put { key, value } => {
                    self.put(&key, &layout::tree_value(version, &value))?;
                }
                Write::Delete { key } => {
                    self.batch.remove(layout::tree_key(&key));
                    self.grew(key.len())?;
                }
            }
        }
        Ok(())
    }

    /// Ends it with the number of the last commit: complete, durable and closed.
    pub(super) fn finish(mut self, last: u64) -> Result<(), OpenError> {
        self.batch.insert(layout::VERSION_KEY, &last.to_be_bytes());
        self.apply()?;
        self.flush()?;
        let folder = self.folder;
        // A disk that does not sync has to say so here: dropping sled would panic then.
        files::seal(folder)?;
        drop(self);
        files::seal(folder)
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), OpenError> {
        self.batch.insert(layout::tree_key(key), value);
        self.grew(key.len() + value.len())
    }

    fn grew(&mut self, bytes: usize) -> Result<(), OpenError> {
        self.waiting += bytes + 64;
        if self.waiting < BATCH_BYTES { Ok(()) } else { self.apply() }
    }

    fn apply(&mut self) -> Result<(), OpenError> {
        let batch = std::mem::take(&mut self.batch);
        self.waiting = 0;
        checked(self.folder, || self.db.apply_batch(batch))?;
        self.unflushed += 1;
        if self.unflushed < BATCHES_UNFLUSHED { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), OpenError> {
        self.unflushed = 0;
        checked(self.folder, || self.db.flush()).map(|_| ())
    }
}

/// Why an archive could not be loaded.
enum LoadError {
    Archive(ArchiveError),
    Store(OpenError),
}

impl From<ArchiveError> for LoadError {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

impl Rebuilt {
    /// Refuses journals that are damaged.
    pub(super) fn whole(self) -> Result<Self, OpenError> {
        match self.replayed.ending {
            Ending::Whole | Ending::Torn | Ending::Stopped => Ok(self),
            Ending::Damaged => Err(self.damage()),
        }
    }

    /// The damage as an error.
    pub(super) fn damage(&self) -> OpenError {
        let (journal, offset) = &self.replayed.journal;
        let until = Some(self.time).filter(|_| self.last > 0);
        OpenError::JournalDamaged { path: journal.path.clone(), offset: *offset, until }
    }
}
