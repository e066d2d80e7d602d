//! A password for a session.

use std::net::IpAddr;
use std::time::Duration;

use super::audit::About;
use super::form::presented;
use super::network::known_network;
use super::resolve::{Device, Resolved};
use super::{Auth, Client, Error};
use crate::crypto::{Verdict, hash_secret};
use crate::model::{
    AccessToken, Actor, Denial, EventKind, Password, RefreshToken, Rule, Secret, Session,
    SessionRef, StatusRef, Timestamp, User, UserId, UserSessions,
};
use crate::store::Stored;
use crate::store::engine::Commit;

/// What a person types.
#[derive(Debug)]
pub struct Credentials {
    /// The name, or the verified address.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// A login: the only thing, besides a password change, that a refresh token comes from.
#[derive(Debug)]
pub struct SignIn {
    /// For the client's memory.
    pub access: AccessToken,
    /// For the cookie.
    pub refresh: RefreshToken,
    /// The session it began.
    pub session: Session,
    /// Who logged in.
    pub user: User,
    /// When this was made.
    pub now: Timestamp,
}

impl SignIn {
    /// How long the refresh token is good: the rest of its session.
    #[must_use]
    pub fn rest_of_session(&self) -> Duration {
        self.session.expires_at.since(self.now)
    }
}

/// The longest name of a browser that is kept.
const MAX_USER_AGENT: usize = 256;

impl Auth {
    /// Verifies the password and begins a session. The session that `device` still holds,
    /// whosever it is, is ended in the same commit; all others are left alone.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] for every reason alike, [`Error::Throttled`],
    /// [`Error::Busy`] when the password queue is full, [`Error::Invalid`] for a password that
    /// no account can have, [`Error::ClockNotSet`] before the password is looked at.
    pub async fn login(
        &self,
        credentials: Credentials,
        device: Option<&RefreshToken>,
        client: &Client,
    ) -> Result<SignIn, Error> {
        self.issuing_time()?;
        let password = presented("password", credentials.password)?;
        let account = self.resolve(&credentials.username).await?;
        let verified = self.verify_throttled(&account, &password, (device.into(), client)).await?;
        let rehash = verified.rehash;
        let sign_in =
            self.store.retry(|| self.begin_session(&verified.user, device, client)).await?;
        if rehash {
            self.rehash(&verified.user, &password).await;
        }
        Ok(sign_in)
    }

