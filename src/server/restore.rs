//! Another store in the place of the one in the data folder, without a server on it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Error, engine, master_key};
use crate::auth::Keyring;
use crate::config::Loaded;
use crate::crypto::Random;
use crate::model::{Actor, Clock, Event, EventKind, Outcome, Timestamp};
use crate::store::{Depth, Report, Restore, Revived, SigningKeys, Store};

/// Where the new store comes from.
pub enum Source {
    /// A backup.
    Backup(Box<dyn Read + Send>),
    /// The store's own snapshots and journals, up to a time.
    Past(Timestamp),
}

/// What a restore did.
#[derive(Debug)]
pub struct Restored {
    /// When the last commit of the restored state happened.
    pub time: Timestamp,
    /// What ended with it.
    pub revived: Revived,
    /// Where the store of before is kept; `None` when there was none.
    pub kept: Option<PathBuf>,
}

/// Restores the data folder `data`, which no server may be running on. All sessions end: what
/// was revoked since is not known any more.
///
/// # Errors
/// [`Error`], a sentence for the operator; the old store is then as it was.
pub async fn restore(
    loaded: &Loaded,
    data: &Path,
    source: Source,
    (replace, keys): (bool, SigningKeys),
) -> Result<Restored, Error> {
    let (clock, random) = (Clock::system(), Random::system());
    let restore = Restore::begin(data, replace)?;
    let time = match source {
        Source::Backup(input) => restore.load(input)?,
        Source::Past(until) => restore.rewind(until)?,
    };
    let options = engine::options(loaded, &clock);
    let sled = engine::open_sled(restore.stage().to_owned(), options).await?;
    let store = Store::new(Arc::new(sled));
    engine::sound(&store.check(Depth::Full).await?)?;
    let revived = store.revive(keys).await?;
    check_keys(&store, (loaded, data), (&clock, &random)).await?;
    let event = event((time, keys), (&clock, &random));
    store.commit(store.events().insert(&event)).await?;
    // Closes it, so that its next start is a clean one.
    drop(store);
    let kept = restore.finish(clock.now())?;
    Ok(Restored { time, revived, kept })
}

/// No start would succeed over signing keys that the master key does not open.
async fn check_keys(
    store: &Store,
    (loaded, data): (&Loaded, &Path),
    (clock, random): (&Clock, &Random),
) -> Result<(), Error> {
    if store.keys().all().await?.is_empty() {
        return Ok(());
    }
    let opened = master_key::open(loaded.master_key_file.as_deref(), data, (false, random));
    let opened = opened.map_err(Error::RestoreKey)?;
    let algorithm = loaded.config.tokens.algorithm;
    Keyring::open(store, opened, algorithm, (clock.now(), random)).await?;
    Ok(())
}

fn event((time, keys): (Timestamp, SigningKeys), (clock, random): (&Clock, &Random)) -> Event {
    let keys = match keys {
        SigningKeys::Keep => "",
        SigningKeys::Drop => ", without its signing keys",
    };
    Event {
        id: random.id(),
        time: clock.now(),
        kind: EventKind::Restored,
        actor: Actor::Operator,
        user: None,
        session: None,
        ip: None,
        request_id: None,
        outcome: Outcome::Done,
        detail: Some(format!("the state of {time}{keys}")),
        count: 1,
        seal: None,
    }
}

/// Opens the store of a data folder, looks at every record, and compares the index with the
/// journals. Gives the report, and the differences.
///
/// # Errors
/// [`Error`], when the store does not open.
pub async fn verify(loaded: &Loaded, data: &Path) -> Result<(Report, Vec<String>), Error> {
    let options = engine::options(loaded, &Clock::system());
    let sled = Arc::new(engine::open_sled(data.to_owned(), options).await?);
    let report = Store::new(Arc::clone(&sled) as _).check(Depth::Full).await?;
    let compared = tokio::task::spawn_blocking(move || sled.compare_index()).await;
    Ok((report, compared.map_err(|_| Error::Panicked)??))
}
