//! The log on standard error.

use std::io::{self, IsTerminal as _};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogFormat, LogLevel};

/// Starts the log of this process, once. Of other people's crates only warnings are written:
/// what they say below that may hold headers and bodies.
pub(super) fn start(format: LogFormat, level: LogLevel) {
    let level = filter(level);
    let filter =
        Targets::new().with_target("doorkey", level).with_default(level.min(LevelFilter::WARN));
    let lines = layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        // It would panic when standard error is closed.
        .log_internal_errors(false);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    // An error means that there is a log already.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}

const fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}
