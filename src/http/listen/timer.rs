//! The timer that hyper gets: one that never rings.
//!
//! Only with a wait for the next head does hyper read on after an answer, and notice pipelined
//! requests and the end of a connection. The waits themselves are [`WatchedStream`]'s, which watches
//! them apart; a timer of hyper's own would be set and taken back for each request besides.
//!
//! [`WatchedStream`]: super::stream::WatchedStream

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// Never rings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Silent;

struct Forever;

impl Future for Forever {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Sleep for Forever {}

impl Timer for Silent {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(Forever)
    }

    fn sleep_until(&self, _: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Forever)
    }
}
