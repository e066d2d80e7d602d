//! `doorkey store …` and `doorkey restore`: what is done to a store that no server runs on.

use std::fs::File;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::args::{Form, Place, Restore, Store};
use super::control::{data_folder, load, store_in};
use super::{Error, harden, log, print};
use crate::config::{Loaded, LogLevel};
use crate::model::Timestamp;
use crate::server::{self, Source};
use crate::store::{self, HistoryFile, SigningKeys};

pub(super) fn run(place: Place, command: &Store) -> Result<(), Error> {
    let loaded = load(place, None, false)?;
    let data = data_folder(&loaded)?;
    require_store(&data)?;
    match command {
        Store::Verify { form } => verify(&loaded, &data, *form),
        Store::History { form } => history(&data, *form),
    }
}

fn require_store(data: &Path) -> Result<(), Error> {
    match store_in(data)? {
        Some(_) => Ok(()),
        None => Err(Error::Refused(format!("there is no store in {}", data.display()))),
    }
}

fn verify(loaded: &Loaded, data: &Path, form: Form) -> Result<(), Error> {
    log::start(loaded.config.log.format, LogLevel::Error);
    let (report, differences) = block_on(server::verify(loaded, data))?;
    let mut findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let total = report.total + differences.len() as u64;
    findings.extend(differences);
    if form.json {
        let counts: Value = report.counts.iter().map(|(k, n)| (k.to_string(), json!(n))).collect();
        print::json(&json!({"records": counts, "findings": findings, "total": total}))?;
    } else {
        findings.iter().try_for_each(|finding| print::line(&print::printable(finding)))?;
    }
    if total == 0 {
        return Ok(());
    }
    Err(Error::Refused(format!("the store has {total} findings")))
}

fn history(data: &Path, form: Form) -> Result<(), Error> {
    let reach = store::history(data).map_err(server::Error::from)?;
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let (from, to) = (time(reach.from), time(reach.to));
    if form.json {
        let file = |file: &HistoryFile| {
            json!({"name": file.name, "last_commit": file.last, "until": time(file.until),
                   "bytes": file.bytes, "damage": file.damage})
        };
        let files: Vec<Value> = reach.files.iter().map(file).collect();
        return print::json(&json!({"from": from, "to": to, "files": files}));
    }
    let row = |file: HistoryFile| {
        let last = file.last.map(|last| last.to_string()).unwrap_or_default();
        let until = time(file.until).unwrap_or_default();
        [file.name, last, until, file.bytes.to_string(), file.damage.unwrap_or_default()]
    };
    let headings = ["FILE", "LAST COMMIT", "UNTIL", "BYTES", "DAMAGE"];
    print::table(headings, reach.files.into_iter().map(row).collect())?;
    let [from, to] = [from, to].map(|time| time.unwrap_or_else(|| "nothing".to_owned()));
    print::note(&format!("`doorkey restore --at TIME --replace` reaches from {from} to {to}"));
    Ok(())
}

pub(super) fn restore(place: Place, command: &Restore) -> Result<(), Error> {
    let loaded = load(place, None, false)?;
    let data = data_folder(&loaded)?;
    if command.from.file.is_none() {
        require_store(&data)?;
    }
    log::start(loaded.config.log.format, LogLevel::Error);
    harden::process();
    let keys = if command.without_keys { SigningKeys::Drop } else { SigningKeys::Keep };
    let how = (command.replace, keys);
    print::note(&format!("data folder: {}", data.display()));
    let done = block_on(server::restore(&loaded, &data, source(command)?, how))?;
    print::note(&format!(
        "restored the state of {}: {} accounts; all sessions are ended",
        done.time, done.revived.users
    ));
    if command.without_keys {
        print::note("the signing keys are dropped: every token is void, new keys are made");
    }
    for id in done.keys.dropped {
        print::note(&format!(
            "the signing key {id} is dropped: the store of before did not have it any more"
        ));
    }
    for id in done.keys.unsure {
        print::note(&format!(
            "the signing key {id} is valid, as at {}; if it was revoked since, drop it with \
             `doorkey key rotate --revoke {id}`",
            done.time
        ));
    }
    if let Some(kept) = done.kept {
        print::note(&format!("the store of before is in {}", kept.display()));
    }
    Ok(())
}

fn source(command: &Restore) -> Result<Source, Error> {
    match (&command.from.file, command.from.at) {
        (Some(file), _) if file == Path::new("-") => Ok(Source::Backup(Box::new(io::stdin()))),
        (Some(file), _) => match File::open(file) {
            Ok(file) => Ok(Source::Backup(Box::new(file))),
            Err(error) => {
                let what = format!("could not open {}: {error}", file.display());
                Err(Error::Refused(what))
            }
        },
        (None, Some(at)) => Ok(Source::Past(at)),
        (None, None) => Err(Error::Refused("name a FILE or --at TIME".to_owned())),
    }
}

fn block_on<T>(work: impl Future<Output = Result<T, server::Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(Error::io("start"))?.block_on(Box::pin(work))?)
}
