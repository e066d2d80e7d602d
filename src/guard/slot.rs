//! One thing that the issuer serves, kept in memory and fetched by one at a time.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hyper::StatusCode;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::JoinHandle;

use super::fetch::FetchError;
use crate::model::{Clock, Timestamp};

/// After a failure nobody asks again for so long.
pub(super) const PAUSE: Duration = Duration::from_secs(5);
/// A good answer is not asked for again sooner than this.
const MIN_AGE: Duration = Duration::from_secs(1);

/// Where the thing comes from.
pub(super) trait Source: Send + Sync + 'static {
    type Item: Send + Sync + 'static;

    /// One request to the issuer; its answer, checked.
    fn fetch(&self) -> impl Future<Output = Result<Kept<Self::Item>, FetchError>> + Send;
}

/// What was fetched and how long it serves, all since the start of the clock.
#[derive(Debug)]
pub(super) struct Kept<T> {
    pub(super) item: Arc<T>,
    /// From here on it is fetched anew, behind the requests that use it.
    pub(super) renew_from: Duration,
    /// From here on a request waits for the new one, if no other does.
    pub(super) wait_from: Duration,
    /// From here on it is not used any more.
    pub(super) good_until: Duration,
    /// The same by the wall clock, which goes on while a machine sleeps; `None` where the thing names
    /// no end.
    pub(super) expires_at: Option<Timestamp>,
}

impl<T> Kept<T> {
    fn is_good(&self, clock: &Clock) -> bool {
        clock.monotonic() < self.good_until && self.expires_at.is_none_or(|end| clock.now() < end)
    }
}

/// Why there is nothing that may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// The issuer says that it does not have it (404).
    Unknown,
    /// The issuer gives no answer, or none that can be used.
    NoAnswer,
}

impl From<&FetchError> for Missing {
    fn from(error: &FetchError) -> Self {
        match error {
            FetchError::Status(StatusCode::NOT_FOUND) => Self::Unknown,
            FetchError::Status(_)
            | FetchError::Broken(_)
            | FetchError::TooSlow
            | FetchError::Wrong(_)
            | FetchError::Refused(_) => Self::NoAnswer,
        }
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self { item: Arc::clone(&self.item), ..*self }
    }
}

struct Held<T> {
    kept: Option<Kept<T>>,
    /// The last try, good or not.
    tried: Option<Duration>,
    /// What came of it, when it was not good. It never takes the place of what is kept.
    failed: Option<Missing>,
    /// The last try that somebody made who missed something in a fresh one.
    missed: Option<Duration>,
}

/// The place of one thing. Never more than one request for it is under way.
pub(super) struct Slot<S: Source> {
    pub(super) source: S,
    clock: Clock,
    held: RwLock<Held<S::Item>>,
    turn: Arc<Mutex<()>>,
}

impl<S: Source> Slot<S> {
    pub(super) fn new(source: S, clock: Clock) -> Self {
        let held = Held { kept: None, tried: None, failed: None, missed: None };
        Self { source, clock, held: RwLock::new(held), turn: Arc::default() }
    }

    /// The thing, or why there is none that may be used.
    pub(super) async fn get(self: &Arc<Self>) -> Result<Arc<S::Item>, Missing> {
        let now = self.clock.monotonic();
        let Some(kept) = self.kept().filter(|kept| kept.is_good(&self.clock)) else {
            let turn = Arc::clone(&self.turn).lock_owned().await;
            if self.usable().is_none() && self.may_try() {
                self.fetch(turn).await.ok();
            }
            return self.usable().ok_or_else(|| self.missing());
        };
        if now < kept.renew_from || !self.may_try() {
            return Ok(kept.item);
        }
        // Who finds another at it goes on with what there is.
        let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() else { return Ok(kept.item) };
        let fetching = self.fetch(turn);
        if now >= kept.wait_from {
            fetching.await.ok();
        }
        Ok(self.usable().unwrap_or(kept.item))
    }

    /// Fetches anew for someone who missed something in `seen`, at most once a `pause`; what there
    /// is then.
    pub(super) async fn get_after(
        self: &Arc<Self>,
        seen: &Arc<S::Item>,
        pause: Duration,
    ) -> Option<Arc<S::Item>> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let now = self.clock.monotonic();
        let is_seen = self.usable().is_none_or(|item| Arc::ptr_eq(&item, seen));
        let may =
            self.read(|held| held.missed.is_none_or(|last| now.saturating_sub(last) >= pause));
        if is_seen && may {
            self.write(|held| held.missed = Some(now));
            self.fetch(turn).await.ok();
        }
        self.usable()
    }

    /// Whether it may be used now.
    pub(super) fn is_good(&self) -> bool {
        self.usable().is_some()
    }

    fn usable(&self) -> Option<Arc<S::Item>> {
        self.kept().filter(|kept| kept.is_good(&self.clock)).map(|kept| kept.item)
    }

    /// Asks the issuer in a task of its own, so that it ends well when the request that wants it
    /// goes away. Whoever has the turn is the only one.
    #[expect(clippy::disallowed_methods, reason = "the program around has no place for our tasks")]
    fn fetch(self: &Arc<Self>, turn: OwnedMutexGuard<()>) -> JoinHandle<()> {
        let slot = Arc::clone(self);
        tokio::spawn(async move {
            let fetched = slot.source.fetch().await;
            if let Err(error) = &fetched {
                tracing::warn!(%error, "the issuer gave no answer that can be used");
            }
            slot.write(|held| {
                held.tried = Some(slot.clock.monotonic());
                held.failed = fetched.as_ref().err().map(Missing::from);
                held.kept = fetched.ok().or_else(|| held.kept.take());
            });
            drop(turn);
        })
    }

    fn missing(&self) -> Missing {
        self.read(|held| held.failed).unwrap_or(Missing::NoAnswer)
    }

    fn may_try(&self) -> bool {
        let now = self.clock.monotonic();
        self.read(|held| {
            let pause = if held.failed.is_some() { PAUSE } else { MIN_AGE };
            held.tried.is_none_or(|last| now >= last + pause)
        })
    }

    fn kept(&self) -> Option<Kept<S::Item>> {
        self.read(|held| held.kept.clone())
    }

    fn read<R>(&self, look: impl FnOnce(&Held<S::Item>) -> R) -> R {
        look(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut Held<S::Item>)) {
        change(&mut self.held.write().unwrap_or_else(PoisonError::into_inner));
    }
}
