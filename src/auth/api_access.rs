//! Who is calling with an API token: for introspection, forward-auth and guards, never for the
//! routes of this server itself.

use std::sync::Arc;

use super::{Auth, Error};
use crate::crypto::{CredentialName, hash_secret};
use crate::model::{ApiToken, Denial, PlainApiToken, Roles, Rule, User};
use crate::store::Stored;

/// The proven bearer of an API token. It is no [`super::Access`], so no use case of this server
/// acts for it: a stolen token must not change the password of its owner. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ApiAccess(Arc<GoodApiToken>);

/// An API token whose secret is right, its owner, and what both together may reach.
#[derive(Debug)]
pub(super) struct GoodApiToken {
    user: User,
    token: ApiToken,
    roles: Roles,
}

impl ApiAccess {
    /// The owner, as the store knows it now.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.0.user
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &ApiToken {
        &self.0.token
    }

    /// What it may reach: its own roles that its owner still has.
    #[must_use]
    pub fn roles(&self) -> &Roles {
        &self.0.roles
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
        let name = self.credential_key.name(text.as_bytes());
        let good = match self.seen_api_tokens.get(&name, &self.store) {
            Some(good) => good,
            None => self.read_api_token(text, name).await?,
        };
        let (token, now) = (&good.token, self.clock.now());
        if !token.is_live(now, &good.user) {
            let denial = Denial::from(Rule::ApiTokenDead);
            return Err(Error::InvalidToken(denial.about(Some(token.user), None)));
        }
        self.tokens_used.note(token.id, token.last_used_at, now);
        Ok(ApiAccess(good))
    }

    /// The token of this text and its owner, live or not.
    async fn read_api_token(
        &self,
        text: &str,
        name: CredentialName,
    ) -> Result<Arc<GoodApiToken>, Error> {
        let denied = |rule: Rule| Error::InvalidToken(rule.into());
        let plain = PlainApiToken::parse(text).map_err(|_| denied(Rule::ApiTokenForm))?;
        let users = self.store.users();
        let of_token = self.store.api_tokens().stamp(plain.token);
        let token = self.proved_api_token(&plain).await?.map_err(denied)?.value;
        // Whose it is is proven by the secret from here on.
        let denied =
            |rule: Rule| Error::InvalidToken(Denial::from(rule).about(Some(token.user), None));
        let stamps = [of_token, users.stamp(token.user)];
        let user = users.get(token.user).await?;
        let user = user.ok_or_else(|| denied(Rule::ApiTokenUserUnknown))?.value;
        let roles = token.roles_of(&user);
        let good = Arc::new(GoodApiToken { user, token, roles });
        self.seen_api_tokens.keep(name, stamps, (&good, &self.store));
        Ok(good)
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
