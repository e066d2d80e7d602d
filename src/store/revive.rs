//! What a restored store goes through before it is used: a backup cannot know what was revoked
//! after it, so everything that lets someone in without a password ends.

use serde::{Deserialize, Serialize};

use super::engine::{Commit, Entry, MAX_COMMIT};
use super::layout::{AtRestore, KINDS, Kind};
use super::record::{Stored, decode, encode};
use super::{Error, Store};
use crate::model::{User, UserId, UserSessions};

/// What becomes of the signing keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningKeys {
    /// They stay.
    Keep,
    /// They go, for who has no master key that opens them. New ones are made at the next start.
    Drop,
}

/// What a call of [`Store::revive`] did; one that goes on after a crash counts only the rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Revived {
    /// Users whose earlier access tokens died.
    pub users: u64,
    /// Sessions dropped, those that had ended included.
    pub sessions: u64,
    /// Invites and password resets dropped.
    pub links: u64,
    /// API tokens dropped.
    pub api_tokens: u64,
    /// Signing keys dropped.
    pub keys: u64,
}

/// How far the users have come: committed with them, so that no crash makes one epoch rise
/// twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    after: Option<UserId>,
}

const REVIVING: &[u8] = b"reviving";

impl Store {
    /// Drops sessions, links, API tokens, their marks, registered services, counts of failed logins,
    /// the setup secret and, if so wanted, the signing keys; empties each user's list of sessions (its networks stay) and
    /// raises each user's epoch. Everything else is untouched. For a store that nobody else
    /// writes to, in constant memory. A call that was cut off is finished by the next one; until
    /// then the store holds the record `reviving` and [`Store::check`] says so.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for a damaged user or list, else when the store cannot answer or
    /// someone else writes to it.
    pub async fn revive(&self, keys: SigningKeys) -> Result<Revived, Error> {
        let mut progress = self.progress().await?;
        let mut done = Revived::default();
        for kind in KINDS {
            match (kind.at_restore, keys) {
                (AtRestore::Drop, _) | (AtRestore::DropOnDemand, SigningKeys::Drop) => {
                    done.count(kind, self.drop_all(kind).await?);
                }
                (AtRestore::Keep, _) | (AtRestore::DropOnDemand, SigningKeys::Keep) => {}
            }
        }
        self.empty_lists().await?;
        while let Some(raised) = self.raise_epochs(&mut progress).await? {
            done.users += raised;
        }
        self.commit(Commit::new().delete(REVIVING)).await?;
        Ok(done)
    }

    /// Where an earlier call stopped, or the beginning, noted before anything is changed.
    async fn progress(&self) -> Result<Progress, Error> {
        if let Some(entry) = self.engine.get(REVIVING).await? {
            return Ok(decode(&entry)?.value);
        }
        let progress = Progress::default();
        self.commit(Commit::new().check(REVIVING, None).put(REVIVING, encode(&progress))).await?;
        Ok(progress)
    }

    async fn drop_all(&self, kind: &Kind) -> Result<u64, Error> {
        let (mut after, mut dropped) = (None, 0);
        loop {
            let page = self.page(kind.prefix, &mut after, MAX_COMMIT).await?;
            if page.is_empty() {
                return Ok(dropped);
            }
            dropped += page.len() as u64;
            self.commit(page.into_iter().fold(Commit::new(), |c, e| c.delete(e.key))).await?;
        }
    }

