//! Opens the store of a data folder, so that damage becomes an error and never a panic, and what
//! is in doubt is made again from the journal.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::time::Instant;

use super::db::{check_notes, open_sled};
use super::frame::Header;
use super::history::History;
use super::index::{self, Rebuilt};
use super::journal::Journal;
use super::mark::Mark;
use super::panics::caught;
use super::reader::FrameReader;
use super::replay::{Ending, check_header};
use super::upgrade::upgrade;
use super::{OpenError, Options, files, restore};
use crate::model::Timestamp;

/// An open store.
pub(super) struct Opened {
    pub(super) db: sled::Db,
    pub(super) journal: Journal,
    /// The number of the last commit.
    pub(super) last: u64,
    /// When it happened.
    pub(super) time: Timestamp,
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
fn guarded<T>(data: &Path, work: impl FnOnce() -> Result<T, OpenError>) -> Result<T, OpenError> {
    caught(work).unwrap_or_else(|panic| {
        let store = files::store_path(data);
        Err(OpenError::io("work with the store", &store)(io::Error::other(panic)))
    })
}

fn open_or_create(data: &Path, options: &Options) -> Result<Opened, OpenError> {
    let (journals, store) = (files::journals_path(data), files::store_path(data));
    restore::settle(data)?;
    files::remove_unfinished(data)?;
    if !journals.exists() {
        if store.exists() {
            upgrade(data, options)?;
        } else {
            create(data, options)?;
            let opened = reopen(data, options, &mut || {})?;
            return Ok(Opened { was_clean: true, ..opened });
        }
    }
    check_formats(&journals)?;
    files::remove_unfinished(&journals)?;
    let Some(mark) = Mark::take(data)? else {
        tracing::warn!("the last stop was not clean: making the index again");
        return reopen(data, options, &mut || {});
    };
    open_clean(data, options, &mark).or_else(|why| {
        tracing::error!(
            %why,
            "the last stop was clean, but the index is not what it was: making it again"
        );
        reopen(data, options, &mut || {})
    })
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

/// Opens what a clean stop left; an error says what differs from then.
fn open_clean(data: &Path, options: &Options, mark: &Mark) -> Result<Opened, String> {
    let history = History::list(&files::journals_path(data)).map_err(|e| e.to_string())?;
    let last = history.journals.last().ok_or("there is no journal")?;
    let length = last.path.metadata().map_err(|e| e.to_string())?.len();
    if !last.path.ends_with(&mark.journal) || length != mark.bytes {
        return Err("the journal is not the one of then".to_owned());
    }
    if !mark.fits_index(data) {
        return Err("sled's files are not those of then".to_owned());
    }
    let store = files::store_path(data);
    files::remove_half_snapshots(&store).map_err(|e| e.to_string())?;
    let db = open_sled(&store, options.cache_bytes).map_err(|e| e.to_string())?;
    if check_notes(&db)? != mark.sequence {
        return Err("its last commit is not the one of then".to_owned());
    }
    let journal = Journal::open(&last.path, length).map_err(|e| e.to_string())?;
    let newest = history.snapshots.last().and_then(|snapshot| snapshot.path.metadata().ok());
    let snapshot_bytes = newest.map_or(0, |found| found.len());
    let (last, time) = (mark.sequence, mark.time);
    Ok(Opened { db, journal, last, time, snapshot_bytes, was_clean: true })
}

/// Makes the index again from snapshot and journals, and opens that. What is in its place is
/// kept aside until the next clean stop. `before` is called when the new one is ready, before
/// the old one is touched.
pub(super) fn reopen(
    data: &Path,
    options: &Options,
    before: &mut dyn FnMut(),
) -> Result<Opened, OpenError> {
    guarded(data, || remake(data, options, before))
}

fn remake(data: &Path, options: &Options, before: &mut dyn FnMut()) -> Result<Opened, OpenError> {
    let start = Instant::now();
    let (store, unfinished) =
        (files::store_path(data), files::unfinished(&files::store_path(data)));
    let journals = files::journals_path(data);
    let list =
        || History::list(&journals).map_err(OpenError::io("look into the folder", &journals));
    let build = || -> Result<Rebuilt, OpenError> {
        files::remove(&unfinished)?;
        index::build(&list()?, &unfinished, (options.cache_bytes, None))?.whole()
    };
    let rebuilt = match build() {
        Err(error) if error.is_full_disk() => {
            // What was kept aside is worth less than a server that starts.
            files::remove(&files::aside_path(data))?;
            build()?
        }
        done => done?,
    };
    if rebuilt.replayed.ending == Ending::Torn {
        check_torn(data, options, &rebuilt)?;
    }
    before();
    if store.exists() {
        files::remove(&files::aside_path(data))?;
        files::rename(&store, &files::aside_path(data))?;
    }
    files::rename(&unfinished, &store)?;
    let journal = settle(&rebuilt)?;
    let db = open_sled(&store, options.cache_bytes)?;
    let took = format!("{} ms", start.elapsed().as_millis());
    tracing::info!(commits = rebuilt.last, took, "the index is made");
    let Rebuilt { last, time, snapshot_bytes, .. } = rebuilt;
    Ok(Opened { db, journal, last, time, snapshot_bytes, was_clean: false })
}

/// Writes the good part of the last journal anew: what a killed process wrote and never synced
/// was read just now, and must not vanish in a power cut after someone has seen it.
fn settle(rebuilt: &Rebuilt) -> Result<Journal, OpenError> {
    let (journal, length) = &rebuilt.replayed.journal;
    let io = OpenError::io("write the journal", &journal.path);
    Journal::rewrite(&journal.path, *length).map_err(io)
}

/// A frame at the end that cannot be read was torn by a power cut, unless the old index holds
/// its commit: the index only ever gets what was durable.
fn check_torn(data: &Path, options: &Options, rebuilt: &Rebuilt) -> Result<(), OpenError> {
    let store = files::store_path(data);
    if !files::db_path(&store).exists() {
        return Ok(());
    }
    let last = || {
        files::remove_half_snapshots(&store).ok()?;
        check_notes(&open_sled(&store, options.cache_bytes).ok()?).ok()
    };
    match caught(last) {
        Ok(Some(last)) if last > rebuilt.last => Err(rebuilt.damage()),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Refuses what a later doorkey wrote, before anything is changed.
fn check_formats(journals: &Path) -> Result<(), OpenError> {
    let io = OpenError::io("look into the folder", journals);
    let history = History::list(journals).map_err(io)?;
    for journal in &history.journals {
        let file = File::open(&journal.path);
        let file = file.map_err(OpenError::io("open the journal", &journal.path))?;
        let _: Header = check_header(&mut FrameReader::new(BufReader::new(file)), journal)?;
    }
    Ok(())
}
