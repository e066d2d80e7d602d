//! Backups by the schedule of the configuration: made, read back, named, and the oldest removed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::auth::{Auth, Error};
use crate::config::Backup;
use crate::model::{Clock, Timestamp};
use crate::store::{self, Progress, Sink, free_space};

/// A backup that failed is tried again after this, or earlier if the schedule says so.
const RETRY: Duration = Duration::from_mins(5);
/// How often it is looked at the time.
const LOOK: Duration = Duration::from_secs(10);
/// A backup never takes the last of the disk: the store could take no change then.
const SPARED: u64 = 64 * 1024 * 1024;

/// The schedule, and where its backups go.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    auth: Arc<Auth>,
    clock: Clock,
    every: Duration,
    keep: usize,
    folder: PathBuf,
    stopping: Arc<AtomicBool>,
}

/// A backup in its file.
type Made = io::Result<(PathBuf, store::Backup)>;

impl Schedule {
    /// What the settings say; `None` when they say that there is none. A folder that is no
    /// absolute path is one of the data folder.
    pub(super) fn new(
        (auth, clock): (&Arc<Auth>, &Clock),
        settings: &Backup,
        data: &Path,
    ) -> Option<Self> {
        if settings.every.is_zero() {
            return None;
        }
        Some(Self {
            auth: Arc::clone(auth),
            clock: clock.clone(),
            every: settings.every,
            keep: usize::try_from(settings.keep).unwrap_or(usize::MAX),
            folder: data.join(&settings.folder),
            stopping: Arc::default(),
        })
    }

