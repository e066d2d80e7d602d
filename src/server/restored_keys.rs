//! Which signing keys a restore brings back: a key that was revoked must not come back with the
//! past.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Error, engine};
use crate::config::Loaded;
use crate::model::{Clock, KeyId, SigningKey, Timestamp};
use crate::store::engine::Commit;
use crate::store::{Restore, RestoreError, Store, Until};

/// What became of the signing keys.
#[derive(Debug, Default)]
pub struct RestoredKeys {
    /// Dropped, because the store of before did not have them any more.
    pub dropped: Vec<KeyId>,
    /// Valid, and nothing tells whether they were revoked since.
    pub unsure: Vec<KeyId>,
}

/// The keys of a store that is about to be replaced.
pub(super) struct Replaced {
    keys: BTreeSet<KeyId>,
    /// Whether they are those of its end, and not of the last state before a damage.
    is_whole: bool,
}

/// The keys of the store in `data`; `None` when there is none or it cannot be read. No server may
/// be running on it.
pub(super) async fn of_replaced(loaded: &Loaded, data: &Path, clock: &Clock) -> Option<Replaced> {
    let end = Until::Time(Timestamp::from_seconds(u64::MAX));
    let (keys, is_whole) = match at(loaded, (data, end), clock).await {
        // What is before the damage tells of every key that was gone by then.
        Err(Error::Restore(RestoreError::Beyond(last))) => {
            (at(loaded, (data, Until::Commit(last.commit)), clock).await, false)
        }
        read => (read, true),
    };
    let unread = |error: &Error| tracing::warn!(%error, "the store of before cannot be read");
    Some(Replaced { keys: keys.inspect_err(unread).ok()?, is_whole })
}

/// The keys of the state at `until`, made again beside the store and thrown away.
async fn at(
    loaded: &Loaded,
    (data, until): (&Path, Until),
    clock: &Clock,
) -> Result<BTreeSet<KeyId>, Error> {
    let restore = Restore::begin(data, true)?;
    restore.rewind(until)?;
    let options = engine::options(loaded, clock);
    let sled = engine::open_sled(restore.stage().to_owned(), options).await?;
    let keys = Store::new(std::sync::Arc::new(sled)).keys().all().await?;
    Ok(keys.into_iter().map(|key| key.id).collect())
}

/// Drops the keys that are not among those of `before`; all, if none of the others signs yet.
pub(super) async fn drop_revoked(
    store: &Store,
    before: Option<&Replaced>,
    now: Timestamp,
) -> Result<RestoredKeys, Error> {
    let keys = store.keys().all().await?;
    let Some(before) = before else {
        let unsure = keys.into_iter().map(|key| key.id).collect();
        return Ok(RestoredKeys { unsure, ..RestoredKeys::default() });
    };
    let is_left = |key: &SigningKey| before.keys.contains(&key.id);
    let signs = keys.iter().any(|key| is_left(key) && key.signs_from <= now);
    let (left, gone): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| signs && is_left(key));
    let [left, dropped] =
        [left, gone].map(|keys| keys.into_iter().map(|key| key.id).collect::<Vec<KeyId>>());
    let commit = dropped.iter().fold(Commit::new(), |c, id| c.and(store.keys().remove(*id)));
    store.commit(commit).await?;
    let unsure = if before.is_whole { Vec::new() } else { left };
    Ok(RestoredKeys { dropped, unsure })
}
