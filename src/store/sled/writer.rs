//! What happens to a batch of commits: checked, appended to the journal, synced, applied to the
//! index, answered. The sync of the journal is the moment from which a commit has happened.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::batch::Plan;
use super::committer::Answer;
use super::frame::{self, Stamp};
use super::history::Point;
use super::journal::Journal;
use super::pace::Pace;
use super::panics::caught;
use super::shared::{Committed, Shared};
use super::snapshots::Snapshots;
use super::{disk, files, remake};
use crate::model::Timestamp;
use crate::store::Error;
use crate::store::engine::{Commit, Write};

/// sled is flushed after so many commits: it can deadlock on very many writes without one.
const UNFLUSHED: usize = 64;
/// A journal that could not be followed by another grows by as much before the next try.
const GROWTH: u64 = 1024 * 1024;

/// Whether anything can be written.
enum Health {
    Good,
    /// The index, or the end of the journal, has to be made again; not before the time given.
    Broken(Error, Instant),
    /// Nothing is written until a restart: a sync failed, and the kernel may have dropped the
    /// pages that it could not write.
    Dead(Error),
}

/// Why a batch failed.
enum Failure {
    /// Nothing happened, and the next one may succeed.
    Refused(Error),
    /// The journal could not be synced.
    Sync(io::Error),
    /// What is durable could not be brought into the index.
    Index(Error),
}

