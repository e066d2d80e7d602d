//! The signing keys, opened once and kept in memory; what each is doing follows from the time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::Error;
use crate::crypto::{
    self, AuditKey, FormKey, ForwardKey, KeyPair, MasterKey, PublicJwk, Random, VerifyingKey,
};
use crate::model::{Algorithm, KeyId, KeySchedule, KeyState, SigningKey, Timestamp};
use crate::store::{self, Store};

/// Why the keys could not be opened.
#[derive(Debug)]
pub enum StartError {
    /// The master key does not open this signing key.
    WrongMasterKey(KeyId),
    /// The store could not be read or written.
    Store(store::Error),
    /// A key could not be made.
    Crypto(crypto::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongMasterKey(id) => write!(
                f,
                "the master key does not open the signing key {id}: it is not the master key that this store was made with; put the right one back"
            ),
            Self::Store(error) => write!(f, "{error}"),
            Self::Crypto(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<store::Error> for StartError {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<crypto::Error> for StartError {
    fn from(error: crypto::Error) -> Self {
        Self::Crypto(error)
    }
}

/// A key for an administrator: nothing of its private part.
#[derive(Debug)]
pub struct KeyView {
    /// Public part.
    pub jwk: PublicJwk,
    /// Times and algorithm.
    pub record: SigningKey,
    /// What it is doing now.
    pub state: KeyState,
    /// When it stops being served; `None` while no later key is known.
    pub served_until: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct Opened {
    pair: Arc<KeyPair>,
    verifying: Arc<VerifyingKey>,
}

/// All keys at one moment; replaced whole.
#[derive(Debug, Default)]
struct Ring {
    records: Vec<SigningKey>,
    opened: HashMap<KeyId, Opened>,
}

impl Ring {
    /// The key with this id, if its tokens are accepted at this time.
    fn accepted(&self, id: &KeyId, (schedule, now): (KeySchedule, Timestamp)) -> Option<&Opened> {
        let record = self.records.iter().find(|record| record.id == *id)?;
        match schedule.state(&self.records, record, now) {
            KeyState::Next | KeyState::Signing | KeyState::Retiring => self.opened.get(id),
            KeyState::Gone => None,
        }
    }
}

/// The signing keys of a server.
#[derive(Debug)]
pub struct Keyring {
    ring: RwLock<Arc<Ring>>,
    master: MasterKey,
    schedule: KeySchedule,
    /// Held over each change of the records and the reload that follows, so that an older
    /// reading never replaces a newer one.
    changing: tokio::sync::Mutex<()>,
}

/// The name under which a private key is sealed: the record's key, so that no sealed text can
/// be moved to another record.
fn sealing_context(id: KeyId) -> Vec<u8> {
    format!("key/{id}").into_bytes()
}

impl Keyring {
    /// Opens the keys of the store; makes the first one in an empty store, and the next one
    /// when the configured algorithm has changed.
    ///
    /// # Errors
    /// [`StartError`]: above all a master key that does not fit, which is never replaced.
    pub async fn open(
        store: &Store,
        master: MasterKey,
        algorithm: Algorithm,
        (now, random): (Timestamp, &Random),
    ) -> Result<Self, StartError> {
        let keyring = Self {
            ring: RwLock::default(),
            master,
            schedule: KeySchedule::default(),
            changing: tokio::sync::Mutex::default(),
        };
        keyring.reload(store).await?;
        let latest = keyring.ring().records.iter().max_by_key(|k| (k.signs_from, k.id)).cloned();
        let signs_from = match latest {
            Some(key) if key.algorithm == algorithm => return Ok(keyring),
            Some(_) => now.plus(keyring.schedule.publish_ahead),
            None => now,
        };
        let pair = KeyPair::generate(algorithm)?;
        let record = keyring.seal(&pair, (now, signs_from), random);
        store.commit(store.keys().insert(&record)).await?;
        keyring.reload(store).await?;
        Ok(keyring)
    }

    /// Reads the records again and opens those not opened yet.
    ///
    /// # Errors
    /// As [`Keyring::open`]; the keys stay as they were.
    pub(super) async fn reload(&self, store: &Store) -> Result<(), StartError> {
        let records = store.keys().all().await?;
        let before = self.ring();
        let mut opened = HashMap::new();
        for record in &records {
            let key = match before.opened.get(&record.id) {
                Some(key) => key.clone(),
                None => self.unseal(record)?,
            };
            opened.insert(record.id, key);
        }
        let ring = Arc::new(Ring { records, opened });
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }

    fn unseal(&self, record: &SigningKey) -> Result<Opened, StartError> {
        let wrong = || StartError::WrongMasterKey(record.id);
        let context = sealing_context(record.id);
        let pkcs8 = self.master.open(&context, &record.sealed).map_err(|_| wrong())?;
        let pair = KeyPair::from_pkcs8(record.algorithm, &pkcs8)?;
        if pair.id() != record.id {
            return Err(wrong());
        }
        let verifying = Arc::new(pair.verifying_key());
        Ok(Opened { pair: Arc::new(pair), verifying })
    }

    /// The record of a new key.
    pub(super) fn seal(
        &self,
        pair: &KeyPair,
        (created_at, signs_from): (Timestamp, Timestamp),
        random: &Random,
    ) -> SigningKey {
        let id = pair.id();
        let sealed = self.master.seal(&sealing_context(id), pair.pkcs8(), random);
        SigningKey { id, algorithm: pair.algorithm(), sealed, created_at, signs_from }
    }

    /// Waits for other changes of the keys; none comes between while the guard lives.
    pub(super) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.changing.lock().await
    }

    /// Forgets a key at once, before its record goes: whatever happens then, no token of it is
    /// accepted. If the record stays after all, the next reload brings the key back.
    pub(super) fn forget(&self, id: KeyId) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let records = ring.records.iter().filter(|record| record.id != id).cloned().collect();
        let mut opened = ring.opened.clone();
        opened.remove(&id);
        *ring = Arc::new(Ring { records, opened });
    }

    fn ring(&self) -> Arc<Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key that proves the end of the audit trail.
    pub(super) fn audit_key(&self) -> AuditKey {
        self.master.audit_key()
    }

    /// The key that proves forms.
    pub(super) fn form_key(&self) -> FormKey {
        self.master.form_key()
    }

    /// The key that proves the cookies of forward-auth.
    pub(super) fn forward_key(&self) -> ForwardKey {
        self.master.forward_key()
    }

    /// When keys change over.
    pub(super) fn schedule(&self) -> KeySchedule {
        self.schedule
    }

    /// The records, those that are gone included.
    pub(super) fn records(&self) -> Vec<SigningKey> {
        self.ring().records.clone()
    }

    /// The key that signs at `now`.
    ///
    /// # Errors
    /// [`Error::ClockNotSet`] when none does: the clock stands before the first key was made.
    pub(super) fn signing(&self, now: Timestamp) -> Result<Arc<KeyPair>, Error> {
        let ring = self.ring();
        let record = self.schedule.signing(&ring.records, now);
        let opened = record.and_then(|record| ring.opened.get(&record.id));
        opened.map(|key| key.pair.clone()).ok_or(Error::ClockNotSet)
    }

    /// The key with this id, if its tokens are still accepted at `now`.
    pub(super) fn verifying(&self, id: &KeyId, now: Timestamp) -> Option<Arc<VerifyingKey>> {
        let ring = self.ring();
        let opened = ring.accepted(id, (self.schedule, now))?;
        Some(opened.verifying.clone())
    }

    /// Whether tokens of this key are still accepted at `now`.
    pub(super) fn accepts(&self, id: &KeyId, now: Timestamp) -> bool {
        self.ring().accepted(id, (self.schedule, now)).is_some()
    }

    /// The keys that are served at `now`, the latest first.
    pub(super) fn views(&self, now: Timestamp) -> Vec<KeyView> {
        let ring = self.ring();
        let mut views: Vec<KeyView> = ring
            .records
            .iter()
            .filter_map(|record| {
                Some(KeyView {
                    jwk: ring.opened.get(&record.id)?.pair.public_jwk(),
                    state: self.schedule.state(&ring.records, record, now),
                    served_until: self.schedule.served_until(&ring.records, record),
                    record: record.clone(),
                })
            })
            .filter(|view| view.state != KeyState::Gone)
            .collect();
        views.sort_by_key(|view| std::cmp::Reverse((view.record.signs_from, view.record.id)));
        views
    }
}
