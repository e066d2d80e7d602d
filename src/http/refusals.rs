//! What was refused lately, with the exact rule: a bounded ring in memory, for administrators who
//! are told a request id. A client never gets any of it.

mod told;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use warp::http::Method;

use self::told::Told;
use super::kind::Kind;
use super::problem::Problem;
use super::route::Route;
use crate::model::{Denial, Timestamp};

/// One refused request. It holds nothing that a client sent but its own public ids, the address,
/// and of some headers and roles a short piece in the [`Denial`]: no path of no route, no query,
/// no token, no cookie, no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The id that the answer had; at most 64 characters.
    pub request_id: String,
    /// When.
    pub time: Timestamp,
    /// `None` where no request was read, or one was given up.
    pub asked: Option<Asked>,
    /// What the client was told; `None` for a connection that was closed without an answer.
    pub kind: Option<Kind>,
    /// What it was not told.
    pub why: Denial,
    /// The client's address; `None` for the control socket.
    pub ip: Option<IpAddr>,
}

/// What a request was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The method, `other` for one that is not of RFC 9110 or 5789.
    pub method: &'static str,
    /// The route as the table writes it; of a path that no route has, as much as is ours.
    pub route: Cow<'static, str>,
}

impl Asked {
    pub(super) fn new(method: &Method, route: impl Into<Cow<'static, str>>) -> Self {
        Self { method: word(method), route: route.into() }
    }
}

impl Refusal {
    /// The record of a problem before it becomes an answer.
    pub(super) fn of(
        problem: &Problem,
        request_id: &str,
        (ip, time): (Option<IpAddr>, Timestamp),
    ) -> Self {
        Self {
            request_id: request_id.to_owned(),
            time,
            asked: None,
            kind: Some(problem.kind()),
            why: problem.why().clone(),
            ip,
        }
    }

    /// With what the request was for.
    pub(super) fn asked(mut self, asked: Asked) -> Self {
        self.asked = Some(asked);
        self
    }
}

/// The latest refusals, of this run of the server.
#[derive(Debug, Default)]
pub struct Refusals {
    ring: Mutex<VecDeque<Arc<Refusal>>>,
    told: Told,
}

impl Refusals {
    /// So many are kept; a later one takes the place of the oldest.
    pub const MOST: usize = 10_000;
    /// How many of one request are told: a proxy may send one id again.
    pub const MOST_TOLD: usize = 10;
    /// The most memory that all of them take, in bytes.
    pub const MOST_BYTES: usize =
        Self::MOST * (size_of::<Refusal>() + Denial::MOST_BYTES + MOST_ID + MOST_ROUTE + OVERHEAD);

    /// Keeps one, at a cost that does not depend on how many there are, and logs it where it is
    /// more than a mistake of the client.
    pub(super) fn push(&self, refusal: Refusal) {
        self.told.tell(&refusal);
        let refusal = Arc::new(refusal);
        let mut ring = self.lock();
        let oldest = if ring.len() >= Self::MOST { ring.pop_front() } else { None };
        ring.push_back(refusal);
        drop(ring);
        // Its memory is given back when nobody waits for the lock.
        drop(oldest);
    }

    /// What was refused under this request id, the latest first.
    #[must_use]
    pub fn of(&self, request_id: &str) -> Vec<Arc<Refusal>> {
        let ring = self.lock();
        let mine = ring.iter().rev().filter(|refusal| refusal.request_id == request_id);
        mine.take(Self::MOST_TOLD).cloned().collect()
    }

