//! The counters of the throttle, as plain state: time is given, nothing waits here.

use std::time::Duration;

use crate::model::Rule;

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::auth) enum Counter {
    /// Failures in a row of an account from one network or device.
    AccountNetwork,
    /// Failures in a row of an account from anywhere.
    Account,
    /// Failures of a network within a minute.
    Network,
    /// Registrations of a network within a minute.
    Registrations,
    /// Changes of a profile within a minute.
    ProfileChanges,
    /// Services of one network that did not prove themselves.
    Services,
}

impl Counter {
    /// The rule by which it refuses.
    pub(in crate::auth) const fn rule(self) -> Rule {
        match self {
            Self::AccountNetwork => Rule::ThrottleAccountNetwork,
            Self::Account => Rule::ThrottleAccount,
            Self::Network => Rule::ThrottleNetwork,
            Self::Registrations => Rule::ThrottleRegistrations,
            Self::ProfileChanges => Rule::ThrottleProfile,
            Self::Services => Rule::ThrottleServices,
        }
    }
}

/// Whether an attempt may go on to the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// It may.
    Free,
    /// Not before others that are being verified have an answer.
    AfterOthers,
    /// Not before this much time.
    In(Duration),
}

/// Failures in a row, and attempts whose answer is still open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Streak {
    pub(super) failures: u32,
    pub(super) pending: u32,
    pub(super) blocked_until: Duration,
    pub(super) last: Duration,
    pub(super) is_saved: bool,
    pub(super) is_dirty: bool,
    pub(super) forgiven_at: Option<Duration>,
}

/// The delay after the first failure beyond the limit.
const FIRST_DELAY: Duration = Duration::from_secs(1);
/// The longest delay.
pub(super) const LONGEST_DELAY: Duration = Duration::from_mins(15);

impl Streak {
    /// Up to `limit` attempts are free; beyond that one at a time, each after its delay.
    pub(super) fn room(&self, limit: u32, now: Duration) -> Room {
        if self.blocked_until > now {
            return Room::In(self.blocked_until.saturating_sub(now));
        }
        let free = self.failures.saturating_add(self.pending) < limit || self.pending == 0;
        if free { Room::Free } else { Room::AfterOthers }
    }

    /// Up to `limit` attempts are free; beyond that none.
    pub(super) fn room_up_to(&self, limit: u32) -> Room {
        if self.failures >= limit {
            Room::In(LONGEST_DELAY)
        } else if self.failures.saturating_add(self.pending) < limit {
            Room::Free
        } else {
            Room::AfterOthers
        }
    }

    pub(super) fn reserve(&mut self, now: Duration) {
        self.pending = self.pending.saturating_add(1);
        self.last = now;
    }

    pub(super) fn release(&mut self) {
        self.pending = self.pending.saturating_sub(1);
    }

    /// A row of an earlier run. Its delay starts anew: when it would have ended is not known.
    pub(super) fn restore(&mut self, failures: u32, limit: u32, now: Duration) {
        self.failures = failures;
        self.last = now;
        self.is_saved = true;
        self.block(limit, now);
    }

    /// The attempt failed: from `limit` failures on, each delays the next one twice as long.
    pub(super) fn fail(&mut self, limit: u32, now: Duration) {
        self.release();
        self.failures = self.failures.saturating_add(1);
        self.last = now;
        self.is_dirty = true;
        self.block(limit, now);
    }

    fn block(&mut self, limit: u32, now: Duration) {
        if limit > 0 && self.failures >= limit {
            self.blocked_until = now.saturating_add(delay(self.failures - limit));
        }
    }

    /// The attempt succeeded: the row is broken.
    pub(super) fn succeed(&mut self) {
        self.release();
        self.forget();
    }

    /// The row is broken, and so are the rows of the account's networks up to `now`.
    pub(super) fn forgive(&mut self, now: Duration) {
        self.forget();
        self.forgiven_at = Some(now);
    }

    pub(super) fn forget(&mut self) {
        self.failures = 0;
        self.blocked_until = Duration::ZERO;
        self.is_dirty = self.is_saved;
    }
}

fn delay(over: u32) -> Duration {
    FIRST_DELAY.saturating_mul(2_u32.saturating_pow(over)).min(LONGEST_DELAY)
}

/// Events within a minute, and attempts whose answer is still open.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Window {
    start: Option<Duration>,
    count: u32,
    pending: u32,
}

/// The length of a window.
pub(super) const WINDOW: Duration = Duration::from_mins(1);

impl Window {
    pub(super) fn room(&mut self, limit: u32, now: Duration) -> Room {
        let start = *self.start.get_or_insert(now);
        let age = now.saturating_sub(start);
        if age >= WINDOW {
            (self.start, self.count) = (Some(now), 0);
        }
        if self.count >= limit {
            Room::In(WINDOW.saturating_sub(age))
        } else if self.count.saturating_add(self.pending) < limit {
            Room::Free
        } else {
            Room::AfterOthers
        }
    }

    pub(super) fn reserve(&mut self) {
        self.pending = self.pending.saturating_add(1);
    }

    pub(super) fn release(&mut self) {
        self.pending = self.pending.saturating_sub(1);
    }

    pub(super) fn fail(&mut self) {
        self.release();
        self.count = self.count.saturating_add(1);
    }

    /// Whether nothing would change if it were forgotten.
    pub(super) fn is_idle(&self, now: Duration) -> bool {
        let over = self.start.is_none_or(|start| now.saturating_sub(start) >= WINDOW);
        over && self.pending == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn five_failures_are_free_then_delays_double_up_to_fifteen_minutes() {
        let mut streak = Streak::default();
        let mut now = secs(0);
        let mut delays = Vec::new();
        for _ in 0..17 {
            if let Room::In(wait) = streak.room(5, now) {
                delays.push(wait.as_secs());
                now += wait;
            }
            assert_eq!(streak.room(5, now), Room::Free);
            streak.reserve(now);
            streak.fail(5, now);
        }
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    }

    #[test]
    fn attempts_in_flight_count_as_failures_until_they_have_an_answer() {
        let mut streak = Streak::default();
        for _ in 0..5 {
            assert_eq!(streak.room(5, secs(0)), Room::Free);
            streak.reserve(secs(0));
        }
        assert_eq!(streak.room(5, secs(0)), Room::AfterOthers);
        streak.succeed();
        assert_eq!(streak.room(5, secs(0)), Room::Free);
    }

    #[test]
    fn a_window_ends_after_a_minute() {
        let mut window = Window::default();
        for _ in 0..3 {
            assert_eq!(window.room(3, secs(10)), Room::Free);
            window.reserve();
            window.fail();
        }
        assert_eq!(window.room(3, secs(20)), Room::In(secs(50)));
        assert_eq!(window.room(3, secs(70)), Room::Free);
        assert!(!window.is_idle(secs(70)) && window.is_idle(secs(130)));
    }
}
