//! The end of a token that a service holds (RFC 7009).
//!
//! A service revokes its own tokens only, and none was issued to a service: access and refresh
//! tokens belong to the sessions of users. Any service sees access tokens all day, and to let it end
//! the session behind one would let it log everyone out. So good ones are refused, and not answered
//! as if they were dead. An API token is different: it is its owner's to hand out, and who holds its
//! text can do with it all that there is; to revoke it is the least of it, and what a scanner that
//! found it in a log or a repository must be able to do.

use super::{Auth, Client, Error, ServiceAccess};
use crate::model::{Actor, PlainApiToken, RefreshToken};

impl Auth {
    /// Revokes an API token for whoever has its text. A token that is unknown or dead already is
    /// done with (RFC 7009, 2.2).
    ///
    /// # Errors
    /// [`Error::UnsupportedTokenType`] for a good access or refresh token, [`Error::Store`] when
    /// the store cannot answer: the token may live.
    pub async fn revoke_token(
        &self,
        service: &ServiceAccess,
        token: &str,
        client: &Client,
    ) -> Result<(), Error> {
        if let Ok(plain) = PlainApiToken::parse(token) {
            return self.store.retry(|| self.try_revoke_held(service, &plain, client)).await;
        }
        if self.is_of_a_session(token).await? {
            return Err(Error::UnsupportedTokenType);
        }
        Ok(())
    }

    async fn try_revoke_held(
        &self,
        service: &ServiceAccess,
        plain: &PlainApiToken,
        client: &Client,
    ) -> Result<(), Error> {
        let Ok(token) = self.proved_api_token(plain).await? else { return Ok(()) };
        let by = format!(", by the service {}", service.id());
        self.revoke_api_token(&token, (Actor::System, &by), client).await
    }

    /// Whether it is a good access token or refresh token.
    async fn is_of_a_session(&self, token: &str) -> Result<bool, Error> {
        let now = self.clock.now();
        if let Ok(refresh) = RefreshToken::parse(token) {
            let Some(session) = self.proved_session(&refresh).await? else { return Ok(false) };
            let user = self.store.users().get(session.value.user).await?;
            let live = |epoch| session.value.is_live(now, epoch);
            return Ok(user.is_some_and(|user| !user.value.disabled && live(user.value.epoch)));
        }
        match self.accept(token, now).await {
            Ok(_) => Ok(true),
            Err(Error::InvalidToken(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
