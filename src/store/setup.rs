//! The one-time setup secret, as a hash.

use super::Error;
use super::engine::{Commit, Engine};
use super::record::{Stored, decode, encode};
use crate::model::TokenHash;

/// Access to the record of the setup secret.
pub struct Setup<'a> {
    engine: &'a dyn Engine,
}

const SETUP: &[u8] = b"setup";

impl<'a> Setup<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine }
    }

    /// The hash of the secret; `None` when none is waiting to be used.
    ///
    /// # Errors
    /// When the store cannot answer or the record is damaged.
    pub async fn get(&self) -> Result<Option<Stored<TokenHash>>, Error> {
        self.engine.get(SETUP).await?.as_ref().map(decode).transpose()
    }

    /// The part of a commit that sets the hash.
    #[must_use]
    pub fn set(&self, hash: &TokenHash) -> Commit {
        Commit::new().put(SETUP, encode(hash))
    }

    /// The part of a commit that voids the secret.
    #[must_use]
    pub fn remove(&self) -> Commit {
        Commit::new().delete(SETUP)
    }
}
