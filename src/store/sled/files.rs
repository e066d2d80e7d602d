//! The data folder: who may enter it, who holds it, and that what was created in it survives a
//! power cut.
//!
//! ```text
//! <data>/            0700
//! <data>/lock        0600  held by the process that has the store open; never removed
//! <data>/journal/    0700  NUMBER.journal: the commits from that number on, NUMBER.snapshot;
//!                          NUMBER.journal.BYTE.torn: what a power cut tore, until the next clean
//!                          stop; NUMBER.snapshot.damaged: of no use any more
//! <data>/store/      0700  sled's own folder, made again from the journal when in doubt
//! <data>/clean       0600  says that the last stop was clean; see `mark.rs`
//! <data>/store.aside/      the index of before the last unclean stop, until the next clean one
//! <data>/*.new             what is being made, renamed when it is complete: see `UNFINISHED`
//! <data>/restored/         a restore that was decided on, until it is finished: `settle.rs`
//! <data>/replaced-TIME/    the store that a restore has replaced; never removed
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::Mode;

use super::OpenError;

const FOLDER_MODE: u32 = 0o700;
pub(super) const FILE_MODE: u32 = 0o600;
/// What is being made in a data folder.
const UNFINISHED: [&str; 5] =
    ["store.new", "journal.new", "clean.new", "restore.new", "verify.new"];
/// What group and others may do.
const OTHERS: u32 = 0o077;

/// sled's folder below the data folder.
pub(super) fn store_path(data: &Path) -> PathBuf {
    data.join("store")
}

/// Where the index of before the last unclean stop is kept.
pub(super) fn aside_path(data: &Path) -> PathBuf {
    data.join("store.aside")
}

/// The folder of journals and snapshots.
pub(super) fn journals_path(data: &Path) -> PathBuf {
    data.join("journal")
}

/// The journal that begins with the commit `first`.
pub(super) fn journal_path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:020}.journal"))
}

/// The snapshot that is complete with the journal from the commit `first` on.
pub(super) fn snapshot_path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:020}.snapshot"))
}

/// Where the end of a journal is kept that was cut off it at the byte `offset`.
pub(super) fn torn_path(journal: &Path, offset: u64) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(format!(".{offset}.torn"));
    PathBuf::from(name)
}

/// Removes the ends that were cut off journals.
pub(super) fn remove_torn(journals: &Path) -> Result<(), OpenError> {
    let is_ours = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let numbers = name.strip_suffix(".torn").and_then(|name| name.split_once(".journal."));
        numbers.is_some_and(|(first, offset)| [first, offset].iter().all(|n| is_number(n)))
    };
    remove_those(journals, is_ours)
}

/// Where a file or folder is made before it gets its name.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// sled's one large file.
pub(super) fn db_path(store: &Path) -> PathBuf {
    store.join("db")
}

/// Where sled keeps tree nodes over half a megabyte.
pub(super) fn blobs_path(store: &Path) -> PathBuf {
    store.join("blobs")
}

/// Creates or checks the data folder and takes its lock, which the returned file holds.
///
/// This also sets the umask of the **whole process** to 077 for good: sled creates its files
/// with the default mode, also long after opening, and nothing doorkey writes is for others.
/// It is the only place that sets it.
pub(super) fn enter(data: &Path) -> Result<File, OpenError> {
    rustix::process::umask(Mode::from_raw_mode(OTHERS));
    if make_folder(data)? {
        sync_folder(parent(data))?;
    } else {
        check_mode(data)?;
    }
    lock(data)
}

/// Creates a folder that only its owner can enter; `false` when something is there already.
pub(super) fn make_folder(path: &Path) -> Result<bool, OpenError> {
    match DirBuilder::new().mode(FOLDER_MODE).create(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(OpenError::io("create the folder", path)(e)),
    }
}

/// A folder with nothing but hidden files in it is closed to others. One that holds more is
/// refused: it may be a shared folder named by mistake, or its keys may already have been read.
fn check_mode(data: &Path) -> Result<(), OpenError> {
    let task = "look into the folder";
    let found = fs::metadata(data).map_err(OpenError::io(task, data))?;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(OpenError::NotOurs { data: data.to_owned() });
    }
    let mode = found.permissions().mode() & 0o7777;
    let mut entries = fs::read_dir(data).map_err(OpenError::io(task, data))?.flatten();
    if mode & OTHERS == 0 {
        Ok(())
    } else if entries.all(|entry| entry.file_name().as_encoded_bytes().starts_with(b".")) {
        set_mode(data, FOLDER_MODE)
    } else {
        Err(OpenError::TooOpen { data: data.to_owned(), mode })
    }
}

