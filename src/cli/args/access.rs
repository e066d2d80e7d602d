//! `doorkey access …`

use std::net::IpAddr;

use clap::{Args as Group, Subcommand};

use super::Form;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Access {
    /// Say whether a request may reach an app, and by which rule of `[[access]]`
    ///
    /// A running server is asked, and its rules count: they are those of its last start. Exit code 1
    /// when the request would not get through.
    Check(AccessCheck),
}

#[derive(Debug, Group)]
pub(in crate::cli) struct AccessCheck {
    /// The address in the app, like <https://wiki.example.org/admin/users>
    pub(in crate::cli) url: String,
    /// The account that is signed in: its username or verified e-mail address [default: nobody]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) user: Option<String>,
    /// The method of the request
    #[arg(long, default_value = "GET")]
    pub(in crate::cli) method: String,
    /// The client's address, for rules with networks [default: none, which fits no such rule]
    #[arg(long, value_name = "IP")]
    pub(in crate::cli) from: Option<IpAddr>,
    #[command(flatten)]
    pub(in crate::cli) form: Form,
}
