//! `doorkey backup`: the whole store in one file, of a running server or without one.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use super::args::{Backup, Form, Place};
use super::control::{Control, data_folder, load};
use super::new_file::NewFile;
use super::{Error, harden, log, print};
use crate::config::LogLevel;
use crate::server;
use crate::store;

pub(super) async fn run(control: &mut Control, backup: &Backup) -> Result<(), Error> {
    let Some(file) = &backup.file else {
        return Err(Error::Refused("name a FILE".to_owned()));
    };
    control.refuse_memory()?;
    control.announce();
    if file == Path::new("-") {
        return stream(control).await;
    }
    let mut new = NewFile::create(file, backup.force)?;
    let written = each_piece(control, |piece| {
        new.out().write_all(piece).map_err(Error::io("write the file"))
    });
    let bytes = written.await?;
    let read_back = store::inspect(new.sync()?);
    let store::Backup { records, changes, time, .. } =
        read_back.map_err(|error| Error::Refused(format!("the backup is not good: {error}")))?;
    new.finish()?;
    print::note(&format!(
        "{} holds the state of {time}: {records} records, {changes} changes made meanwhile, \
         {bytes} bytes",
        file.display()
    ));
    Ok(())
}

/// To standard output, where what follows encrypts it or sends it away.
async fn stream(control: &mut Control) -> Result<(), Error> {
    if io::stdout().is_terminal() {
        let why = "a backup is no text: send it to a command or a file, or name a FILE";
        return Err(Error::Refused(why.to_owned()));
    }
    let mut out = io::stdout().lock();
    let written =
        each_piece(control, |piece| out.write_all(piece).map_err(Error::io("write the backup")));
    let bytes = written.await?;
    out.flush().map_err(Error::io("write the backup"))?;
    print::note(&format!("the backup is complete: {bytes} bytes"));
    Ok(())
}

/// Hands out the backup; how many bytes it has.
async fn each_piece(
    control: &mut Control,
    mut take: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut bytes = 0;
    let done = control.download("/admin/backup", |piece| {
        take(piece)?;
        bytes += piece.len() as u64;
        print::progress(&format!("{} KiB", bytes / 1024));
        Ok(())
    });
    let done = done.await;
    print::progress("");
    done.map(|()| bytes)
}

pub(super) fn verify(place: Place, file: &Path, form: Form) -> Result<(), Error> {
    let loaded = load(place, None)?;
    let data = data_folder(&loaded)?;
    log::start(loaded.config.log.format, LogLevel::Error);
    harden::process();
    let input: Box<dyn Read + Send> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let opened = File::open(file);
        Box::new(opened.map_err(|error| {
            Error::Refused(format!("could not open {}: {error}", file.display()))
        })?)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let verified = server::verify_backup(&loaded, &data, io::BufReader::new(input));
    let verified = runtime.map_err(Error::io("start"))?.block_on(Box::pin(verified))?;
    show(&verified, form)?;
    match verified.report.total {
        0 => Ok(()),
        total => Err(Error::Refused(format!("the backup has {total} findings"))),
    }
}

fn show(verified: &server::VerifiedBackup, form: Form) -> Result<(), Error> {
    let server::VerifiedBackup { backup, report, keys } = verified;
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    if form.json {
        let counts: Value = report.counts.iter().map(|(k, n)| (k.to_string(), json!(n))).collect();
        return print::json(&json!({
            "time": backup.time.to_string(), "sequence": backup.sequence, "records": counts,
            "signing_keys": keys.word(), "findings": findings, "total": report.total,
        }));
    }
    findings.iter().try_for_each(|finding| print::line(&print::printable(finding)))?;
    let rows = report.counts.iter().map(|(kind, count)| [(*kind).to_owned(), count.to_string()]);
    print::table(["RECORDS", "COUNT"], rows.collect())?;
    print::note(&format!("the state of {}; {}", backup.time, keys.sentence()));
    Ok(())
}
