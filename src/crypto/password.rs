//! Passwords become argon2id hashes (RFC 9106), always on the threads of one fixed pool.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use self::phc::Phc;
use self::pool::{Memory, Pool, Size};
use super::normalize::normalize;
use super::random::Random;
use crate::model::{Password, PasswordHash};

mod phc;
mod pool;

pub use self::pool::Busy;

const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;

/// The most a stored hash may cost: an imported or planted one must not hold up the pool. The
/// parameters in use are always within it.
const COSTLIEST: Argon2Params =
    Argon2Params { memory_kib: 1024 * 1024, iterations: 16, parallelism: 4 };

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Params {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes; they are worked off one after the other.
    pub parallelism: u32,
}

impl Default for Argon2Params {
    /// 19 MiB, two passes, one lane: the first choice of the OWASP Password Storage Cheat Sheet.
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1 }
    }
}

impl Argon2Params {
    /// These, raised to what argon2 can work with at all (RFC 9106, 3.1).
    fn workable(self) -> Self {
        let parallelism = self.parallelism.clamp(1, COSTLIEST.parallelism);
        let memory_kib = self.memory_kib.max(8 * parallelism);
        Self { memory_kib, iterations: self.iterations.max(1), parallelism }
    }

    fn blocks(self) -> usize {
        usize::try_from(self.memory_kib).expect("an address has at least 32 bits")
    }
}

/// How much hashing may go on at a time.
#[derive(Debug, Clone, Copy)]
pub struct PoolSettings {
    /// For new hashes.
    pub params: Argon2Params,
    /// The memory of all threads together, in bytes; there is at least one thread, and at most
    /// two for each core.
    pub memory_bytes: u64,
    /// How many passwords may wait for a thread.
    pub queue: usize,
    /// How long one may wait before it is refused.
    pub max_wait: Duration,
}

impl PoolSettings {
    fn threads(&self) -> usize {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let affordable = self.memory_bytes / (u64::from(self.params.memory_kib) * 1024);
        usize::try_from(affordable).unwrap_or(usize::MAX).clamp(1, cores * 2)
    }
}

/// How a password and a stored hash go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password. With `rehash` its hash was made with other parameters than today's
    /// and should be replaced by a new one, unless the password changed meanwhile.
    Match {
        /// Whether to hash it anew.
        rehash: bool,
    },
    /// It is not the password, or there is none to compare with.
    Mismatch,
    /// The stored hash is damaged, of an unknown kind, or dearer than allowed: an alarm for the
    /// operator, a plain refusal for the client.
    Unreadable,
}

/// Makes and verifies password hashes. Clones share one pool of threads.
#[derive(Clone)]
pub struct Passwords(Arc<Shared>);

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords")
    }
}

struct Shared {
    pool: Pool,
    params: Argon2Params,
    /// A hash that no password has, verified where there is no account.
    dummy: Phc,
    random: Random,
    max_wait: Duration,
}

impl Passwords {
    /// Starts the threads. Their memory is taken when each hashes for the first time.
    ///
    /// # Panics
    /// When the system lets no thread start.
    #[must_use]
    pub fn start(settings: PoolSettings, random: Random) -> Self {
        let settings = PoolSettings { params: settings.params.workable(), ..settings };
        let PoolSettings { params, queue, max_wait, .. } = settings;
        let size = Size { threads: settings.threads(), blocks: params.blocks(), queue };
        let pool = Pool::start(&size, max_wait);
        let dummy = fresh(params, &random, random.bytes::<OUTPUT_BYTES>().to_vec());
        Self(Arc::new(Shared { pool, params, dummy, random, max_wait }))
    }

    /// The hash to store for a new password.
    ///
    /// # Errors
    /// [`Busy`] when the pool has no room.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, Busy> {
        let password = normalize(password);
        let phc = fresh(self.0.params, &self.0.random, vec![0; OUTPUT_BYTES]);
        let work = move |memory: &mut Memory| make(phc, &password, memory);
        self.0.pool.run(work).await
    }

    /// Compares a password with the hash of an account. Give `None` where there is no account,
    /// or one that must not log in: the same work is done, in the same queue, for a
    /// [`Verdict::Mismatch`].
    ///
    /// # Errors
    /// [`Busy`] when the pool has no room.
    pub async fn verify(
        &self,
        password: &Password,
        stored: Option<&PasswordHash>,
    ) -> Result<Verdict, Busy> {
        let password = normalize(password);
        let (phc, if_equal, otherwise) = self.0.expectation(stored);
        let work = move |memory: &mut Memory| {
            if phc.matches(&password, memory) { if_equal } else { otherwise }
        };
        self.0.pool.run(work).await
    }

    /// When it is worth trying again after [`Busy`]: 1 to 10 whole seconds.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        Duration::from_secs(self.0.max_wait.as_secs().clamp(1, 10))
    }
}

impl Shared {
    /// What to compare with, and the verdicts for equal and unequal.
    fn expectation(&self, stored: Option<&PasswordHash>) -> (Phc, Verdict, Verdict) {
        match stored.map(|hash| self.read(hash)) {
            Some(Some(phc)) => {
                let rehash = phc.params != self.params
                    || phc.salt.len() != SALT_BYTES
                    || phc.output.len() != OUTPUT_BYTES;
                (phc, Verdict::Match { rehash }, Verdict::Mismatch)
            }
            Some(None) => (self.dummy.clone(), Verdict::Unreadable, Verdict::Unreadable),
            None => (self.dummy.clone(), Verdict::Mismatch, Verdict::Mismatch),
        }
    }

    fn read(&self, stored: &PasswordHash) -> Option<Phc> {
        let affordable = |p: Argon2Params| {
            p.memory_kib <= COSTLIEST.memory_kib.max(self.params.memory_kib)
                && p.iterations <= COSTLIEST.iterations.max(self.params.iterations)
                && p.parallelism <= COSTLIEST.parallelism
        };
        Phc::parse(stored.as_phc()).filter(|phc| affordable(phc.params))
    }
}

fn fresh(params: Argon2Params, random: &Random, output: Vec<u8>) -> Phc {
    Phc { params, salt: random.bytes::<SALT_BYTES>().to_vec(), output: Zeroizing::new(output) }
}

fn make(mut phc: Phc, password: &str, memory: &mut Memory) -> PasswordHash {
    let output = phc.derive(password, memory);
    phc.output = output.expect("argon2 works with the parameters that the start made workable");
    PasswordHash::from_phc(phc.to_text())
}

#[cfg(test)]
mod tests;
