//! The one thread that writes: commits that wait at the same time share one sync of the disk.

use std::io;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::batch::Plan;
use super::panics::caught;
use crate::store::Error;
use crate::store::engine::{Commit, Version, Write};

/// How many commits may wait; further callers wait for a place.
const QUEUE: usize = 128;
/// A batch ends with the commit that reaches one of these two. sled can deadlock on very many
/// writes without a flush between them; 64 commits never did.
const BATCH_COMMITS: usize = 64;
const BATCH_BYTES: usize = 256 * 1024;
/// How long a shutdown waits for the last batches. Only a disk that hangs takes as long.
const PATIENCE: Duration = Duration::from_secs(10);

type Answer = Result<(), Error>;

/// Puts on disk everything that was applied before the call. It is not called again after it
/// failed once: the kernel may have dropped the pages that it could not write.
pub(super) type MakeDurable = Box<dyn FnMut() -> io::Result<()> + Send>;

struct Job {
    commit: Commit,
    caller: oneshot::Sender<Answer>,
}

/// The handle to the thread. Dropping it lets all commits that were sent come to their end and
/// then ends the thread.
pub(super) struct Committer {
    /// `None` only while it is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    /// Starts the thread; `last` is the last version given.
    pub(super) fn start(tree: sled::Tree, last: Version, disk: MakeDurable) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let run = move || Writer { tree, last, disk, failed: None }.run(receiver);
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
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.jobs = None;
        let Some(thread) = self.thread.take() else { return };
        let start = Instant::now();
        while !thread.is_finished() && start.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(1));
        }
        if !thread.is_finished() {
            tracing::error!("the disk does not answer: the last commits may not be durable");
        } else if thread.join().is_err() {
            tracing::error!("the thread that writes panicked");
        }
    }
}

struct Writer {
    tree: sled::Tree,
    last: Version,
    disk: MakeDurable,
    /// Why nothing is written any more.
    failed: Option<Error>,
}

impl Writer {
    fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        while let Some(first) = queue.blocking_recv() {
            let (commits, callers): (Vec<_>, Vec<_>) =
                drain(first, &mut queue).into_iter().map(|job| (job.commit, job.caller)).unzip();
            for (caller, answer) in callers.into_iter().zip(self.commit_all(&commits)) {
                // A caller that went away has no use for its answer.
                drop(caller.send(answer));
            }
        }
    }

    /// One answer for each commit. Once anything failed on the way to the disk, nobody is told
    /// that a commit is done.
    fn commit_all(&mut self, commits: &[Commit]) -> Vec<Answer> {
        let reason = match &self.failed {
            Some(reason) => reason.clone(),
            None => match caught(|| self.try_all(commits)) {
                Ok(Ok(answers)) => return answers,
                Ok(Err(reason)) => self.fail(reason),
                Err(panic) => self.fail(Error::unavailable(panic)),
            },
        };
        commits.iter().map(|_| Err(reason.clone())).collect()
    }

    fn try_all(&mut self, commits: &[Commit]) -> Result<Vec<Answer>, Error> {
        let mut plan = Plan::new(&self.tree, self.last);
        let answers = commits.iter().map(|commit| plan.add(commit)).collect();
        if let Some((batch, last)) = plan.finish() {
            self.last = last;
            self.tree.apply_batch(batch).map_err(Error::unavailable)?;
            (self.disk)().map_err(Error::unavailable)?;
        }
        Ok(answers)
    }

    fn fail(&mut self, reason: Error) -> Error {
        tracing::error!(%reason, "a commit failed: the store is read-only until a restart");
        self.failed = Some(reason.clone());
        reason
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

fn size(commit: &Commit) -> usize {
    let size = |write: &Write| match write {
        Write::Put { key, value } => key.len() + value.len(),
        Write::Delete { key } => key.len(),
    };
    commit.writes().iter().map(size).sum()
}

#[cfg(test)]
mod tests;
