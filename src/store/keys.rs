//! Sealed signing keys.

use super::Error;
use super::engine::{Commit, Engine, MAX_COMMIT};
use super::record::{decode, encode};
use crate::model::{KeyId, SigningKey};

/// Access to the signing keys' records.
pub struct Keys<'a> {
    engine: &'a dyn Engine,
}

pub(super) fn record_key(id: KeyId) -> Vec<u8> {
    format!("key/{id}").into_bytes()
}

impl<'a> Keys<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine }
    }

    /// All keys, those that are no longer served included.
    ///
    /// # Errors
    /// When the store cannot answer or a record is damaged.
    pub async fn all(&self) -> Result<Vec<SigningKey>, Error> {
        let entries = self.engine.scan(b"key/", None, MAX_COMMIT).await?;
        entries.iter().map(|entry| Ok(decode(entry)?.value)).collect()
    }

    /// The part of a commit that adds a key.
    #[must_use]
    pub fn insert(&self, key: &SigningKey) -> Commit {
        Commit::new().check(record_key(key.id), None).put(record_key(key.id), encode(key))
    }

    /// The part of a commit that drops a key.
    #[must_use]
    pub fn remove(&self, id: KeyId) -> Commit {
        Commit::new().delete(record_key(id))
    }
}
