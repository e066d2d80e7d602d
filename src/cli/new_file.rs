//! A file that a command makes: for the owner only, whole or not there.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::Error;

/// A file that has its name only once it is whole and on the disk.
pub(super) struct NewFile {
    name: PathBuf,
    unfinished: PathBuf,
    out: BufWriter<File>,
    may_replace: bool,
}

impl NewFile {
    /// Begins the file. One that is there is in the way unless it may be replaced.
    pub(super) fn create(name: &Path, may_replace: bool) -> Result<Self, Error> {
        if !may_replace && name.symlink_metadata().is_ok() {
            return Err(exists(name));
        }
        let base = name.file_name().unwrap_or_default().to_string_lossy();
        let unfinished = name.with_file_name(format!(".{base}.{}", std::process::id()));
        let file =
            File::options().read(true).write(true).create_new(true).mode(0o600).open(&unfinished);
        let out = BufWriter::new(file.map_err(Error::io("make the file"))?);
        Ok(Self { name: name.to_owned(), unfinished, out, may_replace })
    }

    /// Writes a line.
    pub(super) fn write(&mut self, line: &str) -> Result<(), Error> {
        writeln!(self.out, "{line}").map_err(Error::io("write the file"))
    }

    /// Where its bytes go.
    #[cfg(feature = "sled")]
    pub(super) fn out(&mut self) -> &mut BufWriter<File> {
        &mut self.out
    }

    /// Puts on the disk what was written so far; where it is as long as it has no name.
    pub(super) fn sync(&mut self) -> Result<&Path, Error> {
        self.out.flush().map_err(Error::io("write the file"))?;
        self.out.get_ref().sync_all().map_err(Error::io("write the file"))?;
        Ok(&self.unfinished)
    }

    /// Puts it on the disk and gives it its name.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        self.sync()?;
        if self.may_replace {
            fs::rename(&self.unfinished, &self.name).map_err(Error::io("name the file"))?;
        } else {
            // Unlike a rename, a link never takes the place of a file that came meanwhile.
            fs::hard_link(&self.unfinished, &self.name).map_err(|error| {
                if self.name.exists() {
                    exists(&self.name)
                } else {
                    Error::Io("name the file", error)
                }
            })?;
        }
        let folder = self.name.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new(".")));
        folder.and_then(|folder| folder.sync_all()).map_err(Error::io("save the file's name"))
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Gone already when it was renamed.
        let _ = fs::remove_file(&self.unfinished);
    }
}

fn exists(file: &Path) -> Error {
    Error::Refused(format!(
        "{} is there already: name another file, or say --force to replace it",
        file.display()
    ))
}
