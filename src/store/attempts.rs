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

fn attempt_key(fingerprint: &Fingerprint) -> Vec<u8> {
    format!("{PREFIX}{:032x}", u128::from_be_bytes(*fingerprint)).into_bytes()
}

fn parse(key: &[u8]) -> Option<Fingerprint> {
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
