//! The end of a session by its own browser.

use super::audit::About;
use super::{Auth, Client, Error};
use crate::model::{Actor, EventKind, RefreshToken};

impl Auth {
    /// Ends the session of this refresh token, durably before it returns. A token that is dead,
    /// unknown or wrong has nothing left to end, which is fine.
    ///
    /// # Errors
    /// [`Error::Store`] when the end could not be stored: the session still lives.
    pub async fn logout(&self, token: &RefreshToken, client: &Client) -> Result<(), Error> {
        self.store.retry(|| self.try_logout(token, client)).await
    }

    async fn try_logout(&self, token: &RefreshToken, client: &Client) -> Result<(), Error> {
        let Some(before) = self.proved_session(token).await? else { return Ok(()) };
        if before.value.revoked_at.is_some() {
            return Ok(());
        }
        let after = before.value.clone().revoke(self.clock.now());
        let commit = self.store.sessions().replace(&before, &after);
        let about = About::session(EventKind::LoggedOut, after.user, after.id);
        self.commit_with(commit, self.event(about, Actor::User(after.user), client)).await
    }
}
