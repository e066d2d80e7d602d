//! Token Status Lists: by them, verifiers that never ask this server about a token learn within a
//! bounded time that its session has ended.
//!
//! A session gets a place in a list at its login, for all its access tokens; its end sets the bit
//! there. What ends a session is told by the store, whichever use case it was
//! ([`Watch`](crate::store::Watch)). After a start the lists of earlier runs are read from the store
//! in the background (`rebuild.rs`), and logins use a new list meanwhile.

mod list;
mod rebuild;
mod serve;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::list::{LARGEST, List, SMALLEST};
pub use self::serve::SignedStatusList;
use super::{Auth, Error};
use crate::crypto::Random;
use crate::model::{Clock, Rule, StatusListId, StatusRef, Timestamp};
use crate::store::{self, Watch};

/// How many lists there may be. In many runs that were all cut short, each leaves one.
const MOST_LISTS: usize = 256;

/// How many ends are noted while the lists of earlier runs are read; beyond that, reading begins
/// anew.
const MOST_NOTED: usize = 1 << 16;

/// How far the clock of a verifier may be behind ours.
const SKEW: Duration = Duration::from_mins(1);

/// What the lists take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatusListLoad {
    /// How many there are.
    pub lists: usize,
    /// Places that are taken: sessions that live, or whose last tokens do.
    pub taken: usize,
    /// Memory, in bytes.
    pub bytes: usize,
}

/// The lists of a server.
#[derive(Debug)]
pub struct StatusLists {
    table: Mutex<Table>,
    /// One list is compressed and signed at a time.
    making: Arc<tokio::sync::Mutex<()>>,
    clock: Clock,
    ttl: Duration,
}

/// All lists at one moment.
#[derive(Debug)]
struct Table {
    lists: BTreeMap<StatusListId, Kept>,
    /// `None` once the lists of earlier runs are there.
    noted: Option<Noted>,
}

/// A list with what was last signed of it.
#[derive(Debug)]
struct Kept {
    list: List,
    signed: Option<serve::Made>,
}

/// An end, or the doubt whether there was one.
#[derive(Debug, Clone, Copy)]
struct End {
    place: StatusRef,
    /// When the last token has expired.
    until: Timestamp,
    certain: bool,
}

/// What ended in lists that are not there yet.
#[derive(Debug, Default)]
struct Noted {
    ended: Vec<End>,
    is_full: bool,
}

impl List {
    fn hears(&mut self, End { place, until, certain }: End) {
        if certain {
            self.end(place.index, until);
        } else {
            self.doubt(place.index, until);
        }
    }
}

impl From<List> for Kept {
    fn from(list: List) -> Self {
        Self { list, signed: None }
    }
}

