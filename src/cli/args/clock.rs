//! `doorkey clock …`

use clap::Subcommand;

use super::Form;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Clock {
    /// Show the machine's time, the effective time and the high-water mark
    Show {
        #[command(flatten)]
        form: Form,
    },
    /// Take the machine's time for right although it is behind what is known; all sessions of
    /// all accounts end
    Accept,
}
