//! Why a command failed.

use std::fmt;
use std::io;

use crate::config;
use crate::http::ControlError;
use crate::server;

/// Printed as one sentence that says what is wrong and, where it is known, how to mend it.
#[derive(Debug)]
pub enum Error {
    /// The configuration.
    Config(config::Error),
    /// The store, the keys or the listener.
    Server(server::Error),
    /// The way to the running server.
    Control(ControlError),
    /// The operating system refused what the text names.
    Io(&'static str, io::Error),
    /// The API or the command itself refused, for the reason given.
    Refused(String),
}

impl Error {
    /// Makes the error of a failed `task`, for `map_err`.
    pub(super) fn io(task: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io(task, error)
    }

    /// The sentence with everything that lies behind it.
    pub(super) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => write!(f, "{error}"),
            Self::Server(error) => write!(f, "{error}"),
            Self::Control(error) => write!(f, "{error}"),
            Self::Io(task, _) => write!(f, "could not {task}"),
            Self::Refused(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // These say everything in their own sentence.
            Self::Config(_) | Self::Server(_) | Self::Control(_) | Self::Refused(_) => None,
            Self::Io(_, cause) => Some(cause),
        }
    }
}

impl From<config::Error> for Error {
    fn from(error: config::Error) -> Self {
        Self::Config(error)
    }
}

impl From<server::Error> for Error {
    fn from(error: server::Error) -> Self {
        Self::Server(error)
    }
}

impl From<ControlError> for Error {
    fn from(error: ControlError) -> Self {
        Self::Control(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_the_cause_once() {
        let error = Error::io("read the password")(io::Error::other("no such tape"));
        assert_eq!(error.chain(), "could not read the password: no such tape");
        assert_eq!(Error::Refused("no".to_owned()).chain(), "no");
    }
}