fn lock(data: &Path) -> Result<File, OpenError> {
    let path = data.join("lock");
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(FILE_MODE);
    let file = options.open(&path).map_err(OpenError::io("open the lock file", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { data: data.to_owned() }),
        Err(TryLockError::Error(e)) => Err(OpenError::io("lock the file", &path)(e)),
    }
}

/// The length of a file; 0 when it is not there.
pub(super) fn length(path: &Path) -> u64 {
    path.metadata().map_or(0, |found| found.len())
}

/// Removes a file or a folder with all in it; it may be absent.
pub(super) fn remove(path: &Path) -> Result<(), OpenError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(OpenError::io("remove", path)(e)),
        Err(_) | Ok(()) => Ok(()),
    }
}

/// Removes what a power cut left of things that were being made in the data folder. It may be a
/// folder of the operator's with more in it, so nothing else is touched.
pub(super) fn remove_unfinished(data: &Path) -> Result<(), OpenError> {
    UNFINISHED.iter().try_for_each(|name| remove(&data.join(name)))
}

/// Removes what a power cut left of journals and snapshots that were being made.
pub(super) fn remove_unfinished_in(journals: &Path) -> Result<(), OpenError> {
    let is_ours = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_journal = name.strip_suffix(".journal.new").is_some_and(is_number);
        is_journal || ["snapshot.new", "copy.new"].contains(&name.as_ref())
    };
    remove_those(journals, is_ours)
}

fn is_number(text: &str) -> bool {
    text.parse::<u64>().is_ok()
}

fn remove_those(folder: &Path, is_ours: impl Fn(&Path) -> bool) -> Result<(), OpenError> {
    files_of(folder)?.iter().filter(|path| is_ours(path)).try_for_each(|path| remove(path))
}

/// Renames something, so that the new name survives a power cut.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), OpenError> {
    fs::rename(from, to).map_err(OpenError::io("rename to", to))?;
    sync_folder(parent(to))
}

/// Removes snapshots that a power cut left half written: sled would take such a file for its
/// newest snapshot and not open (sled issue 1527).
pub(super) fn remove_half_snapshots(store: &Path) -> Result<(), OpenError> {
    for path in files_of(store)? {
        let name = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(&path).map_err(OpenError::io("remove the file", &path))?;
        }
    }
    Ok(())
}

/// Makes every file and folder of a store private and durable, with their names. sled itself
/// syncs neither `conf` nor any folder.
pub(super) fn seal(store: &Path) -> Result<(), OpenError> {
    for folder in [&blobs_path(store), store] {
        for path in files_of(folder)? {
            seal_file(&path)?;
        }
        set_mode(folder, FOLDER_MODE)?;
        sync_folder(folder)?;
    }
    Ok(())
}

/// A file that is gone has no mode and nothing to sync: sled's own thread removes what it does
/// not need any more (blobs, older snapshots) while the others are being sealed.
fn seal_file(path: &Path) -> Result<(), OpenError> {
    match set_mode(path, FILE_MODE) {
        Err(_) if !path.exists() => return Ok(()),
        done => done?,
    }
    match sync(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        done => done.map_err(OpenError::io("sync the file", path)),
    }
}

/// The regular files right below a folder; a link is not followed.
pub(super) fn files_of(folder: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let read = || -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                files.push(entry.path());
            }
        }
        Ok(files)
    };
    read().map_err(OpenError::io("list the folder", folder))
}

fn set_mode(path: &Path, mode: u32) -> Result<(), OpenError> {
    let now = fs::metadata(path).map_err(OpenError::io("look at the mode of", path))?;
    if now.permissions().mode() & 0o7777 == mode {
        return Ok(());
    }
    let task = "close to other users";
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(OpenError::io(task, path))
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), OpenError> {
    sync(path).map_err(OpenError::io("sync the folder", path))
}

/// Syncs a file or a folder.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The folder of a file or folder.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_sled_removes_while_its_folder_is_sealed_is_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("17");
        seal_file(&path).unwrap();
        fs::write(&path, "a node").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        seal_file(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, FILE_MODE);
    }
}
