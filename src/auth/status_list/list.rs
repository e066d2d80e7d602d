//! One Token Status List in memory: four bytes and a bit for each place.

use crate::model::Timestamp;

/// The places of one list. The time that it goes by is the certain one, so that a wall clock that
/// jumps ahead frees no place.
#[derive(Debug)]
pub(super) struct List {
    /// When the last token of each place has expired, in seconds since 1970; 0 is free.
    until: Vec<u32>,
    /// The bits as verifiers get them: place `i` is bit `i % 8` of byte `i / 8`, and 1 is dead.
    dead: Vec<u8>,
    /// How many places are not free.
    taken: usize,
    /// Raised with each change of the bits.
    changes: u64,
}

/// How many places a list has at least, and at most.
pub(super) const SMALLEST: usize = 1 << 15;
pub(super) const LARGEST: usize = 1 << 20;

impl List {
    /// A list of this many free places: a power of two between the bounds.
    pub(super) fn new(places: usize) -> Self {
        let places = places.next_power_of_two().clamp(SMALLEST, LARGEST);
        Self { until: vec![0; places], dead: vec![0; places / 8], taken: 0, changes: 0 }
    }

    pub(super) fn places(&self) -> usize {
        self.until.len()
    }

    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// Whether an eighth of it is free: then a few random draws find a place.
    pub(super) fn has_room(&self) -> bool {
        self.taken < self.places() / 8 * 7
    }

    /// Whether the tokens of this place are dead; `None` for a place that the list has not.
    pub(super) fn is_dead(&self, place: u32) -> Option<bool> {
        let byte = self.dead.get(at(place) / 8)?;
        Some(byte >> (place % 8) & 1 == 1)
    }

    /// The bits of now.
    pub(super) fn bits(&self) -> Vec<u8> {
        self.dead.clone()
    }

    /// Takes a place that one of these random numbers names, for a session that ends at `until`;
    /// `None` when all of those are taken.
    pub(super) fn take(&mut self, draws: &[u32], until: Timestamp) -> Option<u32> {
        let places = u32::try_from(self.places()).ok()?;
        let found = draws.iter().map(|draw| draw % places).find(|place| self.is_free(*place))?;
        self.hold(found, until);
        Some(found)
    }

    /// Gives back a place that no token has named.
    pub(super) fn give_back(&mut self, place: u32) {
        let Some(until) = self.until.get_mut(at(place)).filter(|until| **until != 0) else {
            return;
        };
        *until = 0;
        self.taken -= 1;
    }

    /// Takes this place for a session that lives until then, whatever was said of it before.
    pub(super) fn hold(&mut self, place: u32, until: Timestamp) {
        self.make(place);
        let Some(held) = self.until.get_mut(at(place)) else { return };
        self.taken += usize::from(*held == 0);
        *held = short(until);
        self.set(place, false);
    }

    /// The tokens of this place count as dead, as long as nobody knows whether they are. The place
    /// stays with its session, which may live on.
    pub(super) fn doubt(&mut self, place: u32, until: Timestamp) {
        if self.until.get(at(place)).is_none_or(|held| *held == 0) {
            self.hold(place, until);
        }
        self.set(place, true);
    }

    /// The tokens of this place are dead, and the last has expired by `until`.
    pub(super) fn end(&mut self, place: u32, until: Timestamp) {
        self.make(place);
        let Some(held) = self.until.get_mut(at(place)) else { return };
        self.taken += usize::from(*held == 0);
        *held = if *held == 0 { short(until) } else { short(until).min(*held) };
        self.set(place, true);
    }

    /// Whether nobody has this place.
    pub(super) fn is_free(&self, place: u32) -> bool {
        self.until.get(at(place)) == Some(&0)
    }

    /// Clears the bits of tokens that have expired at `now`, and frees their places a while later:
    /// `kept` is how long a verifier may hold an older list, which would take a new session for
    /// the dead one.
    pub(super) fn tend(&mut self, now: Timestamp, kept: std::time::Duration) {
        let (over, free) = (short(now), short(now.minus(kept)));
        for place in 0..self.until.len() {
            let until = self.until[place];
            if until == 0 || until >= over {
                continue;
            }
            if let Ok(place) = u32::try_from(place) {
                self.set(place, false);
            }
            if until < free {
                self.until[place] = 0;
                self.taken -= 1;
            }
        }
    }

