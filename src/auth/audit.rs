//! The audit trail as it is written: one event in the commit of each change, one log line for
//! each event, and failed logins gathered so that an attack does not fill the disk.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Auth, Client, Error};
use crate::model::{Actor, Event, EventKind, Outcome, SessionId, UserId};
use crate::store::Fingerprint;
use crate::store::engine::{Commit, MAX_COMMIT};

/// Failed logins of one account from one network are written at most this often.
pub const FAILURES_EVERY: Duration = Duration::from_mins(1);

/// How many accounts and networks are gathered apart; beyond that they share one count.
const MOST_GATHERED: usize = 4_096;

/// Events written in one commit, two keys each.
const BATCH: usize = MAX_COMMIT / 2;

/// What an event is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub(super) kind: EventKind,
    pub(super) user: Option<UserId>,
    pub(super) session: Option<SessionId>,
}

impl About {
    /// An event about an account.
    pub(super) fn user(kind: EventKind, user: UserId) -> Self {
        Self { kind, user: Some(user), session: None }
    }

    /// An event about one session of an account.
    pub(super) fn session(kind: EventKind, user: UserId, session: SessionId) -> Self {
        Self { kind, user: Some(user), session: Some(session) }
    }

    /// An event about no account.
    pub(super) fn nobody(kind: EventKind) -> Self {
        Self { kind, user: None, session: None }
    }
}

impl Auth {
    /// An event of now.
    pub(super) fn event(&self, about: About, actor: Actor, client: &Client) -> Event {
        Event {
            id: self.random.id(),
            time: self.clock.now(),
            kind: about.kind,
            actor,
            user: about.user,
            session: about.session,
            ip: client.ip.map(|ip| ip.to_canonical().to_string()),
            request_id: client.request_id.clone(),
            outcome: Outcome::Done,
            detail: None,
            count: 1,
            seal: None,
        }
    }

    /// Commits a change together with its event, and logs it once it is durable.
    pub(super) async fn commit_with(&self, commit: Commit, event: Event) -> Result<(), Error> {
        self.commit_with_all(commit, &[event]).await
    }

    /// As [`Auth::commit_with`], for a change that is several things at once.
    pub(super) async fn commit_with_all(
        &self,
        commit: Commit,
        events: &[Event],
    ) -> Result<(), Error> {
        let trail = self.store.events();
        self.store.commit(events.iter().fold(commit, |c, e| c.and(trail.insert(e)))).await?;
        self.sealer.note(events.len());
        for event in events {
            self.told.tell(event);
        }
        Ok(())
    }

    /// Notes a refused login; [`Auth::write_failures`] writes it.
    pub(super) fn note_failed_login(
        &self,
        key: Fingerprint,
        user: Option<UserId>,
        client: &Client,
    ) {
        let about = About { kind: EventKind::LoginFailed, user, session: None };
        self.note_refused(key, about, client);
    }

    /// Notes that a service was refused, gathered like logins.
    pub(super) fn note_refused_service(&self, key: Fingerprint, client: &Client) {
        self.note_refused(key, About::nobody(EventKind::ServiceRefused), client);
    }

    fn note_refused(&self, key: Fingerprint, about: About, client: &Client) {
        let mut event = self.event(about, Actor::Anonymous, client);
        event.outcome = Outcome::Refused;
        self.failures.note(key, event);
    }

    /// Writes the refused logins gathered so far, each account and network at most once a
    /// minute; all of them when the server stops.
    ///
    /// # Errors
    /// [`Error::Store`] when they could not be written; they are gathered again.
    pub async fn write_failures(&self, stopping: bool) -> Result<(), Error> {
        let now = self.clock.monotonic();
        let due = self.failures.due(now, stopping);
        for (number, chunk) in due.chunks(BATCH).enumerate() {
            let events = self.store.events();
            let commit = chunk.iter().fold(Commit::new(), |c, (_, e)| c.and(events.insert(e)));
            if let Err(error) = self.store.commit(commit).await {
                self.failures.put_back(&due[number * BATCH..]);
                return Err(error.into());
            }
            self.sealer.note(chunk.len());
            for (_, event) in chunk {
                self.told.tell(event);
            }
        }
        Ok(())
    }
}

/// Events that were told, by their kind.
#[derive(Debug)]
pub(super) struct Told([AtomicU64; EventKind::ALL.len()]);

impl Default for Told {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; EventKind::ALL.len()])
    }
}

impl Told {
    /// Logs an event that is durable, and counts what is gathered in it.
    fn tell(&self, event: &Event) {
        log(event);
        if let Some(count) = self.0.get(event.kind as usize) {
            count.fetch_add(u64::from(event.count), Ordering::Relaxed);
        }
    }

    /// How many there were of each kind.
    pub(super) fn counts(&self) -> Vec<(EventKind, u64)> {
        let count = |kind: EventKind| self.0.get(kind as usize).map(|n| n.load(Ordering::Relaxed));
        EventKind::ALL.iter().map(|kind| (*kind, count(*kind).unwrap_or_default())).collect()
    }
}

/// One line for each event: a sentence, and fields for machines. Absent ones are left out.
fn log(event: &Event) {
    tracing::info!(
        target: "doorkey::audit",
        event = ?event.kind,
        outcome = ?event.outcome,
        actor = %event.actor,
        user = event.user.map(tracing::field::display),
        session = event.session.map(tracing::field::display),
        ip = event.ip.as_deref(),
        request.id = event.request_id.as_deref(),
        detail = event.detail.as_deref(),
        count = event.count,
        "{}",
        event.kind.sentence()
    );
}

/// Refused logins that wait to be written, by account and network.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<HashMap<Fingerprint, Gathered>>);

#[derive(Debug)]
struct Gathered {
    waiting: Option<Event>,
    written_at: Option<Duration>,
}

/// The key of all that came after the map was full.
const OVERFLOW: Fingerprint = [0; 16];

impl Failures {
    fn note(&self, key: Fingerprint, event: Event) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = map.len() >= MOST_GATHERED && !map.contains_key(&key);
        let key = if full { OVERFLOW } else { key };
        let gathered = map.entry(key).or_insert(Gathered { waiting: None, written_at: None });
        let count = gathered.waiting.as_ref().map_or(0, |e| e.count);
        let user = if full { None } else { event.user };
        gathered.waiting = Some(Event { count: count.saturating_add(1), user, ..event });
    }

    /// Takes what may be written at `now`, and forgets whom nobody has tried for a minute.
    fn due(&self, now: Duration, all: bool) -> Vec<(Fingerprint, Event)> {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let may = |at: Option<Duration>| {
            all || at.is_none_or(|at| now.saturating_sub(at) >= FAILURES_EVERY)
        };
        let mut due = Vec::new();
        map.retain(|key, gathered| {
            if may(gathered.written_at) {
                let event = gathered.waiting.take();
                let keep = event.is_some();
                gathered.written_at = Some(now);
                due.extend(event.map(|event| (*key, event)));
                keep
            } else {
                true
            }
        });
        due
    }

    /// Keeps events that could not be written for the next time, together with what came since.
    fn put_back(&self, due: &[(Fingerprint, Event)]) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, event) in due {
            let Some(gathered) = map.get_mut(key) else { continue };
            let since = gathered.waiting.as_ref().map_or(0, |later| later.count);
            let kept = gathered.waiting.get_or_insert_with(|| event.clone());
            kept.count = event.count.saturating_add(since);
            gathered.written_at = None;
        }
    }
}
