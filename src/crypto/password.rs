//! Passwords become argon2id hashes (RFC 9106), always on the threads of one fixed pool.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use argon2::Algorithm;
use zeroize::Zeroizing;

use self::foreign::Foreign;
use self::memory::{Memory, NoMemory};
use self::phc::Phc;
use self::pool::{Pool, Size};
use super::normalize::normalize;
use super::random::Random;
use crate::model::{Password, PasswordHash};

mod foreign;
mod memory;
mod params;
mod phc;
mod pool;

pub use self::foreign::BadHash;
pub use self::params::Argon2Params;
use self::params::{COSTLIEST, COSTLIEST_IMPORT};
pub use self::pool::{Busy, PoolLoad};

const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;
/// Taking the memory anew costs a hash a third more; so much is nothing once in so long.
const REST_AFTER: Duration = Duration::from_secs(10);

/// How much hashing may go on at a time.
#[derive(Debug, Clone, Copy)]
pub struct PoolSettings {
    /// For new hashes.
    pub params: Argon2Params,
    /// The memory of all hashes at a time, in bytes, and at least that of one new hash; a stored
    /// hash that needs more is not compared with. There is at least one thread, and at most one
    /// for each core: more would only push each other's blocks out of the caches.
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
        usize::try_from(affordable).unwrap_or(usize::MAX).clamp(1, cores)
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
    /// The stored hash needs so many MiB, more than all hashing may take: an alarm as well.
    TooLarge(usize),
}

impl Verdict {
    /// A match, with more reason to hash anew.
    fn or_rehash(self, more: bool) -> Self {
        match self {
            Self::Match { rehash } => Self::Match { rehash: rehash || more },
            Self::Mismatch | Self::Unreadable | Self::TooLarge(_) => self,
        }
    }
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
    /// Starts the threads. Memory is taken when hashes need it, and given back when none came for ten
    /// seconds.
    ///
    /// # Errors
    /// When the system lets no thread start.
    pub fn start(settings: PoolSettings, random: Random) -> io::Result<Self> {
        let settings = PoolSettings { params: settings.params.workable(), ..settings };
        let PoolSettings { params, queue, max_wait, .. } = settings;
        let memory = usize::try_from(settings.memory_bytes / 1024).unwrap_or(usize::MAX);
        let (threads, blocks) = (settings.threads(), params.blocks());
        let size = Size { threads, memory, blocks, queue, rest_after: REST_AFTER };
        let pool = Pool::start(&size, max_wait)?;
        let dummy = fresh(params, &random, random.bytes::<OUTPUT_BYTES>().to_vec());
        Ok(Self(Arc::new(Shared { pool, params, dummy, random, max_wait })))
    }

    /// The hash to store for a new password.
    ///
    /// # Errors
    /// [`Busy`] when the pool has no room.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, Busy> {
        let password = normalize(password);
        let phc = fresh(self.0.params, &self.0.random, vec![0; OUTPUT_BYTES]);
        let work = move |memory: &Memory| make(phc, &password, memory);
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
        let (normal, typed) = (normalize(password), password.clone());
        let (expected, found, otherwise) = self.0.expectation(&typed, stored);
        let work = move |memory: &Memory| {
            Ok(match expected.compare(&normal, &typed, memory)? {
                Some(as_typed) => found.or_rehash(as_typed),
                None => otherwise,
            })
        };
        self.0.pool.run(work).await
    }

    /// Takes the hash of another system, or one that was exported, to be stored as it is.
    ///
    /// # Errors
    /// [`BadHash`] when it is of no known form, or would cost more than a login may.
    pub fn import(&self, text: String) -> Result<PasswordHash, BadHash> {
        let expected = match Phc::parse(&text) {
            Some(phc) if phc.params.within(COSTLIEST_IMPORT, self.0.params) => {
                Expected::Argon2(phc)
            }
            Some(_) => return Err(BadHash::TooDear),
            None => Expected::Foreign(Foreign::parse(&text)?),
        };
        match self.0.too_large(&expected) {
            Some(mib) => Err(BadHash::TooLarge(mib)),
            None => Ok(PasswordHash::from_phc(text)),
        }
    }

    /// What there is to do at this moment.
    #[must_use]
    pub fn load(&self) -> PoolLoad {
        self.0.pool.load()
    }

    /// When it is worth trying again after [`Busy`]: 1 to 10 whole seconds.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        Duration::from_secs(self.0.max_wait.as_secs().clamp(1, 10))
    }
}

