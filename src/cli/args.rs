//! What the command line takes. The doc comments here are the help that users read.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand};

mod access;
mod audit;
#[cfg(feature = "sled")]
mod backup;
mod clock;
mod explain;
mod service;
#[cfg(feature = "sled")]
mod store;
mod transfer;

pub(super) use self::access::Access;
pub(super) use self::audit::{Audit, AuditExport, AuditList, AuditVerify};
#[cfg(feature = "sled")]
pub(super) use self::backup::{Backup, BackupCommand};
pub(super) use self::clock::Clock;
pub(super) use self::explain::{Explain, Token};
pub(super) use self::service::Service;
#[cfg(feature = "sled")]
pub(super) use self::store::{Restore, Store};
pub(super) use self::transfer::{Export, Import};

/// An auth server in one executable.
#[derive(Debug, Parser)]
#[command(name = "doorkey", version, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage.")]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) place: Place,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Where the configuration and the data are.
#[derive(Debug, Group)]
pub(super) struct Place {
    /// The configuration [default: the variable `DOORKEY_CONFIG`, or auth.toml if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The data folder [default: the variable `DOORKEY_DATA`, or data]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Start the server; SIGTERM and SIGINT stop it in order
    Serve(Serve),
    #[command(flatten)]
    Operate(Operate),
    /// The store on the disk
    #[cfg(feature = "sled")]
    #[command(subcommand)]
    Store(Store),
    /// Copy the whole store into one file, while a server runs or without one
    #[cfg(feature = "sled")]
    Backup(Backup),
    /// Put a backup, or the store's own past, in the place of the store; no server may be running
    #[cfg(feature = "sled")]
    Restore(Restore),
    /// The configuration
    #[command(subcommand)]
    Config(Config),
    /// Ask a running server whether it is ready; for containers
    Healthcheck {
        /// An http or https address, whose certificate is not verified [default: /readyz of the
        /// configured http.listen]
        #[arg(long)]
        url: Option<String>,
    },
    /// Print the version
    Version,
}

/// What acts on a store, through the running server or without one.
#[derive(Debug, Subcommand)]
pub(super) enum Operate {
    /// Accounts
    #[command(subcommand)]
    User(User),
    /// Sessions
    #[command(subcommand)]
    Session(Session),
    /// Signing keys
    #[command(subcommand)]
    Key(Key),
    /// Services: programs that may ask whether a token is good
    #[command(subcommand)]
    Service(Service),
    /// Who may reach the apps behind the proxies, by the rules of the configuration
    #[command(subcommand)]
    Access(Access),
    /// The clock, by which everything expires
    #[command(subcommand)]
    Clock(Clock),
    /// The audit trail: who did what, and whether anybody tampered with it
    #[command(subcommand)]
    Audit(Audit),
    /// Say why a request was refused, by the exact rule, and what it did
    ///
    /// Exit code 1 when nothing is known of it. Refusals are kept in the running server's memory, the
    /// last 10,000 since its start; on a stopped store only the audit trail is asked.
    Explain(Explain),
    /// Tokens
    #[command(subcommand)]
    Token(Token),
    /// Let a locked-out administrator in again: enable the account, give it the role admin and
    /// set another password
    Recover(Recover),
    /// Write all accounts with their password hashes, one JSON object a line
    Export(Export),
    /// Make accounts of what an export, or another system, has written
    Import(Import),
}