/// The one writer of a store.
pub(super) struct Writer {
    shared: Arc<Shared>,
    journal: Journal,
    snapshots: Snapshots,
    health: Health,
    /// The last commit.
    last: Point,
    unflushed: usize,
    /// The length at which the journal is followed by another, if it is more than the limit.
    rotate_at: u64,
    /// Whether the last batch could not be written.
    refusing: bool,
    pace: Pace,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, journal: Journal, snapshots: Snapshots) -> Self {
        let Committed { durable: commit, time, .. } = shared.committed();
        let last = Point { commit, time };
        let (health, pace) = (Health::Good, Pace::new(shared.options.retry));
        Self {
            shared,
            journal,
            snapshots,
            health,
            last,
            unflushed: 0,
            rotate_at: 0,
            refusing: false,
            pace,
        }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// One answer for each commit. Once anything failed on the way to the disk, nobody is told
    /// that a commit is done.
    pub(super) fn commit_all(&mut self, commits: &[Commit]) -> Vec<Answer> {
        let outcome = self.mend().and_then(|()| match caught(|| self.try_all(commits)) {
            Ok(Ok(answers)) => Ok(answers),
            Ok(Err(failure)) => Err(self.fail(failure)),
            Err(panic) => Err(self.fail(Failure::Index(Error::unavailable(panic)))),
        });
        match outcome {
            Ok(answers) => answers,
            Err(reason) => commits.iter().map(|_| Err(reason.clone())).collect(),
        }
    }

    fn try_all(&mut self, commits: &[Commit]) -> Result<Vec<Answer>, Failure> {
        let refused = |error: io::Error| Failure::Refused(Error::unavailable(error));
        disk::check_space(&self.shared.data).map_err(refused)?;
        let (tree, generation) = self.shared.live.tree().map_err(Failure::Index)?;
        let mut plan = Plan::new(&tree, self.last.commit);
        let answers: Vec<Answer> = commits.iter().map(|commit| plan.add(commit)).collect();
        let bad =
            |answer: &Answer| answer.as_ref().err().filter(|error| is_of_index(error)).cloned();
        if let Some(error) = answers.iter().find_map(bad) {
            self.shared.live.suspect(&error, generation);
        }
        let Some((batch, held)) = plan.finish() else {
            self.journal.probe().map_err(refused)?;
            self.takes_again();
            return Ok(answers);
        };
        let time = self.now();
        self.journal.append(&frames(&held, self.last.commit, time)).map_err(refused)?;
        self.journal.sync().map_err(Failure::Sync)?;
        self.last = Point { commit: self.last.commit + held.len() as u64, time };
        self.shared.now_durable(self.last);
        let keys = held.iter().flat_map(|commit| commit.writes()).map(Write::key);
        let changing = self.shared.changes.changing(keys);
        tree.apply_batch(batch).map_err(|error| Failure::Index(Error::unavailable(error)))?;
        drop(changing);
        self.shared.now_applied(self.last.commit);
        self.unflushed += held.len();
        self.takes_again();
        Ok(answers)
    }

    /// The time of the next commit. It is not before that of the last one, though the clock was
    /// set back or a machine without one has started again: who goes back to a time gets all
    /// that had happened by then.
    fn now(&self) -> Timestamp {
        self.shared.options.clock.now().max(self.last.time)
    }

    fn takes_again(&mut self) {
        if std::mem::take(&mut self.refusing) {
            tracing::info!("the disk takes changes again");
        }
    }

    /// What has to be done between batches, when nobody waits.
    pub(super) fn tidy(&mut self) {
        if !matches!(self.health, Health::Good) {
            // A failure that came once is over at once. Whoever commits next hears of another.
            drop(self.mend());
            return;
        }
        if self.unflushed >= UNFLUSHED {
            self.unflushed = 0;
            if let Err(failed) = self.shared.live.read(sled::Tree::flush) {
                self.fail(Failure::Index(failed.into()));
                return;
            }
        }
        self.rotate();
    }

    /// Begins another journal, and with it a snapshot, when this one is long enough.
    fn rotate(&mut self) {
        let limit = self.shared.journal_limit.load(Ordering::Relaxed).max(self.rotate_at);
        if self.journal.bytes() <= limit || self.snapshots.is_busy() {
            return;
        }
        let folder = files::journals_path(&self.shared.data);
        match Journal::create(&folder, self.last.commit + 1, self.now()) {
            Ok(next) => {
                self.rotate_at = 0;
                self.journal = next;
                self.snapshots.begin();
            }
            Err(error) => {
                self.rotate_at = self.journal.bytes() + GROWTH;
                tracing::warn!(%error, "no new journal could be begun: the old one grows on");
            }
        }
    }

    fn fail(&mut self, failure: Failure) -> Error {
        let retry = Instant::now() + self.shared.options.retry;
        let (reason, health, not_before): (_, fn(Error, Instant) -> Health, _) = match failure {
            Failure::Refused(reason) => {
                // Said once: the disk stays full for a while.
                if !std::mem::replace(&mut self.refusing, true) {
                    tracing::error!(%reason, "no change is taken until the disk takes it");
                }
                return reason;
            }
            Failure::Sync(error) if disk::is_full(&error) => {
                (Error::unavailable(error), Health::Broken, retry)
            }
            Failure::Sync(error) => {
                (Error::unavailable(error), |reason, _| Health::Dead(reason), retry)
            }
            Failure::Index(reason) => {
                (reason, Health::Broken, self.pace.after_failure(Instant::now()))
            }
        };
        self.health = health(reason.clone(), not_before);
        match self.health {
            Health::Dead(_) => {
                tracing::error!(%reason, "the journal could not be synced: the store is read-only until a restart");
            }
            Health::Broken(..) | Health::Good => {
                tracing::error!(%reason, "a commit failed: the store is read-only until it is mended");
            }
        }
        reason
    }

    /// Makes a broken store good again, from its own journal.
    fn mend(&mut self) -> Result<(), Error> {
        self.doubt();
        match &self.health {
            Health::Good => return Ok(()),
            Health::Dead(reason) => return Err(reason.clone()),
            Health::Broken(reason, not_before) if Instant::now() < *not_before => {
                return Err(reason.clone());
            }
            Health::Broken(..) => {}
        }
        // Asking costs nothing, so it is asked often: the store mends itself once there is space.
        self.check_space().inspect_err(|reason| {
            let retry = self.shared.options.retry;
            self.health = Health::Broken(reason.clone(), Instant::now() + retry);
        })?;
        self.shared.pulse.end();
        let mended = self.try_mend();
        self.shared.pulse.begin();
        match &mended {
            Ok(()) => self.pace.mended(Instant::now()),
            Err(reason) => {
                let wait = self.pace.failed();
                let seconds = wait.as_secs();
                tracing::error!(%reason, seconds, "the store could not be mended: trying later");
                self.health = Health::Broken(reason.clone(), Instant::now() + wait);
            }
        }
        mended
    }

    /// An index that fails who reads is broken too.
    fn doubt(&mut self) {
        if let (Health::Good, Some(reason)) = (&self.health, self.shared.live.suspicion()) {
            tracing::error!(%reason, "the index cannot be read: making it again");
            self.health = Health::Broken(reason, self.pace.after_failure(Instant::now()));
        }
    }

    /// Whether another index has room.
    fn check_space(&self) -> Result<(), Error> {
        let data = &self.shared.data;
        let needed = remake::space(data).map_err(Error::unavailable)?;
        disk::check_space_for(data, needed).map_err(Error::unavailable)
    }

    fn try_mend(&mut self) -> Result<(), Error> {
        let (shared, options) = (Arc::clone(&self.shared), &self.shared.options);
        // What was acknowledged has to be there, and its numbers are taken.
        let least = shared.committed().durable;
        let opened = remake::reopen(&shared.data, options, least, &mut || {
            shared.take();
            Ok(())
        });
        let opened = opened.map_err(Error::unavailable)?;
        shared.exchange(&opened);
        self.last = opened.last;
        self.journal = opened.journal;
        self.health = Health::Good;
        tracing::info!("the store is mended and takes changes again");
        Ok(())
    }

    /// Ends it. The journal, when everything in it is durable and in the index.
    pub(super) fn close(self) -> Option<Journal> {
        let good = matches!(self.health, Health::Good);
        let flushed = good && self.shared.live.read(sled::Tree::flush).is_ok();
        flushed.then_some(self.journal)
    }
}

/// Whether a check failed for what the index is, and not for what it holds.
fn is_of_index(error: &Error) -> bool {
    match error {
        Error::Unavailable(_) | Error::Corrupt { .. } => true,
        Error::Conflict | Error::TooLarge => false,
    }
}

/// The frames of the commits after `last`.
fn frames(held: &[&Commit], last: u64, time: Timestamp) -> Vec<u8> {
    let mut frames = Vec::new();
    for (sequence, commit) in (last + 1..).zip(held) {
        frame::put_change(&mut frames, Stamp { sequence, synced: last, time }, commit.writes());
    }
    frames
}

/// How many bytes a commit writes.
pub(super) fn size(commit: &Commit) -> usize {
    let size = |write: &Write| match write {
        Write::Put { key, value } => key.len() + value.len(),
        Write::Delete { key } => key.len(),
    };
    commit.writes().iter().map(size).sum()
}
