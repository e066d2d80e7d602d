//! What a guard is told before it starts.

use std::fmt;
use std::time::Duration;

use crate::model::Secret;

/// How a guard verifies. [`Options::new`] gives the defaults; change the fields that differ.
#[derive(Debug, Clone)]
pub struct Options {
    /// `iss`, compared character by character: doorkey's `http.public_url`. https, or http on a
    /// loopback host.
    pub issuer: String,
    /// `aud`: doorkey's `tokens.audience`. By default the issuer, as there.
    pub audience: String,
    /// Where the issuer is asked, when this machine reaches it under another origin than its name;
    /// `None`: under its name. https, or http on a loopback host.
    pub reached_at: Option<String>,
    /// Whether tokens of ended sessions are refused before they expire.
    pub status: StatusCheck,
    /// How long the last good keys are used while the issuer does not answer: 1 h. At least as
    /// long as their cache lives, 5 minutes.
    pub keep_keys: Duration,
    /// How often a key that is not known makes the guard ask for the keys again: once in 10 s.
    /// Whatever is sent, there are no more requests to the issuer than this.
    pub unknown_key_pause: Duration,
    /// How long one answer of the issuer may take: 5 s.
    pub fetch_timeout: Duration,
    /// Whose certificates are trusted.
    pub roots: Roots,
    /// Whether API tokens are accepted: only the issuer can tell whether one is good, so the guard
    /// needs to be a service that may ask. `None`: they are refused as any other bad token.
    pub introspection: Option<Introspection>,
}

impl Options {
    /// The defaults, for the doorkey of this `http.public_url`.
    #[must_use]
    pub fn new(issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        Self {
            audience: issuer.clone(),
            issuer,
            reached_at: None,
            status: StatusCheck::WhenPresent,
            keep_keys: Duration::from_hours(1),
            unknown_key_pause: Duration::from_secs(10),
            fetch_timeout: Duration::from_secs(5),
            roots: Roots::System,
            introspection: None,
        }
    }
}

/// What becomes of the Token Status List (the claim `status` of a token).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusCheck {
    /// A token that names no list is refused.
    Required,
    /// A token that names a list is looked up; one that names none is good until it expires. The
    /// claim is signed, so nobody can take it out.
    WhenPresent,
    /// No list is looked at: a token is good until it expires, whatever became of its session.
    Off,
}

/// Whose certificates are trusted when the issuer is asked over TLS.
#[derive(Debug, Clone)]
pub enum Roots {
    /// Those that the machine trusts.
    System,
    /// These alone, in PEM: a deployment's own authority.
    Pem(Vec<u8>),
}

/// As which service the issuer is asked about API tokens (RFC 7662).
#[derive(Debug, Clone)]
pub struct Introspection {
    /// The service's name, as registered with the issuer.
    pub service: String,
    /// What proves it.
    pub secret: Secret,
    /// How long an answer is used: the bound after which the guard knows that a token was revoked.
    /// At most [`Introspection::LONGEST`]; zero asks each time.
    pub keep: Duration,
}

impl Introspection {
    /// The longest time that an answer may be used.
    pub const LONGEST: Duration = Duration::from_secs(30);

    /// With answers that are used for 30 s.
    #[must_use]
    pub fn new(service: impl Into<String>, secret: Secret) -> Self {
        Self { service: service.into(), secret, keep: Self::LONGEST }
    }
}

/// Options that no guard starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadOptions {
    /// The issuer, or where it is reached, is no origin.
    NotAnOrigin(String),
    /// It is http, and not on this machine.
    PlainHttp(String),
    /// `keep_keys` is shorter than the keys' cache.
    KeysTooShort,
    /// `introspection.keep` is longer than [`Introspection::LONGEST`].
    AnswersTooLong,
    /// There are no trusted certificates, or one of them is none.
    NoRoots(String),
}

impl fmt::Display for BadOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnOrigin(text) => write!(
                f,
                "{text:?} is no issuer: write https://host or https://host:port, without a slash at the end"
            ),
            Self::PlainHttp(text) => {
                write!(f, "{text:?} is not on this machine: write https")
            }
            Self::KeysTooShort => f.write_str("keep_keys must be 5 minutes or more"),
            Self::AnswersTooLong => f.write_str("introspection.keep must be 30 seconds or less"),
            Self::NoRoots(why) => write!(f, "no certificates to trust: {why}"),
        }
    }
}

impl std::error::Error for BadOptions {}
