//! A new account by its own owner.

use super::audit::About;
use super::form::Form;
use super::{Auth, Client, Error};
use crate::model::{
    Actor, Email, EventKind, LoginName, Password, PasswordHash, Role, Roles, Secret, User,
};

/// What a person fills in.
#[derive(Debug)]
pub struct Registration {
    /// The wanted name.
    pub username: String,
    /// The wanted password.
    pub password: Secret,
    /// An address, if the person likes to give one; it is not verified by this.
    pub email: Option<String>,
}

/// The names of an account that its password must not be.
pub(super) fn names<'a>(username: &'a LoginName, email: Option<&'a Email>) -> Vec<&'a str> {
    std::iter::once(username.as_str()).chain(email.map(Email::local_part)).collect()
}

/// A registration whose fields are good.
#[derive(Debug)]
struct Candidate {
    username: LoginName,
    email: Option<Email>,
    password: Password,
}

impl Auth {
    /// Makes an account with the role `user`. A taken name costs the same work as a free one.
    ///
    /// # Errors
    /// [`Error::RegistrationClosed`], [`Error::Invalid`] with every bad field,
    /// [`Error::UsernameTaken`], [`Error::EmailTaken`], [`Error::Throttled`], [`Error::Busy`].
    pub async fn register(&self, form: Registration, client: &Client) -> Result<User, Error> {
        if !self.settings.registration_open {
            return Err(Error::RegistrationClosed);
        }
        let candidate = self.candidate(form)?;
        self.throttle.register(client.ip).map_err(|refused| self.refused(refused, None))?;
        let hash = self.hash(&candidate.password).await?;
        self.store.retry(|| self.try_register(&candidate, &hash, client)).await
    }

    fn candidate(&self, registration: Registration) -> Result<Candidate, Error> {
        let mut form = Form::default();
        let username = form.username(&registration.username);
        if username.as_ref().is_some_and(LoginName::is_reserved) {
            form.refuse("username", "is reserved");
        }
        let email = form.email(registration.email);
        let known = username.as_ref().map(|n| names(n, email.as_ref().and_then(Option::as_ref)));
        let policy = (&self.settings.policy, known.as_deref().unwrap_or_default());
        let password = form.new_password("password", registration.password, policy);
        form.finish()?;
        match (username, email, password) {
            (Some(username), Some(email), Some(password)) => {
                Ok(Candidate { username, email, password })
            }
            (_, _, _) => Err(Error::Invalid(Vec::new())),
        }
    }

    /// Hashes a new password in the pool.
    pub(super) async fn hash(&self, password: &Password) -> Result<PasswordHash, Error> {
        self.passwords.hash(password).await.map_err(|_| self.busy())
    }

    /// A new account, not stored yet.
    pub(super) fn new_user(&self, username: LoginName, roles: Roles) -> User {
        User {
            id: self.random.id(),
            username,
            email: None,
            email_verified: false,
            display_name: None,
            roles,
            disabled: false,
            created_at: self.clock.now(),
            epoch: 1,
            api_since: 0,
            password: None,
        }
    }

    /// Refuses a name or an address that another account has.
    pub(super) async fn refuse_taken(
        &self,
        username: Option<&LoginName>,
        email: Option<&Email>,
    ) -> Result<(), Error> {
        if let Some(name) = username
            && self.store.users().by_name(name).await?.is_some()
        {
            return Err(Error::UsernameTaken);
        }
        if let Some(email) = email
            && self.store.users().by_email(email).await?.is_some()
        {
            return Err(Error::EmailTaken);
        }
        Ok(())
    }

    async fn try_register(
        &self,
        candidate: &Candidate,
        hash: &PasswordHash,
        client: &Client,
    ) -> Result<User, Error> {
        self.refuse_taken(Some(&candidate.username), candidate.email.as_ref()).await?;
        let mut user = self
            .new_user(candidate.username.clone(), Roles::from([Role::user()]))
            .with_email(candidate.email.clone(), false);
        user.password = Some(hash.clone());
        let event =
            self.event(About::user(EventKind::Registered, user.id), Actor::User(user.id), client);
        self.commit_with(self.store.users().insert(&user), event).await?;
        Ok(user)
    }
}
