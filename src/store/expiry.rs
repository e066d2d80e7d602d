//! What may be swept, and when. Only space depends on it: whether a record still counts is
//! decided by its own times when it is read.

use std::time::Duration;

use super::engine::Commit;
use super::record::{corrupt, encode};
use super::{Error, Store};
use crate::model::Timestamp;

/// What a mark is about; the word is the first part of the record's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Session,
    Link,
    ApiToken,
    Ended,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Link => "link",
            Self::ApiToken => "apitoken",
            Self::Ended => "ended",
        }
    }

    /// Records stay readable this long after their end, for whoever asks what became of them;
    /// nobody asks for what is left of removed sessions once no verifier has an older list.
    const fn grace(self) -> Duration {
        match self {
            Self::Session | Self::Link | Self::ApiToken => Duration::from_hours(24),
            Self::Ended => Duration::from_mins(20),
        }
    }
}

/// Marks swept in one commit: two keys each, within the limit of a commit.
const BATCH: usize = 40;

const PREFIX: &str = "expiry/";

pub(super) fn mark_key(kind: Kind, id: &str, end: Timestamp) -> String {
    let due = end.plus(kind.grace()).seconds();
    format!("{PREFIX}{due:016x}/{}/{id}", kind.word())
}

/// The part of a commit that marks a record for sweeping a while after `end`.
pub(super) fn mark(kind: Kind, id: &str, end: Timestamp) -> Commit {
    Commit::new().put(mark_key(kind, id, end), encode(&()))
}

/// The part of a commit that takes the mark of a record away, with the record.
pub(super) fn unmark(kind: Kind, id: &str, end: Timestamp) -> Commit {
    Commit::new().delete(mark_key(kind, id, end))
}

/// How a sweep went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// How many records went.
    pub records: usize,
    /// Whether there was more to do than one call does.
    pub more: bool,
}

impl Store {
    /// Removes some of the records whose time is over at `now`.
    ///
    /// # Errors
    /// When the store cannot answer; nothing is lost by it.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, Error> {
        let entries = self.engine.scan(PREFIX.as_bytes(), None, BATCH).await?;
        let mut commit = Commit::new();
        let mut records = 0;
        for entry in &entries {
            let (due, target) = parse(&entry.key).ok_or_else(|| corrupt(&entry.key))?;
            if due > now {
                break;
            }
            records += 1;
            commit = commit.delete(target).delete(entry.key.clone());
        }
        if records > 0 {
            self.engine.commit(commit).await?;
        }
        Ok(Swept { records, more: records == BATCH })
    }
}

/// When and what, out of the key of a mark.
pub(super) fn parse(key: &[u8]) -> Option<(Timestamp, &str)> {
    let rest = std::str::from_utf8(key).ok()?.strip_prefix(PREFIX)?;
    let (due, target) = rest.split_once('/')?;
    Some((Timestamp::from_seconds(u64::from_str_radix(due, 16).ok()?), target))
}
