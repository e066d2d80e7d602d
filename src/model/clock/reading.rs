//! What the clock says, and whether tokens may be issued by it.

use serde::Serialize;

use super::{BUILD_FLOOR, Clock, Timestamp};

/// What the clock says at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// What the machine says.
    pub wall: Timestamp,
    /// The effective time, by which everything is judged.
    pub now: Timestamp,
    /// The high-water mark: so late it is for certain.
    pub mark: Timestamp,
}

/// How the wall clock stands to the time that is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// They agree.
    Set,
    /// The wall clock is ahead of the mark by more than [`Clock::STEP`]: it is used, and believed
    /// once it has stood for [`Clock::CONFIRM`].
    Ahead,
    /// The wall clock is more than [`Clock::STEP`] behind the effective time.
    Behind,
    /// The wall clock is before [`BUILD_FLOOR`].
    NeverSet,
}

impl Reading {
    /// How the wall clock stands to the rest.
    #[must_use]
    pub fn state(&self) -> ClockState {
        if self.wall < BUILD_FLOOR {
            ClockState::NeverSet
        } else if self.now.since(self.wall) > Clock::STEP {
            ClockState::Behind
        } else if self.wall.since(self.mark) > Clock::STEP {
            ClockState::Ahead
        } else {
            ClockState::Set
        }
    }

    /// Whether tokens may be issued by this wall clock.
    #[must_use]
    pub fn is_set(&self) -> bool {
        match self.state() {
            ClockState::Set | ClockState::Ahead => true,
            ClockState::Behind | ClockState::NeverSet => false,
        }
    }
}
