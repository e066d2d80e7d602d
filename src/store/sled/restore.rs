//! Puts another store in the place of the one in a data folder, so that a power cut at any
//! moment leaves the whole old one or the whole new one.
//!
//! The new store is made in `<data>/restore.new`, a data folder of its own, and closed there. By
//! the renaming of that folder to `<data>/restored` it is decided; what is left are renames,
//! which the next start finishes (`settle.rs`).

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::archive::{self, ArchiveError};
use super::history::Point;
use super::journal::{Journal, new_file};
use super::settle::{PARTS, Step, aside_name, decide, settle, stage_path};
use super::{OpenError, files};
use crate::model::Timestamp;

/// Why a store cannot be restored. Nothing was changed.
#[derive(Debug)]
pub enum RestoreError {
    /// The data folder.
    Open(OpenError),
    /// There is a store already.
    NotEmpty(PathBuf),
    /// The backup.
    Archive(ArchiveError),
    /// That is before all that is kept, which begins with this one.
    TooEarly(Point),
    /// That is after a damaged place or a gap; the last that can be had before it is this one.
    Beyond(Point),
    /// There is no such commit yet; this one is the last.
    NoCommit(Point),
    /// Neither snapshot nor journal can be read.
    NoHistory,
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => write!(f, "{error}"),
            Self::NotEmpty(data) => write!(
                f,
                "there is a store in {} already; with --replace it is put aside in a folder of \
                 its own",
                data.display()
            ),
            Self::Archive(error) => write!(f, "the backup cannot be used: {error}"),
            Self::TooEarly(Point { commit, time }) => write!(
                f,
                "what is kept reaches back to {time} only, the commit {commit}; `doorkey store \
                 history` shows it"
            ),
            Self::Beyond(Point { commit, time }) => write!(
                f,
                "commits are damaged or missing before that: all before the damage, up to \
                 {time}, is restored with --commit {commit}"
            ),
            Self::NoCommit(Point { commit, time }) => {
                write!(f, "there is no such commit: the last one is {commit}, of {time}")
            }
            Self::NoHistory => f.write_str("there is no journal in this data folder"),
        }
    }
}

impl std::error::Error for RestoreError {}

impl From<OpenError> for RestoreError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<ArchiveError> for RestoreError {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

/// A store being made, in a data folder that is held meanwhile. Dropping it unfinished leaves
/// the old store as it was.
#[derive(Debug)]
pub struct Restore {
    data: PathBuf,
    stage: PathBuf,
    _lock: File,
}

impl Restore {
    /// Takes the data folder's lock. A store that is there is in the way unless it is to be
    /// replaced.
    ///
    /// # Errors
    /// [`RestoreError::NotEmpty`], or [`RestoreError::Open`], for example while a server runs.
    pub fn begin(data: &Path, replace: bool) -> Result<Self, RestoreError> {
        let lock = files::enter(data)?;
        settle(data)?;
        files::remove_unfinished(data)?;
        if !replace && PARTS.iter().any(|part| data.join(part).exists()) {
            return Err(RestoreError::NotEmpty(data.to_owned()));
        }
        let stage = stage_path(data);
        files::make_folder(&stage)?;
        files::make_folder(&files::journals_path(&stage))?;
        Ok(Self { data: data.to_owned(), stage, _lock: lock })
    }

    /// The data folder.
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// Where the new store is being made: a data folder to open, change and close.
    #[must_use]
    pub fn stage(&self) -> &Path {
        &self.stage
    }

    /// Takes a backup as the whole past of the new store. Gives the time of its state.
    ///
    /// # Errors
    /// [`RestoreError::Archive`] unless every byte of it is good.
    pub fn load(&self, mut input: impl Read) -> Result<Timestamp, RestoreError> {
        let journals = files::journals_path(&self.stage);
        let copy = journals.join("copy.new");
        let mut file = new_file(&copy).map_err(OpenError::io("write the file", &copy))?;
        io::copy(&mut input, &mut file).map_err(ArchiveError::Io)?;
        file.sync_all().map_err(OpenError::io("sync the file", &copy))?;
        let (header, end) = archive::verify(&copy)?;
        files::rename(&copy, &files::snapshot_path(&journals, header.first))?;
        let created = Journal::create(&journals, end.sequence + 1, end.time);
        created.map_err(OpenError::io("make a journal in", &journals))?;
        Ok(end.time)
    }

    /// Puts the new store in place; it was opened and closed before. What was there is kept in a
    /// folder named after `now`, which is given back; `None` when there was nothing.
    ///
    /// # Errors
    /// [`RestoreError::Open`] when the system refuses. If the new store is decided on already,
    /// the next start finishes.
    pub fn finish(self, now: Timestamp) -> Result<Option<PathBuf>, RestoreError> {
        self.deciding(now)?.iter().try_for_each(Step::take)?;
        Ok(settle(&self.data)?)
    }

    /// The steps to the decision, which is the last of them.
    pub(super) fn deciding(&self, now: Timestamp) -> Result<Vec<Step>, OpenError> {
        let replaced = aside_name(&self.data, now);
        let mut steps = vec![
            Step::Remove(self.stage.join("lock")),
            Step::MakeFolder(self.stage.join(&replaced)),
        ];
        steps.extend(decide(&self.stage, replaced, &self.data)?);
        Ok(steps)
    }
}

impl Drop for Restore {
    /// What was not decided on is a whole copy that nobody needs.
    fn drop(&mut self) {
        if let Err(error) = files::remove(&self.stage) {
            tracing::warn!(%error, "what was made for the restore is still there");
        }
    }
}
