//! What a use case refuses with: enough for the caller, nothing for a guesser.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::crypto;
use crate::model::{Denial, Rule};
use crate::store::{self, IsConflict};

/// A field of a request that is not acceptable, and why, for the person who filled it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The member's name.
    pub field: &'static str,
    /// One sentence without the value.
    pub message: Cow<'static, str>,
}

/// Why a use case did not do it. Which part of a credential was wrong stands in the [`Denial`]
/// beside it, for administrators; no client is told.
#[derive(Debug, Clone)]
pub enum Error {
    /// Unknown name, wrong password, disabled account: all alike.
    InvalidCredentials(Denial),
    /// The access token is not good, or no longer.
    InvalidToken(Denial),
    /// The service has not proved who it is: unknown name and wrong secret alike.
    InvalidClient(Denial),
    /// The refresh token gives nothing (any more), for every reason alike.
    SessionEnded(Denial),
    /// The caller's roles do not reach here, or it is about the caller's own roles.
    Forbidden(Denial),
    /// Nobody is signed in where the rules of access ask for somebody.
    SignInNeeded(Denial),
    /// The rules of access let nobody, or not this caller, through.
    AccessDenied(Denial),
    /// The login is too long ago for this.
    ReauthenticationRequired,
    /// Accounts are made by administrators only.
    RegistrationClosed,
    /// There is no such thing, or the caller may not know of it.
    NotFound(Rule),
    /// Someone has this name.
    UsernameTaken,
    /// Someone has this address.
    EmailTaken,
    /// Without this account nobody could administer.
    LastAdmin,
    /// Another service has this name.
    ClientTaken,
    /// The service is in the configuration, where alone it can be removed.
    ClientConfigured,
    /// There are as many as there may be.
    LimitReached(Rule),
    /// It is a good token, of a kind that services do not revoke.
    UnsupportedTokenType,
    /// The fields that must change.
    Invalid(Vec<FieldError>),
    /// Too many tries; how long to wait.
    Throttled(Duration, Denial),
    /// Too much work at once; when to come back.
    Busy(Duration, Rule),
    /// The machine's clock was never set, or is behind what is known of the time.
    ClockNotSet,
    /// The store could not do it.
    Store(store::Error),
    /// Cryptography failed: a mistake of ours or a broken key.
    Crypto(crypto::Error),
}

impl Error {
    /// One bad field.
    #[must_use]
    pub fn invalid(field: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(vec![FieldError { field, message: message.into() }])
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::InvalidCredentials(_) => "the name or the password is wrong",
            Self::InvalidToken(_) => "the access token is not valid",
            Self::InvalidClient(_) => "the service has not proved who it is",
            Self::SessionEnded(_) => "the session has ended",
            Self::Forbidden(_) => "the caller's roles do not allow it",
            Self::SignInNeeded(_) => "nobody is signed in",
            Self::AccessDenied(_) => "the rules of access deny it",
            Self::ReauthenticationRequired => "the last login is too long ago",
            Self::RegistrationClosed => "registration is closed",
            Self::NotFound(_) => "there is no such thing",
            Self::UsernameTaken => "the username is taken",
            Self::EmailTaken => "the e-mail address is taken",
            Self::LastAdmin => "the last administrator must stay",
            Self::ClientTaken => "the name of the service is taken",
            Self::ClientConfigured => "the service is in the configuration",
            Self::LimitReached(_) => "there are as many as there may be",
            Self::UnsupportedTokenType => "tokens of this kind are not revoked here",
            Self::Invalid(_) => "a field is not acceptable",
            Self::Throttled(_, _) => "too many attempts",
            Self::Busy(_, _) => "too much work at once",
            Self::ClockNotSet => "the clock is not set",
            Self::Store(error) => return write!(f, "{error}"),
            Self::Crypto(error) => return write!(f, "{error}"),
        };
        f.write_str(text)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Crypto(error) => Some(error),
            Self::InvalidCredentials(_)
            | Self::InvalidToken(_)
            | Self::InvalidClient(_)
            | Self::SessionEnded(_)
            | Self::Forbidden(_)
            | Self::SignInNeeded(_)
            | Self::AccessDenied(_)
            | Self::ReauthenticationRequired
            | Self::RegistrationClosed
            | Self::NotFound(_)
            | Self::UsernameTaken
            | Self::EmailTaken
            | Self::LastAdmin
            | Self::ClientTaken
            | Self::ClientConfigured
            | Self::LimitReached(_)
            | Self::UnsupportedTokenType
            | Self::Invalid(_)
            | Self::Throttled(_, _)
            | Self::Busy(_, _)
            | Self::ClockNotSet => None,
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<crypto::Error> for Error {
    fn from(error: crypto::Error) -> Self {
        Self::Crypto(error)
    }
}

impl IsConflict for Error {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(store::Error::Conflict))
    }
}
