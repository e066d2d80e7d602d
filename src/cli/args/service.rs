//! `doorkey service …`

use clap::Subcommand;

use super::{Form, identifier};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Service {
    /// Make a secret for a service of auth.toml, and print it once with the lines for that file; no
    /// store is touched
    New {
        /// Its name: a word of a-z, 0-9, _ and -
        name: String,
    },
    /// Register a service in the store, and print its secret once
    Add {
        /// Its name: a word of a-z, 0-9, _ and -
        name: String,
    },
    /// List the services, those of auth.toml too
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Remove a registered service; its secret is good for nothing from then on
    Remove {
        /// Its name
        #[arg(value_parser = identifier)]
        name: String,
    },
}
