//! Puts another store in the place of the one in a data folder, so that a power cut at any
//! moment leaves the whole old one or the whole new one.
//!
//! The new store is made in `<data>/restore.new`, a data folder of its own, and closed there. By
//! the renaming of that folder to `<data>/restored` it is decided; what is left are renames,
//! which the next start finishes ([`settle`]).

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::archive::{self, ArchiveError};
use super::history::Point;
use super::journal::{Journal, new_file};
use super::{OpenError, files};
use crate::model::Timestamp;

/// What makes up a store in a data folder, in the order in which it is exchanged: after the
/// first of them the old mark of a clean stop fits nothing.
const PARTS: [&str; 4] = ["journal", "store", ASIDE, "clean"];
const ASIDE: &str = "store.aside";

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
        let stage = files::unfinished(&data.join("restore"));
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
        files::remove(&self.stage.join("lock"))?;
        let old = self.stage.join(aside_name(&self.data, now));
        files::make_folder(&old)?;
        files::sync_folder(&self.stage)?;
        files::rename(&self.stage, &self.data.join(RESTORED))?;
        Ok(settle(&self.data)?)
    }
}

const RESTORED: &str = "restored";

/// A name for what is put aside, that is not taken.
fn aside_name(data: &Path, now: Timestamp) -> String {
    let time: String = now.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    let names = (0_u32..).map(|n| match n {
        0 => format!("replaced-{time}"),
        n => format!("replaced-{time}-{n}"),
    });
    names.into_iter().find(|name| !data.join(name).exists()).unwrap_or_default()
}

/// Finishes a restore that was decided on: exchanges part after part. Gives the folder of what
/// was there.
///
/// # Errors
/// When the system refuses; the next call goes on.
pub(super) fn settle(data: &Path) -> Result<Option<PathBuf>, OpenError> {
    let new = data.join(RESTORED);
    if !new.exists() {
        return Ok(None);
    }
    let entries = std::fs::read_dir(&new).map_err(OpenError::io("look into the folder", &new))?;
    let mut names = entries.flatten().map(|entry| entry.file_name());
    let old = names.find(|name| name.to_string_lossy().starts_with("replaced-"));
    let old = old.map(|name| new.join(name));
    for part in PARTS {
        let (from, to) = (new.join(part), data.join(part));
        // A part that is still here was not exchanged yet. The new store has no index aside.
        let is_old = from.exists() || part == ASIDE;
        if let Some(old) = &old
            && is_old
            && to.exists()
        {
            files::rename(&to, &old.join(part))?;
        }
        if from.exists() {
            files::rename(&from, &to)?;
        }
    }
    let kept = old.map(|old| keep(data, &old)).transpose()?.flatten();
    files::remove(&new)?;
    files::sync_folder(data)?;
    Ok(kept)
}

/// Gives what was put aside its place in the data folder, unless it is nothing.
fn keep(data: &Path, old: &Path) -> Result<Option<PathBuf>, OpenError> {
    let io = OpenError::io("look into the folder", old);
    if std::fs::read_dir(old).map_err(io)?.next().is_none() {
        return Ok(None);
    }
    let kept = data.join(old.file_name().unwrap_or_default());
    files::rename(old, &kept)?;
    Ok(Some(kept))
}
