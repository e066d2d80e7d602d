//! What has to be done from time to time. Nothing that anyone relies on waits for it.

use std::time::{Duration, Instant};

use super::throttle::{MOST_SAVED, is_over};
use super::{Auth, Error};

/// How long one call sweeps at most, so that other work of the same task comes to its turn.
const SWEEP_FOR: Duration = Duration::from_secs(20);

impl Auth {
    /// Takes back the counts of failed logins of an earlier run; a wall clock that is ahead lifts
    /// none of them.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer.
    pub async fn restore_attempts(&self) -> Result<(), Error> {
        let saved = self.store.attempts().load(MOST_SAVED).await?;
        let over = self.throttle.restore(saved, self.clock.certain());
        let removals: Vec<_> = over.into_iter().map(|key| (key, None)).collect();
        Ok(self.store.attempts().save(&removals).await?)
    }

    /// Saves what is kept in memory: the clock's times, counts of failed logins, refused logins
    /// for the audit trail, last uses of sessions and API tokens. Called every few seconds and, with `stopping`,
    /// at the end.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer.
    pub async fn save(&self, stopping: bool) -> Result<(), Error> {
        self.watch_clock();
        self.save_latest().await?;
        self.save_mark(stopping).await?;
        self.write_failures(stopping).await?;
        self.throttle.forget_old();
        self.save_attempts().await?;
        self.write_last_used().await
    }

    async fn save_attempts(&self) -> Result<(), Error> {
        let counts = self.throttle.unsaved(self.clock.now());
        let saved = self.store.attempts().save(&counts).await;
        if saved.is_err() {
            self.throttle.not_saved(&counts);
        }
        Ok(saved?)
    }

    /// Frees space: expired sessions, links and API tokens, old events, counts of failed logins that are
    /// over or too many, keys that are gone, places in status lists. Only what is over by the certain time goes.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer; nothing is lost by it.
    pub async fn sweep(&self) -> Result<(), Error> {
        self.status_lists.tend();
        let now = self.clock.certain();
        let start = Instant::now();
        while self.store.sweep(now).await?.more && start.elapsed() < SWEEP_FOR {}
        self.store.attempts().sweep(MOST_SAVED, |attempt| is_over(attempt, now)).await?;
        self.tend_keys().await?;
        // Last, because a seal that cannot be read stops it.
        while self.sweep_trail(now).await? && start.elapsed() < SWEEP_FOR {}
        Ok(())
    }
}
