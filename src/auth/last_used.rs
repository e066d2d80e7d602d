//! When sessions and API tokens were last used: kept in memory, so that a refresh writes nothing, and written
//! by the background task a little later.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Auth, Error};
use crate::model::{ApiTokenId, SessionId, Timestamp};
use crate::store::IsConflict;
use crate::store::engine::Commit;

/// How many of each are remembered between two writes; a use beyond that is not noted.
const MOST: usize = 64 * 1024;

/// Records written in one commit: one key each.
const BATCH: usize = 50;

/// A use is worth writing when it is this much later than what is written, in seconds.
const WORTH_WRITING: u64 = 60;

/// Uses that are not written yet.
#[derive(Debug)]
pub(super) struct LastUsed<Id>(Mutex<HashMap<Id, Timestamp>>);

impl<Id> Default for LastUsed<Id> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<Id: Copy + Eq + Hash> LastUsed<Id> {
    /// Notes a use of `id` at `now`, where the last one that is written is `written`.
    pub(super) fn note(&self, id: Id, written: Option<Timestamp>, now: Timestamp) {
        let due = written.map_or(0, |at| at.seconds().saturating_add(WORTH_WRITING));
        if now.seconds() < due {
            return;
        }
        let mut map = self.lock();
        if map.len() < MOST || map.contains_key(&id) {
            map.insert(id, now);
        }
    }

    /// The last use of `id` that is not written; `None` without one.
    pub(super) fn of(&self, id: Id) -> Option<Timestamp> {
        self.lock().get(&id).copied()
    }

    fn take(&self) -> Vec<(Id, Timestamp)> {
        self.lock().drain().collect()
    }

    /// Keeps uses that could not be written for the next time; a later use stays.
    fn put_back(&self, uses: &[(Id, Timestamp)]) {
        let mut map = self.lock();
        for (id, at) in uses {
            if map.len() < MOST || map.contains_key(id) {
                let kept = map.entry(*id).or_insert(*at);
                *kept = (*kept).max(*at);
            }
        }
    }

    /// What follows of writing the first [`BATCH`] of `uses`. A conflict is no failure: those wait
    /// for the next time. After another one all of them do.
    fn settle(&self, uses: &[(Id, Timestamp)], written: Result<(), Error>) -> Result<(), Error> {
        match written {
            Ok(()) => Ok(()),
            Err(error) if error.is_conflict() => {
                self.put_back(&uses[..uses.len().min(BATCH)]);
                Ok(())
            }
            Err(error) => {
                self.put_back(uses);
                Err(error)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Id, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Auth {
    /// Writes the uses noted since the last call. This writer gives way: where a record changed
    /// meanwhile, the uses written together with it wait for the next call.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer; what was not written waits.
    pub async fn write_last_used(&self) -> Result<(), Error> {
        let sessions = self.last_used.take();
        for (number, chunk) in sessions.chunks(BATCH).enumerate() {
            let written = self.write_sessions_used(chunk).await;
            self.last_used.settle(&sessions[number * BATCH..], written)?;
        }
        let tokens = self.tokens_used.take();
        for (number, chunk) in tokens.chunks(BATCH).enumerate() {
            let written = self.write_tokens_used(chunk).await;
            self.tokens_used.settle(&tokens[number * BATCH..], written)?;
        }
        Ok(())
    }

    async fn write_sessions_used(&self, uses: &[(SessionId, Timestamp)]) -> Result<(), Error> {
        let (sessions, mut commit) = (self.store.sessions(), Commit::new());
        for (id, at) in uses {
            if let Some(before) = sessions.get(*id).await? {
                commit = commit.and(sessions.replace(&before, &before.value.clone().used(*at)));
            }
        }
        Ok(self.store.commit(commit).await?)
    }

    async fn write_tokens_used(&self, uses: &[(ApiTokenId, Timestamp)]) -> Result<(), Error> {
        let (tokens, mut commit) = (self.store.api_tokens(), Commit::new());
        for (id, at) in uses {
            if let Some(before) = tokens.get(*id).await? {
                commit = commit.and(tokens.replace(&before, &before.value.clone().used(*at)));
            }
        }
        Ok(self.store.commit(commit).await?)
    }
}
