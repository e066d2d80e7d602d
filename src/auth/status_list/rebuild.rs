//! The lists of earlier runs, out of the records.

use std::collections::BTreeMap;

use super::list::List;
use super::{Kept, MOST_LISTS, Noted, SKEW, StatusLists};
use crate::auth::{Auth, Error};
use crate::model::{Session, StatusListId, StatusRef, Timestamp};

/// Records read at once. Between pages others come to their turn.
const PAGE: usize = 100;

/// The lists of earlier runs, as far as they were read.
#[derive(Debug, Default)]
struct Reading {
    lists: BTreeMap<StatusListId, List>,
    /// Records that could not be read, and sessions for whose list there was no room.
    damaged: usize,
    homeless: usize,
}

impl Reading {
    /// The list with this name, if there may be one more.
    fn list(&mut self, id: StatusListId) -> Option<&mut List> {
        if !self.lists.contains_key(&id) && self.lists.len() >= MOST_LISTS {
            self.homeless += 1;
            return None;
        }
        Some(self.lists.entry(id).or_insert_with(|| List::new(0)))
    }

    /// A session lives, which outranks what was said of an earlier one at its place.
    fn lives(&mut self, place: StatusRef, until: Timestamp) {
        if let Some(list) = self.list(place.list) {
            list.hold(place.index, until);
        }
    }

    /// A session has ended, and its tokens may live until then.
    fn ended(&mut self, place: StatusRef, until: Timestamp) {
        if let Some(list) = self.list(place.list)
            && list.is_free(place.index)
        {
            list.end(place.index, until);
        }
    }
}

impl StatusLists {
    /// Whether the lists of earlier runs are there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.table().noted.is_none()
    }

    /// Takes the lists that were read. False when more has ended meanwhile than was noted.
    fn adopt(&self, reading: Reading) -> bool {
        let mut table = self.table();
        if table.noted.as_ref().is_some_and(|noted| noted.is_full) {
            table.noted = Some(Noted::default());
            return false;
        }
        let noted = table.noted.take().unwrap_or_default();
        for (id, list) in reading.lists {
            table.lists.entry(id).or_insert_with(|| Kept::from(list));
        }
        for end in noted.ended {
            if let Some(kept) = table.lists.get_mut(&end.place.list) {
                kept.list.hears(end);
            }
        }
        true
    }
}

impl Auth {
    /// Reads the lists of earlier runs. Until it is done verifiers are told nothing by them, and
    /// afterwards nothing by lists that no session of the store is in.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer; then it has to be called again.
    pub async fn rebuild_status_lists(&self) -> Result<(), Error> {
        while !self.status_lists.is_whole() {
            let reading = self.read_places().await?;
            let (damaged, homeless) = (reading.damaged, reading.homeless);
            if damaged + homeless > 0 {
                tracing::error!(
                    damaged,
                    homeless,
                    "not every session got back its place in a status list: verifiers refuse the \
                     tokens of those without one until they log in again"
                );
            }
            if self.status_lists.adopt(reading) {
                self.status_lists.tend();
            }
        }
        Ok(())
    }

    async fn read_places(&self) -> Result<Reading, Error> {
        // As long as a verifier may hold an older list the place is not free.
        let past = self.clock.certain().minus(self.status_lists.ttl + SKEW);
        let mut reading = Reading::default();
        let mut after = None;
        loop {
            let page = self.store.ended().page(after.as_deref(), PAGE).await?;
            reading.damaged += page.damaged;
            for ended in page.records.iter().filter(|ended| ended.until > past) {
                ended.places().for_each(|place| reading.ended(place, ended.until));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        loop {
            let page = self.store.sessions().page(after.as_deref(), PAGE).await?;
            reading.damaged += page.damaged;
            for session in &page.records {
                self.read_place(session, &mut reading).await?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(reading);
            }
        }
    }

    /// Takes note of one session.
    async fn read_place(&self, session: &Session, reading: &mut Reading) -> Result<(), Error> {
        let now = self.clock.certain();
        let Some(place) = session.status.filter(|_| session.expires_at > now) else {
            return Ok(());
        };
        if let Some(at) = session.revoked_at {
            if session.tokens_until(at) > now {
                reading.ended(place, session.tokens_until(at));
            }
            return Ok(());
        }
        let user = self.store.users().get(session.user).await?;
        match user.filter(|user| user.value.epoch == session.epoch && !user.value.disabled) {
            Some(_) => reading.lives(place, session.expires_at),
            // Since when is not known: no longer than since now.
            None => reading.ended(place, session.tokens_until(self.clock.now())),
        }
        Ok(())
    }
}
