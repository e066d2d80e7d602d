//! Which time is believed. A wall clock that is set back must not bring the dead to life, and
//! one that is set ahead by mistake must neither end nor keep anything for good.
//!
//! The *mark* is what is certain. It moves on with monotonic time, follows the wall clock over at
//! most [`STEP`] in each [`CONFIRM`], and over more only when the wall clock has stood there for
//! [`CONFIRM`]. What is *held* is the latest time that was given out: it moves on with monotonic
//! time too, and outlives a restart as the mark does. When a jump ahead that was never confirmed
//! is taken back, it is held for [`FORGET`] still, in which nothing is issued: what was refused as
//! expired stays refused, until the access tokens among it have expired by any clock. Sessions
//! that are over by the withdrawn jump alone live again then: they were never over, and a glitch
//! of a time server must not end them all. Only a wall clock that may be right takes a jump back:
//! one behind the mark is wrong for certain, as after a start without a battery.

use std::time::Duration;

/// How far the wall clock may be off without a question.
pub(super) const STEP: Duration = Duration::from_mins(5);
/// How long a jump ahead has to stand to be believed.
pub(super) const CONFIRM: Duration = Duration::from_mins(10);
/// How long a jump that was taken back is held: longer than any access token lives.
pub(super) const FORGET: Duration = Duration::from_mins(16);

/// A time since 1970 that moves on with monotonic time.
#[derive(Debug, Clone, Copy)]
struct Point {
    time: Duration,
    monotonic: Duration,
}

impl Point {
    fn at(self, monotonic: Duration) -> Duration {
        self.time.saturating_add(monotonic.saturating_sub(self.monotonic))
    }
}

/// A jump ahead that waits to be believed.
#[derive(Debug, Clone, Copy)]
struct Jump {
    since: Duration,
    /// The least that the wall clock has been ahead all the while.
    least: Point,
}

/// What is known of the time, by what was observed. All times are since 1970 or monotonic.
#[derive(Debug)]
pub(super) struct Guard {
    mark: Point,
    held: Point,
    jump: Option<Jump>,
    /// Since when the wall clock has been behind what is held and could be right.
    behind_since: Option<Duration>,
    /// The steps that the mark took since then, together.
    stepped: Point,
}

impl Guard {
    /// Believes that it is this time, of a wall clock or of a mark.
    pub(super) fn new(time: Duration, monotonic: Duration) -> Self {
        let here = Point { time, monotonic };
        let stepped = Point { time: Duration::ZERO, monotonic };
        Self { mark: here, held: here, jump: None, behind_since: None, stepped }
    }

    /// Goes on from the mark and the latest time of an earlier run.
    pub(super) fn resumed((mark, held): (Duration, Duration), monotonic: Duration) -> Self {
        let held = Point { time: held.max(mark), monotonic };
        Self { held, ..Self::new(mark, monotonic) }
    }

    /// The latest certain time.
    pub(super) fn mark(&self, monotonic: Duration) -> Duration {
        self.mark.at(monotonic)
    }

    /// The effective time.
    pub(super) fn now(&self, monotonic: Duration) -> Duration {
        self.held.at(monotonic)
    }

    /// Takes note of the wall clock.
    pub(super) fn observe(&mut self, wall: Duration, monotonic: Duration) {
        let here = Point { time: wall, monotonic };
        self.raise(here);
        self.hold(here);
    }

    /// Lets the mark follow the wall clock as far as it may.
    fn raise(&mut self, here: Point) {
        if here.monotonic.saturating_sub(self.stepped.monotonic) >= CONFIRM {
            self.stepped = Point { time: Duration::ZERO, monotonic: here.monotonic };
        }
        let ahead = here.time.saturating_sub(self.mark(here.monotonic));
        if ahead.is_zero() {
            self.jump = None;
        } else if self.stepped.time.saturating_add(ahead) <= STEP {
            self.stepped.time += ahead;
            self.mark = here;
            self.jump = None;
        } else {
            self.confirm(here);
        }
    }

    fn confirm(&mut self, here: Point) {
        let jump = self.jump.get_or_insert(Jump { since: here.monotonic, least: here });
        if here.time < jump.least.at(here.monotonic) {
            jump.least = here;
        }
        if here.monotonic.saturating_sub(jump.since) >= CONFIRM {
            self.mark = jump.least;
            self.jump = None;
        }
    }

