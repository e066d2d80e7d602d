//! The journal that commits are appended to: what is in it and synced has happened.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::frame::{self, FORMAT, Header, Role};
use super::{disk, files};
use crate::model::Timestamp;

/// How much is written to see whether the disk takes it. Zeros are no frame.
const PROBE: usize = 4096;

/// The file below a journal; tests have one that fails.
pub(super) trait Medium: Send {
    /// Writes all of `bytes` at `offset`.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts the file to `length` bytes.
    fn cut(&mut self, length: u64) -> io::Result<()>;
    /// Puts on disk everything that was written. It is not called again after it failed: the
    /// kernel may have dropped the pages that it could not write.
    fn sync(&mut self) -> io::Result<()>;
}

impl Medium for File {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// The one journal that grows.
pub(super) struct Journal {
    medium: Box<dyn Medium>,
    path: PathBuf,
    /// Everything before this place is whole frames.
    good: u64,
    /// Whether there may be something behind that place.
    dirty: bool,
}

impl Journal {
    /// Makes an empty journal that begins with the commit `first`, durable with its name.
    pub(super) fn create(folder: &Path, first: u64, time: Timestamp) -> io::Result<Self> {
        let path = files::journal_path(folder, first);
        let mut header = Vec::new();
        frame::put_header(
            &mut header,
            &Header { format: FORMAT, role: Role::Journal, first, time },
        );
        let unfinished = files::unfinished(&path);
        let file = new_file(&unfinished)?;
        file.write_all_at(&header, 0)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        files::sync(folder)?;
        Ok(Self::over(Box::new(file), path, header.len() as u64))
    }

    /// The journal `path`, whose first `length` bytes are known to be good.
    pub(super) fn open(path: &Path, length: u64) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(path)?;
        Ok(Self::over(Box::new(file), path.to_owned(), length))
    }

    /// The journal `path` with nothing but its first `length` bytes, all of them durable.
    pub(super) fn rewrite(path: &Path, length: u64) -> io::Result<Self> {
        let unfinished = files::unfinished(path);
        let mut file = new_file(&unfinished)?;
        copy(&mut File::open(path)?.take(length), &mut file)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        files::sync(path.parent().unwrap_or(Path::new(".")))?;
        Ok(Self::over(Box::new(file), path.to_owned(), length))
    }

    /// Copies what stands in the journal `path` behind its first `good` bytes to a file of its
    /// own beside it, which a clean stop removes. Gives its length; `None` when there is nothing.
    pub(super) fn keep_torn(path: &Path, good: u64) -> io::Result<Option<u64>> {
        let mut journal = File::open(path)?;
        let length = journal.metadata()?.len().saturating_sub(good);
        if length == 0 {
            return Ok(None);
        }
        let kept = files::torn_path(path, good);
        journal.seek(SeekFrom::Start(good))?;
        let copied = disk::check_space_for(files::parent(path), length)
            .and_then(|()| copy(&mut journal.take(length), &mut new_file(&kept)?));
        copied.inspect_err(|_| drop(fs::remove_file(&kept))).map(|()| Some(length))
    }

    /// A journal over any medium.
    pub(super) fn over(medium: Box<dyn Medium>, path: PathBuf, good: u64) -> Self {
        Self { medium, path, good, dirty: false }
    }

    /// Appends whole frames; they are durable after the next [`Journal::sync`].
    ///
    /// # Errors
    /// When the system could not write. Nothing was appended then, and another try may succeed.
    pub(super) fn append(&mut self, frames: &[u8]) -> io::Result<()> {
        if self.dirty {
            self.medium.cut(self.good)?;
        }
        self.dirty = true;
        self.medium.write_at(frames, self.good)?;
        self.dirty = false;
        self.good += frames.len() as u64;
        Ok(())
    }

    /// Whether the next append can be hoped for, after one that failed: tries to write behind
    /// the end, and leaves nothing there.
    ///
    /// # Errors
    /// When the system still cannot write.
    pub(super) fn probe(&mut self) -> io::Result<()> {
        if !self.dirty {
            return Ok(());
        }
        self.medium.cut(self.good)?;
        self.medium.write_at(&[0; PROBE], self.good)?;
        self.medium.cut(self.good)?;
        self.dirty = false;
        Ok(())
    }

    /// Makes durable what was appended.
    ///
    /// # Errors
    /// When the system could not. What was appended since the last sync may be there or not.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.medium.sync()
    }

    /// Its length in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.good
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Copies byte by byte: what the system offers for whole files may share blocks with the old one.
pub(super) fn copy(from: &mut impl io::Read, to: &mut File) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            read => to.write_all(&buffer[..read])?,
        }
    }
}

/// A file that is not there yet, or is a left-over of ours, for the owner only.
pub(super) fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).read(true).write(true).mode(files::FILE_MODE).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that fails after so many bytes.
    struct Full {
        file: File,
        left: usize,
    }

    impl Medium for Full {
        fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
            let part = bytes.len().min(self.left);
            self.file.write_all_at(&bytes[..part], offset)?;
            self.left -= part;
            if part < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }

        fn cut(&mut self, length: u64) -> io::Result<()> {
            self.left += usize::try_from(self.file.metadata()?.len() - length).unwrap();
            self.file.set_len(length)
        }

        fn sync(&mut self) -> io::Result<()> {
            self.file.sync_data()
        }
    }

    #[test]
    fn a_write_that_did_not_fit_leaves_nothing_behind_once_there_is_space() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let full = Full { file: new_file(&path).unwrap(), left: 10 };
        let mut journal = Journal::over(Box::new(full), path.clone(), 0);
        journal.append(b"12345678").unwrap();
        assert_eq!(journal.append(b"abcd").unwrap_err().kind(), io::ErrorKind::StorageFull);
        journal.append(b"xy").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"12345678xy");
        assert_eq!(journal.bytes(), 10);
    }

    #[test]
    fn a_disk_that_failed_is_probed_and_nothing_of_that_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("j");
        let full = Full { file: new_file(&path).unwrap(), left: 10 };
        let mut journal = Journal::over(Box::new(full), path.clone(), 0);
        journal.append(b"12345678").unwrap();
        journal.probe().unwrap();
        journal.append(b"abcd").unwrap_err();
        assert_eq!(journal.probe().unwrap_err().kind(), io::ErrorKind::StorageFull);
        journal.medium =
            Box::new(Full { file: File::options().write(true).open(&path).unwrap(), left: 5000 });
        journal.probe().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"12345678");
    }

    #[test]
    fn a_new_journal_has_its_name_only_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(files::unfinished(&files::journal_path(dir.path(), 7)), "torn").unwrap();
        let journal = Journal::create(dir.path(), 7, Timestamp::EPOCH).unwrap();
        let bytes = fs::read(journal.path()).unwrap();
        assert_eq!(bytes.len() as u64, journal.bytes());
        let header = super::super::reader::FrameReader::new(bytes.as_slice()).header().unwrap();
        assert_eq!((header.first, header.role), (7, Role::Journal));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