    /// How much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.until.len() * size_of::<u32>() + self.dead.len()
    }

    /// Grows to hold this place, if a list may be so large: one that is rebuilt is as long as the
    /// places that are found.
    fn make(&mut self, place: u32) {
        let wanted = at(place).saturating_add(1).next_power_of_two();
        if wanted > self.until.len() && wanted <= LARGEST {
            self.until.resize(wanted, 0);
            self.dead.resize(wanted / 8, 0);
            self.changes += 1;
        }
    }

    fn set(&mut self, place: u32, is_dead: bool) {
        let Some(byte) = self.dead.get_mut(at(place) / 8) else { return };
        let bit = 1 << (at(place) % 8);
        let before = *byte;
        *byte = if is_dead { before | bit } else { before & !bit };
        self.changes += u64::from(*byte != before);
    }
}

fn at(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// Seconds in 32 bits, which reach to 2106. Never 0, which is free.
fn short(time: Timestamp) -> u32 {
    u32::try_from(time.seconds()).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const KEPT: Duration = Duration::from_secs(100);

    fn time(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_place_is_taken_once_and_its_bit_is_the_least_significant_first() {
        let mut list = List::new(0);
        assert_eq!(list.take(&[9, 9], time(500)), Some(9));
        assert_eq!(list.take(&[9], time(500)), None);
        assert_eq!(list.take(&[9, 10], time(500)), Some(10));
        list.end(9, time(500));
        assert_eq!(list.bits()[..3], [0, 0b10, 0]);
        list.give_back(10);
        assert_eq!((list.taken(), list.take(&[10], time(500))), (1, Some(10)));
    }

    #[test]
    fn a_bit_goes_when_its_tokens_have_expired_and_the_place_is_free_a_while_later() {
        let mut list = List::new(0);
        list.take(&[3], time(1_000));
        list.end(3, time(600));
        for (now, bit, taken) in [(600, 8, 1), (601, 0, 1), (700, 0, 1), (701, 0, 0)] {
            list.tend(time(now), KEPT);
            assert_eq!((list.bits()[0], list.taken()), (bit, taken), "at {now}");
        }
        assert!(list.is_free(3));
    }

    #[test]
    fn the_end_of_a_session_brings_its_place_back_sooner_and_never_later() {
        let mut list = List::new(0);
        list.take(&[3], time(500));
        list.end(3, time(1_000));
        list.tend(time(601), KEPT);
        assert!(list.is_free(3));
    }

    /// A logout that could not be stored, and then one that was: the tokens of between are dead.
    #[test]
    fn a_doubt_takes_nothing_from_the_time_of_the_end_that_follows() {
        let mut list = List::new(0);
        list.take(&[3], time(9_000));
        list.doubt(3, time(1_000));
        list.tend(time(2_000), KEPT);
        assert_eq!((list.is_dead(3), list.taken()), (Some(true), 1), "the session may live on");
        list.end(3, time(2_900));
        list.tend(time(2_800), KEPT);
        assert_eq!(list.is_dead(3), Some(true));
        list.tend(time(3_001), KEPT);
        assert!(list.is_free(3));
    }

    #[test]
    fn a_list_that_is_rebuilt_grows_to_its_last_place_and_no_further_than_it_may() {
        let mut list = List::new(0);
        list.end(40_000, time(9));
        assert_eq!((list.places(), list.bytes()), (1 << 16, (1 << 18) + (1 << 13)));
        list.end(u32::MAX, time(9));
        assert_eq!((list.places(), list.taken()), (1 << 16, 1));
        assert_eq!(List::new(usize::MAX / 4).places(), LARGEST);
    }

    #[test]
    fn a_full_list_has_no_room_while_an_eighth_is_free() {
        let mut list = List::new(0);
        for place in 0..SMALLEST / 8 * 7 {
            assert!(list.has_room());
            list.hold(u32::try_from(place).unwrap(), time(9));
        }
        assert!(!list.has_room());
    }
}
