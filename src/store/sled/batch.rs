//! Turns commits that arrive together into one write of the tree.

use std::collections::HashMap;

use super::layout;
use crate::store::Error;
use crate::store::engine::{Check, Commit, Version, Write};

/// Commits that hold, one after the other, none of them applied yet.
pub(super) struct Plan<'a> {
    tree: &'a sled::Tree,
    last: Version,
    /// What the commits of this plan leave behind: `None` for a deleted key.
    seen: HashMap<&'a [u8], Option<Version>>,
    writes: sled::Batch,
    held: Vec<&'a Commit>,
}

impl<'a> Plan<'a> {
    /// A plan over what `tree` holds now; `last` is the number of the last commit.
    pub(super) fn new(tree: &'a sled::Tree, last: u64) -> Self {
        let writes = sled::Batch::default();
        Self { tree, last: Version(last), seen: HashMap::new(), writes, held: Vec::new() }
    }

    /// Takes the commit up if its checks hold after the commits before it.
    ///
    /// # Errors
    /// As [`crate::store::engine::Engine::commit`]; the plan is then as before.
    pub(super) fn add(&mut self, commit: &'a Commit) -> Result<(), Error> {
        for check in commit.checks() {
            self.verify(check)?;
        }
        if !commit.writes().is_empty() {
            self.last.0 += 1;
            self.held.push(commit);
            for write in commit.writes() {
                self.write(write);
            }
        }
        Ok(())
    }

    fn verify(&self, check: &Check) -> Result<(), Error> {
        let now = match self.seen.get(check.key.as_slice()) {
            Some(version) => *version,
            None => self.stored(&check.key)?,
        };
        if now == check.version { Ok(()) } else { Err(Error::Conflict) }
    }

    fn stored(&self, key: &[u8]) -> Result<Option<Version>, Error> {
        let raw = self.tree.get(layout::tree_key(key)).map_err(Error::unavailable)?;
        raw.map(|raw| layout::version(key, &raw)).transpose()
    }

    fn write(&mut self, write: &'a Write) {
        match write {
            Write::Put { key, value } => {
                let value = layout::tree_value(self.last, value);
                self.writes.insert(layout::tree_key(key), value);
                self.seen.insert(key, Some(self.last));
            }
            Write::Delete { key } => {
                self.writes.remove(layout::tree_key(key));
                self.seen.insert(key, None);
            }
        }
    }

    /// The one batch for the tree, and the commits in it, which have the next numbers in this
    /// order; `None` when no commit writes.
    pub(super) fn finish(mut self) -> Option<(sled::Batch, Vec<&'a Commit>)> {
        if self.held.is_empty() {
            return None;
        }
        self.writes.insert(layout::VERSION_KEY, &self.last.0.to_be_bytes());
        Some((self.writes, self.held))
    }
}
