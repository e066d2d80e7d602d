//! A map that cannot grow without bound.

use std::collections::HashMap;

use crate::store::Fingerprint;

/// Two generations of entries. When the young one is full, the old one goes, except for what is
/// still needed; whatever is touched becomes young again, so an attacker who keeps at it is
/// never forgotten by filling the table.
#[derive(Debug)]
pub(super) struct Table<V> {
    young: HashMap<Fingerprint, V>,
    old: HashMap<Fingerprint, V>,
    capacity: usize,
}

impl<V: Default> Table<V> {
    /// A table of at most twice `capacity` entries.
    pub(super) fn new(capacity: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), capacity }
    }

    /// The entry under `key`, made empty when there is none. `is_needed` tells which entries
    /// survive when the table turns over; they may fill half of a generation.
    pub(super) fn entry(&mut self, key: Fingerprint, is_needed: impl Fn(&V) -> bool) -> &mut V {
        if !self.young.contains_key(&key) {
            if self.young.len() >= self.capacity {
                self.turn_over(is_needed);
            }
            let value = self.old.remove(&key).unwrap_or_default();
            self.young.insert(key, value);
        }
        self.young.get_mut(&key).expect("it was there or has just been put there")
    }

    /// The entry under `key`, if there is one.
    pub(super) fn get_mut(&mut self, key: &Fingerprint) -> Option<&mut V> {
        match self.young.get_mut(key) {
            Some(value) => Some(value),
            None => self.old.get_mut(key),
        }
    }

    /// How many entries there are.
    pub(super) fn entries(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Every entry.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&Fingerprint, &mut V)> {
        self.young.iter_mut().chain(self.old.iter_mut())
    }

    /// Forgets the entries for which `keep` is false.
    pub(super) fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        self.young.retain(|_, value| keep(value));
        self.old.retain(|_, value| keep(value));
    }

    fn turn_over(&mut self, is_needed: impl Fn(&V) -> bool) {
        let half = self.capacity / 2;
        let kept: Vec<_> = self.old.drain().filter(|(_, v)| is_needed(v)).take(half).collect();
        std::mem::swap(&mut self.young, &mut self.old);
        self.young.extend(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u32) -> Fingerprint {
        u128::from(n).to_be_bytes()
    }

    #[test]
    fn a_million_keys_leave_a_bounded_table_and_the_needed_entry_in_it() {
        let mut table: Table<u32> = Table::new(1_000);
        *table.entry(key(u32::MAX), |v| *v == 7) = 7;
        for n in 0..1_000_000 {
            *table.entry(key(n), |v| *v == 7) = 1;
        }
        assert!(table.iter_mut().count() <= 2_500);
        assert_eq!(table.get_mut(&key(u32::MAX)), Some(&mut 7));
    }

    #[test]
    fn what_is_touched_stays() {
        let mut table: Table<u32> = Table::new(10);
        *table.entry(key(0), |_| false) = 5;
        for n in 1..100 {
            *table.entry(key(n), |_| false) = 1;
            assert_eq!(*table.entry(key(0), |_| false), 5);
        }
    }
}
