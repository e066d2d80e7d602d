//! The one thread that writes: commits that wait at the same time share one sync of the disk.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::journal::Journal;
use super::writer::{Writer, size};
use crate::store::Error;
use crate::store::engine::Commit;

/// How many commits may wait; further callers wait for a place.
const QUEUE: usize = 128;
/// A batch ends with the commit that reaches one of these two.
const BATCH_COMMITS: usize = 64;
const BATCH_BYTES: usize = 256 * 1024;
/// How long a shutdown waits for the last batches. Only a disk that hangs takes as long.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) type Answer = Result<(), Error>;

struct Job {
    commit: Commit,
    caller: oneshot::Sender<Answer>,
}

/// The handle to the thread. Dropping it lets all commits that were sent come to their end and
/// then ends the thread.
pub(super) struct Committer {
    /// `None` only while it is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<Option<Journal>>>,
}

impl Committer {
    /// Starts the thread.
    pub(super) fn start(mut writer: Writer) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        writer.shared().live.on_suspicion(nudge(&sender));
        let run = move || {
            run(&mut writer, receiver);
            writer.close()
        };
        let thread = thread::Builder::new().name("committer".to_owned()).spawn(run)?;
        Ok(Self { jobs: Some(sender), thread: Some(thread) })
    }

    /// Hands the commit over and waits until it is durable. A caller that goes away after the
    /// commit was handed over changes nothing: it happens whole.
    pub(super) async fn commit(&self, commit: Commit) -> Answer {
        let ended = || Error::unavailable("the thread that writes has ended");
        let (caller, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(ended)?;
        jobs.send(Job { commit, caller }).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }

    /// Lets all commits that were sent come to their end. The journal, when everything in it is
    /// durable and in the index; `None` when something failed on the way.
    pub(super) fn stop(&mut self) -> Option<Journal> {
        self.jobs = None;
        let thread = self.thread.take()?;
        let start = Instant::now();
        while !thread.is_finished() && start.elapsed() < PATIENCE {
            thread::sleep(Duration::from_micros(200));
        }
        if !thread.is_finished() {
            tracing::error!("the disk does not answer: the last commits may not be durable");
            return None;
        }
        thread.join().unwrap_or_else(|_| {
            tracing::error!("the thread that writes panicked");
            None
        })
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        drop(self.stop());
    }
}

/// Wakes the thread, which looks at the index then; while it works it will look anyway.
fn nudge(jobs: &mpsc::Sender<Job>) -> impl Fn() + Send + Sync + 'static {
    let jobs = jobs.downgrade();
    move || {
        let (caller, _) = oneshot::channel();
        if let Some(jobs) = jobs.upgrade() {
            // A queue that is full wakes it too.
            drop(jobs.try_send(Job { commit: Commit::new(), caller }));
        }
    }
}

fn run(writer: &mut Writer, mut queue: mpsc::Receiver<Job>) {
    let pulse = Arc::clone(&writer.shared().pulse);
    while let Some(first) = queue.blocking_recv() {
        pulse.begin();
        let (commits, callers): (Vec<_>, Vec<_>) =
            drain(first, &mut queue).into_iter().map(|job| (job.commit, job.caller)).unzip();
        for (caller, answer) in callers.into_iter().zip(writer.commit_all(&commits)) {
            // A caller that went away has no use for its answer.
            drop(caller.send(answer));
        }
        writer.tidy();
        pulse.end();
    }
}

/// The first job and those that already wait behind it, up to the bounds of a batch.
fn drain(first: Job, queue: &mut mpsc::Receiver<Job>) -> Vec<Job> {
    let mut bytes = size(&first.commit);
    let mut jobs = vec![first];
    while jobs.len() < BATCH_COMMITS && bytes < BATCH_BYTES {
        let Ok(job) = queue.try_recv() else { break };
        bytes += size(&job.commit);
        jobs.push(job);
    }
    jobs
}

#[cfg(test)]
mod tests;
