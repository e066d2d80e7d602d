//! A list for verifiers: signed, and kept for a while.

use std::sync::Arc;
use std::time::Duration;

use super::StatusLists;
use crate::auth::{Auth, Error};
use crate::crypto::{self, KeyPair, StatusList, sign_status_list};
use crate::model::{KeyId, Rule, StatusListId, StatusRef, Timestamp};

/// A list that changes is made this often at most. The bound does not suffer: it counts from when
/// a list was made.
const PAUSE: Duration = Duration::from_secs(1);

/// Until the lists of earlier runs are read, mostly far less.
const PATIENCE: Duration = Duration::from_secs(2);

/// A list as verifiers get it.
#[derive(Debug, Clone)]
pub struct SignedStatusList {
    /// The JWT.
    pub token: Arc<str>,
    /// `iat`: what ended before is in it.
    pub issued_at: Timestamp,
    /// `exp`: nobody uses it from then on.
    pub expires_at: Timestamp,
}

impl SignedStatusList {
    /// What only this token has: its signature.
    #[must_use]
    pub fn tag(&self) -> &str {
        self.token.rsplit('.').next().unwrap_or_default()
    }
}

/// A signed list with what it was made of and when.
#[derive(Debug)]
pub(super) struct Made {
    signed: SignedStatusList,
    key: KeyId,
    changes: u64,
    /// In monotonic time.
    at: Duration,
}

/// The bits of a list at one moment.
struct Snapshot {
    bits: Vec<u8>,
    changes: u64,
}

impl StatusLists {
    /// What was signed of this list, if it can still be given out; else `None`.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a list that no session is in, [`Error::Busy`] for one that may be
    /// of an earlier run whose lists are not read yet.
    fn made(
        &self,
        id: StatusListId,
        now: Timestamp,
        key: KeyId,
    ) -> Result<Option<SignedStatusList>, Error> {
        let table = self.table();
        let Some(kept) = table.lists.get(&id) else {
            return Err(match table.noted {
                Some(_) => Error::Busy(PATIENCE, Rule::StatusListNotRead),
                None => Error::NotFound(Rule::StatusListUnknown),
            });
        };
        let Some(made) = &kept.signed else { return Ok(None) };
        let (from, age) = (made.signed.issued_at, now.since(made.signed.issued_at));
        let is_old = from > now || age >= self.ttl / 2 || made.key != key;
        let has_changed = made.changes != kept.list.changes();
        let is_due = has_changed && self.clock.monotonic().saturating_sub(made.at) >= PAUSE;
        Ok(Some(made.signed.clone()).filter(|_| !is_old && !is_due))
    }

    fn snapshot(&self, id: StatusListId) -> Result<Snapshot, Error> {
        let table = self.table();
        let kept = table.lists.get(&id).ok_or(Error::NotFound(Rule::StatusListUnknown))?;
        Ok(Snapshot { bits: kept.list.bits(), changes: kept.list.changes() })
    }

    fn sign(
        &self,
        (uri, bits): (&str, &[u8]),
        issued_at: Timestamp,
        key: &KeyPair,
    ) -> Result<SignedStatusList, Error> {
        let ttl = self.ttl;
        let token = sign_status_list(key, &StatusList { uri, bits, issued_at, ttl })?.into();
        Ok(SignedStatusList { token, issued_at, expires_at: issued_at.plus(ttl) })
    }

    fn keep(&self, id: StatusListId, made: Made) {
        if let Some(kept) = self.table().lists.get_mut(&id) {
            kept.signed = Some(made);
        }
    }
}

impl Auth {
    /// A list for anyone: signed by the key of now, less than half as old as it may become. One is
    /// made at a time, and not on this thread.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a list that no session is in: a verifier refuses its tokens.
    /// [`Error::Busy`] while the lists of earlier runs are not read, [`Error::ClockNotSet`],
    /// [`Error::Crypto`].
    pub async fn status_list(&self, id: StatusListId) -> Result<SignedStatusList, Error> {
        let (lists, now) = (&self.status_lists, self.issuing_time()?);
        let key = self.keyring.signing(now)?;
        if let Some(signed) = lists.made(id, now, key.id())? {
            return Ok(signed);
        }
        let turn = Arc::clone(&lists.making).lock_owned().await;
        // Somebody may have made it meanwhile, and time has passed.
        let now = self.issuing_time()?;
        if let Some(signed) = lists.made(id, now, key.id())? {
            return Ok(signed);
        }
        let at = self.clock.monotonic();
        let Snapshot { bits, changes } = lists.snapshot(id)?;
        let (lists, uri) = (Arc::clone(lists), StatusRef::uri(&self.settings.issuer.issuer, id));
        let work = move || {
            // Held here, so that who asks and goes away begins no second one.
            let _turn = turn;
            let signed = lists.sign((&uri, &bits), now, &key)?;
            lists.keep(id, Made { signed: signed.clone(), key: key.id(), changes, at });
            Ok(signed)
        };
        let made = tokio::task::spawn_blocking(work).await;
        made.map_err(|_| Error::Crypto(crypto::Error::Signing))?
    }
}
