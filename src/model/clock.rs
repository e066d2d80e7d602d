//! Time as an argument: [`Timestamp`], and the [`Clock`] that gives it.

mod guard;
mod reading;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use self::guard::Guard;
pub use self::reading::{ClockState, Reading};

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
        write!(f, "{moment:.0}")
    }
}

/// No machine that runs this version can truly be earlier: a wall clock before it was never set.
/// A date of the source and not of the build, so that the same source gives the same program;
/// it is raised with each release.
pub const BUILD_FLOOR: Timestamp = Timestamp::from_seconds(1_793_491_200);

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

/// Where time comes from, the system or a test that moves it by hand, and which of it is
/// believed. Clones share one state.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    source: Source,
    guard: Mutex<Guard>,
}

#[derive(Debug)]
enum Source {
    System { start: Instant },
    Manual(Mutex<Manual>),
}

/// The hands of a manual clock: time since 1970, and since it was made.
#[derive(Debug, Clone, Copy)]
struct Manual {
    wall: Duration,
    monotonic: Duration,
}

impl Clock {
    /// How far the wall clock may be from the believed time without a question.
    pub const STEP: Duration = guard::STEP;
    /// How long a wall clock that jumped ahead has to stand, in monotonic time, until the mark
    /// follows it.
    pub const CONFIRM: Duration = guard::CONFIRM;
    /// How long a jump ahead that was taken back still counts, in monotonic time.
    pub const FORGET: Duration = guard::FORGET;

