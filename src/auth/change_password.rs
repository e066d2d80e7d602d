//! Another password for who knows the present one.

use super::audit::About;
use super::form::{Form, presented};
use super::register::names;
use super::resolve::{Device, Resolved, account_key};
use super::{Access, Auth, Client, Error, SignIn};
use crate::crypto::hash_secret;
use crate::model::{EventKind, PasswordHash, RefreshToken, Rule, Secret, Session, StatusRef, User};
use crate::store::Stored;

/// What a person types.
#[derive(Debug)]
pub struct PasswordChange {
    /// The present password.
    pub current: Secret,
    /// The next one.
    pub new: Secret,
}

impl Auth {
    /// Sets another password. This session goes on under a new refresh token with the same end;
    /// all others, and all earlier access tokens, end in the same commit.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] for a wrong present password, throttled like a login;
    /// [`Error::Invalid`] for a bad new one; [`Error::ClockNotSet`] before anything is looked at.
    pub async fn change_password(
        &self,
        access: &Access,
        change: PasswordChange,
        client: &Client,
    ) -> Result<SignIn, Error> {
        let (user, session) = access.user()?;
        self.issuing_time()?;
        let current = presented("current_password", change.current)?;
        let mut form = Form::default();
        let known = names(&user.value.username, user.value.email.as_ref());
        let policy = (&self.settings.policy, known.as_slice());
        let new = form.new_password("new_password", change.new, policy);
        form.finish()?;
        let new = new.ok_or(Error::Invalid(Vec::new()))?;
        let device = Device::Proved;
        let account = Resolved { key: account_key(user.value.id), user: Some(user.clone()) };
        self.verify_throttled(&account, &current, (device, client)).await?;
        let hash = self.hash(&new).await?;
        self.store.retry(|| self.renew_session((user, session), &hash, client)).await
    }

    /// One try, at another place in a status list: the tokens of before die.
    async fn renew_session(
        &self,
        (user, session): (&Stored<User>, &Stored<Session>),
        hash: &PasswordHash,
        client: &Client,
    ) -> Result<SignIn, Error> {
        let place = self.take_place(session.value.expires_at)?;
        let done = self.try_change_password((user, session), (hash, place), client).await;
        self.settle_place(place, done)
    }

    /// Account and session must still be the ones that were verified.
    async fn try_change_password(
        &self,
        (user, session): (&Stored<User>, &Stored<Session>),
        (hash, place): (&PasswordHash, StatusRef),
        client: &Client,
    ) -> Result<SignIn, Error> {
        let now = self.clock.now();
        let current = self.store.users().get(user.value.id).await?;
        let current = current.filter(|u| u.value.epoch == user.value.epoch && !u.value.disabled);
        let overtaken = || Error::InvalidToken(Rule::TokenOvertaken.into());
        let current = current.ok_or_else(overtaken)?;
        let kept = self.store.sessions().get(session.value.id).await?;
        let kept = kept.filter(|s| s.value.is_live(now, user.value.epoch));
        let kept = kept.ok_or_else(overtaken)?;
        let after = current.value.clone().with_password(hash.clone());
        let refresh = RefreshToken { session: kept.value.id, secret: self.random.secret() };
        let secret_hash = hash_secret(&refresh.secret);
        let renewed = kept.value.clone().renewed(secret_hash, after.epoch, place);
        let access = self.issue(&renewed, &after, now)?;
        let commit = self
            .store
            .users()
            .replace(&current, &after)
            .and(self.store.sessions().replace(&kept, &renewed));
        let about = About::session(EventKind::PasswordChanged, after.id, renewed.id);
        let event = self.event(about, crate::model::Actor::User(after.id), client);
        self.commit_with(commit, event).await?;
        Ok(SignIn { access, refresh, session: renewed, user: after, now })
    }
}
