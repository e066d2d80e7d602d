//! Whether a request may reach an app: the question that proxies ask before each one.

use std::sync::Arc;

use super::{Access, Auth, Error};
use crate::crypto::CredentialName;
use crate::model::{
    AppRequest, Denial, Email, ForwardCookie, Judgement, LoginName, PlainApiToken, Roles, Rule,
    Session, SessionId, Timestamp, User, UserId,
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

/// Whom an app is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub id: UserId,
    /// The session; `None` behind an API token.
    pub session: Option<SessionId>,
    /// Its name.
    pub username: LoginName,
    /// Its address; `None` when it has none or it is not verified.
    pub email: Option<Email>,
    /// What it may reach now: behind an API token no more than that.
    pub roles: Roles,
}

impl Identity {
    fn of(user: &User, session: Option<SessionId>, roles: &Roles) -> Self {
        Self {
            id: user.id,
            session,
            username: user.username.clone(),
            email: user.email.clone().filter(|_| user.email_verified),
            roles: roles.clone(),
        }
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

/// What a cookie stood for when it was proven: a session, and an account that is not disabled.
#[derive(Debug)]
pub(super) struct GoodCookie {
    user: User,
    session: Session,
}

impl GoodCookie {
    /// Whether the session is live at `now`, and of the account's epoch.
    fn is_live(&self, now: Timestamp) -> bool {
        self.session.is_live(now, self.user.epoch)
    }
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
        match Judgement::of(rule, Some(&caller.roles)) {
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
                let access = self.resolve_api_token(text).await?;
                Ok(Identity::of(access.user(), None, access.roles()))
            }
            Proof::Bearer(text) => {
                let now = self.clock.now();
                let good = self.accept(text, now).await?;
                Ok(self.noted(&good.user.value, &good.session.value, now))
            }
            Proof::Cookie(cookie) => self.by_cookie(cookie).await,
        }
    }

    /// A cookie that was good before need not prove itself again, nor are its records read again
    /// while none of them has changed.
    async fn by_cookie(&self, cookie: &ForwardCookie) -> Result<Identity, Error> {
        let now = self.clock.now();
        let name = self.seen_cookies.name(cookie.to_text().expose().as_bytes());
        let seen = self.seen_cookies.get(&name, &self.store);
        let good = match seen {
            Some(good) if good.is_live(now) => good,
            Some(_) | None => self.accept_cookie((cookie, name), now).await?,
        };
        Ok(self.noted(&good.user, &good.session, now))
    }

    async fn accept_cookie(
        &self,
        (cookie, name): (&ForwardCookie, CredentialName),
        now: Timestamp,
    ) -> Result<Arc<GoodCookie>, Error> {
        let (sessions, users) = (self.store.sessions(), self.store.users());
        let of_session = sessions.stamp(cookie.session);
        let session = sessions.get(cookie.session).await?;
        let session = session.ok_or_else(|| nobody(Rule::ForwardSessionUnknown))?.value;
        if !self.proves_session(cookie, &session) {
            return Err(nobody(Rule::ForwardCookieProof));
        }
        // Whose it is is proven from here on.
        let about = (session.user, session.id);
        let denied = |rule: Rule| {
            Error::SignInNeeded(Denial::from(rule).about(Some(about.0), Some(about.1)))
        };
        let of_user = users.stamp(session.user);
        let user = users.get(session.user).await?.filter(|user| !user.value.disabled);
        let user = user.ok_or_else(|| denied(Rule::ForwardUserGone))?.value;
        let good = Arc::new(GoodCookie { user, session });
        if !good.is_live(now) {
            return Err(denied(Rule::ForwardSessionEnded));
        }
        self.seen_cookies.keep(name, [of_session, of_user], (&good, &self.store));
        Ok(good)
    }

    /// The caller, whose session is in use.
    fn noted(&self, user: &User, session: &Session, now: Timestamp) -> Identity {
        self.last_used.note(session.id, Some(session.last_used_at), now);
        Identity::of(user, Some(session.id), &user.roles)
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
                (!user.disabled).then(|| Identity::of(&user, None, &user.roles))
            }
        };
        let first = self.settings.access.first(request);
        let judgement =
            Judgement::of(first.map(|(_, rule)| rule), caller.as_ref().map(|c| &c.roles));
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
    let denial = denial.about(caller.map(|c| c.id), caller.and_then(|c| c.session));
    if why == Rule::AccessRoles { Error::Forbidden(denial) } else { Error::AccessDenied(denial) }
}