    /// Makes backups until the end. One that is under way then is given up.
    pub(super) async fn run(&self, ended: impl Future<Output = ()>) {
        let mut ended = std::pin::pin!(ended);
        let latest = self.latest();
        self.auth.backups_are_scheduled(latest);
        let mut due = self.due(latest);
        loop {
            if self.clock.monotonic() >= due {
                let Some(made) = self.make_unless(&mut ended).await else { return };
                due = self.clock.monotonic() + self.note(made);
            }
            tokio::select! {
                () = &mut ended => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Makes one on a thread that may block; `None` when the server stopped meanwhile.
    async fn make_unless(&self, ended: &mut (impl Future<Output = ()> + Unpin)) -> Option<Made> {
        let schedule = self.clone();
        let mut making = tokio::task::spawn_blocking(move || schedule.make());
        let made = tokio::select! {
            made = &mut making => made,
            () = ended => {
                self.stopping.store(true, Ordering::Relaxed);
                // The store is closed after the last who reads it.
                drop(making.await);
                return None;
            }
        };
        Some(made.unwrap_or_else(|_| Err(io::Error::other("the thread that makes it panicked"))))
    }

    /// When the next one is due, in monotonic time: a clock that is set wrong moves nothing.
    fn due(&self, latest: Option<Timestamp>) -> Duration {
        let age = latest.map(|latest| self.clock.now().since(latest));
        self.clock.monotonic() + age.map_or(Duration::ZERO, |age| self.every.saturating_sub(age))
    }

    /// Says how it went, and gives the time until the next try.
    fn note(&self, made: Made) -> Duration {
        match made {
            Ok((path, backup)) => {
                tracing::info!(
                    file = %path.display(), records = backup.records, "a backup was made"
                );
                self.auth.backup_ended(Some(backup.time));
                self.every
            }
            Err(error) => {
                tracing::error!(
                    folder = %self.folder.display(), %error, "a backup by the schedule failed"
                );
                self.auth.backup_ended(None);
                RETRY.min(self.every)
            }
        }
    }

    /// Makes one: it has its name when it was synced and read back.
    fn make(&self) -> Made {
        make_folder(&self.folder)?;
        let path = self.folder.join(name(self.clock.now()));
        let unfinished = path.with_extension("new");
        let made = self.write(&unfinished).and_then(|backup| {
            fs::rename(&unfinished, &path)?;
            File::open(&self.folder)?.sync_all()?;
            Ok(backup)
        });
        if made.is_err() {
            // Nothing but space is lost if it stays.
            let _ = fs::remove_file(&unfinished);
        }
        let made = made?;
        self.prune()?;
        Ok((path, made))
    }

    fn write(&self, unfinished: &Path) -> io::Result<store::Backup> {
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(true).write(true).mode(0o600).open(unfinished)?;
        let mut out = Watched { out: BufWriter::new(file), schedule: self };
        self.auth.back_up_by_schedule(&mut out).map_err(told)?;
        out.out.flush()?;
        out.out.get_ref().sync_all()?;
        store::inspect(unfinished).map_err(io::Error::other)
    }

    /// Removes the oldest beyond the wanted number, and what a power cut left of one.
    fn prune(&self) -> io::Result<()> {
        let mut backups = self.list()?;
        // What claims to be of the future was made by a clock that was set wrong: it goes first,
        // and never has the one that was made just now removed.
        let now = self.clock.now();
        backups.sort_by_key(|(time, _)| (*time <= now, *time));
        for (_, path) in &backups[..backups.len().saturating_sub(self.keep)] {
            fs::remove_file(path)?;
        }
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "new") && is_ours(&path) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// The backups in the folder.
    fn list(&self) -> io::Result<Vec<(Timestamp, PathBuf)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if let Some(time) = time(&path) {
                found.push((time, path));
            }
        }
        Ok(found)
    }

    fn latest(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        // One that claims to be of the future says nothing about when the next one is due.
        self.list().ok()?.into_iter().map(|(time, _)| time).filter(|time| *time <= now).max()
    }
}

/// A backup being written: given up when the server stops or the disk has too little left.
struct Watched<'a> {
    out: BufWriter<File>,
    schedule: &'a Schedule,
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Sink for Watched<'_> {
    fn progress(&mut self, _: Progress) -> io::Result<()> {
        if self.schedule.stopping.load(Ordering::Relaxed) {
            return Err(io::Error::other("the server is stopping"));
        }
        if free_space(&self.schedule.folder)? < SPARED {
            let why = format!("less than {} MiB are left on its disk", SPARED / 1024 / 1024);
            return Err(io::Error::new(io::ErrorKind::StorageFull, why));
        }
        Ok(())
    }
}

fn told(error: Error) -> io::Error {
    io::Error::other(error)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

const BEGIN: &str = "doorkey-";
const END: &str = ".backup";

/// `doorkey-2026-01-31T12-00-00Z.backup`: sorts by time, and is a name on every file system.
fn name(time: Timestamp) -> String {
    format!("{BEGIN}{}{END}", time.to_string().replace(':', "-"))
}

/// The time in the name of a backup; `None` for any other file, which is left alone.
fn time(path: &Path) -> Option<Timestamp> {
    let text = path.file_name()?.to_str()?.strip_prefix(BEGIN)?.strip_suffix(END)?;
    let (date, time) = text.split_once('T')?;
    Timestamp::try_from(format!("{date}T{}", time.replace('-', ":")).as_str()).ok()
}

fn is_ours(unfinished: &Path) -> bool {
    time(&unfinished.with_extension("backup")).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_backup_gives_its_time_and_other_names_give_none() {
        let noon = Timestamp::try_from("2026-01-31T12:00:00Z").unwrap();
        assert_eq!(name(noon), "doorkey-2026-01-31T12-00-00Z.backup");
        assert_eq!(time(Path::new(&name(noon))), Some(noon));
        assert!(is_ours(Path::new("x/doorkey-2026-01-31T12-00-00Z.new")));
        for other in ["doorkey-.backup", "mine.backup", "doorkey-2026-01-31T12-00-00Z.gz", ""] {
            assert_eq!(time(Path::new(other)), None, "{other}");
        }
    }
}
