//! What was proven or read before, and need not be again.
//!
//! Kept is what was read and verified, never that it was accepted. Whoever finds something here
//! still asks all that depends on the time or on the keys: lives, session, account and epoch.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::crypto::CredentialName;
use crate::model::SessionId;
use crate::store::{Stamp, Store};

/// How many things are kept, in sets of [`WAYS`]. A session takes about 1.3 KiB with its account, a
/// token that belongs to one 0.4 KiB: full tables of both some 7 MiB. A token keeps its session alive,
/// so where none is in both tables it is 12, and 5 more full of API tokens. An empty one takes 32 KiB.
const MOST: usize = 4_096;
/// How many things one set holds. A set is all that one request locks.
const WAYS: usize = 4;

/// What something is kept under: one name for each thing, and none that its bearer can choose, so
/// that nobody pushes out the one he wants.
pub(super) trait Name: Copy + Eq {
    /// A place among `count`, each equally likely.
    fn place(&self, count: usize) -> usize;
}

/// The name of the exact bytes of a credential, under a key that is drawn at each start: another
/// spelling of a token is another name and proves itself anew. A credential itself is not kept, so
/// nothing here opens anything.
impl Name for CredentialName {
    fn place(&self, count: usize) -> usize {
        Self::place(self, count)
    }
}

/// Ids of sessions are drawn at random here.
impl Name for SessionId {
    fn place(&self, count: usize) -> usize {
        let [a, b, c, d, ..] = self.to_bytes();
        usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or_default() % count.max(1)
    }
}

/// The last things that were proven or read, by their names.
#[derive(Debug)]
pub(super) struct Seen<N, T> {
    sets: Box<[Mutex<Set<N, T>>]>,
}

/// At most [`WAYS`], the oldest first.
type Set<N, T> = Vec<Kept<N, T>>;

#[derive(Debug)]
struct Kept<N, T> {
    name: N,
    /// Of the records that were read; while they hold, reading again would give the same.
    stamps: [Stamp; 2],
    what: Arc<T>,
}

impl<N, T> Default for Seen<N, T> {
    fn default() -> Self {
        Self { sets: (0..MOST / WAYS).map(|_| Mutex::default()).collect() }
    }
}

impl<N: Name, T> Seen<N, T> {
    /// What is kept under this name, if its records have not changed since.
    pub(super) fn get(&self, name: &N, store: &Store) -> Option<Arc<T>> {
        let set = self.lock(name);
        let kept = set.iter().find(|kept| kept.name == *name)?;
        store.holds(&kept.stamps).then(|| Arc::clone(&kept.what))
    }

    /// Keeps what is proven. `stamps` are those of the two records that it was made from, taken
    /// before they were read; without both nothing is kept.
    pub(super) fn keep(
        &self,
        name: N,
        stamps: [Option<Stamp>; 2],
        (what, store): (&Arc<T>, &Store),
    ) {
        let [Some(one), Some(two)] = stamps else { return };
        let kept = Kept { name, stamps: [one, two], what: Arc::clone(what) };
        let mut set = self.lock(&name);
        set.retain(|other| other.name != name && store.holds(&other.stamps));
        if set.len() >= WAYS {
            // The one that has been here longest.
            set.remove(0);
        }
        set.push(kept);
    }

    fn lock(&self, name: &N) -> MutexGuard<'_, Set<N, T>> {
        let place = name.place(self.sets.len());
        self.sets[place].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{CredentialKey, Random};
    use crate::model::UserId;
    use crate::store::Memory;
    use crate::store::engine::Commit;

    const IDS: (UserId, SessionId) = (UserId::from_bytes([1; 16]), SessionId::from_bytes([2; 16]));

    type Table = Seen<CredentialName, u32>;

    fn start() -> (Table, Store) {
        (Table::default(), Store::new(Arc::new(Memory::new())))
    }

    fn name(credential: &[u8]) -> CredentialName {
        CredentialKey::new(&Random::seeded(1)).name(credential)
    }

