//! `doorkey backup`.

use std::path::PathBuf;

use clap::{Args as Group, Subcommand};

use super::Form;

/// The file holds all records as they are at one moment, password hashes and sealed signing
/// keys included, and never the master key that opens those: keep a copy of that apart.
#[derive(Debug, Group)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(in crate::cli) struct Backup {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<BackupCommand>,
    /// The new file, which only you can read; - is standard output
    #[arg(required = true)]
    pub(in crate::cli) file: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum BackupCommand {
    /// Prove that a backup can be restored: restore it into memory and look at every record
    Verify {
        /// The backup; - is standard input
        file: PathBuf,
        #[command(flatten)]
        form: Form,
    },
}
