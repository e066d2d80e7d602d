//! What the threads of an open store have in common.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::history::Point;
use super::live::Live;
use super::opening::Opened;
use super::watchdog::Pulse;
use super::{Options, files};
use crate::model::Timestamp;
use crate::store::changes::Changes;

/// How far commits have come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Committed {
    /// All up to this one are in the index.
    pub(super) applied: u64,
    /// All up to this one are durable in the journal: at least what anyone can have seen.
    pub(super) durable: u64,
    /// When that one happened.
    pub(super) time: Timestamp,
}

/// An open store.
pub(super) struct Shared {
    pub(super) live: Live,
    /// Which keys of it have not changed.
    pub(super) changes: Changes,
    pub(super) data: PathBuf,
    pub(super) options: Options,
    committed: Mutex<Committed>,
    /// The journals before this commit may be gone.
    pub(super) pruned: AtomicU64,
    /// The journal may become so long before a snapshot is made.
    pub(super) journal_limit: AtomicU64,
    /// Whether long work has to end early.
    pub(super) stopping: AtomicBool,
    /// Whether the index holds what it must not.
    pub(super) is_distrusted: AtomicBool,
    pub(super) pulse: Arc<Pulse>,
    // After `live`: sled must be closed before another process may open it.
    _lock: File,
}

impl Shared {
    /// Takes the opened index over; the journal is the committer's.
    pub(super) fn new((data, lock): (PathBuf, File), options: Options, opened: &Opened) -> Self {
        let Point { commit: last, time } = opened.last;
        let shared = Self {
            live: Live::new(opened.db.clone()),
            changes: Changes::default(),
            data,
            journal_limit: AtomicU64::new(options.journal_bytes),
            options,
            committed: Mutex::new(Committed { applied: last, durable: last, time }),
            pruned: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            is_distrusted: AtomicBool::new(false),
            pulse: Arc::default(),
            _lock: lock,
        };
        shared.snapshot_is(opened.snapshot_bytes);
        shared
    }

    /// Takes the index away for good, and waits until sled has let go of its files.
    pub(super) fn close(&self) -> bool {
        self.live.close();
        self.wait_closed()
    }

    /// Takes the index away until [`Shared::exchange`]; who reads waits meanwhile.
    pub(super) fn take(&self) -> bool {
        self.live.take();
        self.wait_closed()
    }

    fn wait_closed(&self) -> bool {
        super::db::wait_closed(&files::store_path(&self.data))
    }

    /// Puts another index in place. It may hold commits that the one before never did: they became
    /// durable, and then something failed. Between the two nobody reads.
    pub(super) fn exchange(&self, opened: &Opened) {
        let Point { commit: last, time } = opened.last;
        *self.lock_committed() = Committed { applied: last, durable: last, time };
        self.changes.all();
        self.live.put(opened.db.clone());
    }

    /// How far commits have come.
    pub(super) fn committed(&self) -> Committed {
        *self.lock_committed()
    }

    /// The commits up to this one are durable.
    pub(super) fn now_durable(&self, last: Point) {
        let mut committed = self.lock_committed();
        (committed.durable, committed.time) = (last.commit, last.time);
    }

    /// The commits up to this one can be read.
    pub(super) fn now_applied(&self, sequence: u64) {
        self.lock_committed().applied = sequence;
    }

    fn lock_committed(&self) -> MutexGuard<'_, Committed> {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest snapshot has this length: a journal may become as long.
    pub(super) fn snapshot_is(&self, bytes: u64) {
        let limit = self.options.journal_bytes.max(bytes);
        self.journal_limit.store(limit, Ordering::Relaxed);
    }

    /// Whether long work has to end early.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
