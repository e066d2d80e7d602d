//! `doorkey explain` and `doorkey token …`

use clap::{Args as Group, Subcommand};

use super::{Form, identifier};

#[derive(Debug, Group)]
pub(in crate::cli) struct Explain {
    /// The request, as the answer's `request_id` or X-Request-Id names it
    #[arg(value_parser = identifier, allow_hyphen_values = true, value_name = "REQUEST-ID")]
    pub(in crate::cli) id: String,
    #[command(flatten)]
    pub(in crate::cli) form: Form,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Token {
    /// Say whether and why the token on standard input would be accepted, check by check
    ///
    /// Takes an access token or a refresh token. Exit code 1 when it would be refused. What is
    /// said behind the check that failed is what the token claims, proven by nothing.
    Inspect {
        #[command(flatten)]
        form: Form,
    },
}
