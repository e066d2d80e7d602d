//! `doorkey export`

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::args::Export;
use super::control::Control;
use super::user::escaped;
use super::{Error, print};

pub(super) async fn run(control: &mut Control, export: &Export) -> Result<(), Error> {
    if export.file == Path::new("-") {
        return each_line(control, print::line).await.map(|_| ());
    }
    if !export.force && export.file.symlink_metadata().is_ok() {
        return Err(exists(&export.file));
    }
    let mut file = NewFile::create(&export.file)?;
    let count = each_line(control, |line| file.write(line)).await?;
    file.finish(export.force)?;
    print::note(&format!("{count} accounts are in {}", export.file.display()));
    Ok(())
}

/// Hands out every account as a line; how many there were.
async fn each_line(
    control: &mut Control,
    mut take: impl FnMut(&str) -> Result<(), Error>,
) -> Result<u64, Error> {
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let page = control.get(&format!("/admin/export?limit=100{cursor}")).await?;
        for user in page["users"].as_array().into_iter().flatten() {
            take(&user.to_string())?;
            count += 1;
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", escaped(next)),
            None => break,
        }
        print::progress(&format!("{count} accounts"));
    }
    print::progress("");
    Ok(count)
}

/// A file that has its name only once it is whole and on the disk.
struct NewFile {
    name: PathBuf,
    unfinished: PathBuf,
    out: BufWriter<File>,
}

impl NewFile {
    fn create(name: &Path) -> Result<Self, Error> {
        let base = name.file_name().unwrap_or_default().to_string_lossy();
        let unfinished = name.with_file_name(format!(".{base}.{}", std::process::id()));
        let file = File::options().write(true).create_new(true).mode(0o600).open(&unfinished);
        let out = BufWriter::new(file.map_err(Error::io("make the file"))?);
        Ok(Self { name: name.to_owned(), unfinished, out })
    }

    fn write(&mut self, line: &str) -> Result<(), Error> {
        writeln!(self.out, "{line}").map_err(Error::io("write the file"))
    }

    fn finish(mut self, force: bool) -> Result<(), Error> {
        self.out.flush().map_err(Error::io("write the file"))?;
        self.out.get_ref().sync_all().map_err(Error::io("write the file"))?;
        if force {
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
