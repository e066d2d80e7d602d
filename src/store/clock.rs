//! The high-water mark of the clock: so late it is for certain. And the latest time by which
//! anything was judged, while it is ahead of the mark.

use super::Error;
use super::engine::{Commit, Engine};
use super::record::{Stored, decode, encode};
use crate::model::Timestamp;

/// Access to the two records of the clock.
pub struct ClockMark<'a> {
    engine: &'a dyn Engine,
}

const CLOCK: &[u8] = b"clock";
const LATEST: &[u8] = b"latest";

impl<'a> ClockMark<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine }
    }

    /// The mark; `None` before the first one was written.
    ///
    /// # Errors
    /// When the store cannot answer or the record is damaged.
    pub async fn get(&self) -> Result<Option<Stored<Timestamp>>, Error> {
        self.engine.get(CLOCK).await?.as_ref().map(decode).transpose()
    }

    /// The part of a commit that sets the mark, if it is still as it was read: a mark that the
    /// operator has put back must not be raised again by who has not seen it.
    #[must_use]
    pub fn set(&self, before: Option<&Stored<Timestamp>>, mark: Timestamp) -> Commit {
        let version = before.and_then(|before| before.version);
        Commit::new().check(CLOCK, version).put(CLOCK, encode(&mark))
    }

    /// The latest time that was given out; `None` when it was not far ahead of the mark.
    ///
    /// # Errors
    /// When the store cannot answer or the record is damaged.
    pub async fn latest(&self) -> Result<Option<Timestamp>, Error> {
        let entry = self.engine.get(LATEST).await?;
        Ok(entry.as_ref().map(decode).transpose()?.map(|latest| latest.value))
    }

    /// The part of a commit that sets the latest time or forgets it; it goes together with
    /// [`ClockMark::set`], which says that nobody came between.
    #[must_use]
    pub fn set_latest(&self, latest: Option<Timestamp>) -> Commit {
        match latest {
            Some(time) => Commit::new().put(LATEST, encode(&time)),
            None => Commit::new().delete(LATEST),
        }
    }
}
