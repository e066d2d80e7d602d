//! The audit trail, newest first.

use super::Error;
use super::engine::{Commit, Engine, MAX_COMMIT};
use super::record::{decode, encode};
use crate::model::{Event, Timestamp};

/// Access to the events.
pub struct Events<'a> {
    engine: &'a dyn Engine,
}

const PREFIX: &str = "event/";

/// The time counts down, so that a scan gives the newest first; the random id keeps two commits
/// from ever meeting on a key.
pub(super) fn event_key(event: &Event) -> Vec<u8> {
    format!("{}{}", time_key(event.time), event.id).into_bytes()
}

fn time_key(time: Timestamp) -> String {
    format!("{PREFIX}{:016x}/", u64::MAX - time.seconds())
}

impl<'a> Events<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine }
    }

    /// The part of a commit that writes an event.
    #[must_use]
    pub fn insert(&self, event: &Event) -> Commit {
        Commit::new().put(event_key(event), encode(event))
    }

    /// At most `limit` events after the place `after`, newest first, each with its place.
    ///
    /// # Errors
    /// When the store cannot answer or a record is damaged.
    pub async fn list(
        &self,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Event)>, Error> {
        let entries = self.engine.scan(PREFIX.as_bytes(), after, limit).await?;
        entries.iter().map(|e| Ok((e.key.clone(), decode(e)?.value))).collect()
    }

    /// Whether `place` can have come from [`Events::list`].
    #[must_use]
    pub fn is_place(place: &[u8]) -> bool {
        place.starts_with(PREFIX.as_bytes())
    }

    /// Removes some of the events from before `cutoff`; says how many.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn sweep(&self, cutoff: Timestamp) -> Result<usize, Error> {
        let newest_kept = time_key(cutoff).into_bytes();
        // '0' follows '/': everything of that very second is still kept.
        let after = [&newest_kept[..newest_kept.len() - 1], b"0"].concat();
        let old = self.engine.scan(PREFIX.as_bytes(), Some(&after), MAX_COMMIT).await?;
        if !old.is_empty() {
            let commit = old.iter().fold(Commit::new(), |c, entry| c.delete(entry.key.clone()));
            self.engine.commit(commit).await?;
        }
        Ok(old.len())
    }
}
