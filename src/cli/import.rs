//! `doorkey import`: a file of accounts, checked as a whole before anything is written, line by
//! line so that its size does not matter.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde_json::json;

use self::report::Report;
use self::seen::Seen;
use super::args::Import;
use super::control::Control;
use super::lines::{Line, Lines, Refused};
use super::{Error, print};
use crate::auth::MOST_IMPORTED;

mod report;
mod seen;

/// How many bytes of lines the server takes at once.
const BATCH_BYTES: usize = 128 * 1024;

pub(super) async fn run(control: &mut Control, import: &Import) -> Result<(), Error> {
    let mut file = open(&import.file)?;
    if !import.dry_run {
        control.announce();
        control.may_create();
    }
    if !import.skip_refused {
        let checked = pass(control, &file, true).await?;
        if import.dry_run || checked.refused_lines > 0 {
            checked.print(import)?;
            return checked.verdict(import);
        }
        file.rewind().map_err(Error::io("read the file again"))?;
    }
    let done = pass(control, &file, false).await?;
    done.print(import)?;
    done.verdict(import)
}

/// Sends the whole file, a batch at a time.
async fn pass(control: &mut Control, file: &File, dry_run: bool) -> Result<Report, Error> {
    let mut lines = Lines::new(BufReader::new(file));
    let (mut report, mut seen) = (Report::new(dry_run), Seen::default());
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while let Some(Line { number, text }) = lines.next().map_err(Error::io("read the file"))? {
        report.lines += 1;
        match text.and_then(|text| if dry_run { seen.check(text) } else { Ok(text) }) {
            Ok(text) => {
                bytes += text.len();
                batch.push((number, text));
            }
            Err(refused) => report.refuse(number, refused),
        }
        if batch.len() == MOST_IMPORTED || bytes > BATCH_BYTES {
            send(control, (std::mem::take(&mut batch), dry_run), &mut report).await?;
            bytes = 0;
            print::progress(&format!("{} lines", report.lines));
        }
    }
    send(control, (batch, dry_run), &mut report).await?;
    print::progress("");
    Ok(report)
}

async fn send(
    control: &mut Control,
    (batch, dry_run): (Vec<(u64, String)>, bool),
    report: &mut Report,
) -> Result<(), Error> {
    if batch.is_empty() {
        return Ok(());
    }
    let lines: Vec<&str> = batch.iter().map(|(_, text)| text.as_str()).collect();
    let body = json!({"lines": lines, "dry_run": dry_run});
    let answer = control.post("/admin/import", Some(&body)).await?;
    report.imported += answer["imported"].as_u64().unwrap_or_default();
    for refusal in answer["refused"].as_array().into_iter().flatten() {
        let index = refusal["index"].as_u64().and_then(|index| usize::try_from(index).ok());
        let number = index.and_then(|index| batch.get(index)).map_or(0, |(number, _)| *number);
        let [field, reason] = ["field", "reason"].map(|member| print::text(refusal, member));
        report.refuse(number, Refused { field, reason });
    }
    Ok(())
}

/// The file, or a copy without a name of what cannot be read twice.
fn open(name: &Path) -> Result<File, Error> {
    if name == Path::new("-") {
        return copy(&mut io::stdin().lock());
    }
    let mut file = File::open(name).map_err(Error::io("open the file"))?;
    let is_file = file.metadata().map_err(Error::io("open the file"))?.is_file();
    if is_file { Ok(file) } else { copy(&mut file) }
}

fn copy(from: &mut dyn Read) -> Result<File, Error> {
    let name = std::env::temp_dir().join(format!("doorkey-import-{}", std::process::id()));
    let mut options = File::options();
    options.read(true).write(true).create_new(true).mode(0o600);
    let failed = || Error::io("keep a copy of the input");
    let mut file = options.open(&name).map_err(failed())?;
    std::fs::remove_file(&name).map_err(failed())?;
    io::copy(from, &mut file).map_err(failed())?;
    file.rewind().map_err(failed())?;
    Ok(file)
}
