//! A fixed number of threads over one memory, and a bounded queue in front: however many logins
//! come, hashing takes no more than this.

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::memory::{Memory, NoMemory};

/// The queue of the password pool is full, or the work waited too long: nothing was done, try
/// again after [`super::Passwords::retry_after`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many passwords are being checked at the moment")
    }
}

impl std::error::Error for Busy {}

type Job = Box<dyn FnOnce(&Memory) -> Answer + Send>;

/// Tells the caller what came of a job. Called when the job counts no longer, so that who has its
/// answer finds the thread free.
type Answer = Box<dyn FnOnce()>;

/// What the password pool has to do at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolLoad {
    /// Hashes that are being worked on.
    pub running: usize,
    /// Hashes that wait for a thread.
    pub queued: usize,
    /// Hashes that ended in [`Busy`] since the start: the queue was full, they waited too
    /// long, or there was no memory.
    pub refused: u64,
}

#[derive(Default)]
struct Counts {
    running: AtomicUsize,
    queued: AtomicUsize,
    refused: AtomicU64,
}

impl Counts {
    /// The result of work that could be done.
    fn worked<T>(&self, result: Result<T, NoMemory>) -> Option<T> {
        result
            .inspect_err(|error| {
                self.refused.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, "a password was not looked at");
            })
            .ok()
    }
}

/// The threads and their queue. The threads end when the pool is dropped and its queue is empty.
pub(super) struct Pool {
    queue: SyncSender<Job>,
    memory: Arc<Memory>,
    max_wait: Duration,
    counts: Arc<Counts>,
}

/// How large a [`Pool`] is.
pub(super) struct Size {
    pub(super) threads: usize,
    /// Memory of all threads together, in KiB.
    pub(super) memory: usize,
    /// What a usual hash needs of it, in KiB.
    pub(super) blocks: usize,
    /// How many jobs may wait.
    pub(super) queue: usize,
    /// After so long without a job the memory is given back to the system.
    pub(super) rest_after: Duration,
}

impl Pool {
    /// # Errors
    /// When the system lets no thread start.
    pub(super) fn start(size: &Size, max_wait: Duration) -> io::Result<Self> {
        // With no room at all a job would only be taken at the moment a thread asks for one.
        let (queue, jobs) = sync_channel(size.queue.max(1));
        let memory = Arc::new(Memory::new(size.memory, size.blocks));
        let (jobs, counts) = (Arc::new(Mutex::new(jobs)), Arc::<Counts>::default());
        for number in 0..size.threads {
            let (jobs, counts) = (Arc::clone(&jobs), Arc::clone(&counts));
            let (memory, rest_after) = (Arc::clone(&memory), size.rest_after);
            thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || work_off((&jobs, rest_after), &counts, &memory))?;
        }
        Ok(Self { queue, memory, max_wait, counts })
    }

    /// The memory of all threads together, in KiB.
    pub(super) fn memory(&self) -> usize {
        self.memory.whole()
    }

    /// Does `work` on one of the threads. It is skipped when the caller has gone away before its
    /// turn.
    ///
    /// # Errors
    /// [`Busy`] when the queue is full, when the turn came later than the longest wait, when
    /// there was no memory, and when the work panicked.
    pub(super) async fn run<T, W>(&self, work: W) -> Result<T, Busy>
    where
        T: Send + 'static,
        W: FnOnce(&Memory) -> Result<T, NoMemory> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let (asked, max_wait) = (Instant::now(), self.max_wait);
        let counts = Arc::clone(&self.counts);
        let job: Job = Box::new(move |memory| {
            let done = if answer.is_closed() {
                None
            } else if asked.elapsed() > max_wait {
                counts.refused.fetch_add(1, Ordering::Relaxed);
                None
            } else {
                counts.worked(work(memory))
            };
            // Without a result the caller is told by the channel's end.
            Box::new(move || drop(done.map(|done| answer.send(done))))
        });
        self.enqueue(job)?;
        answered.await.map_err(|_| Busy)
    }

    fn enqueue(&self, job: Job) -> Result<(), Busy> {
        // Before it is there: a thread that takes it at once counts it down again.
        self.counts.queued.fetch_add(1, Ordering::Relaxed);
        self.queue.try_send(job).map_err(|_| {
            self.counts.queued.fetch_sub(1, Ordering::Relaxed);
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
            Busy
        })
    }

    pub(super) fn load(&self) -> PoolLoad {
        PoolLoad {
            running: self.counts.running.load(Ordering::Relaxed),
            queued: self.counts.queued.load(Ordering::Relaxed),
            refused: self.counts.refused.load(Ordering::Relaxed),
        }
    }
}

fn work_off(jobs: (&Mutex<Receiver<Job>>, Duration), counts: &Counts, memory: &Memory) {
    while let Some(job) = next_job(jobs, counts, memory) {
        counts.running.fetch_add(1, Ordering::Relaxed);
        counts.queued.fetch_sub(1, Ordering::Relaxed);
        // A panic ends its own job; the thread goes on, and the memory, which holds no state.
        let answer: Result<Answer, Box<dyn Any + Send>> =
            catch_unwind(AssertUnwindSafe(|| job(memory)));
        counts.running.fetch_sub(1, Ordering::Release);
        if let Ok(answer) = answer {
            answer();
        }
    }
}

