//! Counts of failed logins that outlive a restart.

use serde::{Deserialize, Serialize};

use super::Error;
use super::engine::{Commit, Engine, MAX_COMMIT};
use super::record::{decode, encode};
use crate::model::Timestamp;

/// What a count is kept under: a digest of account and network, or of an account alone.
pub type Fingerprint = [u8; 16];

/// A count of failed logins in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Whether it is about an account as a whole, rather than an account from one network.
    pub whole_account: bool,
    /// How many.
    pub failures: u32,
    /// When the last one was.
    pub last_at: Timestamp,
}

/// Access to the counts.
pub struct Attempts<'a> {
    engine: &'a dyn Engine,
}

const PREFIX: &str = "attempt/";

pub(super) fn attempt_key(fingerprint: &Fingerprint) -> Vec<u8> {
    format!("{PREFIX}{:032x}", u128::from_be_bytes(*fingerprint)).into_bytes()
}

pub(super) fn parse(key: &[u8]) -> Option<Fingerprint> {
    let hex = std::str::from_utf8(key).ok()?.strip_prefix(PREFIX)?;
    u128::from_str_radix(hex, 16).ok().map(u128::to_be_bytes)
}

impl<'a> Attempts<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine }
    }

    /// At most `limit` counts.
    ///
    /// # Errors
    /// When the store cannot answer or a record is damaged.
    pub async fn load(&self, limit: usize) -> Result<Vec<(Fingerprint, Attempt)>, Error> {
        let mut found = Vec::new();
        let mut after: Option<Vec<u8>> = None;
        while found.len() < limit {
            let page = self.engine.scan(PREFIX.as_bytes(), after.as_deref(), MAX_COMMIT).await?;
            after = page.last().map(|entry| entry.key.clone());
            if after.is_none() {
                break;
            }
            for entry in &page {
                let attempt = decode(entry)?.value;
                found.extend(parse(&entry.key).map(|fingerprint| (fingerprint, attempt)));
            }
        }
        Ok(found)
    }

    /// Removes counts that are over, and those beyond the first `most`, which
    /// [`Attempts::load`] would not read. One call looks at most at twice as many.
    ///
    /// # Errors
    /// When the store cannot answer or a record is damaged.
    pub async fn sweep(
        &self,
        most: usize,
        is_over: impl Fn(&Attempt) -> bool,
    ) -> Result<(), Error> {
        let (mut after, mut kept) = (None, 0);
        for _ in 0..most.div_ceil(MAX_COMMIT) * 2 {
            let page = self.engine.scan(PREFIX.as_bytes(), after.as_deref(), MAX_COMMIT).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            let mut commit = Commit::new();
            for entry in page {
                if kept < most && !is_over(&decode(&entry)?.value) {
                    kept += 1;
                } else {
                    commit = commit.check(entry.key.clone(), Some(entry.version)).delete(entry.key);
                }
            }
            self.give_way(commit).await?;
        }
        Ok(())
    }

    /// A count that was written meanwhile stays; the next sweep comes back.
    async fn give_way(&self, commit: Commit) -> Result<(), Error> {
        if commit.is_empty() {
            return Ok(());
        }
        match self.engine.commit(commit).await {
            Err(Error::Conflict) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes counts; `None` removes one. Commits are as large as they may be.
    ///
    /// # Errors
    /// When the store cannot answer; some of the counts may have been written.
    pub async fn save(&self, counts: &[(Fingerprint, Option<Attempt>)]) -> Result<(), Error> {
        for chunk in counts.chunks(MAX_COMMIT) {
            let commit =
                chunk.iter().fold(Commit::new(), |c, (fingerprint, attempt)| match attempt {
                    Some(attempt) => c.put(attempt_key(fingerprint), encode(attempt)),
                    None => c.delete(attempt_key(fingerprint)),
                });
            self.engine.commit(commit).await?;
        }
        Ok(())
    }
}
