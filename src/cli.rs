//! The command line. Each command but `serve` is one or a few requests of the admin API, sent to
//! the server that runs on the data folder or handled in this process when none does.
//!
//! Exit codes: 0 done, 1 failed (one sentence on standard error), 2 wrong usage. Standard output
//! holds results only.

mod access;
mod args;
mod audit;
#[cfg(feature = "sled")]
mod backup;
mod clock;
mod config;
mod control;
mod dev;
mod error;
mod explain;
mod export;
mod harden;
mod healthcheck;
mod import;
mod key;
mod lines;
mod log;
mod new_file;
mod notify;
mod print;
mod recover;
mod serve;
mod service;
mod session;
#[cfg(feature = "sled")]
mod store;
mod token;
mod user;

use std::process::ExitCode;

use clap::Parser as _;

#[cfg(feature = "sled")]
use self::args::BackupCommand;
use self::args::{Args, Command, Operate, Place};
use self::control::Control;
pub use self::error::Error;
use crate::config::LogLevel;

/// Runs the command of this process' arguments.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(shown) => {
            // Help goes to standard output, wrong usage to standard error; nobody may listen.
            let _ = shown.print();
            return ExitCode::from(u8::try_from(shown.exit_code()).unwrap_or(2));
        }
    };
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print::note(&format!("doorkey: {}", error.chain()));
            ExitCode::FAILURE
        }
    }
}

fn run(Args { place, command }: Args) -> Result<(), Error> {
    match command {
        Command::Serve(serve) => serve::run(place, &serve),
        #[cfg(feature = "sled")]
        Command::Backup(command) => match command.command {
            Some(BackupCommand::Verify { file, form }) => backup::verify(place, &file, form),
            None => control(place, async |control| backup::run(control, &command).await),
        },
        #[cfg(feature = "sled")]
        Command::Store(command) => store::run(place, &command),
        #[cfg(feature = "sled")]
        Command::Restore(command) => store::restore(place, &command),
        Command::Config(command) => config::run(place, &command),
        Command::Healthcheck { url } => healthcheck::run(place, url.as_deref()),
        Command::Version => print::line(concat!("doorkey ", env!("CARGO_PKG_VERSION"))),
        Command::Operate(command) => operate(place, command),
    }
}

/// The commands that act on a store.
fn operate(place: Place, command: Operate) -> Result<(), Error> {
    control(place, async |control| dispatch(control, command).await)
}

/// Work that the running server does, or this process when none runs.
fn control(
    place: Place,
    work: impl AsyncFnOnce(&mut Control) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut control = Control::new(place)?;
    // What a request in this process cannot tell its client goes to the log.
    log::start(control.log_format(), LogLevel::Error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Error::io("start"))?.block_on(Box::pin(async {
        let done = work(&mut control).await;
        let finished = control.finish().await;
        done.and(finished)
    }))
}

async fn dispatch(control: &mut Control, command: Operate) -> Result<(), Error> {
    match command {
        Operate::User(command) => user::run(control, command).await,
        Operate::Session(command) => session::run(control, command).await,
        Operate::Key(command) => key::run(control, command).await,
        Operate::Service(command) => service::run(control, command).await,
        Operate::Access(command) => access::run(control, command).await,
        Operate::Clock(command) => clock::run(control, command).await,
        Operate::Audit(command) => audit::run(control, command).await,
        Operate::Explain(explain) => explain::run(control, &explain).await,
        Operate::Token(command) => token::run(control, command).await,
        Operate::Recover(recover) => recover::run(control, recover).await,
        Operate::Export(export) => export::run(control, &export).await,
        Operate::Import(import) => import::run(control, &import).await,
    }
}