impl StatusLists {
    /// No list yet; those of earlier runs are still to be read. A verifier may keep one for `ttl`.
    #[must_use]
    pub fn new(clock: Clock, ttl: Duration) -> Self {
        let table = Table { lists: BTreeMap::new(), noted: Some(Noted::default()) };
        let making = Arc::default();
        Self { table: Mutex::new(table), making, clock, ttl }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A random place for a session that ends at `until`; `None` when there are as many lists as
    /// there may be, and all are full.
    #[must_use]
    pub fn take(&self, until: Timestamp, random: &Random) -> Option<StatusRef> {
        let mut table = self.table();
        let with_room = table.lists.iter_mut().filter(|(_, kept)| kept.list.has_room());
        for (id, kept) in with_room {
            for _ in 0..8 {
                if let Some(index) = kept.list.take(&draws(random), until) {
                    return Some(StatusRef { list: *id, index });
                }
            }
        }
        if table.lists.len() >= MOST_LISTS {
            return None;
        }
        // Half as large as all before, so that no list is far larger than what lives in it.
        let places: usize = table.lists.values().map(|kept| kept.list.places()).sum();
        let mut list = List::new(1 << (places / 2).clamp(SMALLEST, LARGEST).ilog2());
        let index = list.take(&draws(random), until)?;
        let id = random.id();
        table.lists.insert(id, list.into());
        Some(StatusRef { list: id, index })
    }

    /// Gives back the place of a session that did not begin.
    pub fn give_back(&self, place: StatusRef) {
        if let Some(kept) = self.table().lists.get_mut(&place.list) {
            kept.list.give_back(place.index);
        }
    }

    /// Whether verifiers are told that the tokens of this place are dead; `None` when they are
    /// told nothing, and must not take them.
    #[must_use]
    pub fn is_dead(&self, place: StatusRef) -> Option<bool> {
        self.table().lists.get(&place.list)?.list.is_dead(place.index)
    }

    /// The bits of a list as verifiers get them; `None` for one that is not there.
    #[must_use]
    pub fn bits(&self, list: StatusListId) -> Option<Vec<u8>> {
        self.table().lists.get(&list).map(|kept| kept.list.bits())
    }

    /// Clears what is over, frees places, and drops lists that nobody lives in.
    pub fn tend(&self) {
        let (now, kept_for) = (self.clock.certain(), self.ttl + SKEW);
        // One list at a time: others may want the table.
        let ids: Vec<StatusListId> = self.table().lists.keys().copied().collect();
        for id in ids {
            let mut table = self.table();
            let Some(kept) = table.lists.get_mut(&id) else { continue };
            kept.list.tend(now, kept_for);
            if kept.list.taken() == 0 {
                table.lists.remove(&id);
            }
        }
    }

    /// What the lists take.
    #[must_use]
    pub fn load(&self) -> StatusListLoad {
        let table = self.table();
        table.lists.values().fold(StatusListLoad::default(), |load, kept| StatusListLoad {
            lists: load.lists + 1,
            taken: load.taken + kept.list.taken(),
            bytes: load.bytes + kept.list.bytes(),
        })
    }
}

impl Watch for StatusLists {
    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn ended(&self, places: &[StatusRef], certain: bool) {
        let until = self.clock.now().plus(StatusRef::OUTLIVES);
        let mut table = self.table();
        for end in places.iter().map(|place| End { place: *place, until, certain }) {
            if let Some(kept) = table.lists.get_mut(&end.place.list) {
                kept.list.hears(end);
            } else if let Some(noted) = &mut table.noted {
                noted.note(end);
            }
        }
    }
}

impl Noted {
    fn note(&mut self, end: End) {
        self.is_full |= self.ended.len() >= MOST_NOTED;
        if !self.is_full {
            self.ended.push(end);
        }
    }
}

/// Eight random numbers.
fn draws(random: &Random) -> [u32; 8] {
    let bytes = random.bytes::<32>();
    let four = |n: usize| [0, 1, 2, 3].map(|byte| bytes[4 * n + byte]);
    std::array::from_fn(|n| u32::from_le_bytes(four(n)))
}

impl Auth {
    /// A place in a list for a session that ends at `until`.
    ///
    /// # Errors
    /// [`Error::Busy`] when there is none: no session begins that verifiers could not learn the
    /// end of.
    pub(super) fn take_place(&self, until: Timestamp) -> Result<StatusRef, Error> {
        let full = Error::Busy(Duration::from_mins(1), Rule::StatusListsFull);
        self.status_lists.take(until, &self.random).ok_or(full)
    }

    /// What came of the session that was to have `place`: it is free again when nothing was
    /// written.
    pub(super) fn settle_place<T>(
        &self,
        place: StatusRef,
        done: Result<T, Error>,
    ) -> Result<T, Error> {
        if !matches!(done, Ok(_) | Err(Error::Store(store::Error::Unavailable(_)))) {
            self.status_lists.give_back(place);
        }
        done
    }

    /// The lists: what verifiers are told.
    #[must_use]
    pub fn status_lists(&self) -> &Arc<StatusLists> {
        &self.status_lists
    }
}