    /// Holds the latest time, and lets go of a jump that was taken back long enough ago.
    fn hold(&mut self, here: Point) {
        let (held, mark) = (self.now(here.monotonic), self.mark(here.monotonic));
        let best = here.time.max(mark);
        let is_close = held.saturating_sub(best) <= STEP;
        let may_be_right = here.time.saturating_add(STEP) >= mark;
        let since = *self.behind_since.get_or_insert(here.monotonic);
        let is_over = here.monotonic.saturating_sub(since) >= FORGET;
        if best >= held || (!is_close && may_be_right && is_over) {
            self.held = Point { time: best, monotonic: here.monotonic };
        }
        if is_close || !may_be_right || is_over {
            self.behind_since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);
    const MINUTE: Duration = Duration::from_mins(1);
    const START: Duration = Duration::from_hours(24 * 20_000);

    /// A guard with both hands of its clock.
    struct Watch {
        guard: Guard,
        wall: Duration,
        monotonic: Duration,
    }

    impl Watch {
        fn new() -> Self {
            let monotonic = Duration::from_secs(7);
            Self { guard: Guard::new(START, monotonic), wall: START, monotonic }
        }

        /// Lets time pass, and looks every ten seconds as the server does.
        fn pass(&mut self, span: Duration) {
            for _ in 0..span.as_secs() / 10 {
                self.wall += Duration::from_secs(10);
                self.monotonic += Duration::from_secs(10);
                self.guard.observe(self.wall, self.monotonic);
            }
        }

        fn set(&mut self, wall: Duration) {
            self.wall = wall;
            self.guard.observe(wall, self.monotonic);
        }

        fn now(&self) -> Duration {
            self.guard.now(self.monotonic)
        }

        fn mark(&self) -> Duration {
            self.guard.mark(self.monotonic)
        }
    }

    #[test]
    fn in_step_all_three_agree() {
        let mut watch = Watch::new();
        watch.pass(DAY);
        assert_eq!((watch.now(), watch.mark()), (START + DAY, START + DAY));
    }

    /// KEY-20.
    #[test]
    fn set_back_by_a_day_time_goes_on_from_where_it_was() {
        let mut watch = Watch::new();
        watch.pass(DAY);
        watch.set(START);
        watch.pass(DAY / 2);
        assert_eq!((watch.now(), watch.mark()), (START + DAY * 3 / 2, START + DAY * 3 / 2));
        watch.set(Duration::ZERO);
        watch.pass(DAY);
        assert_eq!(watch.now(), START + DAY * 5 / 2);
    }

    /// KEY-22.
    #[test]
    fn a_jump_ahead_counts_at_once_and_moves_the_mark_after_ten_minutes() {
        let mut watch = Watch::new();
        watch.set(START + DAY);
        assert_eq!((watch.now(), watch.mark()), (START + DAY, START));
        watch.pass(MINUTE * 9);
        assert_eq!(watch.mark(), START + MINUTE * 9);
        watch.pass(MINUTE);
        assert_eq!(watch.mark(), START + DAY + CONFIRM);
    }

    /// KEY-22.
    #[test]
    fn a_jump_that_is_taken_back_leaves_the_mark_and_is_forgotten_after_a_while() {
        let mut watch = Watch::new();
        watch.set(START + DAY);
        watch.pass(MINUTE);
        watch.set(START + MINUTE);
        watch.pass(MINUTE * 15);
        assert_eq!(watch.now(), START + DAY + FORGET);
        assert_eq!(watch.mark(), START + FORGET);
        watch.pass(MINUTE);
        assert_eq!(watch.now(), START + FORGET + MINUTE);
    }

    /// KEY-20: 1970 is no reason to doubt a time server.
    #[test]
    fn a_clock_that_is_wrong_for_certain_takes_no_jump_back() {
        let mut watch = Watch::new();
        watch.set(START + DAY);
        watch.pass(MINUTE);
        watch.set(Duration::ZERO);
        watch.pass(DAY);
        assert_eq!(watch.now(), START + DAY * 2 + MINUTE);
        watch.set(START + DAY + MINUTE);
        watch.pass(FORGET);
        assert_eq!(watch.now(), watch.wall);
    }

    /// KEY-22.
    #[test]
    fn what_was_held_before_a_restart_is_held_until_a_good_clock_has_stood() {
        let mut watch = Watch::new();
        watch.guard = Guard::resumed((START, START + DAY * 300), watch.monotonic);
        watch.pass(MINUTE * 15);
        assert_eq!(watch.now(), START + DAY * 300 + MINUTE * 15);
        watch.pass(MINUTE * 2);
        assert_eq!((watch.now(), watch.mark()), (watch.wall, watch.wall));
    }

    /// KEY-22.
    #[test]
    fn of_two_jumps_only_what_stood_all_the_while_is_believed() {
        let mut watch = Watch::new();
        watch.set(START + DAY);
        watch.pass(CONFIRM / 2);
        watch.set(START + DAY * 300);
        watch.pass(CONFIRM / 2);
        assert_eq!(watch.mark(), START + DAY + CONFIRM);
        watch.pass(CONFIRM + MINUTE);
        assert_eq!(watch.mark(), watch.wall);
    }

    /// KEY-22.
    #[test]
    fn small_steps_are_followed_but_many_of_them_are_a_jump() {
        let mut watch = Watch::new();
        watch.set(START + STEP);
        assert_eq!(watch.mark(), START + STEP);
        watch.set(START + STEP * 2);
        assert_eq!((watch.now(), watch.mark()), (START + STEP * 2, START + STEP));
        for _ in 0..100 {
            watch.set(watch.wall + STEP);
        }
        assert_eq!(watch.mark(), START + STEP);
    }

    #[test]
    fn a_small_step_back_is_waited_out() {
        let mut watch = Watch::new();
        watch.pass(DAY);
        watch.set(START + MINUTE * 1439);
        watch.pass(DAY);
        assert_eq!(watch.now(), START + DAY * 2);
    }

    /// KEY-20, KEY-22: whatever the wall clock does, the mark never goes back, and time is never
    /// before the mark.
    #[test]
    fn the_mark_never_goes_back() {
        let (mut watch, mut seed) = (Watch::new(), 1_u64);
        for _ in 0..10_000 {
            let before = watch.mark();
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            watch.set(Duration::from_secs((seed >> 33) % (40_000 * 86_400)));
            watch.pass(Duration::from_secs((seed >> 20) % 900));
            assert!(watch.mark() >= before && watch.now() >= watch.mark());
        }
    }
}