    /// Verifies the password of an account behind the throttle. Unknown, disabled and invited
    /// accounts cost the same work as others.
    pub(super) async fn verify_throttled(
        &self,
        account: &Resolved,
        password: &Password,
        (device, client): (Device<'_>, &Client),
    ) -> Result<Verified, Error> {
        let who = self.attempter(account, device, client).await?;
        let id = account.user.as_ref().map(|user| user.value.id);
        let reservation = self.throttle.reserve(&who).await.map_err(|r| self.refused(r, id))?;
        let user = account.user.clone().filter(|user| !user.value.disabled);
        let hash = user.as_ref().and_then(|user| user.value.password.as_ref());
        let Ok(verdict) = self.passwords.verify(password, hash).await else {
            reservation.not_verified();
            return Err(self.busy());
        };
        match (verdict, user) {
            (Verdict::Match { rehash }, Some(user)) => {
                reservation.succeeded();
                Ok(Verified { user, rehash })
            }
            (verdict, user) => {
                reservation.failed();
                if let Some(user) = user {
                    alarm(verdict, user.value.id);
                }
                self.note_failed_login(who.failure_key(), id, client);
                let denial = Denial::from(rule_of(account.user.as_ref(), verdict));
                Err(Error::InvalidCredentials(denial.about(id, None)))
            }
        }
    }

    /// One try to commit a new session, at a place of its own in a status list.
    async fn begin_session(
        &self,
        verified: &Stored<User>,
        device: Option<&RefreshToken>,
        client: &Client,
    ) -> Result<SignIn, Error> {
        let now = self.clock.now();
        let place = self.take_place(now.plus(self.settings.session_ttl))?;
        let done = self.begin_session_at((place, now), verified, (device, client)).await;
        self.settle_place(place, done)
    }

    /// The account must still be the one whose password was verified.
    async fn begin_session_at(
        &self,
        (place, now): (StatusRef, Timestamp),
        verified: &Stored<User>,
        (device, client): (Option<&RefreshToken>, &Client),
    ) -> Result<SignIn, Error> {
        let user = self.still(verified).await?;
        let refresh = RefreshToken { session: self.random.id(), secret: self.random.secret() };
        let session = self.new_session(&refresh, &user.value, (client, now));
        let session = Session { status: Some(place), ..session };
        let access = self.issue(&session, &user.value, now)?;
        let (commit, mut ended) = self.login_commit(&user, &session, client).await?;
        let replaced = self.replaced(device).await?;
        ended.retain(|old| replaced.as_ref().is_none_or(|new| new.value.id != old.value.id));
        ended.extend(replaced);
        let commit = ended.iter().fold(commit, |c, old| c.and(self.store.sessions().remove(old)));
        let about = About::session(EventKind::LoggedIn, user.value.id, session.id);
        let mut event = self.event(about, Actor::User(user.value.id), client);
        event.detail = detail(&ended);
        self.commit_with(commit, event).await?;
        Ok(SignIn { access, refresh, session, user: user.value, now })
    }

    /// The account as it is now, if the password that was verified is still its password.
    async fn still(&self, verified: &Stored<User>) -> Result<Stored<User>, Error> {
        let user = self.store.users().get(verified.value.id).await?;
        user.filter(|now| {
            let (now, then) = (&now.value, &verified.value);
            !now.disabled && (now.password == then.password || now.epoch == then.epoch)
        })
        .ok_or_else(|| {
            let denial = Denial::from(Rule::AccountOvertaken);
            Error::InvalidCredentials(denial.about(Some(verified.value.id), None))
        })
    }

    fn new_session(
        &self,
        refresh: &RefreshToken,
        user: &User,
        (client, now): (&Client, Timestamp),
    ) -> Session {
        Session {
            id: refresh.session,
            secret_hash: hash_secret(&refresh.secret),
            user: user.id,
            epoch: user.epoch,
            created_at: now,
            expires_at: now.plus(self.settings.session_ttl),
            last_used_at: now,
            user_agent: label(&client.user_agent),
            ip: client.ip.map_or_else(String::new, |ip| ip.to_canonical().to_string()),
            revoked_at: None,
            status: None,
        }
    }

    /// The session, the user's list, and the check that the account has not changed; and which
    /// sessions have to make room.
    async fn login_commit(
        &self,
        user: &Stored<User>,
        session: &Session,
        client: &Client,
    ) -> Result<(Commit, Vec<Stored<Session>>), Error> {
        let sessions = self.store.sessions();
        let before = sessions.of_user(session.user).await?;
        let mut list = before.value.clone();
        if list.sessions.len() >= self.settings.max_sessions {
            self.drop_dead(&mut list, &user.value, session.created_at).await?;
        }
        let new = SessionRef { id: session.id, expires_at: session.expires_at };
        let evicted = list.add(new, self.settings.max_sessions, self.clock.certain());
        if let Some(network) = client.ip.map(|ip: IpAddr| known_network(ip)) {
            list.remember_network(&network, session.created_at);
        }
        let commit = self
            .store
            .users()
            .unchanged(user)
            .and(sessions.insert(session))
            .and(sessions.set_list(session.user, &before, &list));
        let mut ended = Vec::new();
        for id in evicted {
            ended.extend(sessions.get(id).await?);
        }
        Ok((commit, ended))
    }

    /// Takes ended sessions off a full list, and puts those first that live no more unless a jump of
    /// the clock is taken back, so that live ones are put out last.
    async fn drop_dead(
        &self,
        list: &mut UserSessions,
        user: &User,
        now: Timestamp,
    ) -> Result<(), Error> {
        let certain = self.clock.certain();
        let (mut doubtful, mut live) = (Vec::new(), Vec::with_capacity(list.sessions.len()));
        for entry in list.sessions.drain(..) {
            let session = self.store.sessions().get(entry.id).await?.map(|session| session.value);
            match session {
                Some(session) if session.is_live(now, user.epoch) => live.push(entry),
                Some(session) if session.may_live(certain, user.epoch) => doubtful.push(entry),
                Some(_) | None => {}
            }
        }
        doubtful.append(&mut live);
        list.sessions = doubtful;
        Ok(())
    }

    /// The session that this browser held before, whosever it was.
    async fn replaced(
        &self,
        device: Option<&RefreshToken>,
    ) -> Result<Option<Stored<Session>>, Error> {
        match device {
            Some(token) => self.proved_session(token).await,
            None => Ok(None),
        }
    }

    /// The session of this refresh token, if its secret is right; its state is not looked at.
    pub(super) async fn proved_session(
        &self,
        token: &RefreshToken,
    ) -> Result<Option<Stored<Session>>, Error> {
        Ok(self.prove(token).await?.ok())
    }

    /// As [`Auth::proved_session`]; the inner error is the rule by which it proves nothing.
    pub(super) async fn prove(
        &self,
        token: &RefreshToken,
    ) -> Result<Result<Stored<Session>, Rule>, Error> {
        let session = self.store.sessions().get(token.session).await?;
        let hash = hash_secret(&token.secret);
        Ok(match session {
            None => Err(Rule::RefreshSessionUnknown),
            Some(session) if session.value.secret_hash == hash => Ok(session),
            Some(_) => Err(Rule::RefreshSecret),
        })
    }
}

/// An account whose password was right.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) user: Stored<User>,
    pub(super) rehash: bool,
}

/// Why a password did not open an account.
fn rule_of(user: Option<&Stored<User>>, verdict: Verdict) -> Rule {
    match (user, verdict) {
        (None, _) => Rule::NameUnknown,
        (Some(user), _) if user.value.disabled => Rule::AccountDisabled,
        (Some(user), _) if user.value.password.is_none() => Rule::PasswordNone,
        (Some(_), Verdict::Unreadable | Verdict::TooLarge(_)) => Rule::PasswordUnreadable,
        (Some(_), Verdict::Match { .. } | Verdict::Mismatch) => Rule::PasswordWrong,
    }
}

/// Tells the operator of a stored hash that no password is compared with; the client learns
/// nothing of it.
fn alarm(verdict: Verdict, user: UserId) {
    match verdict {
        Verdict::Unreadable => tracing::error!(
            %user,
            "the stored password hash is damaged: set a new password for this account"
        ),
        Verdict::TooLarge(mib) => tracing::error!(
            %user, needs = %format_args!("{mib} MiB"),
            "the stored password hash needs more memory than passwords.memory: raise that, or set \
             a new password for this account"
        ),
        Verdict::Match { .. } | Verdict::Mismatch => {}
    }
}

/// What the audit trail says of the sessions that a login ended.
fn detail(ended: &[Stored<Session>]) -> Option<String> {
    let ids: Vec<String> = ended.iter().map(|session| session.value.id.to_string()).collect();
    (!ids.is_empty()).then(|| format!("ended the session {}", ids.join(" and ")))
}

/// A browser's name, cut and cleaned so that it is one line of text wherever it is shown.
fn label(user_agent: &str) -> String {
    user_agent.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect()
}
