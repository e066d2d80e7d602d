//! Random operations on an engine and on the model beside it, compared step by step.

use std::collections::HashMap;
use std::sync::Arc;

use super::get;
use crate::store::engine::{Commit, Engine, MAX_VALUE, Version};
use crate::store::{Error, Memory};

/// Few keys, so that operations meet; among them prefixes of each other and the last ones.
const KEYS: [&[u8]; 10] =
    [b"", b"\0", b"a", b"a/", b"a/1", b"a/2", b"b", b"\xff", b"\xff\xff", b"\xff\xff\xff"];

/// Runs `steps` operations on `engine`, which must be empty, and on a [`Memory`]. The same
/// `seed` gives the same operations; a failure names it and the step.
///
/// # Panics
/// When the two differ.
pub async fn compare(engine: Arc<dyn Engine>, seed: u64, steps: usize) {
    let rng = Rng(seed);
    let mut pair = Pair { engine, model: Memory::new(), rng, seen: HashMap::new() };
    for step in 0..steps {
        let place = format!("seed {seed:#x}, step {step}");
        match pair.rng.below(8) {
            0 => pair.scan(&place).await,
            1 => pair.read(&place).await,
            2..=7 => pair.commit(&place).await,
            other => unreachable!("{other} is not below 8"),
        }
    }
}

/// The version of the same write in the engine and in the model.
type Versions = (Version, Version);

struct Pair {
    engine: Arc<dyn Engine>,
    model: Memory,
    rng: Rng,
    /// All versions that each key had: what later checks name, rightly or wrongly.
    seen: HashMap<Vec<u8>, Vec<Versions>>,
}

impl Pair {
    async fn read(&mut self, place: &str) {
        let key = self.rng.pick(&KEYS);
        self.same(key, place).await;
    }

    /// Compares one key. Versions need not be equal in both, but must change together and rise.
    async fn same(&mut self, key: &[u8], place: &str) {
        let (real, model) = (get(&*self.engine, key).await, get(&self.model, key).await);
        let (Some(real), Some(model)) = (&real, &model) else {
            assert_eq!(real.is_some(), model.is_some(), "{place}: is {key:?} there?");
            return;
        };
        assert_eq!(real.value, model.value, "{place}: the value of {key:?}");
        let now = (real.version, model.version);
        let seen = self.seen.entry(key.to_vec()).or_default();
        let known = seen.last() == Some(&now);
        assert!(
            known || seen.iter().all(|old| now.0 > old.0 && now.1 > old.1),
            "{place}: the version of {key:?} is {now:?} after {seen:?}"
        );
        if !known {
            seen.push(now);
        }
    }

    async fn scan(&mut self, place: &str) {
        let prefix = self.rng.pick(&KEYS);
        let after = if self.rng.one_in(2) { Some(self.rng.pick(&KEYS)) } else { None };
        let limit = self.rng.below(KEYS.len() + 2);
        let real = pairs(&*self.engine, prefix, after, limit).await;
        let model = pairs(&self.model, prefix, after, limit).await;
        assert_eq!(real, model, "{place}: scan {prefix:?} after {after:?} limit {limit}");
    }

    async fn commit(&mut self, place: &str) {
        let (mut real, mut model) = (Commit::new(), Commit::new());
        for _ in 0..self.rng.below(3) {
            let key = self.rng.pick(&KEYS);
            let version = self.any_version(key);
            real = real.check(key, version.map(|v| v.0));
            model = model.check(key, version.map(|v| v.1));
        }
        let writes = self.writes();
        let said = format!("{place}: {real:?} and {writes:?}");
        let real = outcome(&self.engine.commit(real.and(writes.clone())).await);
        let model = outcome(&self.model.commit(model.and(writes)).await);
        assert_eq!(real, model, "{said}");
        for key in KEYS {
            self.same(key, &said).await;
        }
    }

    /// Most often the version that the key has now, if it is there; else an old one or absence.
    fn any_version(&mut self, key: &[u8]) -> Option<Versions> {
        let seen = self.seen.get(key)?;
        match self.rng.below(8) {
            0 => Some(self.rng.pick(seen)),
            1 => None,
            _ => seen.last().copied(),
        }
    }

    fn writes(&mut self) -> Commit {
        let mut writes = Commit::new();
        for _ in 0..self.rng.below(4) {
            let key = self.rng.pick(&KEYS);
            writes = if self.rng.one_in(3) {
                writes.delete(key)
            } else if self.rng.one_in(40) {
                writes.put(key, vec![0; MAX_VALUE + self.rng.below(2)])
            } else {
                writes.put(key, self.rng.next().to_be_bytes())
            };
        }
        writes
    }
}

async fn pairs(
    engine: &dyn Engine,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let found = engine.scan(prefix, after, limit).await.expect("an engine in a test can scan");
    found.into_iter().map(|entry| (entry.key, entry.value)).collect()
}

fn outcome(done: &Result<(), Error>) -> &'static str {
    match done {
        Ok(()) => "done",
        Err(Error::Conflict) => "conflict",
        Err(Error::TooLarge) => "too large",
        Err(Error::Unavailable(_)) => "unavailable",
        Err(Error::Corrupt { .. }) => "corrupt",
    }
}

/// splitmix64: the same numbers for the same seed, on every machine. Not for secrets.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is small and not 0.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("a usize fits into 64 bits");
        usize::try_from(self.next() % end).expect("it is below a usize")
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the published splitmix64 for the seed 0.
    #[test]
    fn the_generator_gives_the_published_numbers() {
        let mut rng = Rng(0);
        assert_eq!(rng.next(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(rng.next(), 0x6e78_9e6a_a1b9_65f4);
    }
}
