//! Why a store does not open, and how to mend it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::layout::FORMAT;

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
    /// A later doorkey wrote this store.
    NewerFormat {
        /// The data folder.
        data: PathBuf,
        /// The number of its format.
        found: u64,
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
            Self::NewerFormat { data, found } => write!(
                f,
                "The store in {} has format {found}; this doorkey knows formats up to {FORMAT}. \
                 Start the newer doorkey that wrote it.",
                data.display()
            ),
            Self::Damaged { store, cause } => write!(
                f,
                "The store in {} is damaged: {cause}. Keep a copy of that folder and restore the \
                 last backup.",
                store.display()
            ),
            Self::Io { task, path, cause } => write!(
                f,
                "Could not {task} {}: {cause}. Look at its owner, its mode and the space on the \
                 disk.",
                path.display()
            ),
        }
    }
}

impl std::error::Error for OpenError {}
