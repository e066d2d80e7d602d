//! The seals over the audit trail, the events that wait for one, and the end of the chain.

use super::Error;
use super::engine::{Commit, Engine, Entry, MAX_COMMIT};
use super::events::event_key;
use super::record::{Stored, corrupt, decode, encode};
use crate::model::{Chain, Event, EventId, Seal, SealedEvent, Timestamp};

/// How many events one seal covers: each takes two keys of its commit, the seal and the end of
/// the chain one each.
pub const MOST_SEALED: usize = (MAX_COMMIT - 2) / 2;

const SEAL: &str = "seal/";
const WAITING: &str = "unsealed/";
const CHAIN: &[u8] = b"chain";

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventPlace {
    /// Its time.
    pub time: Timestamp,
    /// Its id.
    pub id: EventId,
}

/// A record as it is found where it should be; damage is an answer here and no error, because
/// whoever looks for tampering goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// There is none.
    Absent,
    /// It cannot be read.
    Damaged,
    /// It is there.
    There(Stored<T>),
}

/// The key of a seal as text, for whoever has to say which one is damaged.
#[must_use]
pub fn seal_name(number: u64) -> String {
    format!("{SEAL}{number:016x}")
}

pub(super) fn seal_key(number: u64) -> Vec<u8> {
    seal_name(number).into_bytes()
}

/// The mark of an event that waits for its seal: oldest first.
pub(super) fn waiting_key(event: EventPlace) -> Vec<u8> {
    format!("{WAITING}{:016x}/{}", event.time.seconds(), event.id).into_bytes()
}

/// Which event a mark is about.
pub(super) fn parse_waiting(key: &[u8]) -> Option<EventPlace> {
    let rest = std::str::from_utf8(key).ok()?.strip_prefix(WAITING)?;
    let (time, id) = rest.split_once('/')?;
    let seconds = u64::from_str_radix(time, 16).ok()?;
    Some(EventPlace { time: Timestamp::from_seconds(seconds), id: EventId::try_from(id).ok()? })
}

/// The part of a commit that lets a new event wait for its seal.
pub(super) fn wait(event: &Event) -> Commit {
    Commit::new().put(waiting_key(event.into()), encode(&()))
}

/// Access to the seals.
pub struct Seals<'a> {
    engine: &'a dyn Engine,
}

impl<'a> Seals<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine }
    }

    /// Where the chain ends; `None` in a store that no server has sealed yet.
    ///
    /// # Errors
    /// When the store cannot answer or the record is damaged.
    pub async fn chain(&self) -> Result<Option<Stored<Chain>>, Error> {
        self.engine.get(CHAIN).await?.as_ref().map(decode).transpose()
    }

    /// The part of a commit that moves the ends of the chain, if nobody else has since `before`
    /// was read; `None` before the first time.
    #[must_use]
    pub fn set_chain(&self, before: Option<&Stored<Chain>>, chain: &Chain) -> Commit {
        let version = before.and_then(|before| before.version);
        Commit::new().check(CHAIN, version).put(CHAIN, encode(chain))
    }

    /// The seal with this number.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn get(&self, number: u64) -> Result<Found<Seal>, Error> {
        Ok(found(self.engine.get(&seal_key(number)).await?.as_ref()))
    }

    /// At most `limit` seals after the one with the number `after`, in their order, each with the
    /// number under which it stands.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn page(
        &self,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Found<Seal>)>, Error> {
        let after = after.map(seal_key);
        let entries = self.engine.scan(SEAL.as_bytes(), after.as_deref(), limit).await?;
        entries.iter().map(|entry| Ok((number(&entry.key)?, found(Some(entry))))).collect()
    }

    /// The part of a commit that adds a seal. What it relies on is the end of the chain: see
    /// [`Seals::set_chain`].
    #[must_use]
    pub fn put(&self, seal: &Seal) -> Commit {
        Commit::new().put(seal_key(seal.content.number), encode(seal))
    }

    /// The part of a commit that removes a seal and the events it covers.
    #[must_use]
    pub fn remove(&self, seal: &Seal) -> Commit {
        let gone = Commit::new().delete(seal_key(seal.content.number));
        let covered = seal.content.events.iter();
        covered.fold(gone, |gone, event| gone.delete(event_key(event.time, event.id)))
    }

    /// At most `limit` events that wait for a seal, the oldest first.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn waiting(
        &self,
        after: Option<EventPlace>,
        limit: usize,
    ) -> Result<Vec<EventPlace>, Error> {
        let after = after.map(waiting_key);
        let entries = self.engine.scan(WAITING.as_bytes(), after.as_deref(), limit).await?;
        let waiting = |e: &Entry| parse_waiting(&e.key).ok_or_else(|| corrupt(&e.key));
        entries.iter().map(waiting).collect()
    }

    /// Whether an event waits for a seal.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn is_waiting(&self, event: EventPlace) -> Result<bool, Error> {
        Ok(self.engine.get(&waiting_key(event)).await?.is_some())
    }

    /// The part of a commit that lets an event wait which was written before there were seals.
    #[must_use]
    pub fn wait(&self, event: &Event) -> Commit {
        wait(event)
    }

    /// The event at a place; one that says it belongs elsewhere is damaged.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn event(&self, place: EventPlace) -> Result<Found<Event>, Error> {
        Ok(found_event(self.engine.get(&event_key(place.time, place.id)).await?.as_ref()))
    }

    /// The part of a commit by which an event, as it was found, comes under a seal. It relies on
    /// the event being still so: a reading may be older than the mark.
    #[must_use]
    pub fn cover(&self, sealed: &SealedEvent, event: Found<Event>, number: u64) -> Commit {
        let key = event_key(sealed.time, sealed.id);
        let covered = Commit::new().delete(waiting_key(sealed.into()));
        match event {
            Found::Absent => covered.check(key, None),
            Found::Damaged => covered,
            Found::There(Stored { value, version }) => {
                let event = Event { seal: Some(number), ..value };
                covered.check(key.clone(), version).put(key, encode(&event))
            }
        }
    }
}

impl From<&SealedEvent> for EventPlace {
    fn from(event: &SealedEvent) -> Self {
        Self { time: event.time, id: event.id }
    }
}

impl From<&Event> for EventPlace {
    fn from(event: &Event) -> Self {
        Self { time: event.time, id: event.id }
    }
}

fn found<T: serde::de::DeserializeOwned>(entry: Option<&Entry>) -> Found<T> {
    match entry.map(decode) {
        None => Found::Absent,
        Some(Err(_)) => Found::Damaged,
        Some(Ok(stored)) => Found::There(stored),
    }
}

pub(super) fn found_event(entry: Option<&Entry>) -> Found<Event> {
    let at_home = |key: &[u8], event: &Event| event_key(event.time, event.id) == key;
    match (entry, found(entry)) {
        (Some(entry), Found::There(stored)) if !at_home(&entry.key, &stored.value) => {
            Found::Damaged
        }
        (_, found) => found,
    }
}

/// The number in the key of a seal.
fn number(key: &[u8]) -> Result<u64, Error> {
    let digits = std::str::from_utf8(key).ok().and_then(|key| key.strip_prefix(SEAL));
    let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    number.ok_or_else(|| corrupt(key))
}
