//! A new account by an administrator, with a password or with an invite.

use super::audit::About;
use super::form::Form;
use super::register::names;
use super::reset::IssuedLink;
use super::{Access, Auth, Client, Error};
use crate::model::{
    Email, EventKind, LoginName, Password, PasswordHash, Role, Roles, Secret, User,
};

/// An account that an administrator makes.
#[derive(Debug)]
pub struct NewUser {
    /// The name; a reserved one may be given here.
    pub username: String,
    /// `None` makes an invite.
    pub password: Option<Secret>,
    /// Counts as verified: the administrator says so.
    pub email: Option<String>,
    /// The role `user` when absent.
    pub roles: Option<Vec<String>>,
}

/// A new account whose fields are good.
#[derive(Debug)]
struct Candidate {
    username: LoginName,
    email: Option<Email>,
    password: Option<Password>,
    roles: Roles,
}

impl Auth {
    /// Makes an account; without a password it comes with a one-time link to set one.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`], [`Error::UsernameTaken`],
    /// [`Error::EmailTaken`], [`Error::Busy`].
    pub async fn create_user(
        &self,
        access: &Access,
        new: NewUser,
        client: &Client,
    ) -> Result<(User, Option<IssuedLink>), Error> {
        access.require(&Role::admin())?;
        let candidate = self.new_candidate(new)?;
        let hash = match &candidate.password {
            Some(password) => Some(self.hash(password).await?),
            None => None,
        };
        self.store.retry(|| self.try_create(access, (&candidate, hash.as_ref()), client)).await
    }

    fn new_candidate(&self, new: NewUser) -> Result<Candidate, Error> {
        let mut form = Form::default();
        let username = form.username(&new.username);
        let email = form.email(new.email);
        let roles = match new.roles {
            Some(words) => form.roles(words, &self.settings.roles),
            None => Some(Roles::from([Role::user()])),
        };
        let known = username.as_ref().map(|n| names(n, email.as_ref().and_then(Option::as_ref)));
        let policy = (&self.settings.policy, known.as_deref().unwrap_or_default());
        let password = new.password.and_then(|p| form.new_password("password", p, policy));
        form.finish()?;
        match (username, email, roles) {
            (Some(username), Some(email), Some(roles)) => {
                Ok(Candidate { username, email, password, roles })
            }
            (_, _, _) => Err(Error::Invalid(Vec::new())),
        }
    }

    async fn try_create(
        &self,
        access: &Access,
        (candidate, hash): (&Candidate, Option<&PasswordHash>),
        client: &Client,
    ) -> Result<(User, Option<IssuedLink>), Error> {
        self.refuse_taken(Some(&candidate.username), candidate.email.as_ref()).await?;
        let mut user = self
            .new_user(candidate.username.clone(), candidate.roles.clone())
            .with_email(candidate.email.clone(), true);
        user.password = hash.cloned();
        let mut commit = self
            .still_allowed(access)
            .await?
            .and(self.store.users().insert(&user))
            .and(self.count_admins(None, &user).await?);
        let mut invite = None;
        if hash.is_none() {
            let (link, part) = self.new_link(&user);
            (commit, invite) = (commit.and(part), Some(link));
        }
        let about = About::user(EventKind::UserCreated, user.id);
        self.commit_with(commit, self.event(about, access.actor(), client)).await?;
        self.told_of_admin(&user);
        Ok((user, invite))
    }
}