#[derive(Debug, Group)]
pub(super) struct Serve {
    /// Address and port, instead of http.listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<SocketAddr>,
    /// For development: loopback only, registration open, accounts with printed passwords, and
    /// data in a temporary folder unless --data is given
    #[arg(long)]
    pub(super) dev: bool,
    /// With --dev: https, by a certificate for localhost that is made and kept in the data folder
    #[arg(long, requires = "dev")]
    pub(super) tls: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Make an account
    Add(Add),
    /// List accounts
    List {
        /// Only those whose name or e-mail address starts with this
        #[arg(long, value_name = "PREFIX")]
        query: Option<String>,
        #[command(flatten)]
        form: Form,
    },
    /// Show an account
    Show {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        form: Form,
    },
    /// Give an account exactly these roles
    Roles {
        #[command(flatten)]
        who: Who,
        /// All its roles from now on
        #[arg(required = true, value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// Set another password; all sessions of the account end
    Password {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        source: NewPassword,
    },
    /// Shut an account out; all its sessions end
    Disable(Who),
    /// Let a disabled account in again
    Enable(Who),
    /// Delete an account for good
    Delete {
        #[command(flatten)]
        who: Who,
        /// Really do it
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Group)]
pub(super) struct Add {
    /// The username
    pub(super) name: String,
    /// The e-mail address; it counts as verified
    #[arg(long)]
    pub(super) email: Option<String>,
    /// A role; repeat it for several [default: user]
    #[arg(long = "role", value_name = "ROLE")]
    pub(super) roles: Vec<String>,
    #[command(flatten)]
    pub(super) source: FirstPassword,
}

/// Where the password of a new account comes from.
#[derive(Debug, Clone, Copy, Group)]
#[group(required = true, multiple = false)]
pub(super) struct FirstPassword {
    /// Take the password from one line of standard input
    #[arg(long)]
    pub(super) password_stdin: bool,
    /// Print a one-time link with which the user sets a password within 15 minutes
    #[arg(long)]
    pub(super) invite: bool,
}

/// An existing account.
#[derive(Debug, Group)]
pub(super) struct Who {
    /// The username or e-mail address
    pub(super) name: String,
}

/// How results are written.
#[derive(Debug, Clone, Copy, Group)]
pub(super) struct Form {
    /// As JSON, for scripts
    #[arg(long)]
    pub(super) json: bool,
}

/// Where the password of an existing account comes from.
#[derive(Debug, Clone, Copy, Group)]
#[group(required = true, multiple = false)]
pub(super) struct NewPassword {
    /// Take the password from one line of standard input
    #[arg(long)]
    pub(super) password_stdin: bool,
    /// Print a one-time link with which the user sets a password within 15 minutes
    #[arg(long)]
    pub(super) link: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Session {
    /// List live sessions, of one account or of all
    List {
        /// The username or e-mail address
        name: Option<String>,
        #[command(flatten)]
        form: Form,
    },
    /// End a session of an account, or all of them
    #[command(override_usage = "doorkey session revoke [OPTIONS] <NAME> <ID|--all>")]
    Revoke(Revoke),
}

#[derive(Debug, Group)]
pub(super) struct Revoke {
    #[command(flatten)]
    pub(super) who: Who,
    #[command(flatten)]
    pub(super) which: Which,
}

/// One session or all of them.
#[derive(Debug, Group)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// The session, as `session list` shows it
    #[arg(value_parser = identifier, allow_hyphen_values = true)]
    pub(super) id: Option<String>,
    /// All sessions of the account
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// List the signing keys and what each is doing
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Publish a new key, which signs once verifiers know it
    Rotate {
        /// Drop this key at once, with every token it signed: for a key that got out
        #[arg(long, value_name = "KID", allow_hyphen_values = true)]
        revoke: Option<String>,
    },
    /// Print the public keys as PEM, the newest first, for programs that read no JWK Set
    Pem {
        /// Only this one
        #[arg(value_name = "KID", allow_hyphen_values = true)]
        kid: Option<String>,
        /// From a JWK Set that was fetched, - for standard input, instead of the server here
        #[arg(long, value_name = "FILE")]
        jwks: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Check it, and print the settings in force with their sources
    Check {
        #[command(flatten)]
        form: Form,
    },
}

#[derive(Debug, Group)]
pub(super) struct Recover {
    #[command(flatten)]
    pub(super) who: Who,
    #[command(flatten)]
    pub(super) source: NewPassword,
}

/// An identifier of ours, which is then safe as a part of a path.
fn identifier(text: &str) -> Result<String, &'static str> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if matches!(text.len(), 1..=64) && text.bytes().all(good) {
        Ok(text.to_owned())
    } else {
        Err("an id is 1 to 64 letters, digits, - and _")
    }
}

#[cfg(test)]
mod tests;
