//! Whether a request may reach an app: the question that proxies ask before each one.

use std::sync::Arc;

use super::authenticate::GoodToken;
use super::held::Held;
use super::{Access, ApiAccess, Auth, Error};
use crate::model::{
    AppRequest, Denial, Email, ForwardCookie, Judgement, PlainApiToken, Roles, Rule, Session,
    SessionId, Timestamp, User,
};

/// What a request shows of who sends it; a bearer token counts before a cookie.
#[derive(Debug, Clone, Copy)]
pub enum Proof<'a> {
    /// Nothing.
    Nothing,
    /// An access token or an API token.
    Bearer(&'a str),
    /// The cookie of forward-auth.
    Cookie(&'a ForwardCookie),
    /// Something that cannot be read in one way, by this rule: where it matters, nobody is let in.
    Unreadable(Rule),
}

/// Whom an app is told of. Cheap to clone: it shares what was read of the account.
#[derive(Debug, Clone)]
pub struct Identity(Shown);

/// What told who it is.
#[derive(Debug, Clone)]
enum Shown {
    Token(Arc<GoodToken>),
    Cookie(Arc<Held>),
    ApiToken(ApiAccess),
    /// Nothing: the operator asks about an account.
    Account(Arc<User>),
}

impl Identity {
    /// The account.
    #[must_use]
    pub fn user(&self) -> &User {
        match &self.0 {
            Shown::Token(good) => good.user(),
            Shown::Cookie(held) => &held.user.value,
            Shown::ApiToken(access) => access.user(),
            Shown::Account(user) => user,
        }
    }

    /// Its session; `None` behind an API token, and where the operator asks about an account.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        match &self.0 {
            Shown::Token(good) => Some(good.session().id),
            Shown::Cookie(held) => Some(held.session.value.id),
            Shown::ApiToken(_) | Shown::Account(_) => None,
        }
    }

    /// What it may reach now: behind an API token no more than that.
    #[must_use]
    pub fn roles(&self) -> &Roles {
        match &self.0 {
            Shown::ApiToken(access) => access.roles(),
            Shown::Token(_) | Shown::Cookie(_) | Shown::Account(_) => &self.user().roles,
        }
    }

    /// Its address; `None` when it has none or it is not verified.
    #[must_use]
    pub fn email(&self) -> Option<&Email> {
        let user = self.user();
        user.email.as_ref().filter(|_| user.email_verified)
    }
}

/// A request that gets through.
#[derive(Debug)]
pub enum Passage {
    /// Whoever sends it. Nobody was looked for.
    Public,
    /// Because of who sends it.
    Known(Identity),
}

/// What would become of a request, and why.
#[derive(Debug)]
pub struct Checked {
    /// The first rule that fits, with its number, counted from 1.
    pub rule: Option<(usize, String)>,
    /// What it makes of the caller.
    pub judgement: Judgement,
    /// The caller; `None` for nobody.
    pub caller: Option<Identity>,
}

impl Auth {
    /// Whether this request may reach its app. Roles, session and account are those of now: the
    /// token's word is not taken.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] by a rule or for want of one, [`Error::Forbidden`] for want of a role,
    /// [`Error::SignInNeeded`] where nobody is signed in (any more), [`Error::InvalidToken`] for a
    /// bearer token that is not good, whatever cookie stands beside it, and [`Error::Store`] when the
    /// store cannot answer: nobody is let through on a guess.
    pub async fn forward(&self, request: &AppRequest, proof: Proof<'_>) -> Result<Passage, Error> {
        let first = self.settings.access.first(request);
        let (number, rule) = (first.map(|(number, _)| number), first.map(|(_, rule)| rule));
        match Judgement::of(rule, None) {
            Judgement::Public => return Ok(Passage::Public),
            Judgement::Denied(why) => return Err(denied(why, number, None)),
            Judgement::SignInNeeded | Judgement::Allowed => {}
        }
        let caller = self.identify(proof).await?;
        match Judgement::of(rule, Some(caller.roles())) {
            Judgement::Allowed | Judgement::Public => Ok(Passage::Known(caller)),
            Judgement::Denied(why) => Err(denied(why, number, Some(&caller))),
            Judgement::SignInNeeded => Err(nobody(Rule::ForwardAnonymous)),
        }
    }