    /// The clock of the machine.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Source::System { start: Instant::now() })
    }

    /// A clock that stands at `start` until [`Clock::advance`] or [`Clock::set_wall`] moves it.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        let hands = Manual { wall: start.since(Timestamp::EPOCH), monotonic: Duration::ZERO };
        Self::new(Source::Manual(Mutex::new(hands)))
    }

    /// Believes the source until [`Clock::resume`] says what was known before.
    fn new(source: Source) -> Self {
        let guard = Mutex::new(Guard::new(source.wall(), source.monotonic()));
        Self(Arc::new(Shared { source, guard }))
    }

    /// Goes on from the mark of an earlier run and the latest time that it gave out, or from
    /// [`BUILD_FLOOR`]. A wall clock far ahead (the machine was off) is used at once and believed
    /// later.
    pub fn resume(&self, mark: Option<Timestamp>, latest: Option<Timestamp>) {
        let [mark, latest] = [mark, latest]
            .map(|time| time.unwrap_or(BUILD_FLOOR).max(BUILD_FLOOR).since(Timestamp::EPOCH));
        *self.guard() = Guard::resumed((mark, latest), self.monotonic());
    }

    /// The effective time, for what expires: the later of the wall clock and the high-water mark
    /// that moves on with monotonic time. It does not go back, with one exception: a jump ahead
    /// that was never confirmed is forgotten when the wall clock has been back, and not behind
    /// the mark, for [`Clock::FORGET`], by when every access token of before has expired.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.read().now
    }

    /// The time for what cannot be undone (sweeping): only what is certain to be over at the
    /// mark is removed, so that a wall clock that jumped ahead costs no record.
    #[must_use]
    pub fn certain(&self) -> Timestamp {
        self.read().mark
    }

    /// The time of day as the machine has it. A machine that is set before 1970 reads as 1970.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        Timestamp(self.0.source.wall().as_secs())
    }

    /// Whether the machine is set before 1970, where some libraries do not reach.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the Clock that all others ask")]
    pub fn is_before_1970(&self) -> bool {
        matches!(self.0.source, Source::System { .. }) && SystemTime::now() < UNIX_EPOCH
    }

    /// All times of one moment.
    #[must_use]
    pub fn read(&self) -> Reading {
        let mut guard = self.guard();
        // Read under the lock, so that no older reading comes after a newer one.
        let (wall, monotonic) = (self.0.source.wall(), self.monotonic());
        guard.observe(wall, monotonic);
        Reading {
            wall: Timestamp(wall.as_secs()),
            now: Timestamp(guard.now(monotonic).as_secs()),
            mark: Timestamp(guard.mark(monotonic).as_secs()),
        }
    }

    /// Believes the wall clock as it is, mark and all: the operator says that it is right.
    pub fn accept(&self) {
        let mut guard = self.guard();
        *guard = Guard::new(self.0.source.wall(), self.monotonic());
    }

    /// Time since this clock was made; it never goes back: for delays, windows and caches.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        self.0.source.monotonic()
    }

    /// Moves a manual clock forward, both hands; the system's clock does not listen.
    pub fn advance(&self, span: Duration) {
        self.0.source.turn(|hands| {
            hands.wall = hands.wall.saturating_add(span);
            hands.monotonic = hands.monotonic.saturating_add(span);
        });
    }

    /// Sets the wall clock of a manual clock, as a time server would; monotonic time stands.
    pub fn set_wall(&self, wall: Timestamp) {
        self.0.source.turn(|hands| hands.wall = wall.since(Timestamp::EPOCH));
    }

    fn guard(&self) -> MutexGuard<'_, Guard> {
        self.0.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    /// Since 1970.
    fn wall(&self) -> Duration {
        match self {
            Self::System { .. } => system_wall(),
            Self::Manual(hands) => hands.lock().unwrap_or_else(PoisonError::into_inner).wall,
        }
    }

    fn monotonic(&self) -> Duration {
        match self {
            Self::System { start } => start.elapsed(),
            Self::Manual(hands) => hands.lock().unwrap_or_else(PoisonError::into_inner).monotonic,
        }
    }

    fn turn(&self, turn: impl FnOnce(&mut Manual)) {
        if let Self::Manual(hands) = self {
            turn(&mut hands.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the Clock that all others ask")]
fn system_wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO)
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

    /// KEY-24.
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

    /// KEY-24.
    #[test]
    fn a_clock_at_either_end_of_time_does_not_panic() {
        for end in [Timestamp::EPOCH, Timestamp::from_seconds(u64::MAX)] {
            let clock = Clock::manual(end);
            clock.advance(Duration::MAX);
            clock.set_wall(Timestamp::EPOCH);
            assert!(clock.now() >= end);
            clock.resume(Some(Timestamp::from_seconds(u64::MAX)), None);
            assert_eq!(clock.now(), Timestamp::from_seconds(u64::MAX));
        }
    }

    /// KEY-21: an honest floor is no later than the day on which its tests run.
    #[test]
    fn the_floor_is_a_day_that_has_been() {
        assert_eq!(BUILD_FLOOR.to_string(), "2026-11-01T00:00:00Z");
        assert!(Clock::system().wall() > BUILD_FLOOR);
    }

    /// KEY-21.
    #[test]
    fn a_wall_clock_before_the_floor_was_never_set_and_recovers_by_itself() {
        let clock = Clock::manual(Timestamp::EPOCH);
        clock.resume(None, None);
        assert_eq!((clock.wall(), clock.now()), (Timestamp::EPOCH, BUILD_FLOOR));
        assert_eq!(clock.read().state(), ClockState::NeverSet);
        clock.set_wall(BUILD_FLOOR.plus(Duration::from_hours(24)));
        assert!(clock.read().is_set());
    }

    #[test]
    fn accepting_believes_a_wall_clock_that_was_behind() {
        let clock = Clock::manual(BUILD_FLOOR);
        clock.resume(Some(BUILD_FLOOR.plus(Duration::from_hours(24 * 365))), None);
        assert_eq!(clock.read().state(), ClockState::Behind);
        clock.accept();
        assert_eq!(clock.read().state(), ClockState::Set);
        assert_eq!((clock.now(), clock.certain()), (BUILD_FLOOR, BUILD_FLOOR));
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
