//! Makes the index again from snapshot and journals, and puts it in the place of the one before.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::db::open_sled;
use super::history::{History, Numbered};
use super::index::{self, Rebuilt};
use super::journal::Journal;
use super::opening::{Opened, guarded};
use super::replay::Tail;
use super::{ArchiveError, OpenError, Options, files, snapshots};

/// What sled takes for nothing.
const SMALLEST: u64 = 1024 * 1024;

/// Called when all is ready, before the index in use is touched.
pub(super) type Before<'a> = &'a mut dyn FnMut() -> Result<(), OpenError>;

/// Makes the index again from snapshot and journals, and opens that. What is in its place is
/// kept aside until the next clean stop. The commit `least` is known to have happened: it has to
/// be in the journals.
///
/// # Errors
/// [`OpenError`]; nothing was changed then, unless the system refused.
pub(super) fn reopen(
    data: &Path,
    options: &Options,
    least: u64,
    before: Before<'_>,
) -> Result<Opened, OpenError> {
    guarded(data, || remake(data, options, least, before)).inspect_err(|_| {
        // Nothing but space is lost if it stays.
        drop(files::remove(&files::unfinished(&files::store_path(data))));
    })
}

/// How many bytes that writes at most. Measured, a new index has up to 2.3 times the bytes of
/// what it is made from, and up to 1.3 times those of the one before.
///
/// # Errors
/// When the system does not say.
pub(super) fn space(data: &Path) -> Result<u64, OpenError> {
    let journals = files::journals_path(data);
    let history = History::list(&journals);
    let history = history.map_err(OpenError::io("look into the folder", &journals))?;
    let (snapshot, last) = (history.snapshots.last(), history.journals.last());
    let read = history.journals_from(snapshot.map_or(1, |snapshot| snapshot.first));
    let bytes: u64 = read.iter().chain(snapshot).map(Numbered::bytes).sum();
    let index = bytes.saturating_mul(5) / 2;
    let store = files::store_path(data);
    let before = [files::blobs_path(&store), store];
    let before = before.iter().flat_map(|folder| files::files_of(folder).unwrap_or_default());
    let before: u64 = before.map(|path| files::length(&path)).sum();
    let index = if before == 0 { index } else { index.min(before.saturating_mul(3) / 2) };
    Ok(SMALLEST + index + last.map_or(0, Numbered::bytes))
}

fn remake(
    data: &Path,
    options: &Options,
    least: u64,
    before: Before<'_>,
) -> Result<Opened, OpenError> {
    let start = Instant::now();
    let (store, aside) = (files::store_path(data), files::aside_path(data));
    let rebuilt = build(data, options)?;
    // All in the new index is durable before that has its name: whatever an index knows of must
    // be in the journal, whenever the power goes.
    let journal = settle(rebuilt.end(least)?)?;
    put_aside(&rebuilt.damaged);
    before()?;
    if store.exists() {
        files::remove(&aside)?;
        files::rename(&store, &aside)?;
    }
    files::rename(&files::unfinished(&store), &store)?;
    let db = open_sled(&store, options.cache_bytes)?;
    let took = format!("{} ms", start.elapsed().as_millis());
    let Rebuilt { last, snapshot_bytes, .. } = rebuilt;
    tracing::info!(commits = last.commit, took, "the index is made");
    Ok(Opened { db, journal, last, snapshot_bytes, was_clean: false })
}

/// Once there is an index without them, damaged snapshots count for nothing.
fn put_aside(damaged: &[(PathBuf, ArchiveError)]) {
    for (path, error) in damaged {
        let snapshot = path.display();
        if !error.is_damage() {
            tracing::error!(%snapshot, %error, "a snapshot cannot be read");
        } else if let Err(cause) = snapshots::put_aside(path, error) {
            tracing::warn!(%snapshot, %cause, "a damaged snapshot stays where it is");
        }
    }
}

/// The index beside the one in use.
fn build(data: &Path, options: &Options) -> Result<Rebuilt, OpenError> {
    let unfinished = files::unfinished(&files::store_path(data));
    let journals = files::journals_path(data);
    let build = || {
        files::remove(&unfinished)?;
        let history = History::list(&journals);
        let history = history.map_err(OpenError::io("look into the folder", &journals))?;
        index::build(&history, &unfinished, options.cache_bytes)
    };
    match build() {
        Err(error) if error.is_full_disk() => {
            // What was kept aside is worth less than a server that starts.
            files::remove(&files::aside_path(data))?;
            build()
        }
        done => done,
    }
}

/// Writes the good part of the last journal anew: what a killed process wrote and never synced
/// was read just now, and must not vanish in a power cut after someone has seen it.
fn settle(tail: &Tail) -> Result<Journal, OpenError> {
    let (journal, byte) = (tail.path.display(), tail.good);
    match Journal::keep_torn(&tail.path, tail.good) {
        Ok(None) => {}
        Ok(Some(bytes)) => tracing::info!(
            %journal,
            byte,
            bytes,
            "the end of the journal was never durable: it is cut off, and kept beside it until \
             the next clean stop"
        ),
        Err(error) => tracing::warn!(
            %journal,
            byte,
            %error,
            "the end of the journal was never durable: it is cut off, and could not be kept"
        ),
    }
    let io = OpenError::io("write the journal", &tail.path);
    Journal::rewrite(&tail.path, tail.good).map_err(io)
}
