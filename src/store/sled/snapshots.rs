//! The thread that makes snapshots, so that journals need not grow for ever.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::history::{History, Numbered};
use super::journal::new_file;
use super::shared::Shared;
use super::{ArchiveError, archive, disk, files, scan};
use crate::store::{Error, Progress, Sink};

/// How many snapshots are kept, with all commits since the older one: if the newest turns out to
/// be damaged, nothing is lost.
const GENERATIONS: usize = 2;
/// How long a snapshot that failed waits for its next try.
const RETRY: Duration = Duration::from_mins(1);

/// The way to the thread.
pub(super) struct Snapshots {
    orders: Sender<()>,
    busy: Arc<AtomicBool>,
}

/// The thread itself.
pub(super) struct SnapshotThread(JoinHandle<()>);

impl Snapshots {
    /// Starts the thread. It ends when this is dropped; a snapshot under way is given up then.
    pub(super) fn start(shared: Arc<Shared>) -> io::Result<(Self, SnapshotThread)> {
        let (orders, receiver) = mpsc::channel();
        let busy = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&busy);
        let work = move || run(&shared, &receiver, &flag);
        let thread = thread::Builder::new().name("snapshots".to_owned()).spawn(work)?;
        Ok((Self { orders, busy }, SnapshotThread(thread)))
    }

    /// Whether a snapshot is being made, or waits for its next try.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Orders a snapshot.
    pub(super) fn begin(&self) {
        self.busy.store(true, Ordering::Release);
        // The thread lives as long as this does.
        let _ = self.orders.send(());
    }
}

impl SnapshotThread {
    /// Waits for its end.
    pub(super) fn join(self) {
        if self.0.join().is_err() {
            tracing::error!("the thread that makes snapshots panicked");
        }
    }
}

fn run(shared: &Shared, orders: &Receiver<()>, busy: &AtomicBool) {
    while orders.recv().is_ok() {
        while let Err(error) = make(shared) {
            if shared.is_stopping() {
                return;
            }
            tracing::error!(%error, "a snapshot failed: the journals are kept meanwhile");
            if orders.recv_timeout(RETRY) == Err(RecvTimeoutError::Disconnected) {
                return;
            }
        }
        busy.store(false, Ordering::Release);
    }
}

/// Makes a snapshot, and then removes what only older ones needed.
pub(super) fn make(shared: &Shared) -> Result<(), Error> {
    let folder = files::journals_path(&shared.data);
    let unfinished = files::unfinished(&folder.join("snapshot"));
    let made = write(shared, &unfinished).and_then(|(first, bytes)| {
        let path = files::snapshot_path(&folder, first);
        files::rename(&unfinished, &path).map_err(Error::unavailable)?;
        shared.snapshot_is(bytes);
        prune(shared, &folder, &path).map_err(Error::unavailable)
    });
    if made.is_err() {
        // Nothing but space is lost if it stays.
        let _ = fs::remove_file(&unfinished);
    }
    made
}

/// Writes and reads back; the number it is named by, and its length.
fn write(shared: &Shared, path: &Path) -> Result<(u64, u64), Error> {
    disk::check_space(&shared.data).map_err(Error::unavailable)?;
    let file = BufWriter::new(new_file(path).map_err(Error::unavailable)?);
    let mut sink = SnapshotFile { file, shared };
    let (first, _) = scan::write_archive(shared, &mut sink)?;
    let file = sink.file.into_inner().map_err(|error| Error::unavailable(error.into_error()))?;
    file.sync_all().map_err(Error::unavailable)?;
    archive::verify(path).map_err(Error::unavailable)?;
    Ok((first, file.metadata().map_err(Error::unavailable)?.len()))
}

/// A snapshot being written; given up when the store is closed.
struct SnapshotFile<'a> {
    file: BufWriter<File>,
    shared: &'a Shared,
}

impl Write for SnapshotFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Sink for SnapshotFile<'_> {
    fn progress(&mut self, _: Progress) -> io::Result<()> {
        let closing = || io::Error::other("the store is being closed");
        if self.shared.is_stopping() { Err(closing()) } else { Ok(()) }
    }
}

/// Removes snapshots beyond [`GENERATIONS`], and the journals that only those needed. `newest`
/// was read back just now; of those before it only one that can be read counts.
fn prune(shared: &Shared, folder: &Path, newest: &Path) -> io::Result<()> {
    let history = History::list(folder)?;
    let mut good = 0;
    let mut kept = history.snapshots.len();
    while good < GENERATIONS {
        let Some(before) = kept.checked_sub(1) else { return Ok(()) };
        kept = before;
        let path = &history.snapshots[kept].path;
        match if path == newest { Ok(()) } else { archive::verify(path).map(drop) } {
            Ok(()) => good += 1,
            Err(error) if error.is_damage() => put_aside(path, &error)?,
            // Who knows what another try would read.
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    let (old, kept) = history.snapshots.split_at(kept);
    let Some(oldest) = kept.first() else { return Ok(()) };
    let needed = history.journals_from(oldest.first);
    let unneeded = history.journals.len() - needed.len();
    // Who reads the store since before both snapshots cannot come to an end any more.
    shared.pruned.store(needed.first().map_or(0, |journal| journal.first), Ordering::Relaxed);
    for Numbered { path, .. } in history.journals[..unneeded].iter().chain(old) {
        fs::remove_file(path)?;
    }
    files::sync(folder)
}

/// Gives a damaged snapshot a name under which it is none any more. It is never removed: someone
/// may still want to look at it.
pub(super) fn put_aside(path: &Path, error: &ArchiveError) -> io::Result<()> {
    tracing::error!(snapshot = %path.display(), %error, "a snapshot is damaged: putting it aside");
    let mut aside = path.as_os_str().to_owned();
    aside.push(".damaged");
    fs::rename(path, aside)?;
    files::sync(files::parent(path))
}