    async fn empty_lists(&self) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = self.page("logins/", &mut after, MAX_COMMIT).await?;
            if page.is_empty() {
                return Ok(());
            }
            let mut commit = Commit::new();
            for entry in page {
                let list: UserSessions = decode(&entry)?.value;
                let emptied = UserSessions { sessions: Vec::new(), ..list };
                commit = commit
                    .check(entry.key.clone(), Some(entry.version))
                    .put(entry.key, encode(&emptied));
            }
            self.commit(commit).await?;
        }
    }

    /// Raises the epochs of the next users, together with the note of how far that came; `None`
    /// after the last.
    async fn raise_epochs(&self, progress: &mut Progress) -> Result<Option<u64>, Error> {
        let mut after = progress.after.map(super::users::user_key);
        let page = self.page("user/", &mut after, MAX_COMMIT - 1).await?;
        if page.is_empty() {
            return Ok(None);
        }
        let (raised, mut commit) = (page.len() as u64, Commit::new());
        for entry in &page {
            let before: Stored<User> = decode(entry)?;
            let user = before.value.clone().with_next_epoch();
            progress.after = Some(user.id);
            commit = commit.and(self.users().replace(&before, &user));
        }
        self.commit(commit.put(REVIVING, encode(progress))).await?;
        Ok(Some(raised))
    }

    /// The next entries of a prefix; `after` moves on.
    async fn page(
        &self,
        prefix: &str,
        after: &mut Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        let page = self.engine.scan(prefix.as_bytes(), after.as_deref(), limit).await?;
        *after = page.last().map(|entry| entry.key.clone()).or_else(|| after.take());
        Ok(page)
    }
}

impl Revived {
    fn count(&mut self, kind: &Kind, dropped: u64) {
        match kind.name() {
            "session" => self.sessions = dropped,
            "link" => self.links = dropped,
            "apitoken" => self.api_tokens = dropped,
            "key" => self.keys = dropped,
            _other => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::model::{LoginName, Roles, Timestamp};
    use crate::store::engine::Engine;
    use crate::store::{Depth, Memory};

    /// An engine that takes a number of commits and then fails.
    struct Failing {
        memory: Memory,
        left: AtomicUsize,
    }

    #[async_trait]
    impl Engine for Failing {
        async fn get(&self, key: &[u8]) -> Result<Option<Entry>, Error> {
            self.memory.get(key).await
        }

        async fn scan(
            &self,
            p: &[u8],
            after: Option<&[u8]>,
            n: usize,
        ) -> Result<Vec<Entry>, Error> {
            self.memory.scan(p, after, n).await
        }

        async fn commit(&self, commit: Commit) -> Result<(), Error> {
            let left = self.left.load(Ordering::SeqCst).checked_sub(1);
            let left = left.ok_or_else(|| Error::unavailable("a crash"))?;
            self.left.store(left, Ordering::SeqCst);
            self.memory.commit(commit).await
        }
    }

    fn user(number: u8) -> User {
        User {
            id: UserId::from_bytes([number; 16]),
            username: LoginName::try_from(format!("user{number}")).unwrap(),
            email: None,
            email_verified: false,
            display_name: None,
            roles: Roles::default(),
            disabled: false,
            created_at: Timestamp::EPOCH,
            epoch: 1,
            api_since: 0,
            password: None,
        }
    }

    /// A store of 250 users, each with a list, whose engine works until it is told to fail.
    async fn many() -> (Arc<Failing>, Store) {
        let engine = Arc::new(Failing { memory: Memory::new(), left: usize::MAX.into() });
        let store = Store::new(engine.clone());
        for number in 0..250 {
            let (user, list) = (user(number), UserSessions::default());
            let nothing = Stored { value: list.clone(), version: None };
            let commit = store.users().insert(&user);
            let list = store.sessions().set_list(user.id, &nothing, &list);
            store.commit(commit.and(list)).await.unwrap();
        }
        (engine, store)
    }

    async fn dump(store: &Store) -> Vec<(Vec<u8>, Vec<u8>)> {
        let entries = store.engine.scan(b"", None, usize::MAX).await.unwrap();
        entries.into_iter().map(|entry| (entry.key, entry.value)).collect()
    }

    #[tokio::test]
    async fn after_a_crash_at_any_commit_a_second_call_gives_what_one_would_have_given() {
        let (_, whole) = many().await;
        assert_eq!(whole.revive(SigningKeys::Keep).await.unwrap().users, 250);
        let expected = dump(&whole).await;
        for commits in 0..8 {
            let (engine, store) = many().await;
            engine.left.store(commits, Ordering::SeqCst);
            store.revive(SigningKeys::Keep).await.unwrap_err();
            engine.left.store(usize::MAX, Ordering::SeqCst);
            assert_eq!(store.check(Depth::Full).await.unwrap().is_clean(), commits == 0);
            store.revive(SigningKeys::Keep).await.unwrap();
            assert!(dump(&store).await == expected, "a crash after {commits} commits");
        }
    }
}
