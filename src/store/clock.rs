//! The high-water mark of the clock: so late it is for certain.

use super::Error;
use super::engine::{Commit, Engine};
use super::record::{Stored, decode, encode};
use crate::model::Timestamp;

/// Access to the record of the high-water mark.
pub struct ClockMark<'a> {
    engine: &'a dyn Engine,
}

const CLOCK: &[u8] = b"clock";

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
}
