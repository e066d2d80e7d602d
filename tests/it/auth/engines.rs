//! Engines that make a test see more: one counts and fails on demand, one dawdles, one has a
//! gate.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use doorkey::store::engine::{Commit, Engine, Entry};
use doorkey::store::{Changes, Error, Memory};
use tokio::sync::Notify;

/// Counts reads and commits, and refuses commits while it is told to.
#[derive(Default)]
pub(crate) struct Watched {
    memory: Memory,
    reads: AtomicUsize,
    commits: AtomicUsize,
    /// How many more commits it takes.
    left: Mutex<Option<usize>>,
}

impl Watched {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// How many records were read.
    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    pub(crate) fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }

    /// From now on every commit fails, or none does.
    pub(crate) fn break_down(&self, is_broken: bool) {
        *self.left.lock().unwrap() = is_broken.then_some(0);
    }

    /// So many commits are still taken, and then none.
    pub(crate) fn break_after(&self, commits: usize) {
        *self.left.lock().unwrap() = Some(commits);
    }

    fn takes(&self) -> bool {
        let mut left = self.left.lock().unwrap();
        let takes = *left != Some(0);
        *left = left.map(|left| left.saturating_sub(1));
        takes
    }
}

#[async_trait]
impl Engine for Watched {
    async fn get(&self, key: &[u8]) -> Result<Option<Entry>, Error> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.memory.get(key).await
    }

    async fn scan(&self, p: &[u8], after: Option<&[u8]>, n: usize) -> Result<Vec<Entry>, Error> {
        self.memory.scan(p, after, n).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        if !self.takes() {
            return Err(Error::unavailable("no room on the disk"));
        }
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.memory.commit(commit).await
    }

    fn changes(&self) -> Option<&Changes> {
        self.memory.changes()
    }
}

/// Waits a little, by chance, before and after each call, so that tasks meet in every order.
pub(crate) struct Dawdling {
    memory: Memory,
    chance: AtomicU64,
}

impl Dawdling {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self { memory: Memory::new(), chance: AtomicU64::new(seed) })
    }

    async fn dawdle(&self) {
        // Knuth's linear congruence: any mix of short and long waits will do.
        let step = |x: u64| {
            Some(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
        };
        let roll = self.chance.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step);
        let roll = roll.unwrap_or_default() >> 33;
        match roll % 4 {
            0 => {}
            1 | 2 => tokio::task::yield_now().await,
            _ => tokio::time::sleep(Duration::from_micros(roll % 300)).await,
        }
    }
}

#[async_trait]
impl Engine for Dawdling {
    async fn get(&self, key: &[u8]) -> Result<Option<Entry>, Error> {
        self.dawdle().await;
        let found = self.memory.get(key).await;
        self.dawdle().await;
        found
    }

    async fn scan(&self, p: &[u8], after: Option<&[u8]>, n: usize) -> Result<Vec<Entry>, Error> {
        self.dawdle().await;
        self.memory.scan(p, after, n).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        self.dawdle().await;
        let done = self.memory.commit(commit).await;
        self.dawdle().await;
        done
    }

    fn changes(&self) -> Option<&Changes> {
        self.memory.changes()
    }
}

/// Holds one commit back on demand: the first one that writes a key with the armed prefix.
#[derive(Default)]
pub(crate) struct Gated {
    memory: Memory,
    armed: Mutex<Option<&'static str>>,
    reached: Notify,
    opened: Notify,
}

impl Gated {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn arm(&self, prefix: &'static str) {
        *self.armed.lock().unwrap() = Some(prefix);
    }

    /// Waits until a commit stands at the gate.
    pub(crate) async fn reached(&self) {
        let wait = tokio::time::timeout(Duration::from_secs(20), self.reached.notified());
        wait.await.expect("a commit comes to the gate");
    }

    /// Lets it go on.
    pub(crate) fn open(&self) {
        self.opened.notify_one();
    }

    fn is_stopped(&self, commit: &Commit) -> bool {
        let mut armed = self.armed.lock().unwrap();
        let Some(prefix) = *armed else { return false };
        let is_meant = commit.writes().iter().any(|w| w.key().starts_with(prefix.as_bytes()));
        if is_meant {
            *armed = None;
        }
        is_meant
    }
}

#[async_trait]
impl Engine for Gated {
    async fn get(&self, key: &[u8]) -> Result<Option<Entry>, Error> {
        self.memory.get(key).await
    }

    async fn scan(&self, p: &[u8], after: Option<&[u8]>, n: usize) -> Result<Vec<Entry>, Error> {
        self.memory.scan(p, after, n).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        if self.is_stopped(&commit) {
            self.reached.notify_one();
            self.opened.notified().await;
        }
        self.memory.commit(commit).await
    }
    fn changes(&self) -> Option<&Changes> {
        self.memory.changes()
    }
}
