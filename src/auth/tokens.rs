//! Access tokens are made here and nowhere else.

use super::{Auth, Error};
use crate::crypto;
use crate::model::{AccessToken, Claims, Denial, Rule, Session, Timestamp, User};

impl Auth {
    /// An access token of `session` for `user` as the store knows it now, good for the
    /// configured life but never past the session's end.
    ///
    /// # Errors
    /// [`Error::SessionEnded`] when the session has less than a second left;
    /// [`Error::ClockNotSet`] when nothing may be issued now.
    pub(super) fn issue(
        &self,
        session: &Session,
        user: &User,
        now: Timestamp,
    ) -> Result<AccessToken, Error> {
        self.issuing_time()?;
        let expires_at = now.plus(self.settings.access_ttl).min(session.expires_at);
        if expires_at <= now {
            let denial = Denial::from(Rule::RefreshSessionExpired);
            return Err(Error::SessionEnded(denial.about(Some(user.id), Some(session.id))));
        }
        let claims = Claims {
            subject: user.id,
            session: session.id,
            id: self.random.id(),
            issued_at: now,
            expires_at,
            auth_time: session.created_at,
            epoch: user.epoch,
            roles: user.roles.clone(),
            status: None,
        };
        let key = self.keyring.signing(now)?;
        let text = crypto::sign(&key, &self.settings.issuer, &claims)?;
        Ok(AccessToken { text, expires_in: expires_at.since(now) })
    }
}
