//! How a store is opened.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::model::Clock;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// How much of the index sled keeps in memory, in bytes: a hint that it exceeds.
    pub cache_bytes: u64,
    /// A snapshot is made when the journal is longer than this many bytes, and longer than the
    /// snapshot before.
    pub journal_bytes: u64,
    /// Gives each commit its time.
    pub clock: Clock,
    /// How long one batch of commits may take.
    pub patience: Duration,
    /// How long a store that failed waits before it tries to mend itself.
    pub retry: Duration,
    /// What happens when a batch takes longer than `patience`. It is called again and again.
    pub stuck: Arc<dyn Fn(Duration) + Send + Sync>,
}

impl Options {
    /// What a server uses, with 16 MiB of cache; a batch that hangs is only logged.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let log = |busy: Duration| {
            tracing::error!(seconds = busy.as_secs(), "the disk does not answer");
        };
        Self {
            cache_bytes: 16 * 1024 * 1024,
            journal_bytes: 16 * 1024 * 1024,
            clock,
            patience: Duration::from_secs(10),
            retry: Duration::from_secs(1),
            stuck: Arc::new(log),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cache_bytes, journal_bytes, .. } = self;
        write!(f, "Options({cache_bytes} bytes of cache, {journal_bytes} bytes of journal)")
    }
}
