//! A refresh token for an access token, and for nothing else.

use std::sync::Arc;

use super::held::Held;
use super::{Auth, Error};
use crate::crypto::hash_secret;
use crate::model::{
    AccessToken, Denial, RefreshToken, Rule, Session, SessionState, Timestamp, User,
};

/// What a refresh gives. There is no refresh token in it, and no later end of the session: the
/// mission's rule is this type.
#[derive(Debug)]
pub struct Refreshed {
    /// For the client's memory.
    pub access: AccessToken,
    /// The session as it is; its end has not moved.
    pub session: Session,
}

impl Auth {
    /// A new access token of a live session, by the account's state of now. Writes nothing, so
    /// any number of tabs may do it at once.
    ///
    /// # Errors
    /// [`Error::SessionEnded`] for every reason alike, [`Error::Store`] when the store cannot
    /// answer, [`Error::ClockNotSet`] before anything is judged by a clock that is not set.
    pub async fn refresh(&self, token: &RefreshToken) -> Result<Refreshed, Error> {
        let now = self.issuing_time()?;
        let held = self.accept_refresh(token, now).await?;
        let session = &held.session.value;
        let access = self.issue(session, &held.user.value, now)?;
        self.last_used.note(session.id, Some(session.last_used_at), now);
        let last_used_at = self.last_used.of(session.id).unwrap_or(session.last_used_at);
        Ok(Refreshed { access, session: session.clone().used(last_used_at) })
    }

    /// Every check between a refresh token and its acceptance at `now`, in the order of
    /// [`TokenCheck::OF_REFRESH`](crate::model::TokenCheck::OF_REFRESH). Records that are held are
    /// not read again.
    ///
    /// # Errors
    /// As [`Auth::refresh`].
    pub(super) async fn accept_refresh(
        &self,
        token: &RefreshToken,
        now: Timestamp,
    ) -> Result<Arc<Held>, Error> {
        let hash = hash_secret(&token.secret);
        match self.held(token.session) {
            Some(held) if held.session.value.secret_hash == hash && held.is_live(now) => Ok(held),
            // What speaks against it is said in the order of the checks.
            Some(_) | None => self.accept_unseen_refresh(token, now).await,
        }
    }

    async fn accept_unseen_refresh(
        &self,
        token: &RefreshToken,
        now: Timestamp,
    ) -> Result<Arc<Held>, Error> {
        let of_session = self.store.sessions().stamp(token.session);
        let proved = self.prove(token).await?;
        let session = proved.map_err(|rule| Error::SessionEnded(rule.into()))?;
        let (about, owner) = (session.value.id, session.value.user);
        let denied =
            |rule: Rule| Error::SessionEnded(Denial::from(rule).about(Some(owner), Some(about)));
        let users = self.store.users();
        let stamps = [of_session, users.stamp(owner)];
        let user = users.get(owner).await?;
        if let Some(rule) = judge(&session.value, user.as_ref().map(|user| &user.value), now) {
            return Err(denied(rule));
        }
        let user = user.ok_or_else(|| denied(Rule::RefreshUserUnknown))?;
        Ok(self.hold(Held { user, session, stamps }))
    }
}

/// What speaks against a refresh token whose secret is right.
fn judge(session: &Session, user: Option<&User>, now: Timestamp) -> Option<Rule> {
    match (session.state(now), user) {
        (SessionState::Revoked, _) => Some(Rule::RefreshSessionRevoked),
        (SessionState::Expired, _) => Some(Rule::RefreshSessionExpired),
        (SessionState::Live, None) => Some(Rule::RefreshUserUnknown),
        (SessionState::Live, Some(user)) if user.disabled => Some(Rule::RefreshUserDisabled),
        (SessionState::Live, Some(user)) => {
            (user.epoch != session.epoch).then_some(Rule::RefreshEpochOld)
        }
    }
}
