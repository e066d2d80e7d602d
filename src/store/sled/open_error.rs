//! Why a store does not open, and how to mend it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::frame::FORMAT;
use super::history::Point;

const BACKUP: &str = "Restore the last backup: `doorkey restore FILE --replace`. It keeps what is \
                      there in a folder of its own.";
const OR_BACKUP: &str = "or restore the last backup: `doorkey restore FILE --replace`. Both keep \
                         what is there in a folder of its own.";

/// Each of them is shown to the operator as one or two sentences: what is wrong and what to do.
/// Nothing in the data folder was changed for the worse.
#[derive(Debug)]
pub enum OpenError {
    /// Another process has this data folder open.
    Locked {
        /// The data folder.
        data: PathBuf,
    },
    /// Others than the owner may enter the data folder, and it is not an empty one that could
    /// simply be closed to them.
    TooOpen {
        /// The data folder.
        data: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The data folder belongs to another user.
    NotOurs {
        /// The data folder.
        data: PathBuf,
    },
    /// A folder has the name of a restore that was decided on, and is none.
    NoRestore {
        /// The folder.
        path: PathBuf,
    },
    /// A later doorkey wrote this store.
    NewerFormat {
        /// The file or folder of that format.
        path: PathBuf,
        /// Its number.
        found: u64,
    },
    /// A journal is damaged in a place that was durable.
    JournalDamaged {
        /// The journal.
        path: PathBuf,
        /// Where, in bytes.
        offset: u64,
        /// The last state before that place; `None` when there is none.
        left: Option<Point>,
    },
    /// A commit that must have happened is in no journal.
    CommitMissing {
        /// The folder of the journals.
        folder: PathBuf,
        /// The number of the commit.
        commit: u64,
        /// The last state before it; `None` when there is none.
        left: Option<Point>,
    },
    /// A snapshot is damaged, and the commits before it are gone.
    SnapshotDamaged {
        /// The snapshot.
        path: PathBuf,
        /// What was found.
        cause: String,
    },
    /// The store is there but cannot be read.
    Damaged {
        /// sled's folder.
        store: PathBuf,
        /// What was found.
        cause: String,
    },
    /// The file system refused.
    Io {
        /// What should have been done, such as "create the folder".
        task: &'static str,
        /// To which path.
        path: PathBuf,
        /// The answer of the operating system.
        cause: io::Error,
    },
}

impl OpenError {
    /// Makes the error of a failed `task` on `path`, for `map_err`.
    pub(super) fn io(task: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::Io { task, path: path.to_owned(), cause }
    }

    /// Whether the disk had no space left.
    pub(super) fn is_full_disk(&self) -> bool {
        match self {
            Self::Io { cause, .. } => super::disk::is_full(cause),
            Self::Locked { .. }
            | Self::TooOpen { .. }
            | Self::NotOurs { .. }
            | Self::NoRestore { .. }
            | Self::NewerFormat { .. }
            | Self::JournalDamaged { .. }
            | Self::CommitMissing { .. }
            | Self::SnapshotDamaged { .. }
            | Self::Damaged { .. } => false,
        }
    }

    /// What sled said about its folder.
    pub(super) fn from_sled(store: &Path, error: sled::Error) -> Self {
        let store = store.to_owned();
        match error {
            sled::Error::Io(cause) => Self::Io { task: "open the store", path: store, cause },
            error @ (sled::Error::CollectionNotFound(_)
            | sled::Error::Unsupported(_)
            | sled::Error::ReportableBug(_)
            | sled::Error::Corruption { .. }) => Self::Damaged { store, cause: error.to_string() },
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { data } => write!(
                f,
                "Another doorkey is running on {}. Stop it first, or use the commands that talk \
                 to the running server.",
                data.display()
            ),
            Self::TooOpen { data, mode } => write!(
                f,
                "The data folder {path} has mode {mode:04o} and is not empty: others than its \
                 owner can read or enter it. Run `chmod 700 {path}`, and think about who could \
                 have read the keys in it.",
                path = data.display()
            ),
            Self::NotOurs { data } => write!(
                f,
                "The data folder {path} belongs to another user. Run doorkey as its owner, or \
                 give the folder and all in it to the user it runs as.",
                path = data.display()
            ),
            Self::NoRestore { path } => write!(
                f,
                "{} has the name under which a restore waits to be finished, and was made by \
                 something else. Move it away, or name another data folder.",
                path.display()
            ),
            Self::NewerFormat { path, found } => write!(
                f,
                "{} has format {found}; this doorkey knows formats up to {FORMAT}. Start the \
                 newer doorkey that wrote it.",
                path.display()
            ),
            Self::JournalDamaged { path, offset, left } => {
                write!(f, "The journal {} is damaged at byte {offset}. ", path.display())?;
                way_out(f, left.as_ref())
            }
            Self::CommitMissing { folder, commit, left } => {
                write!(
                    f,
                    "The commit {commit} happened and is in no journal of {}: a file of it is \
                     gone or cut off. ",
                    folder.display()
                )?;
                way_out(f, left.as_ref())
            }
            Self::SnapshotDamaged { path, cause } => {
                write!(f, "The snapshot {} cannot be used: {cause}. {BACKUP}", path.display())
            }
            Self::Damaged { store, cause } => {
                write!(f, "The store in {} is damaged: {cause}. {BACKUP}", store.display())
            }
            Self::Io { task, path, cause } => write!(
                f,
                "Could not {task} {}: {cause}. Look at its owner, its mode and the space on the \
                 disk.",
                path.display()
            ),
        }
    }
}

/// The command that brings back all before the damage, and the one for all before the backup.
fn way_out(f: &mut fmt::Formatter<'_>, left: Option<&Point>) -> fmt::Result {
    match left {
        Some(Point { commit, time }) => write!(
            f,
            "Everything before it, up to {time}, can be had again: `doorkey restore --commit \
             {commit} --replace`; {OR_BACKUP}"
        ),
        None => f.write_str(BACKUP),
    }
}

impl std::error::Error for OpenError {}
