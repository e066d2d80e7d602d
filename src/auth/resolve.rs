//! Who is meant by the name in a login, and what the throttle may know of the caller.

use super::network::known_network;
use super::throttle::{Attempter, Refused};
use super::{Auth, Client, Error};
use crate::crypto::fingerprint;
use crate::model::{Denial, Email, LoginName, RefreshToken, Rule, SessionId, User, UserId};
use crate::store::{Fingerprint, Stored};

/// A network counts as known this long after a good login.
const KNOWN_FOR: std::time::Duration = std::time::Duration::from_hours(30 * 24);

/// What is known of the device that sends a password.
#[derive(Debug, Clone, Copy)]
pub(super) enum Device<'a> {
    /// Nothing.
    Unknown,
    /// It sent this cookie, which proves something or not.
    Cookie(&'a RefreshToken),
    /// Its access token has proved a session of the account. It has no counter of its own: who
    /// guesses with a stolen token shares the one of the logins from there.
    Proved,
}

impl<'a> From<Option<&'a RefreshToken>> for Device<'a> {
    fn from(cookie: Option<&'a RefreshToken>) -> Self {
        cookie.map_or(Self::Unknown, Self::Cookie)
    }
}

/// The account that a login names.
#[derive(Debug)]
pub(super) struct Resolved {
    /// One key for each account, however it is spelled; also for names that nobody has.
    pub(super) key: Fingerprint,
    /// `None` when nobody has this name.
    pub(super) user: Option<Stored<User>>,
}

/// The key of an account that exists.
pub(super) fn account_key(user: UserId) -> Fingerprint {
    fingerprint(&[b"user", user.to_string().as_bytes()])
}

impl Auth {
    /// Finds the account by its name, or by its address if that is verified. Spaces around and
    /// the case do not matter, so that every spelling shares one counter.
    pub(super) async fn resolve(&self, typed: &str) -> Result<Resolved, Error> {
        let typed = typed.trim();
        let user = if typed.contains('@') {
            self.by_verified_email(typed).await?
        } else {
            match LoginName::try_from(typed) {
                Ok(name) => self.store.users().by_name(&name).await?,
                Err(_) => None,
            }
        };
        let key = match &user {
            Some(user) => account_key(user.value.id),
            None => fingerprint(&[b"name", typed.to_lowercase().as_bytes()]),
        };
        Ok(Resolved { key, user })
    }

    async fn by_verified_email(&self, typed: &str) -> Result<Option<Stored<User>>, Error> {
        let Ok(email) = Email::try_from(typed) else { return Ok(None) };
        let user = self.store.users().by_email(&email).await?;
        Ok(user.filter(|user| user.value.email_verified))
    }

    /// What the throttle is told about this attempt: a device that holds a session of the
    /// account, live or expired but not ended, and a network with a good login within 30 days
    /// are known.
    pub(super) async fn attempter(
        &self,
        account: &Resolved,
        device: Device<'_>,
        client: &Client,
    ) -> Result<Attempter, Error> {
        let mut who =
            Attempter { account: account.key, ip: client.ip, is_known: false, device: None };
        let Some(user) = &account.user else { return Ok(who) };
        let session = match device {
            Device::Cookie(token) => self.session_of(token, user).await?,
            Device::Unknown | Device::Proved => None,
        };
        who.device = session.map(|id| fingerprint(&[b"device", id.to_string().as_bytes()]));
        who.is_known = matches!(device, Device::Proved)
            || who.device.is_some()
            || self.is_known_network(user, client).await?;
        Ok(who)
    }

    /// The session by which this cookie's device is known to the account.
    async fn session_of(
        &self,
        token: &RefreshToken,
        user: &Stored<User>,
    ) -> Result<Option<SessionId>, Error> {
        let session = self.proved_session(token).await?.map(|session| session.value);
        let known = session.filter(|session| {
            session.user == user.value.id
                && session.epoch == user.value.epoch
                && session.revoked_at.is_none()
        });
        Ok(known.map(|session| session.id))
    }

    async fn is_known_network(&self, user: &Stored<User>, client: &Client) -> Result<bool, Error> {
        let Some(ip) = client.ip else { return Ok(false) };
        let list = self.store.sessions().of_user(user.value.id).await?.value;
        Ok(list.knows_network(&known_network(ip), self.clock.now().minus(KNOWN_FOR)))
    }

    /// The throttle's refusal as ours, about this account if there is one.
    pub(super) fn refused(&self, refused: Refused, user: Option<UserId>) -> Error {
        match refused {
            Refused::Throttled(wait, counter) => {
                let detail = format!("wait {} s", wait.as_secs_f64().ceil());
                let denial = Denial::from(counter.rule()).about(user, None).with_detail(detail);
                Error::Throttled(wait, denial)
            }
            Refused::Busy => Error::Busy(self.passwords.retry_after(), Rule::QueueAttempts),
        }
    }

    /// The password queue is full.
    pub(super) fn busy(&self) -> Error {
        Error::Busy(self.passwords.retry_after(), Rule::QueuePasswords)
    }
}
