//! The first administrator: no default account, no default password, one secret for one use.

use super::audit::About;
use super::form::Form;
use super::register::names;
use super::throttle::Attempter;
use super::{Auth, Client, Error};
use crate::crypto::{fingerprint, hash_text};
use crate::model::{Actor, EventKind, LoginName, PasswordHash, Role, Roles, Rule, Secret, User};

/// What the owner of a new server sends.
#[derive(Debug)]
pub struct SetupRequest {
    /// The one-time secret.
    pub secret: Secret,
    /// The wanted name.
    pub username: String,
    /// The wanted password.
    pub password: Secret,
}

/// How long a setup secret is: 32 characters of 32 make 160 bits.
const SECRET_LENGTH: usize = 32;

impl Auth {
    /// The setup secret to show while there is no administrator: `existing` if it is still the
    /// one that waits, else a new one. `None` when there is an administrator.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer.
    pub async fn prepare_setup(&self, existing: Option<Secret>) -> Result<Option<Secret>, Error> {
        if !self.needs_setup().await? {
            return Ok(None);
        }
        let waiting = self.store.setup().get().await?;
        if let (Some(existing), Some(waiting)) = (existing, waiting)
            && hash_text(existing.expose()) == waiting.value
        {
            return Ok(Some(existing));
        }
        let secret = self.random.text(SECRET_LENGTH);
        self.store.commit(self.store.setup().set(&hash_text(secret.expose()))).await?;
        Ok(Some(secret))
    }

    /// Whether there is no administrator yet.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer.
    pub async fn needs_setup(&self) -> Result<bool, Error> {
        Ok(self.store.users().admins().await?.value == 0)
    }

    /// Waits until an administrator has been made, so that the secret can be cleared away.
    pub async fn setup_used(&self) {
        self.setup_used.notified().await;
    }

    /// Makes the first administrator. Of two at once one wins.
    ///
    /// # Errors
    /// [`Error::NotFound`] once there is an administrator, [`Error::InvalidCredentials`] for a
    /// wrong secret (throttled), [`Error::Invalid`], [`Error::UsernameTaken`].
    pub async fn set_up(&self, request: SetupRequest, client: &Client) -> Result<User, Error> {
        self.check_setup_secret(&request.secret, client).await?;
        let mut form = Form::default();
        let username = form.username(&request.username);
        let known = username.as_ref().map(|name| names(name, None)).unwrap_or_default();
        let policy = (&self.settings.policy, known.as_slice());
        let password = form.new_password("password", request.password, policy);
        form.finish()?;
        let (Some(username), Some(password)) = (username.clone(), password) else {
            return Err(Error::Invalid(Vec::new()));
        };
        let hash = self.hash(&password).await?;
        self.store.retry(|| self.try_set_up(&username, &hash, client)).await
    }

    async fn check_setup_secret(&self, secret: &Secret, client: &Client) -> Result<(), Error> {
        let waiting = self.store.setup().get().await?.ok_or(Error::NotFound(Rule::SetupOver))?;
        if self.store.users().admins().await?.value > 0 {
            return Err(Error::NotFound(Rule::SetupOver));
        }
        let account = fingerprint(&[b"setup"]);
        let who = Attempter { account, ip: client.ip, is_known: true, device: None };
        let reservation = self.throttle.reserve(&who).await.map_err(|r| self.refused(r, None))?;
        if hash_text(secret.expose()) == waiting.value {
            reservation.succeeded();
            Ok(())
        } else {
            reservation.failed();
            self.note_failed_login(who.failure_key(), None, client);
            Err(Error::InvalidCredentials(Rule::SetupSecret.into()))
        }
    }

    async fn try_set_up(
        &self,
        username: &LoginName,
        hash: &PasswordHash,
        client: &Client,
    ) -> Result<User, Error> {
        // The commit relies on this very reading: a second one might already count the winner.
        let nobody = self.store.users().admins().await?;
        if nobody.value > 0 {
            return Err(Error::NotFound(Rule::SetupOver));
        }
        self.refuse_taken(Some(username), None).await?;
        let mut user = self.new_user(username.clone(), Roles::from([Role::admin(), Role::user()]));
        user.password = Some(hash.clone());
        let users = self.store.users();
        let commit =
            users.insert(&user).and(users.set_admins(&nobody, 1)).and(self.store.setup().remove());
        let about = About::user(EventKind::SetUp, user.id);
        self.commit_with(commit, self.event(about, Actor::User(user.id), client)).await?;
        self.told_of_admin(&user);
        Ok(user)
    }
}