    /// All of them, the oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Refusal>> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Refusal>>> {
        // A panic while pushing leaves whole entries.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The longest request id (a trusted proxy's), in bytes.
const MOST_ID: usize = 64;
/// The longest route that is kept as text of its own, in bytes.
const MOST_ROUTE: usize = 64;
/// An entry's counts, its place in the ring while that grows, and what allocators round up.
const OVERHEAD: usize = 128;

fn word(method: &Method) -> &'static str {
    const KNOWN: [(Method, &str); 9] = [
        (Method::GET, "GET"),
        (Method::HEAD, "HEAD"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::PATCH, "PATCH"),
        (Method::DELETE, "DELETE"),
        (Method::OPTIONS, "OPTIONS"),
        (Method::CONNECT, "CONNECT"),
        (Method::TRACE, "TRACE"),
    ];
    KNOWN.iter().find(|(known, _)| known == method).map_or("other", |(_, word)| word)
}

/// As much of a path that no route has as begins one: the rest may be anything, a token too.
pub(super) fn beginning(path: &str, routes: &[Route]) -> String {
    let mut ours = String::new();
    for part in path.split('/').skip(1) {
        let longer = format!("{ours}/{part}");
        let begins = |route: &Route| {
            route
                .path
                .strip_prefix(longer.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if part.is_empty() || part.contains('{') || !routes.iter().any(begins) {
            return format!("{ours}/…");
        }
        ours = longer;
    }
    ours
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::route::Guard;
    use crate::model::{Rule, SessionId, UserId};

    fn largest(id: &str) -> Refusal {
        let why = Denial::from(Rule::OriginForeign).with_detail("x".repeat(10_000));
        let why =
            why.about(Some(UserId::from_bytes([1; 16])), Some(SessionId::from_bytes([2; 16])));
        let problem = Problem::new(Kind::ForeignOrigin, why);
        let time = Timestamp::from_seconds(1);
        let asked = Asked::new(&Method::POST, "x".repeat(MOST_ROUTE));
        Refusal::of(&problem, id, (Some([192, 0, 2, 1].into()), time)).asked(asked)
    }

    #[test]
    fn the_latest_ten_thousand_are_kept_in_a_known_amount_of_memory() {
        let refusals = Refusals::default();
        for n in 0..Refusals::MOST + 500 {
            refusals.push(largest(&format!("{n:064}")));
        }
        let kept = refusals.all();
        assert_eq!(kept.len(), Refusals::MOST);
        assert!(refusals.of(&format!("{:064}", 499)).is_empty(), "the oldest went");
        assert_eq!(refusals.of(&format!("{:064}", 500)).len(), 1);
        let bytes: usize = kept.iter().map(|refusal| size(refusal)).sum();
        assert!(bytes <= Refusals::MOST_BYTES, "{bytes}");
        const { assert!(Refusals::MOST_BYTES <= 7 * 1024 * 1024, "the figure of the document") };
    }

    fn size(refusal: &Refusal) -> usize {
        let route = refusal.asked.as_ref().map_or(0, |asked| asked.route.len());
        let denial = Denial::MOST_BYTES - 200 + refusal.why.detail().map_or(0, str::len);
        size_of::<Refusal>() + refusal.request_id.capacity() + route + denial
    }

    #[test]
    fn one_id_many_times_tells_the_latest() {
        let refusals = Refusals::default();
        for second in 0..30 {
            refusals.push(Refusal { time: Timestamp::from_seconds(second), ..largest("one") });
        }
        let told = refusals.of("one");
        assert_eq!(told.len(), Refusals::MOST_TOLD);
        assert_eq!(told[0].time, Timestamp::from_seconds(29));
    }

    #[test]
    fn of_a_strange_path_only_what_is_ours_is_kept() {
        let routes = ["/auth/login", "/admin/users/{id}/sessions", "/healthz"]
            .map(|path| Route::get(path, Guard::Public));
        for (path, kept) in [
            ("/", "/…"),
            ("/auth/logni", "/auth/…"),
            ("/auth/login/", "/auth/login/…"),
            ("/auth", "/auth"),
            ("/admin/users/s3cret/nope", "/admin/users/…"),
            ("/admin/users/{id}/nope", "/admin/users/…"),
            ("/heal", "/…"),
            ("*", ""),
        ] {
            assert_eq!(beginning(path, &routes), kept, "{path}");
        }
    }
}
