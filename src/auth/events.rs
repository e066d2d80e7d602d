//! The audit trail for an administrator.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Access, Auth, Error};
use crate::model::{Event, EventKind, Role, UserId};
use crate::store::Events;

/// Which events, and from where on.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// 1 to 100.
    pub limit: usize,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// Only those about this account.
    pub user: Option<UserId>,
    /// Only those of this kind.
    pub kind: Option<EventKind>,
}

/// A page of events.
#[derive(Debug)]
pub struct EventPage {
    /// Newest first.
    pub events: Vec<Event>,
    /// For the next page; `None` at the end. A page under a filter may hold fewer events than
    /// asked for and still go on.
    pub next_cursor: Option<String>,
}

/// How many events one request looks at, however few of them match.
const MOST_LOOKED_AT: usize = 5_000;
/// How many are read at once.
const BATCH: usize = 100;

impl Auth {
    /// A page of the audit trail.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Invalid`] for a cursor that no page gave.
    pub async fn events(&self, access: &Access, filter: &EventFilter) -> Result<EventPage, Error> {
        access.require(&Role::admin())?;
        let start = filter.cursor.as_deref().map(place).transpose()?;
        self.search(start, filter.limit, |event| {
            filter.user.is_none_or(|id| event.user == Some(id))
                && filter.kind.is_none_or(|kind| event.kind == kind)
        })
        .await
    }

    /// What one request did, among the latest events; empty when none of them is of it.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn events_of_request(
        &self,
        access: &Access,
        request_id: &str,
    ) -> Result<Vec<Event>, Error> {
        access.require(&Role::admin())?;
        let is_of = |event: &Event| event.request_id.as_deref() == Some(request_id);
        Ok(self.search(None, BATCH, is_of).await?.events)
    }

    async fn search(
        &self,
        mut after: Option<Vec<u8>>,
        limit: usize,
        is_wanted: impl Fn(&Event) -> bool,
    ) -> Result<EventPage, Error> {
        let mut events = Vec::new();
        for _ in 0..MOST_LOOKED_AT / BATCH {
            let batch = self.store.events().list(after.as_deref(), BATCH).await?;
            let is_last = batch.len() < BATCH;
            for (key, event) in batch {
                after = Some(key);
                if is_wanted(&event) {
                    events.push(event);
                }
                if events.len() == limit {
                    return Ok(EventPage { events, next_cursor: after.map(|k| cursor(&k)) });
                }
            }
            if is_last {
                return Ok(EventPage { events, next_cursor: None });
            }
        }
        Ok(EventPage { events, next_cursor: after.map(|key| cursor(&key)) })
    }
}

fn cursor(place: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

fn place(cursor: &str) -> Result<Vec<u8>, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().filter(|bytes| Events::is_place(bytes));
    bytes.ok_or_else(|| Error::invalid("cursor", "must be the next_cursor of an earlier page"))
}
