//! Which epochs accounts that are gone have had: an account that comes back under its id begins
//! after all of them, so that nothing of its past fits it.

use super::Error;
use super::engine::{Commit, Engine};
use super::record::{Stored, decode, encode};

/// Access to the record of the latest epoch that a deleted account had.
pub struct Epochs<'a> {
    engine: &'a dyn Engine,
}

const EPOCHS: &[u8] = b"epochs";

/// What stands for the record before it is written: no account of a store that did not keep it
/// yet was changed as often.
const BEFORE: u64 = 1 << 32;

impl<'a> Epochs<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine }
    }

    /// The latest epoch that an account had which is not there any more.
    ///
    /// # Errors
    /// When the store cannot answer or the record is damaged.
    pub async fn latest(&self) -> Result<Stored<u64>, Error> {
        match self.engine.get(EPOCHS).await? {
            Some(entry) => decode(&entry),
            None => Ok(Stored { value: BEFORE, version: None }),
        }
    }

    /// The part of a commit that takes note of the last epoch of an account that goes.
    #[must_use]
    pub fn note(&self, before: &Stored<u64>, epoch: u64) -> Commit {
        self.unchanged(before).put(EPOCHS, encode(&before.value.max(epoch)))
    }

    /// The part of a commit that requires that no account has gone since `before` was read.
    #[must_use]
    pub fn unchanged(&self, before: &Stored<u64>) -> Commit {
        Commit::new().check(EPOCHS, before.version)
    }
}
