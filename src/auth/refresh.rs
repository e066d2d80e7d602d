//! A refresh token for an access token, and for nothing else.

use super::{Auth, Error};
use crate::model::{AccessToken, RefreshToken, Session};

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
        let session = self.proved_session(token).await?.ok_or(Error::SessionEnded)?.value;
        let user = self.store.users().get(session.user).await?.ok_or(Error::SessionEnded)?.value;
        if user.disabled || !session.is_live(now, user.epoch) {
            return Err(Error::SessionEnded);
        }
        let access = self.issue(&session, &user, now)?;
        self.last_used.note(session.id, Some(session.last_used_at), now);
        let last_used_at = self.last_used.of(session.id).unwrap_or(session.last_used_at);
        Ok(Refreshed { access, session: session.used(last_used_at) })
    }
}
