//! The refusals that have a line in the log: sessions that were not continued and attempts that
//! were throttled. What is refused for its form alone is the client's mistake and has none.

use std::sync::{Mutex, PoisonError};

use super::Refusal;
use crate::http::kind::Kind;
use crate::model::Rule;

/// The most lines in a minute: whoever sends refused requests must not fill a disk with them.
const MOST_A_MINUTE: u32 = 60;
const MINUTE: u64 = 60;

/// Counts the lines of the minute.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<Lines>);

#[derive(Debug, Default, Clone, Copy)]
struct Lines {
    minute: u64,
    written: u32,
    left_out: u64,
}

impl Told {
    /// Writes the refusal's line, where it has one and the minute has room for it. The first line
    /// after a full minute is preceded by how many were left out.
    pub(super) fn tell(&self, refusal: &Refusal) {
        let Some((event, sentence)) = line(refusal) else { return };
        let minute = refusal.time.seconds() / MINUTE;
        let Some(left_out) = self.room(minute) else { return };
        if left_out > 0 {
            tracing::info!(target: "doorkey::audit", left_out, "refusals had no line of their own");
        }
        let why = &refusal.why;
        tracing::info!(
            target: "doorkey::audit",
            event,
            outcome = "Refused",
            rule = %why.rule(),
            user = why.user().map(tracing::field::display),
            session = why.session().map(tracing::field::display),
            ip = refusal.ip.map(tracing::field::display),
            route = refusal.asked.as_ref().map(|asked| &*asked.route),
            request.id = %refusal.request_id,
            "{sentence}"
        );
    }

    /// `None` when the minute is full; else how many were left out before.
    fn room(&self, minute: u64) -> Option<u64> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.minute != minute {
            *lines = Lines { minute, written: 0, left_out: lines.left_out };
        }
        if lines.written == MOST_A_MINUTE {
            lines.left_out += 1;
            return None;
        }
        lines.written += 1;
        Some(std::mem::take(&mut lines.left_out))
    }
}

/// The event's word and its sentence. A browser that was never signed in asks without a cookie:
/// nothing was refused to anyone.
fn line(refusal: &Refusal) -> Option<(&'static str, &'static str)> {
    if refusal.kind == Some(Kind::SessionEnded) && refusal.why.rule() != Rule::CookieMissing {
        Some(("RefreshRefused", "a session was not continued"))
    } else if refusal.kind == Some(Kind::TooManyAttempts) {
        Some(("Throttled", "an attempt was throttled"))
    } else {
        None
    }
}
