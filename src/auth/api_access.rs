//! Who is calling with an API token: for introspection, forward-auth and guards, never for the
//! routes of this server itself.

use super::{Auth, Error};
use crate::crypto::hash_secret;
use crate::model::{ApiToken, Denial, PlainApiToken, Roles, Rule, User};
use crate::store::Stored;

/// The proven bearer of an API token. It is no [`super::Access`], so no use case of this server
/// acts for it: a stolen token must not change the password of its owner.
#[derive(Debug, Clone)]
pub struct ApiAccess {
    user: User,
    token: ApiToken,
    roles: Roles,
}

impl ApiAccess {
    /// The owner, as the store knows it now.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &ApiToken {
        &self.token
    }

    /// What it may reach: its own roles that its owner still has.
    #[must_use]
    pub fn roles(&self) -> &Roles {
        &self.roles
    }
}

impl Auth {
    /// The bearer of an API token, as far as its owner may go now; its use is noted.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a text that is none, for one that was revoked or has expired, and
    /// when its owner is disabled, deleted or has ended everything since; [`Error::Store`] when the
    /// store cannot answer.
    pub async fn resolve_api_token(&self, text: &str) -> Result<ApiAccess, Error> {
        let denied = |rule: Rule| Error::InvalidToken(rule.into());
        let plain = PlainApiToken::parse(text).map_err(|_| denied(Rule::ApiTokenForm))?;
        let token = self.proved_api_token(&plain).await?.map_err(denied)?.value;
        // Whose it is is proven by the secret from here on.
        let denied =
            |rule: Rule| Error::InvalidToken(Denial::from(rule).about(Some(token.user), None));
        let user = self.store.users().get(token.user).await?;
        let user = user.ok_or_else(|| denied(Rule::ApiTokenUserUnknown))?.value;
        let now = self.clock.now();
        if !token.is_live(now, &user) {
            return Err(denied(Rule::ApiTokenDead));
        }
        self.tokens_used.note(token.id, token.last_used_at, now);
        let roles = token.roles_of(&user);
        Ok(ApiAccess { user, token, roles })
    }

    /// The record of this token, if its secret is right, or else what is wrong; whether it is live is
    /// not looked at.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer.
    pub(super) async fn proved_api_token(
        &self,
        plain: &PlainApiToken,
    ) -> Result<Result<Stored<ApiToken>, Rule>, Error> {
        let token = self.store.api_tokens().get(plain.token).await?;
        let hash = hash_secret(&plain.secret);
        Ok(match token {
            None => Err(Rule::ApiTokenUnknown),
            Some(token) if token.value.secret_hash != hash => Err(Rule::ApiTokenSecret),
            Some(token) => Ok(token),
        })
    }
}
