//! Who is calling: a bearer token, checked against the store on every request.

use super::{Auth, Error};
use crate::crypto;
use crate::model::{Actor, Claims, Role, Session, Timestamp, User, UserId};
use crate::store::Stored;

/// The proven caller: the only argument that lets a use case act for someone.
#[derive(Debug, Clone)]
pub struct Access(Caller);

#[derive(Debug, Clone)]
enum Caller {
    User { user: Box<Stored<User>>, session: Box<Stored<Session>> },
    Operator,
}

impl Access {
    /// Who owns the data folder: the command line on the store, or the peer of the control
    /// socket, whose user id was checked.
    #[must_use]
    pub fn operator() -> Self {
        Self(Caller::Operator)
    }

    /// The caller's account and session.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for the operator, who has neither.
    pub(super) fn user(&self) -> Result<(&Stored<User>, &Stored<Session>), Error> {
        match &self.0 {
            Caller::User { user, session } => Ok((user, session)),
            Caller::Operator => Err(Error::Forbidden),
        }
    }

    /// Whether the caller is this account.
    pub(super) fn is(&self, id: UserId) -> bool {
        matches!(&self.0, Caller::User { user, .. } if user.value.id == id)
    }

    /// The caller in the audit trail.
    pub(super) fn actor(&self) -> Actor {
        match &self.0 {
            Caller::User { user, .. } => Actor::User(user.value.id),
            Caller::Operator => Actor::Operator,
        }
    }

    /// Requires the operator: for what no token reaches.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for everyone else.
    pub(super) fn require_operator(&self) -> Result<(), Error> {
        match &self.0 {
            Caller::User { .. } => Err(Error::Forbidden),
            Caller::Operator => Ok(()),
        }
    }

    /// Requires a role, by what the store says and not the token.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without it.
    pub fn require(&self, role: &Role) -> Result<(), Error> {
        match &self.0 {
            Caller::User { user, .. } if !user.value.roles.contains(role) => Err(Error::Forbidden),
            Caller::User { .. } | Caller::Operator => Ok(()),
        }
    }
}

/// An access token whose every check was passed.
#[derive(Debug)]
pub(super) struct GoodToken {
    pub(super) claims: Claims,
    pub(super) session: Stored<Session>,
    pub(super) user: Stored<User>,
}

impl Auth {
    /// The caller behind a bearer token: signature, claims, a live session, an enabled user of
    /// the same epoch. An API token is none: it opens nothing here that changes its owner's account.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] when any of them fails, [`Error::Store`] when the store cannot
    /// answer: nobody is let in on a guess.
    pub async fn authenticate(&self, bearer: &str) -> Result<Access, Error> {
        let now = self.clock.now();
        let GoodToken { session, user, .. } = self.check_access_token(bearer, now).await?;
        self.last_used.note(session.value.id, Some(session.value.last_used_at), now);
        Ok(Access(Caller::User { user: Box::new(user), session: Box::new(session) }))
    }

    /// Everything that makes an access token good; its use is not noted.
    ///
    /// # Errors
    /// As [`Auth::authenticate`].
    pub(super) async fn check_access_token(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<GoodToken, Error> {
        let find = |id: &_| self.keyring.verifying(id, now);
        let claims = crypto::verify(text, find, &self.settings.issuer, now).map_err(|why| {
            tracing::debug!(%why, "access token refused");
            Error::InvalidToken
        })?;
        let session = self.store.sessions().get(claims.session).await?;
        let session = session.ok_or(Error::InvalidToken)?;
        let user = self.store.users().get(claims.subject).await?.ok_or(Error::InvalidToken)?;
        let good = session.value.user == user.value.id
            && claims.epoch == user.value.epoch
            && session.value.is_live(now, user.value.epoch)
            && !user.value.disabled;
        if good { Ok(GoodToken { claims, session, user }) } else { Err(Error::InvalidToken) }
    }
}
