//! Lists of sessions, and their end from elsewhere.

use super::audit::About;
use super::{Access, Auth, Client, Error};
use crate::model::{EventKind, Role, Rule, Session, SessionId, UserId};

/// A session for whoever may see it.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// The session, with its last use as far as it is known.
    pub session: Session,
    /// Whether it is the caller's own.
    pub current: bool,
}

impl Auth {
    /// The caller's live sessions, the latest first.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for the operator, who has none.
    pub async fn my_sessions(&self, access: &Access) -> Result<Vec<SessionView>, Error> {
        self.live_sessions(access, access.user()?.0.value.id).await
    }

    /// The live sessions of a user, for an administrator.
    ///
    /// # Errors
    /// [`Error::Forbidden`], and [`Error::NotFound`] when there is no such user.
    pub async fn sessions_of(
        &self,
        access: &Access,
        user: UserId,
    ) -> Result<Vec<SessionView>, Error> {
        access.require(&Role::admin())?;
        self.live_sessions(access, user).await
    }

    async fn live_sessions(&self, access: &Access, id: UserId) -> Result<Vec<SessionView>, Error> {
        let user =
            self.store.users().get(id).await?.ok_or(Error::NotFound(Rule::UserUnknown))?.value;
        let current = access.user().ok().map(|(_, session)| session.value.id);
        let now = self.clock.now();
        let mut views = Vec::new();
        for entry in self.store.sessions().of_user(id).await?.value.sessions.iter().rev() {
            let Some(session) = self.store.sessions().get(entry.id).await? else { continue };
            let session = session.value;
            if !user.disabled && session.is_live(now, user.epoch) {
                let last_used_at = self.last_used.of(session.id).unwrap_or(session.last_used_at);
                let current = current == Some(session.id);
                views.push(SessionView { session: session.used(last_used_at), current });
            }
        }
        Ok(views)
    }

    /// Ends one of the caller's sessions.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not a live one of the caller's.
    pub async fn end_my_session(
        &self,
        access: &Access,
        id: SessionId,
        client: &Client,
    ) -> Result<(), Error> {
        let owner = access.user()?.0.value.id;
        self.store.retry(|| self.try_end_session(access, (owner, id), client)).await
    }

    /// Ends one session of a user, for an administrator.
    ///
    /// # Errors
    /// [`Error::Forbidden`], and [`Error::NotFound`] when it is not a live one of this user.
    pub async fn end_session_of(
        &self,
        access: &Access,
        (user, id): (UserId, SessionId),
        client: &Client,
    ) -> Result<(), Error> {
        access.require(&Role::admin())?;
        self.store.retry(|| self.try_end_session(access, (user, id), client)).await
    }

    async fn try_end_session(
        &self,
        access: &Access,
        (owner, id): (UserId, SessionId),
        client: &Client,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let user =
            self.store.users().get(owner).await?.ok_or(Error::NotFound(Rule::UserUnknown))?.value;
        let before = self.store.sessions().get(id).await?;
        let before = before.filter(|s| s.value.user == owner && s.value.is_live(now, user.epoch));
        let before = before.ok_or(Error::NotFound(Rule::SessionNotLive))?;
        let ended = self.store.sessions().replace(&before, &before.value.clone().revoke(now));
        let commit = self.still_allowed_for(access, owner).await?.and(ended);
        let about = About::session(EventKind::SessionRevoked, owner, id);
        self.commit_with(commit, self.event(about, access.actor(), client)).await
    }

    /// Ends all sessions of the caller, this one included, and all API tokens.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for the operator, who has none.
    pub async fn end_my_sessions(&self, access: &Access, client: &Client) -> Result<(), Error> {
        let owner = access.user()?.0.value.id;
        self.store.retry(|| self.try_end_all(access, owner, client)).await
    }

    /// Ends all sessions and API tokens of a user, for an administrator.
    ///
    /// # Errors
    /// [`Error::Forbidden`], and [`Error::NotFound`] when there is no such user.
    pub async fn end_sessions_of(
        &self,
        access: &Access,
        user: UserId,
        client: &Client,
    ) -> Result<(), Error> {
        access.require(&Role::admin())?;
        self.store.retry(|| self.try_end_all(access, user, client)).await
    }

    /// One write ends them all: the account's next epoch.
    async fn try_end_all(
        &self,
        access: &Access,
        owner: UserId,
        client: &Client,
    ) -> Result<(), Error> {
        let before =
            self.store.users().get(owner).await?.ok_or(Error::NotFound(Rule::UserUnknown))?;
        let after = before.value.clone().with_next_epoch();
        let replaced = self.store.users().replace(&before, &after);
        let commit = self.still_allowed_for(access, owner).await?.and(replaced);
        let about = About::user(EventKind::SessionsEnded, owner);
        self.commit_with(commit, self.event(about, access.actor(), client)).await
    }
}
