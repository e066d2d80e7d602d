//! Watches the one thread that writes: a disk or a library that hangs must not look like a
//! server that works.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::Options;

/// Since when the thread is busy with one batch.
pub(super) struct Pulse {
    start: Instant,
    /// Milliseconds since `start`, plus one; 0 while it waits for work.
    busy_since: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { start: Instant::now(), busy_since: AtomicU64::new(0) }
    }
}

impl Pulse {
    /// A batch begins.
    pub(super) fn begin(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.busy_since.store(now.saturating_add(1), Ordering::Relaxed);
    }

    /// It is done, or work begins that may take long.
    pub(super) fn end(&self) {
        self.busy_since.store(0, Ordering::Relaxed);
    }

    /// For how long the batch under way has been going on.
    fn busy_for(&self) -> Option<Duration> {
        let since = self.busy_since.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.start.elapsed().saturating_sub(Duration::from_millis(since)))
    }
}

/// The watching thread; it ends when this is dropped.
pub(super) struct Watchdog {
    _alive: Sender<()>,
}

impl Watchdog {
    /// Starts watching. What happens when the time is over is the options' to say.
    pub(super) fn start(pulse: Arc<Pulse>, options: &Options) -> io::Result<Self> {
        let (alive, ended) = mpsc::channel::<()>();
        let (patience, stuck) = (options.patience, Arc::clone(&options.stuck));
        let every = patience / 10;
        let watch = move || {
            while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                if let Some(busy) = pulse.busy_for().filter(|busy| *busy > patience) {
                    stuck(busy);
                }
            }
        };
        thread::Builder::new().name("watchdog".to_owned()).spawn(watch)?;
        Ok(Self { _alive: alive })
    }
}
