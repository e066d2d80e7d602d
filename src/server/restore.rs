//! Another store in the place of the one in the data folder, without a server on it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::restored_keys::{self, RestoredKeys};
use super::{Error, clock, engine, master_key};
use crate::auth::{Keyring, resume_clock};
use crate::config::Loaded;
use crate::crypto::Random;
use crate::model::{Actor, Clock, Event, EventKind, Outcome, Timestamp};
use crate::store::{Depth, Report, Restore, Revived, SigningKeys, Store, Until};

/// Where the new store comes from.
pub enum Source {
    /// A backup.
    Backup(Box<dyn Read + Send>),
    /// The store's own snapshots and journals.
    Past(Until),
}

/// What a restore did.
#[derive(Debug)]
pub struct Restored {
    /// When the last commit of the restored state happened.
    pub time: Timestamp,
    /// What ended with it.
    pub revived: Revived,
    /// What became of the signing keys that it did not drop.
    pub keys: RestoredKeys,
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
    let (clock, random) = (clock()?, Random::system());
    let of_replaced = match (replace, keys) {
        (true, SigningKeys::Keep) => restored_keys::of_replaced(loaded, data, &clock).await,
        (false, _) | (true, SigningKeys::Drop) => None,
    };
    let restore = Restore::begin(data, replace)?;
    let time = match source {
        Source::Backup(input) => restore.load(input)?,
        Source::Past(until) => restore.rewind(until)?.time,
    };
    let options = engine::options(loaded, &clock);
    let sled = engine::open_sled(restore.stage().to_owned(), options).await?;
    let store = Store::new(Arc::new(sled));
    resume_clock(&store, &clock).await?;
    // What ends with a restore need not be sound for it.
    let revived = store.revive(keys).await?;
    engine::sound(&store.check(Depth::Full).await?)?;
    let restored = restored_keys::drop_revoked(&store, of_replaced.as_ref(), clock.now()).await?;
    check_keys(&store, (loaded, data), (&clock, &random)).await?;
    let event = event((time, keys), (&clock, &random));
    store.commit(store.events().insert(&event)).await?;
    // Closes it, so that its next start is a clean one.
    drop(store);
    let kept = restore.finish(clock.now())?;
    Ok(Restored { time, revived, keys: restored, kept })
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
    let keyring = Keyring::open(store, opened, algorithm, (clock.now(), random)).await;
    keyring.map(drop).map_err(Error::RestoreKeys)
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
/// journals. Gives the report, and the differences. If there is anything in either, the next
/// start makes the index again.
///
/// # Errors
/// [`Error`], when the store does not open.
pub async fn verify(loaded: &Loaded, data: &Path) -> Result<(Report, Vec<String>), Error> {
    let clock = clock()?;
    let options = engine::options(loaded, &clock);
    let sled = Arc::new(engine::open_sled(data.to_owned(), options).await?);
    let store = Store::new(Arc::clone(&sled) as _);
    let report = store.check(Depth::Full).await?;
    if report.is_clean() {
        resume_clock(&store, &clock).await?;
    }
    drop(store);
    let comparing = Arc::clone(&sled);
    let compared = tokio::task::spawn_blocking(move || comparing.compare_index()).await;
    let differences = compared.map_err(|_| Error::Panicked)??;
    if !report.is_clean() || !differences.is_empty() {
        sled.distrust();
    }
    Ok((report, differences))
}
