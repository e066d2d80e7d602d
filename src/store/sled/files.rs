//! The data folder: who may enter it, who holds it, and that what was created in it survives a
//! power cut.
//!
//! ```text
//! <data>/            0700
//! <data>/lock        0600  held by the process that has the store open; never removed
//! <data>/store/      0700  sled's own folder: db, conf, snap.*, blobs/
//! <data>/store.new/        a store being created; renamed to store when it is complete
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::Mode;

use super::OpenError;

const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// What group and others may do.
const OTHERS: u32 = 0o077;

/// sled's folder below the data folder.
pub(super) fn store_path(data: &Path) -> PathBuf {
    data.join("store")
}

/// Where a store is made before it gets its name.
pub(super) fn unfinished_path(data: &Path) -> PathBuf {
    data.join("store.new")
}

/// sled's one large file.
pub(super) fn db_path(store: &Path) -> PathBuf {
    store.join("db")
}

fn blobs_path(store: &Path) -> PathBuf {
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

/// Removes what a power cut left of a creation that did not come to its end.
pub(super) fn remove_unfinished(data: &Path) -> Result<(), OpenError> {
    let path = unfinished_path(data);
    match fs::remove_dir_all(&path) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(e) => Err(OpenError::io("remove the unfinished store", &path)(e)),
    }
}

/// Gives a complete, sealed new store its name.
pub(super) fn publish(data: &Path) -> Result<(), OpenError> {
    let (from, to) = (unfinished_path(data), store_path(data));
    fs::rename(&from, &to).map_err(OpenError::io("rename the new store to", &to))?;
    sync_folder(data)
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
            set_mode(&path, FILE_MODE)?;
            sync(&path).map_err(OpenError::io("sync the file", &path))?;
        }
        set_mode(folder, FOLDER_MODE)?;
        sync_folder(folder)?;
    }
    Ok(())
}

/// Syncs the files that sled makes beside `db` for tree nodes over half a megabyte, which it
/// never syncs itself. Records of the usual size make none, and the folder is empty.
pub(super) fn sync_blobs(store: &Path) -> io::Result<()> {
    let folder = blobs_path(store);
    let mut any = false;
    for entry in fs::read_dir(&folder)? {
        match sync(&entry?.path()) {
            // sled removes a blob as soon as nothing refers to it any more.
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            done => done?,
        }
        any = true;
    }
    if any { sync(&folder) } else { Ok(()) }
}

/// The regular files right below a folder; a link is not followed.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, OpenError> {
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

fn sync_folder(path: &Path) -> Result<(), OpenError> {
    sync(path).map_err(OpenError::io("sync the folder", path))
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}
