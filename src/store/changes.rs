//! Proof that records have not changed, for whoever keeps a decision made from them.
//!
//! Counters, each for all keys of one hash. A commit opens those of its keys before it is applied
//! and closes them afterwards, before anybody hears of it. Who decides takes a [`Stamp`] of each
//! record's counter, and then reads the records. As long as a stamp holds, no commit on that key
//! has been applied since, so reading again would give the same. Two keys of one counter cost a
//! reading more and never prove anything false.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many counters there are: 32 KiB. At 1,000 written keys a second each stands for 4 s.
const PLACES: u16 = 4_096;
/// The low bits count the commits that are being applied, the high bits those that were.
const APPLIED: u64 = 1 << 16;

/// The counters of one engine. Nobody waits for anybody.
#[derive(Debug)]
pub struct Changes {
    /// Seeded at random: nobody chooses names that share a counter.
    hash: RandomState,
    places: Box<[AtomicU64]>,
}

/// What the counter of a key said at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    place: u16,
    count: u64,
}

/// Some keys while they are changed; ends when it is dropped, also by a panic.
#[must_use = "the change is over when this is dropped"]
#[derive(Debug)]
pub struct Changing<'a> {
    changes: &'a Changes,
    places: Vec<u16>,
}

impl Default for Changes {
    fn default() -> Self {
        let places = (0..PLACES).map(|_| AtomicU64::new(0)).collect();
        Self { hash: RandomState::new(), places }
    }
}

impl Changes {
    /// A stamp to take before `key` is read; `None` while the key is being changed.
    #[must_use]
    pub fn stamp(&self, key: &[u8]) -> Option<Stamp> {
        let place = self.place(key);
        let count = self.counter(place).load(Ordering::SeqCst);
        count.is_multiple_of(APPLIED).then_some(Stamp { place, count })
    }

    /// Whether a read now would give what a read gave that followed the stamp.
    #[must_use]
    pub fn holds(&self, stamp: Stamp) -> bool {
        self.counter(stamp.place).load(Ordering::SeqCst) == stamp.count
    }

    /// To be held while these keys are changed: from before anybody can read the change until
    /// everybody does.
    pub fn changing<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) -> Changing<'_> {
        let mut places: Vec<u16> = keys.map(|key| self.place(key)).collect();
        // Once for each counter, so that the low bits cannot run over.
        places.sort_unstable();
        places.dedup();
        for place in &places {
            self.counter(*place).fetch_add(1, Ordering::SeqCst);
        }
        Changing { changes: self, places }
    }

    /// Ends every stamp: any key may have changed while nobody could read.
    pub fn all(&self) {
        for counter in &self.places {
            counter.fetch_add(APPLIED, Ordering::SeqCst);
        }
    }

    fn place(&self, key: &[u8]) -> u16 {
        let place = self.hash.hash_one(key) % u64::from(PLACES);
        u16::try_from(place).unwrap_or_default()
    }

    fn counter(&self, place: u16) -> &AtomicU64 {
        &self.places[usize::from(place)]
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        for place in &self.places {
            self.changes.counter(*place).fetch_add(APPLIED - 1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn change(changes: &Changes, key: &[u8]) {
        drop(changes.changing([key].into_iter()));
    }

    #[test]
    fn a_stamp_holds_until_its_key_changes() {
        let changes = Changes::default();
        let stamp = changes.stamp(b"user/1").unwrap();
        assert!(changes.holds(stamp));
        let under_way = changes.changing([&b"user/1"[..]].into_iter());
        assert!(!changes.holds(stamp), "while the change is applied");
        assert_eq!(changes.stamp(b"user/1"), None);
        drop(under_way);
        assert!(!changes.holds(stamp), "after it");
        assert!(changes.holds(changes.stamp(b"user/1").unwrap()));
    }

    #[test]
    fn a_key_is_being_changed_until_all_its_changes_are_over() {
        let changes = Changes::default();
        let keys = || [&b"k"[..], b"k"].into_iter();
        let (one, two) = (changes.changing(keys()), changes.changing(keys()));
        drop(one);
        assert_eq!(changes.stamp(b"k"), None);
        drop(two);
        assert!(changes.stamp(b"k").is_some());
    }

    #[test]
    fn most_other_keys_are_left_alone_and_all_can_be_ended_at_once() {
        let changes = Changes::default();
        let stamps: Vec<Stamp> =
            (0..1_000_u32).map(|n| changes.stamp(&n.to_be_bytes()).unwrap()).collect();
        change(&changes, b"another");
        assert!(stamps.iter().filter(|stamp| changes.holds(**stamp)).count() > 900);
        changes.all();
        assert!(!stamps.iter().any(|stamp| changes.holds(*stamp)));
    }

    #[test]
    fn a_change_that_panics_is_over() {
        let changes = Changes::default();
        let panicked = std::panic::catch_unwind(|| {
            let _changing = changes.changing([&b"k"[..]].into_iter());
            panic!("on purpose");
        });
        assert!(panicked.is_err() && changes.stamp(b"k").is_some());
    }

    /// Whoever has seen a new value finds no stamp of the old one holding.
    #[test]
    fn no_stamp_outlives_the_value_it_was_taken_for() {
        let (changes, value, done) = (Changes::default(), Mutex::new(0), AtomicBool::new(false));
        let read = || *value.lock().unwrap();
        std::thread::scope(|threads| {
            for _ in 0..3 {
                threads.spawn(|| {
                    while !done.load(Ordering::SeqCst) {
                        let Some(stamp) = changes.stamp(b"k") else { continue };
                        let kept: u64 = read();
                        let now = read();
                        assert!(now == kept || !changes.holds(stamp), "{kept} is kept, {now} read");
                    }
                });
            }
            for next in 1..20_000 {
                let changing = changes.changing([&b"k"[..]].into_iter());
                *value.lock().unwrap() = next;
                drop(changing);
            }
            done.store(true, Ordering::SeqCst);
        });
    }
}
