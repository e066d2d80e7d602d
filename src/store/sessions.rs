//! Sessions, and each user's list of them.

use super::Error;
use super::changes::Stamp;
use super::ending::Ends;
use super::engine::{Commit, Engine};
use super::expiry::{self, Kind};
use super::page::{Page, page};
use super::record::{Stored, decode, encode};
use crate::model::{Session, SessionId, UserId, UserSessions};

/// Access to the sessions' records.
pub struct Sessions<'a> {
    engine: &'a dyn Engine,
}

pub(super) fn session_key(id: SessionId) -> Vec<u8> {
    format!("session/{id}").into_bytes()
}

pub(super) fn logins_key(user: UserId) -> Vec<u8> {
    format!("logins/{user}").into_bytes()
}

impl<'a> Sessions<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine }
    }

    /// A stamp of the session's record, to take before it is read; `None` when nothing can prove that
    /// it stays as it is.
    #[must_use]
    pub fn stamp(&self, id: SessionId) -> Option<Stamp> {
        self.engine.changes()?.stamp(&session_key(id))
    }

    /// The session with this id, revoked and expired ones included.
    ///
    /// # Errors
    /// When the store cannot answer or the record is damaged.
    pub async fn get(&self, id: SessionId) -> Result<Option<Stored<Session>>, Error> {
        self.engine.get(&session_key(id)).await?.as_ref().map(decode).transpose()
    }

    /// The next sessions after `after`, in the order of their keys.
    ///
    /// # Errors
    /// When the store cannot answer; a damaged record is only counted.
    pub async fn page(&self, after: Option<&[u8]>, limit: usize) -> Result<Page<Session>, Error> {
        page(self.engine, "session/", (after, limit)).await
    }

    /// The user's sessions and known networks; empty for a user who never logged in.
    ///
    /// # Errors
    /// When the store cannot answer or the record is damaged.
    pub async fn of_user(&self, user: UserId) -> Result<Stored<UserSessions>, Error> {
        match self.engine.get(&logins_key(user)).await? {
            Some(entry) => decode(&entry),
            None => Ok(Stored { value: UserSessions::default(), version: None }),
        }
    }

    /// The part of a commit that begins a session, and says when it may be swept.
    #[must_use]
    pub fn insert(&self, session: &Session) -> Commit {
        Commit::new()
            .check(session_key(session.id), None)
            .put(session_key(session.id), encode(session))
            .and(expiry::mark(Kind::Session, &session.id.to_string(), session.expires_at))
    }

    /// The part of a commit that changes a session.
    #[must_use]
    pub fn replace(&self, before: &Stored<Session>, after: &Session) -> Commit {
        let was = &before.value;
        let is_revoked = was.revoked_at.is_none() && after.revoked_at.is_some();
        let commit = Commit::new()
            .check(session_key(after.id), before.version)
            .put(session_key(after.id), encode(after));
        if was.status != after.status {
            commit.ending(Ends::Place(Box::new(was.clone())))
        } else if is_revoked {
            commit.ending(Ends::Session(Box::new(was.clone())))
        } else {
            commit
        }
    }

    /// The part of a commit that removes a session for good: as dead as a revoked one, and
    /// nothing of it stays but where verifiers learn that its tokens are dead.
    #[must_use]
    pub fn remove(&self, session: &Stored<Session>) -> Commit {
        let Session { id, expires_at, .. } = session.value;
        Commit::new()
            .check(session_key(id), session.version)
            .delete(session_key(id))
            .and(expiry::unmark(Kind::Session, &id.to_string(), expires_at))
            .ending(Ends::Place(Box::new(session.value.clone())))
    }

    /// The part of a commit that changes a user's list.
    #[must_use]
    pub fn set_list(
        &self,
        user: UserId,
        before: &Stored<UserSessions>,
        after: &UserSessions,
    ) -> Commit {
        Commit::new().check(logins_key(user), before.version).put(logins_key(user), encode(after))
    }

    /// The part of a commit that forgets a user's list.
    #[must_use]
    pub fn remove_list(&self, user: UserId) -> Commit {
        Commit::new().delete(logins_key(user))
    }
}
