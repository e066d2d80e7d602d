//! The engine that keeps everything in memory: for tests and trials, and the model that every
//! other engine is compared with.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::Error;
use super::changes::Changes;
use super::engine::{Check, Commit, Engine, Entry, Version, Write};

/// An engine without a disk. A restart forgets everything.
#[derive(Debug, Default)]
pub struct Memory {
    state: Mutex<State>,
    changes: Changes,
}

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<Vec<u8>, Entry>,
    /// The version of the last commit that wrote. One counter for all keys: a key that is made
    /// again cannot get a version it had before.
    last: u64,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a record with its version, as a backup has it.
    #[cfg(feature = "sled")]
    pub(super) fn load(&self, entry: Entry) {
        let mut state = self.lock();
        let _changing = self.changes.changing([entry.key.as_slice()].into_iter());
        state.last = state.last.max(entry.version.0);
        state.entries.insert(entry.key.clone(), entry);
    }

    /// Takes the commit with this number, as a backup has it.
    #[cfg(feature = "sled")]
    pub(super) fn replay(&self, sequence: u64, writes: &[Write]) {
        let mut state = self.lock();
        let _changing = self.changes.changing(writes.iter().map(Write::key));
        state.last = sequence.saturating_sub(1);
        state.apply(writes);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn holds(&self, check: &Check) -> bool {
        self.entries.get(&check.key).map(|e| e.version) == check.version
    }

    fn apply(&mut self, writes: &[Write]) {
        self.last += 1;
        let version = Version(self.last);
        for write in writes {
            match write {
                Write::Put { key, value } => {
                    let entry = Entry { key: key.clone(), value: value.clone(), version };
                    self.entries.insert(key.clone(), entry);
                }
                Write::Delete { key } => {
                    self.entries.remove(key);
                }
            }
        }
    }
}

#[async_trait]
impl Engine for Memory {
    async fn get(&self, key: &[u8]) -> Result<Option<Entry>, Error> {
        Ok(self.lock().entries.get(key).cloned())
    }

    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            Some(_) | None => Bound::Included(prefix),
        };
        let state = self.lock();
        let range = state.entries.range::<[u8], _>((start, Bound::Unbounded));
        let found = range.take_while(|(key, _)| key.starts_with(prefix)).take(limit);
        Ok(found.map(|(_, entry)| entry.clone()).collect())
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        commit.check_size()?;
        let mut state = self.lock();
        if !commit.checks().iter().all(|check| state.holds(check)) {
            return Err(Error::Conflict);
        }
        let changing = self.changes.changing(commit.writes().iter().map(Write::key));
        state.apply(commit.writes());
        drop(changing);
        drop(state);
        Ok(())
    }

    fn changes(&self) -> Option<&Changes> {
        Some(&self.changes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::conformance;
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn memory_keeps_the_contract_of_an_engine() {
        conformance::run(async || Memory::new()).await;
    }

    #[tokio::test]
    async fn the_debug_form_shows_no_value() {
        let memory = Memory::new();
        memory.commit(Commit::new().put("k", "hunter2")).await.unwrap();
        assert!(!format!("{memory:?}").contains("hunter2"));
    }
}
