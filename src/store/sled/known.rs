//! What is known to have happened, by what lies beside the journals: journals that end before it
//! have lost their end, though no frame of theirs need be broken.
//!
//! The mark of a clean stop names the last commit. An index only ever gets what was durable in
//! the journal before, so each index that can be read tells of one commit at least. After a stop
//! that was not clean, with every index gone, nothing tells.

use std::path::Path;

use super::db::{SMALLEST_CACHE, check_notes, open_sled};
use super::mark::Mark;
use super::panics::caught;
use super::{OpenError, files};

/// The last commit that is known to have happened by mark, index and index aside; 0 when there
/// is nothing that says. Opening an index may change its files.
///
/// # Errors
/// When the mark cannot be read.
pub(super) fn known(data: &Path) -> Result<u64, OpenError> {
    let stores = [files::store_path(data), files::aside_path(data)];
    let notes = stores.iter().filter_map(|store| noted(store));
    Ok(notes.chain(marked(data)?).max().unwrap_or(0))
}

/// The last commit of a clean stop; `None` without a mark of one.
///
/// # Errors
/// When the mark cannot be read.
pub(super) fn marked(data: &Path) -> Result<Option<u64>, OpenError> {
    Ok(Mark::read(data)?.map(|mark| mark.sequence))
}

/// The last commit that an index was given; `None` when it does not say.
fn noted(store: &Path) -> Option<u64> {
    // sled would make a new one.
    if !files::db_path(store).exists() {
        return None;
    }
    let noted = || {
        files::remove_half_snapshots(store).ok()?;
        check_notes(&open_sled(store, SMALLEST_CACHE).ok()?).ok()
    };
    caught(noted).ok().flatten()
}
