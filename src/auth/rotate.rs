//! Signing keys: what is served, and the change to a new one.

use tokio::sync::MutexGuard;

use super::audit::About;
use super::keyring::StartError;
use super::{Access, Auth, Client, Error, KeyView};
use crate::crypto::{self, KeyPair, PublicJwk};
use crate::model::{Algorithm, EventKind, KeyId, KeyState, Role, Rule, SigningKey, Timestamp};
use crate::store::engine::Commit;

impl Auth {
    /// The public keys by which tokens are verified now.
    #[must_use]
    pub fn jwks(&self) -> Vec<PublicJwk> {
        self.keyring.views(self.clock.now()).into_iter().map(|view| view.jwk).collect()
    }

    /// The keys and what each is doing, for an administrator.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn keys(&self, access: &Access) -> Result<Vec<KeyView>, Error> {
        access.require(&Role::admin())?;
        Ok(self.keyring.views(self.clock.now()))
    }

    /// Publishes a new key that signs once every cache has seen it. While one is waiting
    /// already, nothing more happens.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Store`].
    pub async fn rotate_keys(
        &self,
        access: &Access,
        client: &Client,
    ) -> Result<Vec<KeyView>, Error> {
        access.require(&Role::admin())?;
        let _turn = self.key_turn().await?;
        let now = self.clock.now();
        if !self.keyring.records().iter().any(|key| key.signs_from > now) {
            let signs_from = now.plus(self.keyring.schedule().publish_ahead);
            let new_key = self.new_key((now, signs_from)).await?;
            let commit = self.still_allowed(access).await?.and(new_key);
            let event = self.event(About::nobody(EventKind::KeyRotated), access.actor(), client);
            self.commit_with(commit, event).await?;
            self.reload_keys().await?;
        }
        self.keys(access)
    }

    /// Drops a key at once, with every token it signed; if it was the one that signs, a new one
    /// signs from now on, known to verifiers or not. For a key that got out.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Store`].
    pub async fn revoke_key(
        &self,
        access: &Access,
        id: KeyId,
        client: &Client,
    ) -> Result<Vec<KeyView>, Error> {
        access.require(&Role::admin())?;
        let _turn = self.key_turn().await?;
        let now = self.clock.now();
        let records = self.keyring.records();
        let record = records.iter().find(|key| key.id == id);
        let record = record.ok_or(Error::NotFound(Rule::KeyUnknown))?;
        let mut commit = self.still_allowed(access).await?.and(self.store.keys().remove(id));
        if self.keyring.schedule().state(&records, record, now) == KeyState::Signing {
            commit = commit.and(self.new_key((now, now)).await?);
        }
        let mut event = self.event(About::nobody(EventKind::KeyRevoked), access.actor(), client);
        event.detail = Some(format!("kid {id}"));
        self.keyring.forget(id);
        let done = self.commit_with(commit, event).await;
        self.reload_keys().await?;
        done?;
        self.keys(access)
    }

    /// A new key, and the part of a commit that stores it. Making an RSA key takes a second.
    async fn new_key(&self, times: (Timestamp, Timestamp)) -> Result<Commit, Error> {
        let algorithm: Algorithm = self.settings.algorithm;
        let made = tokio::task::spawn_blocking(move || KeyPair::generate(algorithm)).await;
        let pair = made.map_err(|_| Error::Crypto(crypto::Error::Generation))??;
        let record = self.keyring.seal(&pair, times, &self.random);
        Ok(self.store.keys().insert(&record))
    }

    /// The part of a commit after which a key signs at `now` and none waits for a time that a
    /// wrong clock has told.
    pub(super) async fn keys_at(&self, now: Timestamp) -> Result<Commit, Error> {
        let latest = now.plus(self.keyring.schedule().publish_ahead);
        let (late, good): (Vec<SigningKey>, Vec<SigningKey>) =
            self.keyring.records().into_iter().partition(|key| key.signs_from > latest);
        let keys = self.store.keys();
        let commit = late.iter().fold(Commit::new(), |c, key| c.and(keys.remove(key.id)));
        match self.keyring.schedule().signing(&good, now) {
            Some(_) => Ok(commit),
            None => Ok(commit.and(self.new_key((now, now)).await?)),
        }
    }

    /// The right to change the keys, and the keys as stored: a change whose client hung up may
    /// have been committed and not read again.
    pub(super) async fn key_turn(&self) -> Result<MutexGuard<'_, ()>, Error> {
        let turn = self.keyring.turn().await;
        self.reload_keys().await?;
        Ok(turn)
    }

    pub(super) async fn reload_keys(&self) -> Result<(), Error> {
        self.keyring.reload(&self.store).await.map_err(|error| match error {
            StartError::Store(error) => Error::Store(error),
            StartError::Crypto(error) => Error::Crypto(error),
            StartError::WrongMasterKey(_) => Error::Crypto(crypto::Error::BadKey),
        })
    }

    /// Removes the records of keys whose last token has expired, and reads the keys again: a
    /// change whose caller went away before it was read is known here at the latest.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer.
    pub(super) async fn tend_keys(&self) -> Result<(), Error> {
        let _turn = self.key_turn().await?;
        let (records, now) = (self.keyring.records(), self.clock.certain());
        let schedule = self.keyring.schedule();
        let is_gone = |key: &&SigningKey| schedule.state(&records, key, now) == KeyState::Gone;
        let gone: Vec<KeyId> = records.iter().filter(is_gone).map(|key| key.id).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let keys = self.store.keys();
        let commit = gone.iter().fold(Commit::new(), |commit, id| commit.and(keys.remove(*id)));
        self.store.commit(commit).await?;
        self.reload_keys().await
    }
}
