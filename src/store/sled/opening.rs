//! Opens the store of a data folder, so that damage becomes an error and never a panic, and what
//! is in doubt is made again from the journal.

use std::io;
use std::path::Path;

use super::db::{check_notes, open_sled};
use super::history::{History, Point};
use super::journal::Journal;
use super::known::known;
use super::mark::Mark;
use super::panics::caught;
use super::remake::reopen;
use super::settle::settle;
use super::upgrade::upgrade;
use super::{OpenError, Options, files};

/// An open store.
pub(super) struct Opened {
    pub(super) db: sled::Db,
    pub(super) journal: Journal,
    /// The last commit; number 0 of an empty store.
    pub(super) last: Point,
    /// How long the newest snapshot is.
    pub(super) snapshot_bytes: u64,
    /// Whether the last stop was clean. If not, the index was made again.
    pub(super) was_clean: bool,
}

/// Opens the store, creating it when there is none. Our own lock is held already.
pub(super) fn open(data: &Path, options: &Options) -> Result<Opened, OpenError> {
    guarded(data, || open_or_create(data, options))
}

/// sled panics also where it is only dropped, when its last sync fails.
pub(super) fn guarded<T>(
    data: &Path,
    work: impl FnOnce() -> Result<T, OpenError>,
) -> Result<T, OpenError> {
    caught(work).unwrap_or_else(|panic| {
        let store = files::store_path(data);
        Err(OpenError::io("work with the store", &store)(io::Error::other(panic)))
    })
}

fn open_or_create(data: &Path, options: &Options) -> Result<Opened, OpenError> {
    let (journals, store) = (files::journals_path(data), files::store_path(data));
    settle(data)?;
    files::remove_unfinished(data)?;
    if !journals.exists() {
        if store.exists() {
            upgrade(data, options)?;
        } else {
            refuse_remains(data)?;
            create(data, options)?;
            let opened = reopen(data, options, 0, &mut || Ok(()))?;
            return Ok(Opened { was_clean: true, ..opened });
        }
    }
    check_formats(&journals)?;
    files::remove_unfinished_in(&journals)?;
    if let Some(mark) = Mark::read(data)? {
        match open_clean(data, options, &mark) {
            Ok(opened) => return Ok(opened),
            Err(why) => tracing::error!(
                %why,
                "the last stop was clean, but the index is not what it was: making it again"
            ),
        }
    } else {
        tracing::warn!("the last stop was not clean: making the index again");
    }
    let least = known(data)?;
    reopen(data, options, least, &mut || Mark::remove(data))
}

/// What is left of a store without its journals is no reason to begin a new one in its place.
fn refuse_remains(data: &Path) -> Result<(), OpenError> {
    let aside = files::aside_path(data);
    if aside.exists() || Mark::read(data)?.is_some() {
        let cause = "its folders journal and store are missing".to_owned();
        return Err(OpenError::Damaged { store: data.to_owned(), cause });
    }
    Ok(())
}

/// Makes the folder of the journals, with an empty one in it.
fn create(data: &Path, options: &Options) -> Result<(), OpenError> {
    let journals = files::journals_path(data);
    let unfinished = files::unfinished(&journals);
    files::make_folder(&unfinished)?;
    let created = Journal::create(&unfinished, 1, options.clock.now());
    created.map_err(OpenError::io("make a journal in", &unfinished))?;
    files::rename(&unfinished, &journals)
}

/// Opens what a clean stop left; an error says what differs from then. The mark is removed
/// before sled may change anything, and put back if that is not what it speaks of: it says what
/// happened.
fn open_clean(data: &Path, options: &Options, mark: &Mark) -> Result<Opened, String> {
    let (history, length) = fitting(data, mark)?;
    Mark::remove(data).map_err(|e| e.to_string())?;
    let opened = open_index(data, options, mark).and_then(|db| {
        let last = history.journals.last().ok_or("there is no journal")?;
        let journal = Journal::open(&last.path, length).map_err(|e| e.to_string())?;
        let newest = history.snapshots.last().and_then(|snapshot| snapshot.path.metadata().ok());
        let snapshot_bytes = newest.map_or(0, |found| found.len());
        let last = Point { commit: mark.sequence, time: mark.time };
        Ok(Opened { db, journal, last, snapshot_bytes, was_clean: true })
    });
    if opened.is_err() {
        mark.write(data).map_err(|e| e.to_string())?;
    }
    opened
}

/// What there is, and the length of the last journal, if all is as at the clean stop.
fn fitting(data: &Path, mark: &Mark) -> Result<(History, u64), String> {
    let history = History::list(&files::journals_path(data)).map_err(|e| e.to_string())?;
    let last = history.journals.last().ok_or("there is no journal")?;
    let length = last.path.metadata().map_err(|e| e.to_string())?.len();
    let header = last.header().map_err(|e| e.to_string())?;
    if !last.path.ends_with(&mark.journal) || length != mark.bytes || header.is_none() {
        return Err("the journal is not the one of then".to_owned());
    }
    if !mark.fits_index(data) {
        return Err("sled's files are not those of then".to_owned());
    }
    Ok((history, length))
}

fn open_index(data: &Path, options: &Options, mark: &Mark) -> Result<sled::Db, String> {
    let store = files::store_path(data);
    files::remove_half_snapshots(&store).map_err(|e| e.to_string())?;
    let db = open_sled(&store, options.cache_bytes).map_err(|e| e.to_string())?;
    if check_notes(&db)? != mark.sequence {
        return Err("its last commit is not the one of then".to_owned());
    }
    Ok(db)
}

/// Refuses what a later doorkey wrote, before anything is changed. A journal whose header is
/// damaged may be one that nothing needs.
fn check_formats(journals: &Path) -> Result<(), OpenError> {
    let io = OpenError::io("look into the folder", journals);
    let history = History::list(journals).map_err(io)?;
    for journal in &history.journals {
        if journal.header()?.is_none() {
            let journal = journal.path.display();
            tracing::error!(
                %journal,
                "the header of a journal is damaged: `doorkey store history` shows what can \
                 still be had again"
            );
        }
    }
    Ok(())
}
