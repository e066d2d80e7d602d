//! One-time links that set a password: invites and resets.

use std::time::Duration;

use super::audit::About;
use super::form::Form;
use super::register::names;
use super::resolve::account_key;
use super::{Access, Auth, Client, Error};
use crate::crypto::hash_secret;
use crate::model::{
    Actor, Clock, Denial, EventKind, Link, LinkToken, PasswordHash, Role, Rule, Secret, Timestamp,
    User, UserId,
};
use crate::store::Stored;
use crate::store::engine::Commit;

/// A link to hand to a person, once.
#[derive(Debug)]
pub struct IssuedLink {
    /// The whole address, the token in it.
    pub link: Secret,
    /// The end of its life.
    pub expires_at: Timestamp,
}

/// What finishes an invite or a reset.
#[derive(Debug)]
pub struct NewPassword {
    /// The token of the link.
    pub token: Secret,
    /// The wanted password.
    pub new_password: Secret,
}

/// The life of a link.
const LINK_TTL: Duration = Duration::from_mins(15);

impl Auth {
    /// Makes a link that sets a user's password once. The password itself is the user's choice.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn issue_reset(
        &self,
        access: &Access,
        id: UserId,
        client: &Client,
    ) -> Result<IssuedLink, Error> {
        access.require(&Role::admin())?;
        self.store.retry(|| self.try_issue_reset(access, id, client)).await
    }

    /// One try: who hands out a way into an account must still be an administrator.
    async fn try_issue_reset(
        &self,
        access: &Access,
        id: UserId,
        client: &Client,
    ) -> Result<IssuedLink, Error> {
        let user = self.store.users().get(id).await?.ok_or(Error::NotFound(Rule::UserUnknown))?;
        let (link, part) = self.new_link(&user.value);
        let commit =
            self.still_allowed(access).await?.and(self.store.users().unchanged(&user)).and(part);
        let about = About::user(EventKind::ResetIssued, id);
        self.commit_with(commit, self.event(about, access.actor(), client)).await?;
        Ok(link)
    }

    /// A link for `user`, and the part of a commit that makes it.
    pub(super) fn new_link(&self, user: &User) -> (IssuedLink, Commit) {
        let token = LinkToken { link: self.random.id(), secret: self.random.secret() };
        let expires_at = self.clock.now().plus(LINK_TTL);
        let record = Link {
            id: token.link,
            secret_hash: hash_secret(&token.secret),
            user: user.id,
            epoch: user.epoch,
            expires_at,
        };
        let text = token.to_text();
        let origin = &self.settings.public_url;
        let link = Secret::new(format!("{origin}/set-password?token={}", text.expose()));
        (IssuedLink { link, expires_at }, self.store.links().insert(&record))
    }

    /// Sets the password of a link's user and uses the link up. It logs nobody in and ends all
    /// sessions and API tokens; a bad password leaves the link good.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a link that is unknown, used, too old or of an earlier epoch;
    /// [`Error::Invalid`] for a bad password.
    pub async fn finish_reset(&self, new: NewPassword, client: &Client) -> Result<(), Error> {
        let token = LinkToken::parse(new.token.expose()).map_err(|_| bad_link(Rule::LinkForm))?;
        let (_, user) = self.good_link(&token).await?;
        let mut form = Form::default();
        let known = names(&user.value.username, user.value.email.as_ref());
        let policy = (&self.settings.policy, known.as_slice());
        let password = form.new_password("new_password", new.new_password, policy);
        form.finish()?;
        let password = password.ok_or(Error::Invalid(Vec::new()))?;
        let hash = self.hash(&password).await?;
        let user = self.store.retry(|| self.try_finish(&token, &hash, client)).await?;
        self.told_of_admin(&user);
        self.throttle.forgive(&account_key(user.id));
        Ok(())
    }

    /// The account whose password this token may set, for the page that asks for one. The token
    /// stays good.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] as for [`Auth::finish_reset`].
    pub async fn link_user(&self, token: &Secret) -> Result<User, Error> {
        let token = LinkToken::parse(token.expose()).map_err(|_| bad_link(Rule::LinkForm))?;
        Ok(self.good_link(&token).await?.1.value)
    }

    async fn good_link(&self, token: &LinkToken) -> Result<(Stored<Link>, Stored<User>), Error> {
        let link = self.store.links().get(token.link).await?;
        let link = link.ok_or_else(|| bad_link(Rule::LinkUnknown))?;
        let proved = link.value.secret_hash == hash_secret(&token.secret);
        let now = self.clock.now();
        // A link that was made later than now is one of a clock that was wrong.
        let is_of_the_future = link.value.expires_at > now.plus(LINK_TTL).plus(Clock::STEP);
        if !proved {
            return Err(bad_link(Rule::LinkSecret));
        }
        let about =
            |rule: Rule| Error::InvalidToken(Denial::from(rule).about(Some(link.value.user), None));
        if link.value.expires_at <= now || is_of_the_future {
            return Err(about(Rule::LinkExpired));
        }
        let user = self.store.users().get(link.value.user).await?;
        let user = user.filter(|user| !user.value.disabled);
        let user = user.ok_or_else(|| about(Rule::LinkUserGone))?;
        if user.value.epoch != link.value.epoch {
            return Err(about(Rule::LinkEpochOld));
        }
        Ok((link, user))
    }

    async fn try_finish(
        &self,
        token: &LinkToken,
        hash: &PasswordHash,
        client: &Client,
    ) -> Result<User, Error> {
        let (link, before) = self.good_link(token).await?;
        let after = before.value.clone().with_reset_password(hash.clone());
        let commit = self
            .store
            .links()
            .consume(&link)
            .and(self.store.users().replace(&before, &after))
            .and(self.count_admins(Some(&before.value), &after).await?);
        let about = About::user(EventKind::PasswordReset, after.id);
        self.commit_with(commit, self.event(about, Actor::User(after.id), client)).await?;
        Ok(after)
    }
}

/// A link that is no good, for a reason that its bearer is not told.
fn bad_link(rule: Rule) -> Error {
    Error::InvalidToken(rule.into())
}
