//! Counts that outlive a restart: saved now and then, never at an attempt.

use std::time::Duration;

use super::Throttle;
use super::counter::Streak;
use super::place::Tables;
use super::table::Table;
use crate::model::Timestamp;
use crate::store::{Attempt, Fingerprint};

/// A row shorter than this is not worth a write: a restart gives back at most as many guesses.
const WORTH_SAVING: u32 = 3;
/// The most counts that one save writes; the rest waits for the next.
const BATCH: usize = 500;
/// How many counts are read back at start, and so how many are worth keeping.
pub(in crate::auth) const MOST_SAVED: usize = 20_000;
/// A row of one account and network is forgotten after an hour: by then its longest delay has
/// passed four times, so waiting for it gains no guess.
const PAIR_MEMORY: Duration = Duration::from_hours(1);
/// A row of an account as a whole is forgotten after a month without a failure: a hundred
/// guesses a month are none.
const ACCOUNT_MEMORY: Duration = Duration::from_hours(30 * 24);

/// Whether a saved row no longer counts at `now`.
pub(in crate::auth) fn is_over(attempt: &Attempt, now: Timestamp) -> bool {
    let memory = if attempt.whole_account { ACCOUNT_MEMORY } else { PAIR_MEMORY };
    now.since(attempt.last_at) >= memory
}

impl Throttle {
    /// The counts that changed since the last call and matter beyond a restart; `None` for one
    /// that is over. At most a few hundred.
    pub(in crate::auth) fn unsaved(&self, now: Timestamp) -> Vec<(Fingerprint, Option<Attempt>)> {
        let mono = self.clock.monotonic();
        let mut tables = self.lock();
        let mut changed = unsaved_of(&mut tables.pairs, false, (now, mono));
        changed.extend(unsaved_of(&mut tables.accounts, true, (now, mono)));
        changed
    }

    /// Takes counts of an earlier run; says which of them are over and can be removed. One of a
    /// time that is to come, as a wrong clock leaves it, is saved again as one of now: else it
    /// would be over only then.
    pub(in crate::auth) fn restore(
        &self,
        saved: Vec<(Fingerprint, Attempt)>,
        now: Timestamp,
    ) -> Vec<Fingerprint> {
        let mono = self.clock.monotonic();
        let mut tables = self.lock();
        let mut over = Vec::new();
        for (key, attempt) in saved {
            if is_over(&attempt, now) {
                over.push(key);
                continue;
            }
            let table =
                if attempt.whole_account { &mut tables.accounts } else { &mut tables.pairs };
            let streak = table.entry(key, |_| true);
            let limit = if attempt.whole_account { 0 } else { self.limits.login_failures };
            streak.restore(attempt.failures, limit, mono);
            streak.is_dirty = attempt.last_at > now;
        }
        over
    }

    /// Takes note that the counts of [`Throttle::unsaved`] were not saved: the next call gives
    /// them again.
    pub(in crate::auth) fn not_saved(&self, counts: &[(Fingerprint, Option<Attempt>)]) {
        let mut tables = self.lock();
        let Tables { pairs, accounts, .. } = &mut *tables;
        for (key, _) in counts {
            if let Some(streak) = pairs.get_mut(key).or_else(|| accounts.get_mut(key)) {
                (streak.is_dirty, streak.is_saved) = (true, true);
            }
        }
    }

    /// Forgets old rows, so that they do not follow an honest user for ever.
    pub(in crate::auth) fn forget_old(&self) {
        let mono = self.clock.monotonic();
        let mut tables = self.lock();
        forget_after(PAIR_MEMORY, &mut tables.pairs, mono);
        forget_after(ACCOUNT_MEMORY, &mut tables.accounts, mono);
        tables.pairs.retain(|s| s.failures > 0 || s.pending > 0 || s.is_saved);
        let forgiven =
            |s: &Streak| s.forgiven_at.is_some_and(|at| mono.saturating_sub(at) < PAIR_MEMORY);
        tables.accounts.retain(|s| s.failures > 0 || s.pending > 0 || s.is_saved || forgiven(s));
        tables.networks.retain(|w| !w.is_idle(mono));
        tables.acts.retain(|w| !w.is_idle(mono));
    }
}

fn forget_after(memory: Duration, table: &mut Table<Streak>, mono: Duration) {
    for (_, streak) in table.iter_mut() {
        if streak.pending == 0 && mono.saturating_sub(streak.last) >= memory {
            streak.forget();
        }
    }
}

fn unsaved_of(
    table: &mut Table<Streak>,
    whole_account: bool,
    (now, mono): (Timestamp, Duration),
) -> Vec<(Fingerprint, Option<Attempt>)> {
    let mut changed = Vec::new();
    for (key, streak) in table.iter_mut().filter(|(_, s)| s.is_dirty).take(BATCH) {
        streak.is_dirty = false;
        if streak.failures >= WORTH_SAVING {
            streak.is_saved = true;
            let last_at = now.minus(mono.saturating_sub(streak.last));
            let failures = streak.failures;
            changed.push((*key, Some(Attempt { whole_account, failures, last_at })));
        } else if streak.is_saved {
            streak.is_saved = false;
            changed.push((*key, None));
        }
    }
    changed
}
