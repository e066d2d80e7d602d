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
use crate::store::{self, Gap, HistoryFile, Point, Reach, SigningKeys, Until};

pub(super) fn run(place: Place, command: &Store) -> Result<(), Error> {
    let loaded = load(place, None)?;
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
    let way_out = if differences.is_empty() {
        "`doorkey store history` shows what `doorkey restore --at TIME --replace` can go back to, \
         and `doorkey restore FILE --replace` restores a backup"
    } else {
        "the index is not what the journals say, and the next start makes it again from them; \
         run this once more after it"
    };
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
    Err(Error::Refused(format!("the store has {total} findings: {way_out}")))
}

fn history(data: &Path, form: Form) -> Result<(), Error> {
    let reach = store::history(data).map_err(server::Error::from)?;
    if form.json {
        return print::json(&history_json(&reach));
    }
    let Reach { from, to, gaps, files } = reach;
    let row = |file: HistoryFile| {
        let last = file.last.map(|last| last.to_string()).unwrap_or_default();
        let until = file.until.map(|time| time.to_string()).unwrap_or_default();
        [file.name, last, until, file.bytes.to_string(), file.damage.unwrap_or_default()]
    };
    let headings = ["FILE", "LAST COMMIT", "UNTIL", "BYTES", "DAMAGE"];
    print::table(headings, files.into_iter().map(row).collect())?;
    let told = |point: Option<Point>| {
        point.map_or("nothing".to_owned(), |Point { commit, time }| format!("{time} ({commit})"))
    };
    print::note(&format!(
        "`doorkey restore --at TIME --replace` (or --commit N) reaches from {} to {}",
        told(from),
        told(to)
    ));
    for gap in &gaps {
        print::note(&gap_told(gap));
    }
    Ok(())
}

/// What is lost there, and the command that brings back all before it.
fn gap_told(gap: &Gap) -> String {
    let Gap { after: Point { commit, time }, next } = gap;
    let lost = match next {
        Some(next) => format!("cannot be had until the commit {}, of {}", next.commit, next.time),
        None => "are damaged or missing".to_owned(),
    };
    format!(
        "the commits after {commit}, of {time}, {lost}: all before is restored with `doorkey \
         restore --commit {commit} --replace`"
    )
}

fn history_json(reach: &Reach) -> Value {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let at = |point: Option<Point>| time(point.map(|point| point.time));
    let commit = |point: Option<Point>| point.map(|point| point.commit);
    let file = |file: &HistoryFile| {
        json!({"name": file.name, "last_commit": file.last, "until": time(file.until),
               "bytes": file.bytes, "damage": file.damage})
    };
    let gap = |gap: &Gap| {
        json!({"after": gap.after.time.to_string(), "after_commit": gap.after.commit,
               "next": at(gap.next), "next_commit": commit(gap.next)})
    };
    json!({
        "from": at(reach.from), "from_commit": commit(reach.from),
        "to": at(reach.to), "to_commit": commit(reach.to),
        "gaps": reach.gaps.iter().map(gap).collect::<Vec<_>>(),
        "files": reach.files.iter().map(file).collect::<Vec<_>>(),
    })
}

pub(super) fn restore(place: Place, command: &Restore) -> Result<(), Error> {
    let loaded = load(place, None)?;
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
        "restored the state of {}: {} accounts; all sessions and API tokens are ended, and registered \
         services are dropped",
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
    let from = &command.from;
    match (&from.file, from.at.map(Until::Time).or(from.commit.map(Until::Commit))) {
        (Some(file), _) if file == Path::new("-") => Ok(Source::Backup(Box::new(io::stdin()))),
        (Some(file), _) => match File::open(file) {
            Ok(file) => Ok(Source::Backup(Box::new(file))),
            Err(error) => {
                let what = format!("could not open {}: {error}", file.display());
                Err(Error::Refused(what))
            }
        },
        (None, Some(until)) => Ok(Source::Past(until)),
        (None, None) => Err(Error::Refused("name a FILE, --at TIME or --commit N".to_owned())),
    }
}

fn block_on<T>(work: impl Future<Output = Result<T, server::Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(Error::io("start"))?.block_on(Box::pin(work))?)
}
