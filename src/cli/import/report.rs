//! What became of a file.

use serde_json::json;

use crate::cli::args::Import;
use crate::cli::lines::Refused;
use crate::cli::{Error, print};

/// How many refusals are listed; all of them are counted.
const MOST_LISTED: usize = 10_000;

#[derive(Default)]
pub(super) struct Report {
    only_checked: bool,
    pub(super) lines: u64,
    pub(super) imported: u64,
    pub(super) refused_lines: u64,
    last_refused: u64,
    refused: Vec<(u64, Refused)>,
}

impl Report {
    /// Of a pass over the file that writes, or only checks.
    pub(super) fn new(only_checked: bool) -> Self {
        Self { only_checked, ..Self::default() }
    }

    /// Notes a reason against a line; the reasons of one line come one after the other.
    pub(super) fn refuse(&mut self, line: u64, refused: Refused) {
        if line != self.last_refused {
            self.refused_lines += 1;
            self.last_refused = line;
        }
        if self.refused.len() < MOST_LISTED {
            self.refused.push((line, refused));
        }
    }

    /// The refused lines and why.
    pub(super) fn print(&self, import: &Import) -> Result<(), Error> {
        let mut refused: Vec<_> = self.refused.iter().collect();
        refused.sort_by_key(|(line, _)| *line);
        if import.form.json {
            let item = |(line, refused): &(u64, Refused)| json!({"line": line, "field": refused.field, "reason": refused.reason});
            return print::json(&json!({
                "dry_run": import.dry_run,
                "lines": self.lines,
                "good": self.lines - self.refused_lines,
                "imported": self.written(),
                "refused_lines": self.refused_lines,
                "refused": refused.into_iter().map(item).collect::<Vec<_>>(),
            }));
        }
        if refused.is_empty() {
            return Ok(());
        }
        let row = |(line, refused): &(u64, Refused)| {
            [line.to_string(), refused.field.clone(), refused.reason.clone()]
        };
        print::table(["LINE", "FIELD", "REASON"], refused.into_iter().map(row).collect())
    }

    /// One sentence, and whether the command did what it was asked for.
    pub(super) fn verdict(&self, import: &Import) -> Result<(), Error> {
        let (lines, refused, written) = (self.lines, self.refused_lines, self.written());
        if refused == 0 || import.skip_refused {
            let done = if import.dry_run { "would be" } else { "were" };
            let count = self.imported;
            print::note(&format!("{count} of {lines} lines {done} imported"));
            return Ok(());
        }
        let rest = match (import.dry_run, written) {
            (true, _) => "nothing was written".to_owned(),
            (false, 0) => "nothing was imported: correct them, or say --skip-refused to import \
                           the others"
                .to_owned(),
            (false, _) => format!("someone took their names meanwhile; {written} were imported"),
        };
        Err(Error::Refused(format!("{refused} of {lines} lines are refused; {rest}")))
    }

    /// A check counts what it would import.
    fn written(&self) -> u64 {
        if self.only_checked { 0 } else { self.imported }
    }
}
