//! Makes sled's folder from a snapshot and the journals.

use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::archive::{self, ArchiveError, Part};
use super::db::{checked, open_sled};
use super::frame::{Change, End};
use super::history::{History, Numbered, Point};
use super::replay::{Ending, Tail};
use super::{OpenError, files, layout};
use crate::model::Timestamp;
use crate::store::engine::{Entry, Version, Write};

/// sled is flushed after so many bytes: it can deadlock on very many writes without a flush between
/// them.
const UNFLUSHED_BYTES: usize = 1024 * 1024;

/// What an index was made from.
#[derive(Debug)]
pub(super) struct Rebuilt {
    /// The last commit in it.
    pub(super) last: Point,
    /// How long the snapshot is.
    pub(super) snapshot_bytes: u64,
    /// Snapshots that were tried before, and are damaged.
    pub(super) damaged: Vec<(PathBuf, ArchiveError)>,
    /// Where the journals are.
    folder: PathBuf,
    /// How they ended.
    ending: Ending,
}

/// Makes the index in `folder`, which is not there yet, as new as can be.
///
/// # Errors
/// When it cannot be made from what there is.
pub(super) fn build(
    history: &History,
    folder: &Path,
    cache_bytes: u64,
) -> Result<Rebuilt, OpenError> {
    let mut wanted = history.snapshots.clone();
    let mut damaged = Vec::new();
    while let Some(snapshot) = wanted.pop() {
        match archive::verify(&snapshot.path) {
            Ok((_, End { sequence: commit, time, .. })) => {
                let base = Base { snapshot: Some(snapshot), state: Point { commit, time } };
                let rebuilt = base.build(history, folder, cache_bytes)?;
                return Ok(Rebuilt { damaged, ..rebuilt });
            }
            Err(ArchiveError::Newer(found)) => {
                return Err(OpenError::NewerFormat { path: snapshot.path, found: found.into() });
            }
            // Those before it and their journals are still there.
            Err(error) if !wanted.is_empty() || reaches_back(history) => {
                damaged.push((snapshot.path, error));
            }
            Err(error) => {
                let cause = error.to_string();
                return Err(OpenError::SnapshotDamaged { path: snapshot.path, cause });
            }
        }
    }
    let base = Base { snapshot: None, state: Point { commit: 0, time: Timestamp::EPOCH } };
    let rebuilt = base.build(history, folder, cache_bytes)?;
    Ok(Rebuilt { damaged, ..rebuilt })
}

/// Whether the journals begin with the first commit of the store.
fn reaches_back(history: &History) -> bool {
    history.journals.first().is_some_and(|journal| journal.first == 1)
}

/// What the index is begun with.
struct Base {
    snapshot: Option<Numbered>,
    state: Point,
}

impl Base {
    fn build(
        self,
        history: &History,
        folder: &Path,
        cache_bytes: u64,
    ) -> Result<Rebuilt, OpenError> {
        let mut builder = Builder::create(folder, cache_bytes)?;
        let mut snapshot_bytes = 0;
        if let Some(snapshot) = &self.snapshot {
            let file = File::open(&snapshot.path);
            let file = file.map_err(OpenError::io("open the snapshot", &snapshot.path))?;
            snapshot_bytes = file.metadata().map_or(0, |found| found.len());
            builder.load(BufReader::new(file), &snapshot.path)?;
        }
        let replayed = history.replay(self.state.commit + 1, &mut |change| {
            builder.change(change)?;
            Ok(ControlFlow::Continue(()))
        })?;
        builder.finish(replayed.last)?;
        let time = replayed.time.unwrap_or(self.state.time);
        let last = Point { commit: replayed.last, time };
        let folder = history.folder.clone();
        let ending = replayed.ending;
        Ok(Rebuilt { last, snapshot_bytes, damaged: Vec::new(), folder, ending })
    }
}

/// A sled folder being filled, key by key: nobody looks at it before it is whole. sled frees the
/// pages that a write replaced a few at each later call; a batch replaces hundreds in one call, so
/// that of large stores nearly all pages that ever were would stay in memory.
pub(super) struct Builder<'a> {
    folder: &'a Path,
    db: sled::Db,
    unflushed: usize,
}

impl<'a> Builder<'a> {
    /// Begins an empty index in `folder`, which is not there yet.
    pub(super) fn create(folder: &'a Path, cache_bytes: u64) -> Result<Self, OpenError> {
        files::make_folder(folder)?;
        let db = open_sled(folder, cache_bytes)?;
        let builder = Self { folder, db, unflushed: 0 };
        builder.note(layout::FORMAT_KEY, layout::FORMAT)?;
        Ok(builder)
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
                    checked(self.folder, || self.db.remove(layout::tree_key(&key)))?;
                    self.grew(key.len())?;
                }
            }
        }
        Ok(())
    }

    /// Ends it with the number of the last commit: complete, durable and closed.
    pub(super) fn finish(mut self, last: u64) -> Result<(), OpenError> {
        self.note(layout::VERSION_KEY, last)?;
        self.flush()?;
        let folder = self.folder;
        // A disk that does not sync has to say so here: dropping sled would panic then.
        files::seal(folder)?;
        drop(self);
        files::seal(folder)
    }

    fn note(&self, key: &[u8], number: u64) -> Result<(), OpenError> {
        checked(self.folder, || self.db.insert(key, &number.to_be_bytes())).map(|_| ())
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), OpenError> {
        checked(self.folder, || self.db.insert(layout::tree_key(key), value))?;
        self.grew(key.len() + value.len())
    }

    fn grew(&mut self, bytes: usize) -> Result<(), OpenError> {
        self.unflushed += bytes + 64;
        if self.unflushed < UNFLUSHED_BYTES { Ok(()) } else { self.flush() }
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
    /// The end of the journals, where the next commit takes its place; refuses what is damaged.
    /// The commit `least` is known to have happened: journals that end before it lost their end,
    /// though no frame of theirs need be broken.
    ///
    /// # Errors
    /// [`OpenError::JournalDamaged`] or [`OpenError::CommitMissing`].
    pub(super) fn end(&self, least: u64) -> Result<&Tail, OpenError> {
        let is_short = self.last.commit < least;
        match &self.ending {
            Ending::Torn(tail) if is_short => Err(self.damaged(tail)),
            Ending::Whole(_) if is_short => Err(self.missing(self.last.commit + 1)),
            Ending::Whole(tail) | Ending::Torn(tail) => Ok(tail),
            Ending::Damaged(tail) => Err(self.damaged(tail)),
            Ending::Missing(commit) => Err(self.missing(*commit)),
            Ending::Stopped => Err(self.missing(self.last.commit + 1)),
        }
    }

    fn damaged(&self, tail: &Tail) -> OpenError {
        OpenError::JournalDamaged { path: tail.path.clone(), offset: tail.good, left: self.left() }
    }

    fn missing(&self, commit: u64) -> OpenError {
        OpenError::CommitMissing { folder: self.folder.clone(), commit, left: self.left() }
    }

    /// What can be had again.
    fn left(&self) -> Option<Point> {
        Some(self.last).filter(|last| last.commit > 0)
    }
}
