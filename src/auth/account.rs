//! What a user may see and change of its own account.

use std::time::Duration;

use super::audit::About;
use super::form::Form;
use super::resolve::account_key;
use super::{Access, Auth, Client, Error};
use crate::model::{DisplayName, Email, EventKind, Rule, Session, User};

/// The fields that a user may change; outer `None` leaves a field, inner `None` empties it.
#[derive(Debug, Default, Clone)]
pub struct ProfileChange {
    /// The address; a new one is not verified.
    pub email: Option<Option<String>>,
    /// The name for people.
    pub display_name: Option<Option<String>>,
}

/// The same, parsed.
#[derive(Debug, Default, Clone)]
#[expect(clippy::option_option, reason = "left alone and emptied are two things")]
pub(super) struct Profile {
    pub(super) email: Option<Option<Email>>,
    pub(super) display_name: Option<Option<DisplayName>>,
}

/// How recent the login must be for a change of the address, and for a new API token.
const FRESH: Duration = Duration::from_mins(10);

impl ProfileChange {
    /// Parses the fields; every bad one is noted in `form`.
    pub(super) fn parse(self, form: &mut Form) -> Profile {
        Profile {
            email: self.email.and_then(|text| form.email(text)),
            display_name: self.display_name.and_then(|text| form.display_name(text)),
        }
    }
}

impl Profile {
    /// The account with these fields. An address given by an administrator is `verified`.
    pub(super) fn apply(&self, mut user: User, verified: bool) -> User {
        if let Some(email) = &self.email {
            let same = user.email == *email;
            let verified = verified || (same && user.email_verified);
            user = user.with_email(email.clone(), verified);
        }
        match &self.display_name {
            Some(name) => user.with_display_name(name.clone()),
            None => user,
        }
    }
}

impl Auth {
    /// The caller's account.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for the operator, who has none.
    pub fn me<'a>(&self, access: &'a Access) -> Result<&'a User, Error> {
        Ok(&access.user()?.0.value)
    }

    /// Changes the caller's own fields.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::EmailTaken`], and [`Error::ReauthenticationRequired`] for
    /// another address when the login is more than ten minutes ago.
    pub async fn update_me(
        &self,
        access: &Access,
        change: ProfileChange,
        client: &Client,
    ) -> Result<User, Error> {
        let (user, session) = access.user()?;
        let mut form = Form::default();
        let profile = change.parse(&mut form);
        form.finish()?;
        let moves = profile.email.as_ref().is_some_and(|email| *email != user.value.email);
        if moves {
            self.require_fresh(&session.value)?;
        }
        let key = account_key(user.value.id);
        let refused = |refused| self.refused(refused, Some(user.value.id));
        self.throttle.change_profile(&key).map_err(refused)?;
        self.store.retry(|| self.try_update_me(access, &profile, client)).await
    }

    /// Requires that the session's login was a short while ago.
    ///
    /// # Errors
    /// [`Error::ReauthenticationRequired`] when it was not.
    pub(super) fn require_fresh(&self, session: &Session) -> Result<(), Error> {
        if self.clock.now() > session.created_at.plus(FRESH) {
            return Err(Error::ReauthenticationRequired);
        }
        Ok(())
    }

    async fn try_update_me(
        &self,
        access: &Access,
        profile: &Profile,
        client: &Client,
    ) -> Result<User, Error> {
        let caller = access.user()?.0;
        let before = self.store.users().get(caller.value.id).await?;
        let before = before.filter(|now| now.value.epoch == caller.value.epoch);
        let before = before.ok_or_else(|| Error::InvalidToken(Rule::TokenOvertaken.into()))?;
        let after = profile.apply(before.value.clone(), false);
        if after == before.value {
            return Ok(after);
        }
        self.refuse_taken_email(&before.value, &after).await?;
        let event =
            self.event(About::user(EventKind::ProfileChanged, after.id), access.actor(), client);
        self.commit_with(self.store.users().replace(&before, &after), event).await?;
        Ok(after)
    }

    /// Refuses an address that another account than this one has.
    pub(super) async fn refuse_taken_email(
        &self,
        before: &User,
        after: &User,
    ) -> Result<(), Error> {
        let canonical = |user: &User| user.email.as_ref().map(Email::canonical);
        if canonical(before) == canonical(after) {
            return Ok(());
        }
        self.refuse_taken(None, after.email.as_ref()).await
    }
}
