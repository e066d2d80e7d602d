//! The space that is left on the disk.

use std::io::{self, ErrorKind};
use std::path::Path;

/// Below this much free space nothing new is written: sled cannot go on after a write that did
/// not fit, so it must never come to that.
pub(super) const RESERVE: u64 = 8 * 1024 * 1024;

/// How many bytes can still be written below `folder`.
///
/// # Errors
/// When the system does not say.
pub fn free_space(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Refuses when less than [`RESERVE`] is left.
///
/// # Errors
/// [`ErrorKind::StorageFull`].
pub(super) fn check_space(folder: &Path) -> io::Result<()> {
    check_space_for(folder, 0)
}

/// Refuses when less than [`RESERVE`] would be left after so many bytes more.
///
/// # Errors
/// [`ErrorKind::StorageFull`].
pub(super) fn check_space_for(folder: &Path, bytes: u64) -> io::Result<()> {
    let wanted = RESERVE.saturating_add(bytes);
    if free_space(folder)? < wanted {
        let why = format!("the disk is full: less than {} MiB are left", wanted / 1024 / 1024);
        return Err(io::Error::new(ErrorKind::StorageFull, why));
    }
    Ok(())
}

/// Whether another try can succeed once someone has made space, or the folder writable again.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem
    )
}
