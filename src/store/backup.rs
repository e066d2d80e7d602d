//! Backups: what an engine on a disk can do besides the three methods of every engine.

use std::io::{self, Write};

use super::{Error, Store};
use crate::model::Timestamp;

/// How a backup is coming along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Records so far.
    pub records: u64,
    /// Bytes so far.
    pub bytes: u64,
}

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// Records, and commits that happened while they were read.
    pub records: u64,
    /// Those commits.
    pub changes: u64,
    /// The state is exactly that after the commit with this number,
    pub sequence: u64,
    /// which happened then.
    pub time: Timestamp,
}

/// Takes the bytes of a backup, hears how it is coming along, and may end it with an error.
pub trait Sink: Write {
    /// Called now and then.
    ///
    /// # Errors
    /// Ends the backup.
    fn progress(&mut self, progress: Progress) -> io::Result<()>;
}

/// An engine whose records can be written to one file while it goes on working.
pub trait BackUp: Send + Sync + 'static {
    /// Writes a checksummed file of the whole store to `out`, in constant memory. It takes as
    /// long as reading the whole store: call it on a thread that may block.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store or `out` fails; what was written is then no backup.
    fn back_up(&self, out: &mut dyn Sink) -> Result<Backup, Error>;
}

impl Store {
    /// Writes a backup; see [`BackUp::back_up`].
    ///
    /// # Errors
    /// [`Error::Unavailable`] for an engine that keeps nothing on a disk, and as
    /// [`BackUp::back_up`].
    pub fn back_up(&self, out: &mut dyn Sink) -> Result<Backup, Error> {
        let nothing = "an engine in memory has nothing to back up";
        self.backups.as_ref().ok_or_else(|| Error::unavailable(nothing))?.back_up(out)
    }
}
