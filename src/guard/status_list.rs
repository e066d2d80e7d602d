//! The Token Status Lists: which sessions have ended before their tokens expire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Why;
use super::fetch::{FetchError, Issuer};
use super::keys::{KeySet, Keys, Unverified};
use super::slot::{Kept, Missing, Slot, Source};
use crate::crypto::{self, VerifiedList};
use crate::model::{Clock, StatusListId, StatusRef, Timestamp};

const MEDIA: &str = "application/statuslist+jwt";
/// The most lists in memory; one is for very many sessions.
const MAX_LISTS: usize = 256;

/// The lists of the issuer that tokens have named.
pub(super) struct Lists {
    issuer: Arc<Issuer>,
    /// The issuer's name, with which the name of each list begins.
    name: Arc<str>,
    keys: Arc<Keys>,
    clock: Clock,
    slots: Mutex<HashMap<StatusListId, Arc<Slot<ListSource>>>>,
}

pub(super) struct ListSource {
    issuer: Arc<Issuer>,
    keys: Arc<Keys>,
    clock: Clock,
    uri: String,
    path: String,
}

impl Lists {
    pub(super) fn new(issuer: Arc<Issuer>, name: Arc<str>, keys: Arc<Keys>, clock: Clock) -> Self {
        Self { issuer, name, keys, clock, slots: Mutex::default() }
    }

    /// Whether the session behind a verified token is live, by the list that it names.
    pub(super) async fn check(&self, status: StatusRef) -> Result<(), Why> {
        let list = self.slot(status.list).get().await.map_err(|missing| match missing {
            Missing::Unknown => Why::UnknownList,
            Missing::NoAnswer => Why::NoList,
        })?;
        match list.is_ended(status.index) {
            Some(false) => Ok(()),
            Some(true) => Err(Why::Ended),
            None => Err(Why::BadStatus),
        }
    }

    fn slot(&self, list: StatusListId) -> Arc<Slot<ListSource>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&list) {
            return Arc::clone(slot);
        }
        // Only signed tokens name lists, so that more than these are of a mistaken issuer.
        if slots.len() >= MAX_LISTS {
            slots.retain(|_, slot| slot.is_good());
        }
        if slots.len() >= MAX_LISTS {
            slots.clear();
        }
        let slot = Arc::new(Slot::new(self.source(list), self.clock.clone()));
        slots.insert(list, Arc::clone(&slot));
        slot
    }

    fn source(&self, list: StatusListId) -> ListSource {
        ListSource {
            issuer: Arc::clone(&self.issuer),
            keys: Arc::clone(&self.keys),
            clock: self.clock.clone(),
            uri: StatusRef::uri(&self.name, list),
            path: StatusRef::uri("", list),
        }
    }
}

impl Source for ListSource {
    type Item = VerifiedList;

    async fn fetch(&self) -> Result<Kept<VerifiedList>, FetchError> {
        let asked = self.clock.monotonic();
        let answer = self.issuer.get(&self.path, MEDIA, VerifiedList::MAX_BYTES).await?;
        let text = str::from_utf8(&answer.body);
        let text = text.map_err(|_| FetchError::Wrong("the status list is no text"))?;
        let now = self.clock.now();
        let list = self.verify(text, now).await?;
        let list_end = list.expires_at;
        let left = list_end.since(now);
        let (renew_from, good_until) = (asked + left / 2, asked + left);
        let (item, expires_at) = (Arc::new(list), Some(list_end));
        Ok(Kept { item, renew_from, wait_from: good_until, good_until, expires_at })
    }
}

impl ListSource {
    async fn verify(&self, text: &str, now: Timestamp) -> Result<VerifiedList, FetchError> {
        let check =
            |keys: &KeySet| crypto::verify_status_list(text, |id| keys.find(id), &self.uri, now);
        self.keys.verify(check).await.map_err(|unverified| match unverified {
            Unverified::NoKeys => FetchError::Wrong("there are no keys to verify by"),
            Unverified::Refused(refusal) => FetchError::Refused(refusal),
        })
    }
}
