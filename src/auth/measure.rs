//! What the server knows of itself at one moment, for who watches it.

use std::time::Duration;

use super::{Auth, BackupStatus, Error};
use crate::crypto::PoolLoad;
use crate::model::{EventKind, Timestamp};

/// How long the store may take to answer; whoever asks has not much more patience.
const PATIENCE: Duration = Duration::from_secs(2);

/// The state of one moment. Nothing in it names a person, and nothing is found by a scan.
#[derive(Debug, Clone)]
pub struct Measures {
    /// As [`Auth::ready`], and in time.
    pub ready: bool,
    /// Whether the store takes writes, and in time.
    pub store_writable: bool,
    /// The hashing of passwords.
    pub passwords: PoolLoad,
    /// Accounts and networks that the throttle keeps a count of.
    pub throttle_entries: usize,
    /// Events of each kind since the start. Refused logins are gathered first, so they come up
    /// to a minute late.
    pub events: Vec<(EventKind, u64)>,
    /// The backups by the schedule.
    pub backups: BackupStatus,
}

impl Auth {
    /// The state of this moment.
    pub async fn measure(&self) -> Measures {
        let answered = tokio::time::timeout(PATIENCE, self.ready()).await;
        Measures {
            ready: matches!(answered, Ok(Ok(()))),
            // The clock is asked after the store has answered.
            store_writable: matches!(answered, Ok(Ok(()) | Err(Error::ClockNotSet))),
            passwords: self.passwords.load(),
            throttle_entries: self.throttle.entries(),
            events: self.told.counts(),
            backups: self.backup_status(),
        }
    }

    /// The time that the server goes by.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The time that has passed since some moment: for how long things take.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }
}
