//! Invites and password resets.

use super::Error;
use super::engine::{Commit, Engine};
use super::expiry::{self, Kind};
use super::record::{Stored, decode, encode};
use crate::model::{Link, LinkId};

/// Access to the links' records.
pub struct Links<'a> {
    engine: &'a dyn Engine,
}

pub(super) fn link_key(id: LinkId) -> Vec<u8> {
    format!("link/{id}").into_bytes()
}

impl<'a> Links<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine }
    }

    /// The link with this id, expired ones included; `None` when it was used.
    ///
    /// # Errors
    /// When the store cannot answer or the record is damaged.
    pub async fn get(&self, id: LinkId) -> Result<Option<Stored<Link>>, Error> {
        self.engine.get(&link_key(id)).await?.as_ref().map(decode).transpose()
    }

    /// The part of a commit that makes a link.
    #[must_use]
    pub fn insert(&self, link: &Link) -> Commit {
        Commit::new()
            .check(link_key(link.id), None)
            .put(link_key(link.id), encode(link))
            .and(expiry::mark(Kind::Link, &link.id.to_string(), link.expires_at))
    }

    /// The part of a commit that uses a link up: of many at once only one can.
    #[must_use]
    pub fn consume(&self, link: &Stored<Link>) -> Commit {
        let Link { id, expires_at, .. } = link.value;
        Commit::new().check(link_key(id), link.version).delete(link_key(id)).and(expiry::unmark(
            Kind::Link,
            &id.to_string(),
            expires_at,
        ))
    }
}