/// Waits for a job, and without the memory if that takes longer; `None` when the pool is gone.
fn next_job(
    (jobs, rest_after): (&Mutex<Receiver<Job>>, Duration),
    counts: &Counts,
    memory: &Memory,
) -> Option<Job> {
    let jobs = jobs.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        match jobs.recv_timeout(rest_after) {
            Ok(job) => return Some(job),
            Err(RecvTimeoutError::Timeout) => {
                // Whoever still computes has memory of his own, which is given back next time.
                let all_wait = counts.running.load(Ordering::Acquire) == 0;
                memory.rest();
                if all_wait {
                    return jobs.recv().ok();
                }
            }
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use tokio::task::JoinSet;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn pool(threads: usize, queue: usize, max_wait: Duration) -> Arc<Pool> {
        let (memory, rest_after) = (8 * threads, LONG);
        let size = Size { threads, memory, blocks: 8, queue, rest_after };
        Arc::new(Pool::start(&size, max_wait).unwrap())
    }

    /// Occupies one thread until the returned sender is used or dropped.
    async fn occupy(pool: &Arc<Pool>, tasks: &mut JoinSet<Result<(), Busy>>) -> Sender<()> {
        let (release, released) = channel();
        let (started, start) = oneshot::channel();
        let pool = Arc::clone(pool);
        tasks.spawn(async move {
            let work = move |_: &Memory| {
                started.send(()).unwrap();
                released.recv().unwrap_or(());
                Ok(())
            };
            pool.run(work).await
        });
        start.await.unwrap();
        release
    }

    /// PW-08.
    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_what_waits_is_done() {
        let (pool, mut tasks) = (pool(1, 2, LONG), JoinSet::new());
        let release = occupy(&pool, &mut tasks).await;
        let mut waiting: Vec<_> = (0..2).map(|_| Box::pin(pool.run(|_| Ok(())))).collect();
        for job in &mut waiting {
            let early = tokio::time::timeout(Duration::from_millis(1), job).await;
            assert!(early.is_err(), "it waits");
        }
        let at_once = tokio::time::timeout(Duration::from_secs(5), pool.run(|_| Ok(()))).await;
        assert_eq!(at_once, Ok(Err(Busy)));
        assert_eq!(pool.load(), PoolLoad { running: 1, queued: 2, refused: 1 });
        drop(release);
        for job in waiting {
            assert_eq!(job.await, Ok(()));
        }
        assert_eq!(pool.run(|_| Ok(7)).await, Ok(7));
        assert_eq!(pool.load().running, 0, "who has its answer finds the thread free");
    }

    /// PW-08.
    #[tokio::test]
    async fn what_waited_too_long_is_not_done() {
        let (pool, mut tasks) = (pool(1, 4, Duration::from_millis(300)), JoinSet::new());
        let release = occupy(&pool, &mut tasks).await;
        let done = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&done);
        let mut late = Box::pin(pool.run(move |_| Ok(count.fetch_add(1, Ordering::SeqCst))));
        assert!(tokio::time::timeout(Duration::from_millis(400), &mut late).await.is_err());
        drop(release);
        assert_eq!(late.await, Err(Busy));
        assert_eq!(done.load(Ordering::SeqCst), 0);
        assert_eq!((pool.load().queued, pool.load().refused), (0, 1));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_skipped() {
        let (pool, mut tasks) = (pool(1, 4, LONG), JoinSet::new());
        let release = occupy(&pool, &mut tasks).await;
        let done = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&done);
        let gone = pool.run(move |_| Ok(count.fetch_add(1, Ordering::SeqCst)));
        assert!(tokio::time::timeout(Duration::from_millis(1), gone).await.is_err());
        drop(release);
        assert_eq!(pool.run(|_| Ok(())).await, Ok(()), "the queue is worked off in order");
        assert_eq!(done.load(Ordering::SeqCst), 0);
        assert_eq!(pool.load().refused, 0, "nobody was there to be refused");
    }

    #[tokio::test]
    async fn a_panic_ends_its_own_work_only() {
        let pool = pool(1, 4, LONG);
        for _ in 0..3 {
            assert_eq!(
                pool.run(|_| -> Result<u8, NoMemory> { panic!("on purpose") }).await,
                Err(Busy)
            );
            assert_eq!(pool.run(|_| Ok(1_u8)).await, Ok(1));
        }
    }

    #[tokio::test]
    async fn the_threads_work_side_by_side_and_without_memory_nothing_is_done() {
        let (pool, mut tasks) = (pool(2, 4, LONG), JoinSet::new());
        let release = occupy(&pool, &mut tasks).await;
        let count = |memory: &Memory| memory.with(16, |blocks| blocks.len());
        assert_eq!(pool.run(count).await, Ok(16));
        let more = |memory: &Memory| memory.with(17, |blocks| blocks.len());
        assert_eq!(pool.run(more).await, Err(Busy));
        assert_eq!(pool.run(count).await, Ok(16));
        drop(release);
    }

    #[tokio::test]
    async fn after_a_storm_the_memory_is_given_back_and_taken_again() {
        let rest_after = Duration::from_millis(20);
        let size = Size { threads: 2, memory: 16, blocks: 8, queue: 4, rest_after };
        let pool = Pool::start(&size, LONG).unwrap();
        for _ in 0..2 {
            let used = |memory: &Memory| memory.with(8, |blocks| blocks.len());
            assert_eq!(tokio::join!(pool.run(used), pool.run(used)), (Ok(8), Ok(8)));
            while pool.memory.kept() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}
