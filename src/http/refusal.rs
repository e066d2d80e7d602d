//! The one map from what a use case refuses with to what a client may learn of it.

use std::time::Duration;

use super::kind::Kind;
use super::problem::Problem;
use crate::auth::{Error, FieldError};
use crate::store;

/// A time server that has not answered yet mostly does within this.
const CLOCK_PATIENCE: Duration = Duration::from_secs(30);

impl From<Error> for Problem {
    /// Exhaustive on purpose: a new error does not compile until someone decides here.
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidCredentials => Kind::InvalidCredentials.into(),
            Error::InvalidToken => Kind::InvalidToken.into(),
            Error::InvalidClient => Kind::InvalidClient.into(),
            Error::SessionEnded => Kind::SessionEnded.into(),
            Error::Forbidden => Kind::InsufficientScope.into(),
            Error::ReauthenticationRequired => Kind::ReauthenticationRequired.into(),
            Error::RegistrationClosed => Kind::RegistrationClosed.into(),
            Error::NotFound => Kind::NotFound.into(),
            Error::UsernameTaken => Kind::UsernameTaken.into(),
            Error::EmailTaken => Kind::EmailTaken.into(),
            Error::LastAdmin => Kind::LastAdmin.into(),
            Error::ClientTaken => Kind::ClientTaken.into(),
            Error::ClientConfigured => Kind::ClientConfigured.into(),
            Error::LimitReached => Kind::LimitReached.into(),
            Error::UnsupportedTokenType => Kind::UnsupportedTokenType.into(),
            Error::Invalid(fields) => invalid(fields),
            Error::Throttled(wait) => Self::new(Kind::TooManyAttempts).retry_after(wait),
            Error::Busy(wait) => Self::new(Kind::Busy).retry_after(wait),
            Error::ClockNotSet => Self::new(Kind::ClockNotSet).retry_after(CLOCK_PATIENCE),
            Error::Store(error) => unavailable(error),
            Error::Crypto(error) => Self::new(Kind::Internal).because(error),
        }
    }
}

fn invalid(fields: Vec<FieldError>) -> Problem {
    let problem = Problem::new(Kind::InvalidRequest);
    fields.into_iter().fold(problem, |problem, f| problem.field(f.field, f.message))
}

fn unavailable(error: store::Error) -> Problem {
    let retry = Duration::from_secs(1);
    match error {
        store::Error::Conflict => Problem::new(Kind::Busy).retry_after(retry),
        store::Error::Unavailable(_) => {
            Problem::new(Kind::Unavailable).retry_after(retry).because(error)
        }
        store::Error::Corrupt { .. } | store::Error::TooLarge => {
            Problem::new(Kind::Internal).because(error)
        }
    }
}
