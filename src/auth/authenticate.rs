//! Who is calling: a bearer token, held against what the store says at each request.

use std::sync::Arc;

use super::held::Held;
use super::{Auth, Error};
use crate::crypto::{self, CredentialName, Verified};
use crate::model::{
    Actor, Claims, Denial, PlainApiToken, Role, Rule, Session, SessionId, SessionState, Timestamp,
    User, UserId,
};
use crate::store::Stored;

/// The proven caller: the only argument that lets a use case act for someone. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Access(Caller);

#[derive(Debug, Clone)]
enum Caller {
    User(Arc<GoodToken>),
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
            Caller::User(good) => Ok((&good.held.user, &good.held.session)),
            Caller::Operator => Err(Error::Forbidden(Rule::OperatorNobody.into())),
        }
    }

    /// Whether the caller is this account.
    pub(super) fn is(&self, id: UserId) -> bool {
        matches!(&self.0, Caller::User(good) if good.user().id == id)
    }

    /// The caller's account and session as ids; `None` for the operator.
    #[must_use]
    pub fn ids(&self) -> Option<(UserId, SessionId)> {
        self.user().ok().map(|(user, session)| (user.value.id, session.value.id))
    }

    /// The caller in the audit trail.
    pub(super) fn actor(&self) -> Actor {
        match &self.0 {
            Caller::User(good) => Actor::User(good.user().id),
            Caller::Operator => Actor::Operator,
        }
    }

    /// Requires the operator: for what no token reaches.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for everyone else.
    pub(super) fn require_operator(&self) -> Result<(), Error> {
        match &self.0 {
            Caller::User(_) => Err(Error::Forbidden(Rule::OperatorOnly.into())),
            Caller::Operator => Ok(()),
        }
    }

    /// Requires a role, by what the store says and not the token.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without it.
    pub fn require(&self, role: &Role) -> Result<(), Error> {
        match &self.0 {
            Caller::User(good) if !good.user().roles.contains(role) => {
                Err(Error::Forbidden(lacking(role, good.user(), good.session().id)))
            }
            Caller::User(_) | Caller::Operator => Ok(()),
        }
    }
}

/// An access token whose every check was passed.
#[derive(Debug)]
pub(super) struct GoodToken {
    pub(super) verified: Verified,
    held: Arc<Held>,
}

impl GoodToken {
    /// Whose it is.
    pub(super) fn user(&self) -> &User {
        &self.held.user.value
    }

    /// The session that it belongs to.
    pub(super) fn session(&self) -> &Session {
        &self.held.session.value
    }
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
        let good = self.accept(bearer, now).await?;
        self.last_used.note(good.session().id, Some(good.session().last_used_at), now);
        Ok(Access(Caller::User(good)))
    }

    /// Every check between a bearer token and its acceptance at `now`, in the order of
    /// [`TokenCheck::OF_ACCESS`](crate::model::TokenCheck::OF_ACCESS). Who only asks whether a
    /// token would be accepted comes here as well. A token that was good before need not prove its
    /// signature again, nor are its records read again while none of them has changed.
    ///
    /// # Errors
    /// As [`Auth::authenticate`].
    pub(super) async fn accept(
        &self,
        bearer: &str,
        now: Timestamp,
    ) -> Result<Arc<GoodToken>, Error> {
        if bearer.starts_with(PlainApiToken::PREFIX) {
            return Err(Error::InvalidToken(Rule::ApiTokenHere.into()));
        }
        let name = self.credential_key.name(bearer.as_bytes());
        match self.seen_tokens.get(&name, &self.store) {
            Some(good) if self.is_still_good(&good, now) => Ok(good),
            // What speaks against it now is said in the order of the checks.
            Some(_) | None => self.accept_unseen((bearer, name), now).await,
        }
    }

    /// Whether a token that was good is good at `now`, by the same records: its key may have been
    /// revoked or forgotten, and its time or that of its session be over or, by a clock that was
    /// set back, not yet come.
    fn is_still_good(&self, good: &GoodToken, now: Timestamp) -> bool {
        let verified = &good.verified;
        self.keyring.accepts(&verified.key, now)
            && verified.check_times(now).is_ok()
            && judge(&verified.claims, good.session(), (Some(good.user()), now)).is_none()
    }

    async fn accept_unseen(
        &self,
        (bearer, name): (&str, CredentialName),
        now: Timestamp,
    ) -> Result<Arc<GoodToken>, Error> {
        let find = |id: &_| self.keyring.verifying(id, now);
        let verified = crypto::verify(bearer, find, &self.settings.issuer, now).map_err(|why| {
            tracing::debug!(%why, "access token refused");
            Error::InvalidToken(rule_of(why).into())
        })?;
        let held = self.holder(&verified.claims, now).await?;
        let good = Arc::new(GoodToken { verified, held });
        self.seen_tokens.keep(name, good.held.stamps, (&good, &self.store));
        Ok(good)
    }

    /// The session of a token and its account, which its signature has proven, and both allow it.
    async fn holder(&self, claims: &Claims, now: Timestamp) -> Result<Arc<Held>, Error> {
        let (subject, session) = (claims.subject, claims.session);
        let denied =
            |denial: Denial| Error::InvalidToken(denial.about(Some(subject), Some(session)));
        if let Some(held) = self.held(session).filter(|held| held.user.value.id == subject) {
            let denial = judge(claims, &held.session.value, (Some(&held.user.value), now));
            return denial.map_or(Ok(held), |denial| Err(denied(denial)));
        }
        let (sessions, users) = (self.store.sessions(), self.store.users());
        let stamps = [sessions.stamp(session), users.stamp(subject)];
        let session = sessions.get(session).await?;
        let session = session.ok_or_else(|| denied(Rule::TokenSessionUnknown.into()))?;
        let user = users.get(subject).await?;
        if let Some(denial) = judge(claims, &session.value, (user.as_ref().map(|u| &u.value), now))
        {
            return Err(denied(denial));
        }
        let user = user.ok_or_else(|| denied(Rule::TokenUserUnknown.into()))?;
        Ok(self.hold(Held { user, session, stamps }))
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
