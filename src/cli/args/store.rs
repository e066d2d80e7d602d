//! `doorkey store …` and `doorkey restore`.

use std::path::PathBuf;

use clap::{Args as Group, Subcommand};

use super::Form;
use crate::model::Timestamp;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Store {
    /// Look at every record, and compare the index with the journals; no server may be running
    Verify {
        #[command(flatten)]
        form: Form,
    },
    /// Show the snapshots and journals, and what `restore --at` and `--commit` can reach
    History {
        #[command(flatten)]
        form: Form,
    },
}

/// All sessions end, because what was revoked since is not known any more.
#[derive(Debug, Group)]
pub(in crate::cli) struct Restore {
    #[command(flatten)]
    pub(in crate::cli) from: From,
    /// Put the store that is there aside, in a folder of its own
    #[arg(long)]
    pub(in crate::cli) replace: bool,
    /// Drop the signing keys, if their master key is lost: every token is void then
    #[arg(long)]
    pub(in crate::cli) without_keys: bool,
}

/// Where the state comes from.
#[derive(Debug, Group)]
#[group(required = true, multiple = false)]
pub(in crate::cli) struct From {
    /// A backup; - is standard input
    pub(in crate::cli) file: Option<PathBuf>,
    /// The store's own past up to this time, like 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(in crate::cli) at: Option<Timestamp>,
    /// The store's own past up to the commit with this number; `store history` shows them
    #[arg(long, value_name = "N")]
    pub(in crate::cli) commit: Option<u64>,
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::try_from(text).map_err(|error| error.to_string())
}