    fn stamps(store: &Store) -> [Option<Stamp>; 2] {
        [store.users().stamp(IDS.0), store.sessions().stamp(IDS.1)]
    }

    fn count(seen: &Table) -> usize {
        seen.sets.iter().map(|set| set.lock().unwrap().len()).sum()
    }

    #[test]
    fn only_the_same_bytes_are_found_again() {
        let (seen, store) = start();
        seen.keep(name(b"token"), stamps(&store), (&Arc::new(7), &store));
        assert_eq!(seen.get(&name(b"token"), &store), Some(Arc::new(7)));
        for other in ["Token", "token ", "token=", "toke"] {
            assert_eq!(seen.get(&name(other.as_bytes()), &store), None, "{other:?}");
        }
    }

    #[tokio::test]
    async fn a_change_of_either_record_ends_it() {
        let (seen, store) = start();
        for key in [format!("user/{}", IDS.0), format!("session/{}", IDS.1)] {
            seen.keep(name(b"token"), stamps(&store), (&Arc::new(7), &store));
            store.commit(Commit::new().put(key.as_str(), "x")).await.unwrap();
            assert_eq!(seen.get(&name(b"token"), &store), None, "{key}");
        }
        // A stamp from before the change is none of what was read after it.
        let before = stamps(&store);
        store.commit(Commit::new().delete(format!("user/{}", IDS.0))).await.unwrap();
        seen.keep(name(b"token"), before, (&Arc::new(7), &store));
        assert_eq!(seen.get(&name(b"token"), &store), None);
    }

    #[test]
    fn without_both_stamps_nothing_is_kept() {
        let (seen, store) = start();
        let [one, two] = stamps(&store);
        for stamps in [[None, None], [one, None], [None, two]] {
            seen.keep(name(b"token"), stamps, (&Arc::new(7), &store));
        }
        assert_eq!(count(&seen), 0);
    }

    #[test]
    fn the_table_is_bounded_and_the_latest_stay() {
        let (seen, store) = start();
        let key = CredentialKey::new(&Random::seeded(1));
        for n in 0..20_000_u32 {
            let its = key.name(&n.to_be_bytes());
            seen.keep(its, stamps(&store), (&Arc::new(n), &store));
            assert_eq!(seen.get(&its, &store), Some(Arc::new(n)));
        }
        assert_eq!(count(&seen), MOST, "20,000 fill every set");
        let again = name(&19_999_u32.to_be_bytes());
        seen.keep(again, stamps(&store), (&Arc::new(1), &store));
        assert_eq!((count(&seen), seen.get(&again, &store)), (MOST, Some(Arc::new(1))));
    }

    #[test]
    fn what_no_longer_holds_makes_room_first() {
        let (seen, store) = start();
        let key = CredentialKey::new(&Random::seeded(1));
        let names: Vec<CredentialName> = (0..100_000_u32)
            .map(|n| key.name(&n.to_be_bytes()))
            .filter(|name| name.place(seen.sets.len()) == 0)
            .take(WAYS + 1)
            .collect();
        let (other, live) = (stamps(&store)[0], stamps(&store));
        let gone = [other, Some(gone_stamp(&store))];
        for (name, stamps) in names.iter().zip([live, live, gone, live]) {
            seen.keep(*name, stamps, (&Arc::new(0), &store));
        }
        seen.keep(names[WAYS], live, (&Arc::new(0), &store));
        let there = names.iter().map(|name| seen.get(name, &store).is_some());
        assert_eq!(there.collect::<Vec<_>>(), [true, true, false, true, true]);
    }

    /// A stamp that does not hold.
    fn gone_stamp(store: &Store) -> Stamp {
        let key = SessionId::from_bytes([9; 16]);
        let stamp = store.sessions().stamp(key).unwrap();
        let commit = Commit::new().put(format!("session/{key}"), "x");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(store.commit(commit)).unwrap();
        stamp
    }
}
