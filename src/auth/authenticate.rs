//! Who is calling: a bearer token, checked against the store on every request.

use super::{Auth, Error};
use crate::crypto;
use crate::model::{
    Actor, Claims, Denial, PlainApiToken, Role, Rule, Session, SessionId, SessionState, Timestamp,
    User, UserId,
};
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
            Caller::Operator => Err(Error::Forbidden(Rule::OperatorNobody.into())),
        }
    }

    /// Whether the caller is this account.
    pub(super) fn is(&self, id: UserId) -> bool {
        matches!(&self.0, Caller::User { user, .. } if user.value.id == id)
    }

    /// The caller's account and session as ids; `None` for the operator.
    #[must_use]
    pub fn ids(&self) -> Option<(UserId, SessionId)> {
        self.user().ok().map(|(user, session)| (user.value.id, session.value.id))
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
            Caller::User { .. } => Err(Error::Forbidden(Rule::OperatorOnly.into())),
            Caller::Operator => Ok(()),
        }
    }

    /// Requires a role, by what the store says and not the token.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without it.
    pub fn require(&self, role: &Role) -> Result<(), Error> {
        match &self.0 {
            Caller::User { user, session } if !user.value.roles.contains(role) => {
                Err(Error::Forbidden(lacking(role, &user.value, session.value.id)))
            }
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
        let GoodToken { session, user, .. } = self.accept(bearer, now).await?;
        self.last_used.note(session.value.id, Some(session.value.last_used_at), now);
        Ok(Access(Caller::User { user: Box::new(user), session: Box::new(session) }))
    }

    /// Every check between a bearer token and its acceptance at `now`, in the order of
    /// [`TokenCheck::OF_ACCESS`](crate::model::TokenCheck::OF_ACCESS). Who only asks whether a
    /// token would be accepted comes here as well.
    ///
    /// # Errors
    /// As [`Auth::authenticate`].
    pub(super) async fn accept(&self, bearer: &str, now: Timestamp) -> Result<GoodToken, Error> {
        if bearer.starts_with(PlainApiToken::PREFIX) {
            return Err(Error::InvalidToken(Rule::ApiTokenHere.into()));
        }
        let find = |id: &_| self.keyring.verifying(id, now);
        let claims = crypto::verify(bearer, find, &self.settings.issuer, now).map_err(|why| {
            tracing::debug!(%why, "access token refused");
            Error::InvalidToken(rule_of(why).into())
        })?;
        // Whose it is is proven by the signature from here on.
        let denied = |denial: Denial| {
            Error::InvalidToken(denial.about(Some(claims.subject), Some(claims.session)))
        };
        let session = self.store.sessions().get(claims.session).await?;
        let session = session.ok_or_else(|| denied(Rule::TokenSessionUnknown.into()))?;
        let user = self.store.users().get(claims.subject).await?;
        match judge(&claims, &session.value, (user.as_ref().map(|u| &u.value), now)) {
            None => {}
            Some(denial) => return Err(denied(denial)),
        }
        let user = user.ok_or_else(|| denied(Rule::TokenUserUnknown.into()))?;
        Ok(GoodToken { claims, session, user })
    }
}

/// What speaks against a token whose signature and claims are good.
fn judge(
    claims: &Claims,
    session: &Session,
    (user, now): (Option<&User>, Timestamp),
) -> Option<Denial> {
    let rule = match (session.state(now), user) {
        (SessionState::Revoked, _) => Rule::TokenSessionRevoked,
        (SessionState::Expired, _) => Rule::TokenSessionExpired,
        (SessionState::Live, None) => Rule::TokenUserUnknown,
        (SessionState::Live, Some(user)) if session.user != user.id => Rule::TokenUserOther,
        (SessionState::Live, Some(user)) if user.disabled => Rule::TokenUserDisabled,
        (SessionState::Live, Some(user)) => {
            let same = claims.epoch == user.epoch && session.epoch == user.epoch;
            return (!same).then(|| older(claims.epoch, session.epoch, user.epoch));
        }
    };
    Some(rule.into())
}

fn older(token: u64, session: u64, account: u64) -> Denial {
    let detail = format!("epoch {token} in the token, {session} of the session, {account} now");
    Denial::from(Rule::TokenEpochOld).with_detail(detail)
}

fn lacking(role: &Role, user: &User, session: SessionId) -> Denial {
    let held: Vec<&str> = user.roles.iter().map(Role::as_str).collect();
    let detail = format!("wanted {}; the account has {}", role.as_str(), held.join(", "));
    Denial::from(Rule::RoleMissing).with_detail(detail).about(Some(user.id), Some(session))
}

const fn rule_of(refusal: crypto::Refusal) -> Rule {
    use crypto::Refusal as R;
    match refusal {
        R::TooLong => Rule::TokenTooLong,
        R::Malformed => Rule::TokenForm,
        R::ForbiddenHeader => Rule::TokenHeader,
        R::WrongType => Rule::TokenType,
        R::UnknownKey => Rule::TokenKey,
        R::WrongAlgorithm => Rule::TokenAlgorithm,
        R::BadEncoding => Rule::TokenEncoding,
        R::BadSignature => Rule::TokenSignature,
        R::BadClaims => Rule::TokenClaims,
        R::WrongIssuer => Rule::TokenIssuer,
        R::WrongAudience => Rule::TokenAudience,
        R::WrongClient => Rule::TokenClient,
        R::WrongLife => Rule::TokenLife,
        R::NotYetValid => Rule::TokenEarly,
        R::Expired => Rule::TokenExpired,
    }
}
