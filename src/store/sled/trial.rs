//! Backups looked at: read through, and restored into memory to prove that they can be restored.

use std::io::Read;
use std::path::Path;

use super::ArchiveError;
use super::archive::{self, Part};
use super::frame::End;
use crate::store::{Backup, Memory};

/// Restores a backup into memory: the records, and what there was to say of them. Takes as much
/// memory as the records.
///
/// # Errors
/// [`ArchiveError`] unless every byte of it is good.
pub fn trial(input: impl Read) -> Result<(Memory, Backup), ArchiveError> {
    let memory = Memory::new();
    let (_, End { records, changes, sequence, time, .. }) = archive::read(input, |part| {
        match part {
            Part::Record(entry) => memory.load(entry),
            Part::Change(change) => memory.replay(change.stamp.sequence, &change.writes),
        }
        Ok::<(), ArchiveError>(())
    })?;
    Ok((memory, Backup { records, changes, sequence, time }))
}

/// Reads a backup for no other purpose than to know that every byte of it is good. Constant
/// memory.
///
/// # Errors
/// [`ArchiveError`] when one is not.
pub fn inspect(path: &Path) -> Result<Backup, ArchiveError> {
    let (_, End { records, changes, sequence, time, .. }) = archive::verify(path)?;
    Ok(Backup { records, changes, sequence, time })
}
