//! The audit trail, newest first.

use super::Error;
use super::engine::{Commit, Engine};
use super::record::{decode, encode};
use super::seals::{self, Found};
use crate::model::{Event, EventId, Timestamp};

/// Access to the events.
pub struct Events<'a> {
    engine: &'a dyn Engine,
}

const PREFIX: &str = "event/";

/// The time counts down, so that a scan gives the newest first; the random id keeps two commits
/// from ever meeting on a key.
pub(super) fn event_key(time: Timestamp, id: EventId) -> Vec<u8> {
    format!("{PREFIX}{:016x}/{id}", u64::MAX - time.seconds()).into_bytes()
}

impl<'a> Events<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine }
    }

    /// The part of a commit that writes an event and lets it wait for its seal: two keys that
    /// no other commit writes, so that no use case meets another, or the sealer, here.
    #[must_use]
    pub fn insert(&self, event: &Event) -> Commit {
        let key = event_key(event.time, event.id);
        Commit::new().put(key, encode(event)).and(seals::wait(event))
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

    /// As [`Events::list`], for whoever looks for damage: each place with what is there.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn look(
        &self,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Found<Event>)>, Error> {
        let entries = self.engine.scan(PREFIX.as_bytes(), after, limit).await?;
        Ok(entries.into_iter().map(|e| (e.key.clone(), seals::found_event(Some(&e)))).collect())
    }

    /// Whether `place` can have come from [`Events::list`].
    #[must_use]
    pub fn is_place(place: &[u8]) -> bool {
        place.starts_with(PREFIX.as_bytes())
    }
}
