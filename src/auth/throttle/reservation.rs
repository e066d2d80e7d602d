//! One attempt under way, and how it ends.

use std::sync::Arc;

use super::Throttle;
use super::place::Places;

/// How an attempt ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    Failed,
    Succeeded,
    NotVerified,
}

/// One attempt that was let through. Dropped without a word it counts as failed, so that
/// hanging up does not buy a free guess.
#[derive(Debug)]
#[must_use]
pub(in crate::auth) struct Reservation {
    throttle: Arc<Throttle>,
    places: Places,
    open: bool,
}

impl Reservation {
    pub(super) fn new(throttle: Arc<Throttle>, places: Places) -> Self {
        Self { throttle, places, open: true }
    }

    /// The password was right: the rows of this account are broken, the network gets its
    /// reservation back and keeps its failures.
    pub(in crate::auth) fn succeeded(self) {
        self.settle(Outcome::Succeeded);
    }

    /// The password was wrong.
    pub(in crate::auth) fn failed(self) {
        self.settle(Outcome::Failed);
    }

    /// Nothing was verified: as if it had not been.
    pub(in crate::auth) fn not_verified(self) {
        self.settle(Outcome::NotVerified);
    }

    fn settle(mut self, outcome: Outcome) {
        self.open = false;
        self.throttle.settle(&self.places, outcome);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.open {
            self.throttle.settle(&self.places, Outcome::Failed);
        }
    }
}
