//! The one map from what a use case, or a check of the gate, refuses with to what a client may
//! learn of it. The exact rule goes beside it, for administrators.

use std::time::Duration;

use super::bearer::BadBearer;
use super::body::BadBody;
use super::cookie::BadCookies;
use super::kind::Kind;
use super::listen::Unanswered;
use super::origin::ForeignOrigin;
use super::problem::{Challenge, Problem};
use crate::auth::{Error, FieldError};
use crate::model::{Denial, Rule};
use crate::store;

/// A time server that has not answered yet mostly does within this.
const CLOCK_PATIENCE: Duration = Duration::from_secs(30);

impl From<Error> for Problem {
    /// Exhaustive on purpose: a new error does not compile until someone decides here.
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidCredentials(why) => Self::new(Kind::InvalidCredentials, why),
            Error::InvalidToken(why) => Self::new(Kind::InvalidToken, why),
            Error::InvalidClient(why) => Self::new(Kind::InvalidClient, why),
            Error::SessionEnded(why) => Self::new(Kind::SessionEnded, why),
            Error::Forbidden(why) => Self::new(Kind::InsufficientScope, why),
            Error::SignInNeeded(why) => Self::new(Kind::SignInNeeded, why),
            Error::AccessDenied(why) => Self::new(Kind::AccessDenied, why),
            Error::ReauthenticationRequired => {
                Self::new(Kind::ReauthenticationRequired, Rule::ReauthenticationNeeded)
            }
            Error::RegistrationClosed => {
                Self::new(Kind::RegistrationClosed, Rule::RegistrationClosed)
            }
            Error::NotFound(rule) => Self::new(Kind::NotFound, rule),
            Error::UsernameTaken => Self::new(Kind::UsernameTaken, Rule::UsernameTaken),
            Error::EmailTaken => Self::new(Kind::EmailTaken, Rule::EmailTaken),
            Error::LastAdmin => Self::new(Kind::LastAdmin, Rule::LastAdmin),
            Error::ClientTaken => Self::new(Kind::ClientTaken, Rule::ClientTaken),
            Error::ClientConfigured => Self::new(Kind::ClientConfigured, Rule::ClientConfigured),
            Error::LimitReached(rule) => Self::new(Kind::LimitReached, rule),
            Error::UnsupportedTokenType => {
                Self::new(Kind::UnsupportedTokenType, Rule::TokenOfSession)
            }
            Error::Invalid(fields) => invalid(fields),
            Error::Throttled(wait, why) => Self::new(Kind::TooManyAttempts, why).retry_after(wait),
            Error::Busy(wait, rule) => Self::new(Kind::Busy, rule).retry_after(wait),
            Error::ClockNotSet => {
                Self::new(Kind::ClockNotSet, Rule::ClockNotSet).retry_after(CLOCK_PATIENCE)
            }
            Error::Store(error) => unavailable(error),
            Error::Crypto(error) => Self::new(Kind::Internal, Rule::CryptoFailed).because(error),
        }
    }
}

fn invalid(fields: Vec<FieldError>) -> Problem {
    let said = fields.iter().map(|f| format!("{} {}", f.field, f.message));
    let detail = said.collect::<Vec<_>>().join("; ");
    let why = Denial::from(Rule::FieldRefused).with_detail(detail);
    let problem = Problem::new(Kind::InvalidRequest, why);
    fields.into_iter().fold(problem, |problem, f| problem.field(f.field, f.message))
}

fn unavailable(error: store::Error) -> Problem {
    let retry = Duration::from_secs(1);
    match error {
        store::Error::Conflict => Problem::new(Kind::Busy, Rule::StoreBusy).retry_after(retry),
        store::Error::Unavailable(_) => Problem::new(Kind::Unavailable, Rule::StoreUnavailable)
            .retry_after(retry)
            .because(error),
        store::Error::Corrupt { .. } | store::Error::TooLarge => {
            Problem::new(Kind::Internal, Rule::StoreBroken).because(error)
        }
    }
}

impl From<BadBearer> for Problem {
    fn from(bad: BadBearer) -> Self {
        let rule = match bad {
            BadBearer::Repeated => Rule::AuthorizationRepeated,
            BadBearer::NotText => Rule::AuthorizationNotText,
            BadBearer::Form => Rule::BearerForm,
            BadBearer::Hidden => Rule::BearerHidden,
            BadBearer::InQuery => Rule::BearerInQuery,
        };
        Self::new(Kind::MalformedHeader, rule).challenge(Challenge::HeaderRefused)
    }
}

impl From<BadCookies> for Problem {
    fn from(bad: BadCookies) -> Self {
        let (rule, detail) = match bad {
            BadCookies::Duplicate => {
                (Rule::CookieRepeated, "A cookie of this server is there more than once.")
            }
            BadCookies::NonAscii => (Rule::CookieNotText, "A cookie has characters outside ASCII."),
        };
        Self::new(Kind::MalformedHeader, rule).detail(detail)
    }
}

impl From<ForeignOrigin> for Problem {
    fn from(ForeignOrigin(why): ForeignOrigin) -> Self {
        Self::new(Kind::ForeignOrigin, why)
    }
}

impl From<BadBody> for Problem {
    fn from(bad: BadBody) -> Self {
        match bad {
            BadBody::TooLarge => Self::new(Kind::BodyTooLarge, Rule::BodyTooLarge),
            BadBody::TooSlow => Self::new(Kind::RequestTimeout, Rule::BodyTooSlow),
            BadBody::Broken => Self::new(Kind::MalformedJson, Rule::BodyBroken),
        }
    }
}

impl From<Unanswered> for Problem {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Panicked => Self::new(Kind::Internal, Rule::Panicked),
            Unanswered::TooSlow => Self::new(Kind::Unavailable, Rule::TooSlow),
        }
    }
}
