//! The journals and snapshots of a data folder.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use super::frame::Header;
use super::reader::FrameReader;
use super::replay::read_header;
use super::{OpenError, files};
use crate::model::Timestamp;

/// A file by the number of the first commit that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbered {
    pub(super) first: u64,
    pub(super) path: PathBuf,
}

impl Numbered {
    /// The header of this journal; `None` when it is damaged.
    ///
    /// # Errors
    /// When it cannot be read, or is of a later format.
    pub(super) fn header(&self) -> Result<Option<Header>, OpenError> {
        let file = File::open(&self.path);
        let file = file.map_err(OpenError::io("open the journal", &self.path))?;
        read_header(&mut FrameReader::new(BufReader::new(file)), self)
    }

    /// Its length.
    pub(super) fn bytes(&self) -> u64 {
        files::length(&self.path)
    }
}

/// A state that the store had: the one after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// The number of the commit; 0 before the first.
    pub commit: u64,
    /// When it happened.
    pub time: Timestamp,
}

/// What there is, the oldest first.
#[derive(Debug)]
pub(super) struct History {
    /// Where all of it is.
    pub(super) folder: PathBuf,
    pub(super) journals: Vec<Numbered>,
    pub(super) snapshots: Vec<Numbered>,
}

impl History {
    /// What is in the folder of journals and snapshots.
    pub(super) fn list(folder: &Path) -> io::Result<Self> {
        let (journals, snapshots) = (Vec::new(), Vec::new());
        let mut history = Self { folder: folder.to_owned(), journals, snapshots };
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Some((number, kind)) = name.split_once('.') else { continue };
            let Ok(first) = number.parse() else { continue };
            match kind {
                "journal" => history.journals.push(Numbered { first, path }),
                "snapshot" => history.snapshots.push(Numbered { first, path }),
                _ => {}
            }
        }
        history.journals.sort_by_key(|file| file.first);
        history.snapshots.sort_by_key(|file| file.first);
        Ok(history)
    }

    /// The journals that hold the commits from `from` on.
    pub(super) fn journals_from(&self, from: u64) -> &[Numbered] {
        let later = self.journals.partition_point(|journal| journal.first <= from);
        &self.journals[later.saturating_sub(1)..]
    }
}
