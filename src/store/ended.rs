//! What is left of sessions whose records went, or have another place in the status lists now,
//! while tokens of theirs may live.

use super::Error;
use super::engine::{Commit, Engine};
use super::expiry::{self, Kind};
use super::page::{Page, page};
use super::record::encode;
use crate::model::EndedSessions;

/// Access to what is left of removed sessions.
pub struct Ended<'a> {
    engine: &'a dyn Engine,
}

const PREFIX: &str = "ended/";

pub(super) fn ended_key(ended: &EndedSessions) -> Vec<u8> {
    format!("{PREFIX}{}", ended.name()).into_bytes()
}

impl<'a> Ended<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine }
    }

    /// The next of them after `after`.
    ///
    /// # Errors
    /// When the store cannot answer; a damaged record is only counted.
    pub async fn page(
        &self,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Page<EndedSessions>, Error> {
        page(self.engine, PREFIX, (after, limit)).await
    }
}

/// The part of a commit that leaves this, until it may be swept.
pub(super) fn insert(ended: &EndedSessions) -> Commit {
    Commit::new().put(ended_key(ended), encode(ended)).and(expiry::mark(
        Kind::Ended,
        &ended.name(),
        ended.until,
    ))
}
