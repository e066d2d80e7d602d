//! The services that administrators registered: one record, so that two registrations at once
//! meet and the bound holds. It is a few kilobytes at most.

use super::Error;
use super::engine::{Commit, Engine};
use super::record::{Stored, decode, encode};
use crate::model::Service;

/// Access to the record of the services.
pub struct Services<'a> {
    engine: &'a dyn Engine,
}

const SERVICES: &[u8] = b"services";

impl<'a> Services<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine }
    }

    /// All of them; none before the first.
    ///
    /// # Errors
    /// When the store cannot answer or the record is damaged.
    pub async fn all(&self) -> Result<Stored<Vec<Service>>, Error> {
        match self.engine.get(SERVICES).await? {
            Some(entry) => decode(&entry),
            None => Ok(Stored { value: Vec::new(), version: None }),
        }
    }

    /// The part of a commit that changes them.
    #[must_use]
    pub fn set(&self, before: &Stored<Vec<Service>>, after: &Vec<Service>) -> Commit {
        Commit::new().check(SERVICES, before.version).put(SERVICES, encode(after))
    }
}
