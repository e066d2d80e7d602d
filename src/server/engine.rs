//! Opens the configured engine in the data folder, which is this process' own from then on: the
//! control socket and the setup secret are in it too.

use std::path::Path;
#[cfg(feature = "sled")]
use std::path::PathBuf;
use std::sync::Arc;
#[cfg(feature = "sled")]
use std::time::Duration;

use super::Error;
use crate::config::{EngineKind, Loaded};
use crate::model::Clock;
#[cfg(feature = "sled")]
use crate::store::{Depth, FolderLock, Report, Sled, SledOptions};
use crate::store::{Memory, Store};

/// What holds the data folder where the engine does not.
#[cfg(feature = "sled")]
pub(super) type Folder = Option<FolderLock>;
#[cfg(not(feature = "sled"))]
pub(super) type Folder = ();

/// How many records of each kind a start looks at: after a clean stop, and after another one.
/// Both are bounded in time on a store of any size; `doorkey store verify` looks at all.
#[cfg(feature = "sled")]
const LOOKED_AT: (usize, usize) = (100, 10_000);

/// How many findings of a check are told.
#[cfg(feature = "sled")]
const TOLD: usize = 5;

/// Opens the engine, and looks whether the store in it is sound.
#[cfg(feature = "sled")]
pub(super) async fn open(
    loaded: &Loaded,
    data: &Path,
    clock: &Clock,
) -> Result<(Store, Folder), Error> {
    match loaded.config.store.engine {
        EngineKind::Memory => {
            let folder = FolderLock::take(data)?;
            Ok((Store::new(Arc::new(Memory::new())), Some(folder)))
        }
        EngineKind::Sled => Ok((Store::with_backups(open_sound(loaded, data, clock).await?), None)),
    }
}

/// The store, once it keeps its own rules. An index that was taken over from a clean stop and
/// breaks them is made again first: the journals are what has happened.
#[cfg(feature = "sled")]
async fn open_sound(loaded: &Loaded, data: &Path, clock: &Clock) -> Result<Arc<Sled>, Error> {
    let (sled, report) = open_checked(loaded, data, clock).await?;
    if report.is_clean() || !sled.was_clean() {
        sound(&report)?;
        return Ok(sled);
    }
    tracing::error!(
        findings = report.total,
        "the last stop was clean, but the store breaks its own rules: making the index again"
    );
    // Its lock has to go before it is opened again.
    drop(sled);
    let (sled, report) = open_checked(loaded, data, clock).await?;
    sound(&report)?;
    Ok(sled)
}

/// The store, and what a quick look at it found. If that is anything, the next start makes the
/// index again.
#[cfg(feature = "sled")]
async fn open_checked(
    loaded: &Loaded,
    data: &Path,
    clock: &Clock,
) -> Result<(Arc<Sled>, Report), Error> {
    let sled = Arc::new(open_sled(data.to_owned(), options(loaded, clock)).await?);
    let per_kind = if sled.was_clean() { LOOKED_AT.0 } else { LOOKED_AT.1 };
    let report = Store::new(Arc::clone(&sled) as _).check(Depth::Quick { per_kind }).await?;
    if !report.is_clean() {
        sled.distrust();
    } else if !sled.was_clean() {
        tracing::info!(whole = report.is_whole, "the store was checked and is sound");
    }
    Ok((sled, report))
}

#[cfg(not(feature = "sled"))]
#[expect(clippy::unused_async, reason = "the other build awaits")]
pub(super) async fn open(loaded: &Loaded, _: &Path, _: &Clock) -> Result<(Store, Folder), Error> {
    match loaded.config.store.engine {
        EngineKind::Memory => Ok((Store::new(Arc::new(Memory::new())), ())),
        EngineKind::Sled => Err(Error::NoEngine),
    }
}

/// Opening may read the whole store, so it has a thread of its own. Not one of tokio's: where the
/// system gives no thread, that panics.
#[cfg(feature = "sled")]
pub(super) async fn open_sled(data: PathBuf, options: SledOptions) -> Result<Sled, Error> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let open = move || drop(tell.send(Sled::open(&data, options)));
    let thread = std::thread::Builder::new().name("open".to_owned());
    thread.spawn(open).map_err(Error::OpeningThread)?;
    Ok(told.await.map_err(|_| Error::Panicked)??)
}

/// How the engine is opened.
#[cfg(feature = "sled")]
pub(super) fn options(loaded: &Loaded, clock: &Clock) -> SledOptions {
    let settings = &loaded.config.store;
    SledOptions {
        cache_bytes: settings.cache.bytes(),
        journal_bytes: settings.journal.bytes(),
        stuck: Arc::new(give_up),
        ..SledOptions::new(clock.clone())
    }
}

/// A server whose disk hangs answers nobody and looks alive: its supervisor can do better.
#[cfg(feature = "sled")]
#[expect(clippy::disallowed_methods, reason = "no thread that could return to main is sure to run")]
fn give_up(busy: Duration) {
    tracing::error!(
        seconds = busy.as_secs(),
        "the disk does not answer: stopping, so that a supervisor can start doorkey again"
    );
    std::process::exit(1);
}

/// Refuses a store that breaks its own rules.
#[cfg(feature = "sled")]
pub(super) fn sound(report: &Report) -> Result<(), Error> {
    if report.is_clean() {
        return Ok(());
    }
    let told: Vec<String> = report.findings.iter().take(TOLD).map(ToString::to_string).collect();
    Err(Error::Unsound { told: told.join("; "), total: report.total })
}
