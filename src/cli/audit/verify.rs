//! `doorkey audit verify`

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use serde_json::{Value, json};

use super::Walk;
use crate::auth::{Expected, TrailFinding, TrailReport, Verifier};
use crate::cli::args::AuditVerify;
use crate::cli::control::Control;
use crate::cli::lines::{Line, Lines};
use crate::cli::{Error, print};

/// How often the progress is shown while a file is read.
const SHOWN_EVERY: u64 = 1_000;

pub(super) async fn run(control: &mut Control, verify: &AuditVerify) -> Result<(), Error> {
    let expected = Expected { place: verify.expect, from: verify.from };
    let verifier = Verifier::new(control.audit_key()?, expected);
    let report = match &verify.file {
        Some(file) if file == Path::new("-") => read(io::stdin().lock(), verifier)?,
        Some(file) => {
            let file = File::open(file).map_err(Error::io("open the export"))?;
            read(BufReader::new(file), verifier)?
        }
        None => walk(control, verifier).await?,
    };
    if verify.form.json {
        print::json(&as_json(&report))?;
    } else {
        let findings = report.findings.iter();
        findings.map(ToString::to_string).try_for_each(|f| print::line(&print::printable(&f)))?;
        summary(&report);
    }
    match report.total {
        0 => Ok(()),
        total => Err(Error::Refused(format!("the audit trail has {total} findings"))),
    }
}

async fn walk(control: &mut Control, mut verifier: Verifier) -> Result<TrailReport, Error> {
    let mut pages = Walk::new();
    while let Some(page) = pages.next(control).await? {
        for line in page {
            verifier.take(line);
        }
        print::progress(&format!("{} events", verifier.seen()));
    }
    print::progress("");
    Ok(verifier.finish(false))
}

fn read(from: impl BufRead, mut verifier: Verifier) -> Result<TrailReport, Error> {
    let mut lines = Lines::new(from);
    while let Some(Line { number, text }) = lines.next().map_err(Error::io("read the export"))? {
        match text.ok().and_then(|text| serde_json::from_str(&text).ok()) {
            Some(line) => verifier.take(line),
            None => verifier.unreadable(number),
        }
        if number.is_multiple_of(SHOWN_EVERY) {
            print::progress(&format!("{} events", verifier.seen()));
        }
    }
    print::progress("");
    Ok(verifier.finish(true))
}

fn summary(report: &TrailReport) {
    let TrailReport { events, seals, unsealed, start, .. } = report;
    print::note(&format!("{events} events are covered by {seals} seals, {unsealed} by none yet"));
    if start.number > 0 {
        print::note(&format!("retention has removed the seals up to {}", start.number));
    }
    if let Some((number, hash)) = report.end.and_then(|end| Some((end.number, end.hash?))) {
        print::note(&format!("the last seal, to note elsewhere: {number}:{hash}"));
    }
    if report.end.is_some() && report.proven.is_none() {
        print::note("the master key is not here: anyone could have made this chain of seals");
    }
    report.notes.iter().for_each(|note| print::note(&print::printable(note)));
}

fn as_json(report: &TrailReport) -> Value {
    let finding = |finding: &TrailFinding| {
        let event = finding.event.map(|e| e.id.to_string());
        let time = finding.event.map(|e| e.time.to_string());
        json!({"seal": finding.seal, "event": event, "time": time, "what": finding.to_string()})
    };
    json!({
        "events": report.events,
        "seals": report.seals,
        "unsealed": report.unsealed,
        "start": report.start,
        "end": report.end,
        "proven": report.proven,
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "total": report.total,
        "notes": report.notes,
    })
}
