//! The contract of a storage engine: an ordered map with optimistic atomic commits.

use std::fmt;

use async_trait::async_trait;

use super::Error;
use super::changes::Changes;
use super::ending::Ends;

/// The largest value, in bytes.
pub const MAX_VALUE: usize = 64 * 1024;
/// The longest key, in bytes.
pub const MAX_KEY: usize = 512;
/// How many keys one commit may check, put and delete together.
pub const MAX_COMMIT: usize = 100;

/// The state of a key, raised by every write to it. A key that was deleted and made again has
/// another version than before (no ABA).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// A key with its value and the version to name in a check.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The whole key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
    /// The version of this value.
    pub version: Version,
}

impl fmt::Debug for Entry {
    /// Values may hold hashes: only the key, the length and the version are printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = String::from_utf8_lossy(&self.key);
        write!(f, "Entry({key:?}, {} bytes, {:?})", self.value.len(), self.version)
    }
}

/// What a commit relies on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Which key.
    pub key: Vec<u8>,
    /// The version it must have; `None`: it must be absent.
    pub version: Option<Version>,
}

/// What a commit does to a key.
#[derive(Clone, PartialEq, Eq)]
pub enum Write {
    /// Sets the value.
    Put {
        /// Which key.
        key: Vec<u8>,
        /// Its new value.
        value: Vec<u8>,
    },
    /// Removes the key; no error when it is absent.
    Delete {
        /// Which key.
        key: Vec<u8>,
    },
}

impl Write {
    /// The key it writes.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = String::from_utf8_lossy(self.key());
        match self {
            Self::Put { value, .. } => write!(f, "Put({key:?}, {} bytes)", value.len()),
            Self::Delete { .. } => write!(f, "Delete({key:?})"),
        }
    }
}

/// Checks and writes that happen together or not at all. A write names what it relies on.
///
/// ```
/// # use doorkey::store::engine::Commit;
/// let commit = Commit::new().check("name/ann", None).put("name/ann", "id").delete("old");
/// assert_eq!(commit.len(), 2);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    checks: Vec<Check>,
    writes: Vec<Write>,
    /// Whose access tokens it kills, for [`super::Store::commit`]; no engine looks at it.
    ends: Vec<Ends>,
}

impl Commit {
    /// An empty commit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires `key` to have `version`, or to be absent with `None`.
    #[must_use]
    pub fn check(mut self, key: impl Into<Vec<u8>>, version: Option<Version>) -> Self {
        self.checks.push(Check { key: key.into(), version });
        self
    }

    /// Sets `key` to `value`.
    #[must_use]
    pub fn put(mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.writes.push(Write::Put { key: key.into(), value: value.into() });
        self
    }

    /// Removes `key`.
    #[must_use]
    pub fn delete(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.writes.push(Write::Delete { key: key.into() });
        self
    }

    /// Joins another commit to this one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.checks.extend(other.checks);
        self.writes.extend(other.writes);
        self.ends.extend(other.ends);
        self
    }

    /// The same, which ends what lived before.
    pub(super) fn ending(mut self, ends: Ends) -> Self {
        self.ends.push(ends);
        self
    }

    /// What it ends; it is not said again.
    pub(super) fn take_ends(&mut self) -> Vec<Ends> {
        std::mem::take(&mut self.ends)
    }

    /// What it relies on.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// What it does, in this order; of two writes to one key the later one stays.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// How many distinct keys it touches: what [`MAX_COMMIT`] bounds.
    #[must_use]
    pub fn len(&self) -> usize {
        let checked = self.checks.iter().map(|c| c.key.as_slice());
        let keys: std::collections::HashSet<&[u8]> =
            checked.chain(self.writes.iter().map(Write::key)).collect();
        keys.len()
    }

    /// Whether it touches nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.checks.is_empty() && self.writes.is_empty()
    }

    /// Refuses what no engine has to take.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond [`MAX_COMMIT`] keys, [`MAX_KEY`] or [`MAX_VALUE`] bytes.
    pub fn check_size(&self) -> Result<(), Error> {
        let long_key = self.checks.iter().any(|c| c.key.len() > MAX_KEY)
            || self.writes.iter().any(|w| w.key().len() > MAX_KEY);
        let long_value = self.writes.iter().any(|w| match w {
            Write::Put { value, .. } => value.len() > MAX_VALUE,
            Write::Delete { .. } => false,
        });
        if long_key || long_value || self.len() > MAX_COMMIT {
            Err(Error::TooLarge)
        } else {
            Ok(())
        }
    }
}

/// A storage engine. What every one must do is written as tests in `store::conformance`.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// The entry under `key`, as of the last acknowledged commit or later; `None` when absent.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the engine cannot answer.
    async fn get(&self, key: &[u8]) -> Result<Option<Entry>, Error>;

    /// At most `limit` entries whose key starts with `prefix` and comes after `after`, in the
    /// order of their keys.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the engine cannot answer.
    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, Error>;

    /// Applies the commit if all its checks hold: all or nothing, durable on return.
    ///
    /// # Errors
    /// [`Error::Conflict`] when a check does not hold (nothing was written),
    /// [`Error::TooLarge`] beyond the limits above (nothing was written),
    /// [`Error::Unavailable`] when it is not known to be durable.
    async fn commit(&self, commit: Commit) -> Result<(), Error>;

    /// Proof that keys have not changed, kept by the engine itself, which alone knows when a
    /// change can be read: every change of a key, by whatever way it comes, is under
    /// [`Changes::changing`]. `None`, as here: there may be other writers, or nobody counts, and
    /// every decision is made from records that are read anew.
    fn changes(&self) -> Option<&Changes> {
        None
    }
}
