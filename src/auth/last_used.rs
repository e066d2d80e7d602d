//! When sessions were last used: kept in memory, so that a refresh writes nothing, and written
//! by the background task a little later.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{Auth, Error};
use crate::model::{Session, SessionId, Timestamp};
use crate::store::IsConflict;
use crate::store::engine::Commit;

/// How many sessions are remembered between two writes; a use beyond that is not noted.
const MOST: usize = 64 * 1024;

/// Sessions written in one commit: one key each.
const BATCH: usize = 50;

/// A use is worth writing when it is this much later than what is written, in seconds.
const WORTH_WRITING: u64 = 60;

/// Uses that are not written yet.
#[derive(Debug, Default)]
pub(super) struct LastUsed(Mutex<HashMap<SessionId, Timestamp>>);

impl LastUsed {
    /// Notes a use of `session` at `now`.
    pub(super) fn note(&self, session: &Session, now: Timestamp) {
        if now.seconds() < session.last_used_at.seconds().saturating_add(WORTH_WRITING) {
            return;
        }
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() < MOST || map.contains_key(&session.id) {
            map.insert(session.id, now);
        }
    }

    /// The last use of `session`, written or not.
    pub(super) fn of(&self, session: &Session) -> Timestamp {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.get(&session.id).copied().unwrap_or(session.last_used_at).max(session.last_used_at)
    }

    fn take(&self) -> Vec<(SessionId, Timestamp)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }

    /// Keeps uses that could not be written for the next time; a later use stays.
    fn put_back(&self, uses: &[(SessionId, Timestamp)]) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, at) in uses {
            if map.len() < MOST || map.contains_key(id) {
                let kept = map.entry(*id).or_insert(*at);
                *kept = (*kept).max(*at);
            }
        }
    }
}

impl Auth {
    /// Writes the uses noted since the last call. This writer gives way: where a session changed
    /// meanwhile, the uses written together with it wait for the next call.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer; what was not written waits.
    pub async fn write_last_used(&self) -> Result<(), Error> {
        let uses = self.last_used.take();
        for (number, chunk) in uses.chunks(BATCH).enumerate() {
            match self.write_uses(chunk).await {
                Ok(()) => {}
                Err(error) if error.is_conflict() => self.last_used.put_back(chunk),
                Err(error) => {
                    self.last_used.put_back(&uses[number * BATCH..]);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    async fn write_uses(&self, uses: &[(SessionId, Timestamp)]) -> Result<(), Error> {
        let mut commit = Commit::new();
        for (id, at) in uses {
            if let Some(before) = self.store.sessions().get(*id).await? {
                let after = before.value.clone().used(*at);
                commit = commit.and(self.store.sessions().replace(&before, &after));
            }
        }
        Ok(self.store.commit(commit).await?)
    }
}
