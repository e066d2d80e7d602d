//! What has to be done from time to time. Nothing that anyone relies on waits for it.

use super::throttle::{MOST_SAVED, is_over};
use super::{Auth, Error};

/// How many rounds of sweeping one call does at most: other work comes first.
const ROUNDS: usize = 25;

impl Auth {
    /// Takes back the counts of failed logins of an earlier run.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer.
    pub async fn restore_attempts(&self) -> Result<(), Error> {
        let saved = self.store.attempts().load(MOST_SAVED).await?;
        let over = self.throttle.restore(saved, self.clock.now());
        let removals: Vec<_> = over.into_iter().map(|key| (key, None)).collect();
        Ok(self.store.attempts().save(&removals).await?)
    }

    /// Saves what is kept in memory: counts of failed logins, refused logins for the audit
    /// trail, last uses of sessions. Called every few seconds and, with `stopping`, at the end.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer.
    pub async fn save(&self, stopping: bool) -> Result<(), Error> {
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

    /// Frees space: expired sessions and links, old events, counts of failed logins that are
    /// over or too many, keys that are gone.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer; nothing is lost by it.
    pub async fn sweep(&self) -> Result<(), Error> {
        let now = self.clock.now();
        for _ in 0..ROUNDS {
            if !self.store.sweep(now).await?.more {
                break;
            }
        }
        for _ in 0..ROUNDS {
            if self.store.events().sweep(now.minus(self.settings.keep_events)).await? == 0 {
                break;
            }
        }
        self.store.attempts().sweep(MOST_SAVED, |attempt| is_over(attempt, now)).await?;
        self.drop_gone_keys().await
    }
}
