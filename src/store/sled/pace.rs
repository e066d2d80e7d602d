//! How often a store that failed is mended: each time the whole index is made again, which wears
//! out a disk on which that does not help.

use std::time::{Duration, Instant};

/// No wait is longer: someone may have made space.
const LONGEST: Duration = Duration::from_mins(1);

/// When the next mend may be tried.
pub(super) struct Pace {
    retry: Duration,
    /// How many failed in a row.
    failed: u32,
    /// When the index was last made again.
    mended: Option<Instant>,
}

impl Pace {
    /// The first mend after one that failed is tried after `retry`.
    pub(super) fn new(retry: Duration) -> Self {
        Self { retry, failed: 0, mended: None }
    }

    /// When the index may be made again that has just failed: at once, unless the one before it
    /// did not stay good for long.
    pub(super) fn after_failure(&self, now: Instant) -> Instant {
        self.mended.map_or(now, |at| (at + self.retry).max(now))
    }

    /// Takes note of a mend that failed. Gives the wait until the next one.
    pub(super) fn failed(&mut self) -> Duration {
        let wait = pause(self.retry, self.failed);
        self.failed = self.failed.saturating_add(1);
        wait
    }

    /// Takes note of a mend that succeeded.
    pub(super) fn mended(&mut self, now: Instant) {
        (self.failed, self.mended) = (0, Some(now));
    }
}

/// Twice as long after each failure.
fn pause(retry: Duration, failed: u32) -> Duration {
    retry.saturating_mul(2_u32.saturating_pow(failed)).min(LONGEST.max(retry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mend_that_keeps_failing_is_tried_ever_more_seldom_up_to_once_a_minute() {
        let mut pace = Pace::new(Duration::from_secs(1));
        let waits: Vec<u64> = (0..9).map(|_| pace.failed().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        pace.mended(Instant::now());
        assert_eq!(pace.failed().as_secs(), 1);
    }

    #[test]
    fn an_index_that_was_just_made_again_is_not_made_again_at_once() {
        let (mut pace, now) = (Pace::new(Duration::from_secs(1)), Instant::now());
        assert_eq!(pace.after_failure(now), now);
        pace.mended(now);
        assert_eq!(pace.after_failure(now), now + Duration::from_secs(1));
        let later = now + Duration::from_secs(5);
        assert_eq!(pace.after_failure(later), later);
    }
}
