//! `doorkey audit …`

use std::path::PathBuf;

use clap::{Args as Group, Subcommand};

use super::Form;
use crate::model::{Digest, Timestamp};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Audit {
    /// List events, the newest first
    List(AuditList),
    /// Write all events and their seals, one JSON object a line
    Export(AuditExport),
    /// Find events and seals that were altered, removed or inserted, in the store or in an export
    Verify(AuditVerify),
}

#[derive(Debug, Group)]
pub(in crate::cli) struct AuditList {
    /// Only those about this account: its username, e-mail address or, for a deleted one, its id
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub(in crate::cli) user: Option<String>,
    /// Only those of this kind, for example `login_failed`
    #[arg(long)]
    pub(in crate::cli) kind: Option<String>,
    /// Only those of this time or later, like 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(in crate::cli) since: Option<Timestamp>,
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    pub(in crate::cli) limit: usize,
    #[command(flatten)]
    pub(in crate::cli) form: Form,
}

/// What is written while it runs may be missing behind the last seal.
#[derive(Debug, Group)]
pub(in crate::cli) struct AuditExport {
    /// The new file, which only you can read; - is standard output
    #[arg(default_value = "-")]
    pub(in crate::cli) file: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

/// Exit code 1 when anything is found. Events of the last seconds wait for their seal; they are
/// counted and no finding.
#[derive(Debug, Group)]
pub(in crate::cli) struct AuditVerify {
    /// An export instead of the store; - is standard input
    #[arg(long, value_name = "EXPORT")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// A seal that was noted earlier, as the log and this command say it: it must still be there
    #[arg(long, value_name = "NUMBER:HASH", value_parser = place)]
    pub(in crate::cli) expect: Option<(u64, Digest)>,
    /// Leave out what is wrong with earlier seals
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    pub(in crate::cli) from: u64,
    #[command(flatten)]
    pub(in crate::cli) form: Form,
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::try_from(text).map_err(|error| error.to_string())
}

fn place(text: &str) -> Result<(u64, Digest), &'static str> {
    let wrong = "must be the number of a seal, a colon and its hash";
    let (number, hash) = text.split_once(':').ok_or(wrong)?;
    Ok((number.parse().map_err(|_| wrong)?, Digest::try_from(hash).map_err(|_| wrong)?))
}
