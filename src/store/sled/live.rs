//! The index that is in use, and how another one takes its place under those who read.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::panics::caught;
use crate::store::Error;

const WAITS: (u32, Duration) = (10, Duration::from_millis(500));

/// The index in use. Whoever reads keeps it from being exchanged meanwhile.
pub(super) struct Live {
    index: watch::Sender<Index>,
    /// Why the index should be made again, as somebody who read it has seen.
    suspicion: Mutex<Option<Error>>,
    /// Tells the thread that writes of a suspicion.
    nudge: OnceLock<Box<dyn Fn() + Send + Sync>>,
    /// How long a reader waits for the index that comes after one that failed: so often, so long.
    waits: (u32, Duration),
}

struct Index {
    /// `None` while it is exchanged, and once it is closed.
    db: Option<sled::Db>,
    /// How many there were before it.
    generation: u64,
    /// Whether no other will come.
    is_closed: bool,
}

/// A look at the index that failed.
#[derive(Debug)]
pub(super) struct Failed {
    error: Error,
    generation: u64,
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

impl Live {
    pub(super) fn new(db: sled::Db) -> Self {
        let (index, _) = watch::channel(Index { db: Some(db), generation: 0, is_closed: false });
        Self { index, suspicion: Mutex::default(), nudge: OnceLock::new(), waits: WAITS }
    }

    /// Works on the index, with sled's errors and panics as ours.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&sled::Tree) -> sled::Result<T>,
    ) -> Result<T, Failed> {
        let index = self.index.borrow();
        let generation = index.generation;
        let failed = |error| Failed { error, generation };
        let db = index.db.as_ref().ok_or_else(|| failed(closed()))?;
        let done = caught(|| work(db)).map_err(Error::unavailable).map_err(failed)?;
        done.map_err(|error| failed(Error::unavailable(error)))
    }

    /// The index and how many there were before it, for work that must not keep others from
    /// exchanging it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store is closed.
    pub(super) fn tree(&self) -> Result<(sled::Tree, u64), Error> {
        let index = self.index.borrow();
        let tree = index.db.as_ref().map(|db| (**db).clone());
        Ok((tree.ok_or_else(closed)?, index.generation))
    }

    /// Whether this is still the index in use.
    pub(super) fn is_current(&self, generation: u64) -> bool {
        self.index.borrow().generation == generation
    }

    /// Waits for the index after the one that failed: sled goes on failing once its disk did, and
    /// the journal gives a good index again.
    ///
    /// # Errors
    /// Why that one failed, when no other comes in time.
    pub(super) async fn another(&self, failed: Failed) -> Result<(), Error> {
        let mut changes = self.index.subscribe();
        let is_next = |index: &Index| {
            index.is_closed || (index.db.is_some() && index.generation > failed.generation)
        };
        for _ in 0..self.waits.0 {
            self.suspect(&failed.error, failed.generation);
            match tokio::time::timeout(self.waits.1, changes.wait_for(is_next)).await {
                Ok(Ok(index)) if !index.is_closed => return Ok(()),
                Ok(_) => break,
                Err(_elapsed) => {}
            }
        }
        Err(failed.error)
    }

    /// Has the index made again that failed somebody, unless another has come already.
    pub(super) fn suspect(&self, error: &Error, of: u64) {
        let (is_there, generation) = {
            let index = self.index.borrow();
            (index.db.is_some(), index.generation)
        };
        if is_there && generation == of {
            self.lock_suspicion().get_or_insert_with(|| error.clone());
        }
        if generation == of
            && let Some(nudge) = self.nudge.get()
        {
            nudge();
        }
    }

    /// How the thread that writes hears of a suspicion.
    pub(super) fn on_suspicion(&self, nudge: impl Fn() + Send + Sync + 'static) {
        // There is one such thread, and it says so once.
        let _ = self.nudge.set(Box::new(nudge));
    }

    /// Why the index should be made again; `None` when nobody has seen it fail.
    pub(super) fn suspicion(&self) -> Option<Error> {
        self.lock_suspicion().clone()
    }

    fn lock_suspicion(&self) -> std::sync::MutexGuard<'_, Option<Error>> {
        self.suspicion.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the index away; another one will come.
    pub(super) fn take(&self) {
        self.exchange(None, false);
    }

    /// Takes the index away for good.
    pub(super) fn close(&self) {
        self.exchange(None, true);
    }

    /// Puts an index in place.
    pub(super) fn put(&self, db: sled::Db) {
        *self.lock_suspicion() = None;
        self.exchange(Some(db), false);
    }

    fn exchange(&self, db: Option<sled::Db>, is_closed: bool) {
        let generation = self.index.borrow().generation + 1;
        let old = self.index.send_replace(Index { db, generation, is_closed });
        // A store whose disk failed may panic once more.
        drop(caught(move || drop(old)));
    }
}

fn closed() -> Error {
    Error::unavailable("the store is closed")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn db(key: &str) -> sled::Db {
        let db = sled::Config::new().temporary(true).open().unwrap();
        db.insert(key, "").unwrap();
        db
    }

    fn has(live: &Live, key: &'static str) -> Result<bool, Failed> {
        live.read(|tree| tree.contains_key(key))
    }

    #[tokio::test]
    async fn who_reads_while_the_index_is_exchanged_waits_for_the_next_one() {
        let live = Arc::new(Live::new(db("old")));
        live.take();
        let Err(failed) = has(&live, "new") else { panic!("there is none to read") };
        let other = Arc::clone(&live);
        let exchange = async move { other.put(db("new")) };
        let (waited, ()) = tokio::join!(live.another(failed), exchange);
        waited.unwrap();
        assert!(has(&live, "new").is_ok_and(|found| found));
    }

    #[tokio::test]
    async fn who_reads_a_closed_store_is_told_at_once() {
        let live = Live::new(db("old"));
        live.close();
        let Err(failed) = has(&live, "old") else { panic!("there is none to read") };
        let told = tokio::time::timeout(Duration::from_secs(1), live.another(failed)).await;
        assert!(told.unwrap().is_err());
    }

    #[tokio::test]
    async fn an_index_that_fails_is_suspected_once_and_the_next_one_is_not() {
        let live = Arc::new(Live::new(db("old")));
        let nudges = Arc::new(AtomicUsize::new(0));
        let (other, count) = (Arc::clone(&live), Arc::clone(&nudges));
        live.on_suspicion(move || {
            count.fetch_add(1, Ordering::SeqCst);
            other.put(db("new"));
        });
        let fails = || live.read::<()>(|_| Err(sled::Error::ReportableBug("broken".to_owned())));
        let (Err(first), Err(late)) = (fails(), fails()) else { panic!("both fail") };
        live.another(first).await.unwrap();
        assert!(has(&live, "new").is_ok_and(|found| found));
        // What failed before the exchange says nothing about the index after it.
        live.another(late).await.unwrap();
        assert_eq!(nudges.load(Ordering::SeqCst), 1);
        assert!(live.suspicion().is_none());
    }

    #[tokio::test]
    async fn who_waits_in_vain_hears_why_the_index_failed() {
        let live = Live { waits: (2, Duration::from_millis(1)), ..Live::new(db("old")) };
        let fails = live.read::<()>(|_| Err(sled::Error::ReportableBug("broken".to_owned())));
        let Err(failed) = fails else { panic!("it fails") };
        let error = live.another(failed).await.unwrap_err();
        assert!(error.to_string().contains("broken"), "{error}");
        assert!(live.suspicion().is_some());
    }
}
