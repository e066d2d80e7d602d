//! Time as an argument: [`Timestamp`], and the [`Clock`] that gives it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Whole seconds since 1970 (the `NumericDate` of RFC 7519). All arithmetic saturates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The first moment there is.
    pub const EPOCH: Self = Self(0);

    /// The moment this many seconds after 1970.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// This moment and `span` later; fractions of a second are dropped.
    #[must_use]
    pub const fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_secs()))
    }

    /// This moment and `span` earlier, never before 1970.
    #[must_use]
    pub const fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.as_secs()))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

/// RFC 3339 in UTC with whole seconds, the form of every answer.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0).unwrap_or(i64::MAX);
        let moment = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{}", moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

/// A text that is no moment, or one before 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotATime;

impl fmt::Display for NotATime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be a time since 1970 like 2026-01-31T12:00:00Z")
    }
}

impl std::error::Error for NotATime {}

impl TryFrom<&str> for Timestamp {
    type Error = NotATime;
    /// RFC 3339; parts of a second are dropped.
    fn try_from(text: &str) -> Result<Self, NotATime> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| NotATime)?;
        u64::try_from(moment.as_second()).map(Self).map_err(|_| NotATime)
    }
}

/// Where time comes from: the system, or a test that moves it by hand.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System { start: Instant },
    Manual(Arc<Manual>),
}

#[derive(Debug)]
struct Manual {
    wall_seconds: AtomicU64,
    monotonic_millis: AtomicU64,
}

impl Clock {
    /// The clock of the machine.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System { start: Instant::now() })
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(Manual {
            wall_seconds: AtomicU64::new(start.seconds()),
            monotonic_millis: AtomicU64::new(0),
        })))
    }

    /// The time of day: for what expires. A machine that is set before 1970 reads as 1970.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System { .. } => system_now(),
            Source::Manual(manual) => {
                Timestamp::from_seconds(manual.wall_seconds.load(Ordering::SeqCst))
            }
        }
    }

    /// Time since this clock was made; it never goes back: for delays, windows and caches.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Source::System { start } => start.elapsed(),
            Source::Manual(manual) => {
                Duration::from_millis(manual.monotonic_millis.load(Ordering::SeqCst))
            }
        }
    }

    /// Moves a manual clock forward; the system's clock does not listen.
    pub fn advance(&self, span: Duration) {
        if let Source::Manual(manual) = &self.0 {
            manual.wall_seconds.fetch_add(span.as_secs(), Ordering::SeqCst);
            let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
            manual.monotonic_millis.fetch_add(millis, Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the Clock that all others ask")]
fn system_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp(since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_reads_as_rfc_3339_with_whole_seconds() {
        assert_eq!(Timestamp::EPOCH.to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp::from_seconds(1_795_474_800).to_string(), "2026-11-23T23:00:00Z");
        assert!(Timestamp::from_seconds(u64::MAX).to_string().starts_with("9999-"));
    }

    #[test]
    fn arithmetic_saturates() {
        let last = Timestamp::from_seconds(u64::MAX);
        assert_eq!(last.plus(Duration::from_secs(1)), last);
        assert_eq!(Timestamp::EPOCH.minus(Duration::from_secs(1)), Timestamp::EPOCH);
        assert_eq!(Timestamp::EPOCH.since(last), Duration::ZERO);
    }

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let clock = Clock::manual(Timestamp::from_seconds(100));
        clock.advance(Duration::from_millis(2_500));
        assert_eq!(clock.now().seconds(), 102);
        assert_eq!(clock.monotonic(), Duration::from_millis(2_500));
    }

    #[test]
    fn a_time_is_read_as_it_is_written() {
        let time = Timestamp::try_from("2020-02-03T04:05:06Z").unwrap();
        assert_eq!(time.to_string(), "2020-02-03T04:05:06Z");
        assert_eq!(Timestamp::try_from("2020-02-03T05:05:06.789+01:00"), Ok(time));
        for bad in ["", "2020-02-03", "2020-02-03T04:05:06", "1969-12-31T23:59:59Z", "0"] {
            assert_eq!(Timestamp::try_from(bad), Err(NotATime), "{bad}");
        }
    }
}
