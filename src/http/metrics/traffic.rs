//! What is counted of requests: one row for each row of the route table, made with it. A request
//! takes the lock of its row for a moment; labels are written when somebody scrapes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use warp::http::StatusCode;

use crate::http::kind::Kind;
use crate::http::route::Route;

/// Upper ends of the classes of durations: a read, a write that syncs, a password, a queue.
pub(super) const UP_TO: [Duration; 6] = [
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(25),
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_millis(2_500),
];

/// The requests of one row of the route table.
#[derive(Debug)]
pub(in crate::http) struct Row {
    pub(super) method: String,
    pub(super) path: &'static str,
    tally: Mutex<Tally>,
}

/// What became of the requests of one row.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// Requests by the status of the answer, `None` when there was none.
    pub(super) statuses: BTreeMap<Option<StatusCode>, u64>,
    /// Requests in the classes of [`UP_TO`], and last those that took longer.
    pub(super) classes: [u64; UP_TO.len() + 1],
    /// All durations together.
    pub(super) took: Duration,
}

impl Row {
    fn new(method: &str, path: &'static str) -> Self {
        Self { method: method.to_owned(), path, tally: Mutex::default() }
    }

    /// Counts a request that took so long. Without a status it was given up: the client went
    /// away, it took too long, or it failed in an unexpected way.
    pub(in crate::http) fn ended(&self, status: Option<StatusCode>, took: Duration) {
        let class = UP_TO.iter().position(|most| took <= *most).unwrap_or(UP_TO.len());
        let mut tally = self.lock();
        *tally.statuses.entry(status).or_default() += 1;
        tally.classes[class] += 1;
        tally.took = tally.took.saturating_add(took);
    }

    fn tally(&self) -> Tally {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        // A panic while counting leaves counts, not nonsense: go on with them.
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All that is counted of requests.
#[derive(Debug)]
pub(in crate::http) struct Traffic {
    /// In the order of the table, behind `unmatched`.
    rows: Mutex<Vec<Arc<Row>>>,
    /// For requests that belong to no row: the path or the method is not there.
    unmatched: Arc<Row>,
    problems: [AtomicU64; Kind::ALL.len()],
}

impl Traffic {
    /// Nothing counted yet.
    pub(in crate::http) fn new() -> Self {
        // OpenTelemetry's word for a method that is not told.
        let unmatched = Arc::new(Row::new("_OTHER", "unmatched"));
        Self {
            rows: Mutex::new(vec![unmatched.clone()]),
            unmatched,
            problems: [const { AtomicU64::new(0) }; Kind::ALL.len()],
        }
    }

    /// The row where the requests of `route` are counted; called once for each route.
    pub(in crate::http) fn row(&self, route: &Route) -> Arc<Row> {
        let row = Arc::new(Row::new(route.method.as_str(), route.path));
        self.lock().push(row.clone());
        row
    }

    /// The row for what belongs to none.
    pub(in crate::http) fn unmatched(&self) -> &Row {
        &self.unmatched
    }

    /// Counts a refusal or a failure.
    pub(in crate::http) fn refused(&self, kind: Kind) {
        if let Some(count) = self.problems.get(kind as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many there were of each kind of problem.
    pub(super) fn problems(&self) -> impl Iterator<Item = (Kind, u64)> {
        let counts = self.problems.iter().map(|count| count.load(Ordering::Relaxed));
        Kind::ALL.iter().copied().zip(counts)
    }

    /// Each row that had a request, with what was counted on it.
    pub(super) fn tallies(&self) -> Vec<(Arc<Row>, Tally)> {
        let rows = self.lock().clone();
        let tallies = rows.into_iter().map(|row| (row.clone(), row.tally()));
        tallies.filter(|(_, tally)| !tally.statuses.is_empty()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Row>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