    /// Who shows this.
    async fn identify(&self, proof: Proof<'_>) -> Result<Identity, Error> {
        match proof {
            Proof::Nothing => Err(nobody(Rule::ForwardAnonymous)),
            Proof::Unreadable(Rule::ForwardBearer) => {
                Err(Error::InvalidToken(Rule::ForwardBearer.into()))
            }
            Proof::Unreadable(rule) => Err(nobody(rule)),
            Proof::Bearer(text) if text.starts_with(PlainApiToken::PREFIX) => {
                Ok(Identity(Shown::ApiToken(self.resolve_api_token(text).await?)))
            }
            Proof::Bearer(text) => {
                let now = self.clock.now();
                let good = self.accept(text, now).await?;
                self.note(good.session(), now);
                Ok(Identity(Shown::Token(good)))
            }
            Proof::Cookie(cookie) => self.by_cookie(cookie).await,
        }
    }

    /// Who shows this cookie. Records that are held are not read again.
    async fn by_cookie(&self, cookie: &ForwardCookie) -> Result<Identity, Error> {
        let now = self.clock.now();
        let held = match self.held(cookie.session) {
            Some(held) if self.proves_session(cookie, &held.session.value) && held.is_live(now) => {
                held
            }
            Some(_) | None => self.accept_cookie(cookie, now).await?,
        };
        self.note(&held.session.value, now);
        Ok(Identity(Shown::Cookie(held)))
    }

    async fn accept_cookie(
        &self,
        cookie: &ForwardCookie,
        now: Timestamp,
    ) -> Result<Arc<Held>, Error> {
        let (sessions, users) = (self.store.sessions(), self.store.users());
        let of_session = sessions.stamp(cookie.session);
        let session = sessions.get(cookie.session).await?;
        let session = session.ok_or_else(|| nobody(Rule::ForwardSessionUnknown))?;
        if !self.proves_session(cookie, &session.value) {
            return Err(nobody(Rule::ForwardCookieProof));
        }
        // Whose it is is proven from here on.
        let about = (session.value.user, session.value.id);
        let denied = |rule: Rule| {
            Error::SignInNeeded(Denial::from(rule).about(Some(about.0), Some(about.1)))
        };
        let stamps = [of_session, users.stamp(about.0)];
        let user = users.get(about.0).await?.filter(|user| !user.value.disabled);
        let user = user.ok_or_else(|| denied(Rule::ForwardUserGone))?;
        let held = Held { user, session, stamps };
        if held.is_live(now) { Ok(self.hold(held)) } else { Err(denied(Rule::ForwardSessionEnded)) }
    }

    /// The session is in use.
    fn note(&self, session: &Session, now: Timestamp) {
        self.last_used.note(session.id, Some(session.last_used_at), now);
    }

    /// What would become of a request of this account, by its name or verified address; `None` is
    /// nobody.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but the operator, [`Error::NotFound`] for a name that nobody has.
    pub async fn check_access(
        &self,
        access: &Access,
        name: Option<&str>,
        request: &AppRequest,
    ) -> Result<Checked, Error> {
        access.require_operator()?;
        let caller = match name {
            None => None,
            Some(name) => {
                let user = self.resolve(name).await?.user;
                let user = user.ok_or(Error::NotFound(Rule::UserUnknown))?.value;
                // A disabled account signs in nowhere.
                (!user.disabled).then(|| Identity(Shown::Account(Arc::new(user))))
            }
        };
        let first = self.settings.access.first(request);
        let judgement =
            Judgement::of(first.map(|(_, rule)| rule), caller.as_ref().map(Identity::roles));
        let rule = first.map(|(number, rule)| (number, rule.to_string()));
        Ok(Checked { rule, judgement, caller })
    }
}

fn nobody(rule: Rule) -> Error {
    Error::SignInNeeded(rule.into())
}

/// A denial by the rule with this number, counted from 1.
fn denied(why: Rule, number: Option<usize>, caller: Option<&Identity>) -> Error {
    let mut denial = Denial::from(why);
    if let Some(number) = number {
        denial = denial.with_detail(format_args!("rule {number} of access"));
    }
    let denial = denial.about(caller.map(|c| c.user().id), caller.and_then(Identity::session));
    if why == Rule::AccessRoles { Error::Forbidden(denial) } else { Error::AccessDenied(denial) }
}
