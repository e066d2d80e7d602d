//! Backups of the live store: for the operator, and by the schedule.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::audit::About;
use super::{Access, Auth, Client, Error};
use crate::model::{EventKind, Timestamp};
use crate::store::engine::Commit;
use crate::store::{Backup, Progress, Sink};

/// A backup that may begin.
#[derive(Debug)]
pub struct BackupJob(Arc<Auth>);

impl BackupJob {
    /// Writes the backup to `out`; it reads the whole store, so call it on a thread that may
    /// block. Constant memory.
    ///
    /// # Errors
    /// [`Error::Store`] when the store or `out` fails; what was written is then no backup.
    pub fn run(self, out: impl Write) -> Result<Backup, Error> {
        Ok(self.0.store.back_up(&mut Plain(out))?)
    }
}

/// A sink that nobody watches.
struct Plain<W>(W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> Sink for Plain<W> {
    fn progress(&mut self, _: Progress) -> io::Result<()> {
        Ok(())
    }
}

/// How the backups by the schedule are doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BackupStatus {
    /// Whether there is a schedule.
    pub is_scheduled: bool,
    /// The state that the newest good one holds; `None` when there is none.
    pub latest: Option<Timestamp>,
    /// How many failed since the start.
    pub failures: u64,
    /// Whether the last one failed.
    pub is_failing: bool,
}

/// What the use cases and the schedule both know.
#[derive(Debug, Default)]
pub(super) struct Backups(Mutex<BackupStatus>);

impl Backups {
    fn lock(&self) -> MutexGuard<'_, BackupStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Auth {
    /// Lets the operator copy the whole store, hashes and sealed keys included.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for everyone else.
    pub async fn back_up(
        self: &Arc<Self>,
        access: &Access,
        client: &Client,
    ) -> Result<BackupJob, Error> {
        access.require_operator()?;
        let event = self.event(About::nobody(EventKind::BackedUp), access.actor(), client);
        // A disk that takes nothing more is a reason for a backup, not against it.
        if let Err(error) = self.commit_with(Commit::new(), event).await {
            tracing::warn!(%error, "a backup is taken, and the audit trail could not be told");
        }
        Ok(BackupJob(Arc::clone(self)))
    }

    /// Writes a backup by the schedule; see [`BackupJob::run`].
    ///
    /// # Errors
    /// As [`BackupJob::run`].
    pub fn back_up_by_schedule(&self, out: &mut dyn Sink) -> Result<Backup, Error> {
        Ok(self.store.back_up(out)?)
    }

    /// How the backups by the schedule are doing.
    #[must_use]
    pub fn backup_status(&self) -> BackupStatus {
        *self.backups.lock()
    }

    /// There is a schedule, and the newest backup that is there holds the state of `latest`.
    pub fn backups_are_scheduled(&self, latest: Option<Timestamp>) {
        let mut status = self.backups.lock();
        (status.is_scheduled, status.latest) = (true, latest);
    }

    /// Notes how a backup by the schedule ended: the state that it holds, or `None`.
    pub fn backup_ended(&self, done: Option<Timestamp>) {
        let mut status = self.backups.lock();
        status.is_failing = done.is_none();
        match done {
            Some(time) => status.latest = Some(time),
            None => status.failures += 1,
        }
    }
}
