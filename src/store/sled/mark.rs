//! The mark of a clean stop: what the journal and sled's files were like. Without it, or when
//! anything differs, the index is not trusted and made again.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::journal::new_file;
use super::{OpenError, files};
use crate::model::Timestamp;

/// The file in the data folder.
const NAME: &str = "clean";

/// How much of one of sled's files is compared byte by byte, so that a start stays short on a
/// large store. Of a longer file the length and its first bytes are compared.
const COMPARED: u64 = 64 * 1024 * 1024;

/// What was there at a clean stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    /// The number of the last commit.
    pub(super) sequence: u64,
    /// When it happened.
    pub(super) time: Timestamp,
    /// The name of the last journal.
    pub(super) journal: String,
    /// Its length.
    pub(super) bytes: u64,
    /// sled's files.
    index: Vec<Print>,
}

/// The fingerprint of a file of sled.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Print {
    name: PathBuf,
    bytes: u64,
    crc: u32,
}

impl Mark {
    /// The mark of a closed store whose last commit is `sequence`.
    ///
    /// # Errors
    /// When sled's files cannot be read.
    pub(super) fn of(
        data: &Path,
        (sequence, time): (u64, Timestamp),
        (journal, bytes): (&Path, u64),
    ) -> Result<Self, OpenError> {
        let journal = journal.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { sequence, time, journal, bytes, index: prints(&files::store_path(data))? })
    }

    /// Reads the mark. `None` when there is none, or none that can be read.
    ///
    /// # Errors
    /// When the system cannot read it.
    pub(super) fn read(data: &Path) -> Result<Option<Self>, OpenError> {
        let path = data.join(NAME);
        match fs::read(&path) {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(OpenError::io("read the file", &path)(e)),
        }
    }

    /// Removes the mark, for good before anything that it speaks of is changed. It may be absent.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(super) fn remove(data: &Path) -> Result<(), OpenError> {
        files::remove(&data.join(NAME))?;
        files::sync_folder(data)
    }

    /// Writes the mark. Everything that it speaks of is durable already.
    ///
    /// # Errors
    /// When the system cannot write it.
    pub(super) fn write(&self, data: &Path) -> Result<(), OpenError> {
        let path = data.join(NAME);
        let unfinished = files::unfinished(&path);
        let write = || -> io::Result<()> {
            let mut file = new_file(&unfinished)?;
            file.write_all(&serde_json::to_vec(self)?)?;
            file.sync_all()
        };
        write().map_err(OpenError::io("write the file", &unfinished))?;
        files::rename(&unfinished, &path)
    }

    /// Whether sled's files are what they were.
    pub(super) fn fits_index(&self, data: &Path) -> bool {
        prints(&files::store_path(data)).is_ok_and(|found| found == self.index)
    }
}

fn prints(store: &Path) -> Result<Vec<Print>, OpenError> {
    let mut prints = Vec::new();
    for folder in [store.to_owned(), files::blobs_path(store)] {
        for path in files::files_of(&folder)? {
            let read = || -> io::Result<Print> {
                let mut file = File::open(&path)?;
                let name = path.strip_prefix(store).unwrap_or(&path).to_owned();
                Ok(Print { name, bytes: file.metadata()?.len(), crc: checksum(&mut file)? })
            };
            prints.push(read().map_err(OpenError::io("read the file", &path))?);
        }
    }
    prints.sort();
    Ok(prints)
}

fn checksum(file: &mut File) -> io::Result<u32> {
    let mut crc = crc32fast::Hasher::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut file = file.take(COMPARED);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(crc.finalize()),
            read => crc.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Mark) {
        let dir = tempfile::tempdir().unwrap();
        let store = files::store_path(dir.path());
        fs::create_dir_all(files::blobs_path(&store)).unwrap();
        fs::write(store.join("db"), vec![7; 100_000]).unwrap();
        fs::write(store.join("conf"), "c").unwrap();
        let journal = dir.path().join("1.journal");
        let mark = Mark::of(dir.path(), (9, Timestamp::EPOCH), (&journal, 20)).unwrap();
        (dir, mark)
    }

    #[test]
    fn a_mark_is_there_until_it_is_removed() {
        let (dir, mark) = store();
        assert_eq!(Mark::read(dir.path()).unwrap(), None);
        mark.write(dir.path()).unwrap();
        for _ in 0..2 {
            assert_eq!(Mark::read(dir.path()).unwrap().as_ref(), Some(&mark));
        }
        Mark::remove(dir.path()).unwrap();
        assert_eq!(Mark::read(dir.path()).unwrap(), None);
        Mark::remove(dir.path()).unwrap();
    }

    #[test]
    fn a_mark_that_cannot_be_read_is_none() {
        let (dir, _) = store();
        for text in ["", "{", "{\"sequence\":1}"] {
            fs::write(dir.path().join(NAME), text).unwrap();
            assert_eq!(Mark::read(dir.path()).unwrap(), None);
        }
    }

    #[test]
    fn any_change_of_a_file_of_sled_is_seen() {
        let (dir, mark) = store();
        assert!(mark.fits_index(dir.path()));
        let store = files::store_path(dir.path());
        let mut flipped = vec![7; 100_000];
        flipped[70_000] = 6;
        for bytes in [flipped, vec![7; 99_999], Vec::new()] {
            fs::write(store.join("db"), bytes).unwrap();
            assert!(!mark.fits_index(dir.path()));
        }
        fs::write(store.join("db"), vec![7; 100_000]).unwrap();
        assert!(mark.fits_index(dir.path()));
        fs::write(files::blobs_path(&store).join("1"), "").unwrap();
        assert!(!mark.fits_index(dir.path()));
        fs::remove_dir_all(store).unwrap();
        assert!(!mark.fits_index(dir.path()));
    }
}
