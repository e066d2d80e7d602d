//! Whether a token is good, for a service that was given it (RFC 7662).

use super::authenticate::GoodToken;
use super::{ApiAccess, Auth, Error, ServiceAccess};
use crate::crypto::Issuer;
use crate::model::{PlainApiToken, Roles, ServiceId, SessionId, Timestamp, User};

/// What there is to say about a token that is good now.
#[derive(Debug, Clone)]
pub struct ActiveToken {
    /// Whose it is, as the store knows it now.
    pub user: User,
    /// What it may reach now.
    pub roles: Roles,
    /// `jti`.
    pub id: String,
    /// `sid`; `None` for an API token, which belongs to no session.
    pub session: Option<SessionId>,
    /// `auth_time`, the login; `None` for an API token.
    pub auth_time: Option<Timestamp>,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `exp`.
    pub expires_at: Timestamp,
    /// `iss` and `aud`.
    pub issuer: Issuer,
    /// `client_id`: all tokens come from the first-party login.
    pub client: &'static str,
}

impl Auth {
    /// What there is to say about a token that a service was given, by the same check as a request
    /// to this server; the use is noted. `None` for every token that is not good, and for what is
    /// no access token or API token, refresh tokens included: nothing tells them apart.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer: no guess is made.
    pub async fn introspect(
        &self,
        _: &ServiceAccess,
        token: &str,
    ) -> Result<Option<ActiveToken>, Error> {
        let found = if token.starts_with(PlainApiToken::PREFIX) {
            self.resolve_api_token(token).await.map(|access| self.of_api_token(&access))
        } else {
            let now = self.clock.now();
            self.accept(token, now).await.map(|good| self.of_access_token(&good, now))
        };
        match found {
            Ok(active) => Ok(Some(active)),
            Err(Error::InvalidToken(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn of_access_token(&self, good: &GoodToken, now: Timestamp) -> ActiveToken {
        let (user, session, claims) = (good.user(), good.session(), &good.verified.claims);
        self.last_used.note(session.id, Some(session.last_used_at), now);
        ActiveToken {
            roles: user.roles.clone(),
            user: user.clone(),
            id: claims.id.to_string(),
            session: Some(claims.session),
            auth_time: Some(claims.auth_time),
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            issuer: self.settings.issuer.clone(),
            client: ServiceId::FIRST_PARTY,
        }
    }

    fn of_api_token(&self, access: &ApiAccess) -> ActiveToken {
        let token = access.token();
        ActiveToken {
            user: access.user().clone(),
            roles: access.roles().clone(),
            id: token.id.to_string(),
            session: None,
            auth_time: None,
            issued_at: token.created_at,
            expires_at: token.expires_at,
            issuer: self.settings.issuer.clone(),
            client: ServiceId::FIRST_PARTY,
        }
    }
}