impl Shared {
    /// What to compare a password with, and the verdicts for equal and unequal.
    fn expectation(
        &self,
        typed: &Password,
        stored: Option<&PasswordHash>,
    ) -> (Expected, Verdict, Verdict) {
        let alike = match stored.map(|hash| self.read(hash)) {
            Some(Ok(expected)) if expected.takes(typed) => {
                let rehash = self.is_outdated(&expected);
                return (expected, Verdict::Match { rehash }, Verdict::Mismatch);
            }
            Some(Err(alarm)) => alarm,
            // Nothing is answered sooner than for a name that nobody has.
            Some(Ok(_)) | None => Verdict::Mismatch,
        };
        (Expected::Argon2(self.dummy.clone()), alike, alike)
    }

    /// How many MiB it needs, if that is more than there is.
    fn too_large(&self, expected: &Expected) -> Option<usize> {
        let kib = expected.memory_kib();
        (kib > self.pool.memory()).then_some(kib.div_ceil(1024))
    }

    fn is_outdated(&self, expected: &Expected) -> bool {
        match expected {
            Expected::Argon2(phc) => {
                phc.algorithm != Algorithm::Argon2id
                    || phc.params != self.params
                    || phc.salt.len() != SALT_BYTES
                    || phc.output.len() != OUTPUT_BYTES
            }
            Expected::Foreign(_) => true,
        }
    }

    /// A stored hash, or the verdict for one that is not compared with.
    fn read(&self, stored: &PasswordHash) -> Result<Expected, Verdict> {
        let text = stored.as_phc();
        let expected = match Phc::parse(text) {
            Some(phc) => phc.params.within(COSTLIEST, self.params).then_some(Expected::Argon2(phc)),
            None => Foreign::parse(text).ok().map(Expected::Foreign),
        };
        let expected = expected.ok_or(Verdict::Unreadable)?;
        self.too_large(&expected).map_or(Ok(expected), |mib| Err(Verdict::TooLarge(mib)))
    }
}

/// What a password is compared with.
enum Expected {
    Argon2(Phc),
    Foreign(Foreign),
}

impl Expected {
    /// The memory that a comparison needs.
    fn memory_kib(&self) -> usize {
        match self {
            Self::Argon2(phc) => phc.params.blocks(),
            Self::Foreign(hash) => hash.memory().div_ceil(1024),
        }
    }

    /// Whether this can be the hash of such a password at all.
    fn takes(&self, typed: &Password) -> bool {
        match self {
            Self::Argon2(_) => true,
            Self::Foreign(hash) => hash.takes(typed.expose()),
        }
    }

    /// `None` when it is another password; else whether it matched only as it was typed, which
    /// is what other systems hash: ours is hashed in its one form.
    fn compare(
        &self,
        normal: &str,
        typed: &Password,
        memory: &Memory,
    ) -> Result<Option<bool>, NoMemory> {
        let typed = typed.expose();
        let as_typed = match self {
            Self::Argon2(phc) if phc.matches(normal, memory)? => return Ok(Some(false)),
            Self::Argon2(phc) => typed != normal && phc.matches(typed, memory)?,
            Self::Foreign(hash) => hash.matches(typed, memory)?,
        };
        Ok(as_typed.then_some(true))
    }
}

fn fresh(params: Argon2Params, random: &Random, output: Vec<u8>) -> Phc {
    let algorithm = Algorithm::Argon2id;
    Phc {
        algorithm,
        params,
        salt: random.bytes::<SALT_BYTES>().to_vec(),
        output: Zeroizing::new(output),
    }
}

fn make(mut phc: Phc, password: &str, memory: &Memory) -> Result<PasswordHash, NoMemory> {
    let output = phc.derive(password, memory)?;
    phc.output = output.expect("argon2 works with the parameters that the start made workable");
    Ok(PasswordHash::from_phc(phc.to_text()))
}

#[cfg(test)]
mod tests;
