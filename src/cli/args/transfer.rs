//! `doorkey export` and `doorkey import`.

use std::path::PathBuf;

use clap::Args as Group;

use super::Form;

#[derive(Debug, Group)]
pub(in crate::cli) struct Export {
    /// The new file, which only you can read; - is standard output
    #[arg(default_value = "-")]
    pub(in crate::cli) file: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

/// Nothing is imported if any line is refused, unless --skip-refused is given. Password hashes
/// of bcrypt, scrypt, pbkdf2, sha-crypt and argon2 are taken; each is replaced by argon2id at
/// the first login.
#[derive(Debug, Group)]
pub(in crate::cli) struct Import {
    /// The file, with one JSON object a line; - is standard input
    pub(in crate::cli) file: PathBuf,
    /// Only say which lines would be refused, and why
    #[arg(long, conflicts_with = "skip_refused")]
    pub(in crate::cli) dry_run: bool,
    /// Import the other lines when some are refused
    #[arg(long)]
    pub(in crate::cli) skip_refused: bool,
    #[command(flatten)]
    pub(in crate::cli) form: Form,
}
