//! Why a request does not pass, and what its client is told.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::{Reply as _, Response};
use warp::{Rejection, reject};

use crate::crypto::Refusal;

/// Why a request does not pass: the rejection of a guard's filters. [`recover`] makes the answer.
#[derive(Debug, Clone)]
pub struct Refused {
    why: Why,
    issuer: Arc<str>,
}

/// The reason, for the log: a client learns only the status and the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// There is no bearer token.
    NoToken,
    /// The Authorization header cannot be read in exactly one way, or there is a second token in
    /// the query.
    Header,
    /// The token is none, or not one for here and now.
    Token(Refusal),
    /// It is an API token, and this guard takes none.
    ApiToken,
    /// The issuer says that the API token is not good.
    Inactive,
    /// It names no status list, and one is required.
    NoStatus,
    /// It names a list that is not its issuer's, or a place that the list does not have.
    BadStatus,
    /// Its session has ended.
    Ended,
    /// The issuer does not have the list (404), so that no session in it lives.
    UnknownList,
    /// The user does not have the role.
    Role,
    /// There are no keys of the issuer to verify by.
    NoKeys,
    /// The status list cannot be had, or has expired: whether the session has ended is not known.
    NoList,
    /// The issuer cannot be asked about an API token.
    NoAnswer,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken => f.write_str("there is no bearer token"),
            Self::Header => f.write_str("the Authorization header is ambiguous"),
            Self::Token(refusal) => refusal.fmt(f),
            Self::ApiToken => f.write_str("API tokens are not accepted here"),
            Self::Inactive => f.write_str("the issuer says that the API token is not good"),
            Self::NoStatus => f.write_str("the token names no status list"),
            Self::BadStatus => f.write_str("the token names no place in a list of its issuer"),
            Self::Ended => f.write_str("the session has ended"),
            Self::UnknownList => f.write_str("the issuer has no such status list"),
            Self::Role => f.write_str("the user does not have the role"),
            Self::NoKeys => f.write_str("the issuer's keys cannot be had"),
            Self::NoList => f.write_str("the issuer's status list cannot be had"),
            Self::NoAnswer => f.write_str("the issuer cannot be asked"),
        }
    }
}

/// What a client is told.
struct Row {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    challenge: Option<&'static str>,
}

const UNAUTHORIZED: Row = Row {
    status: StatusCode::UNAUTHORIZED,
    code: "invalid_token",
    title: "A valid access token is needed.",
    challenge: Some(r#"Bearer realm="doorkey""#),
};

impl Why {
    const fn row(self) -> Row {
        match self {
            Self::NoToken => UNAUTHORIZED,
            Self::Header => Row {
                status: StatusCode::BAD_REQUEST,
                code: "malformed_header",
                title: "A header is malformed.",
                challenge: Some(r#"Bearer realm="doorkey", error="invalid_request""#),
            },
            Self::Token(_)
            | Self::ApiToken
            | Self::Inactive
            | Self::NoStatus
            | Self::BadStatus
            | Self::Ended
            | Self::UnknownList => Row {
                challenge: Some(r#"Bearer realm="doorkey", error="invalid_token""#),
                ..UNAUTHORIZED
            },
            Self::Role => Row {
                status: StatusCode::FORBIDDEN,
                code: "insufficient_scope",
                title: "The caller may not do this.",
                challenge: Some(r#"Bearer realm="doorkey", error="insufficient_scope""#),
            },
            Self::NoKeys | Self::NoList | Self::NoAnswer => Row {
                status: StatusCode::SERVICE_UNAVAILABLE,
                code: "unavailable",
                title: "The server cannot do this now.",
                challenge: None,
            },
        }
    }
}

/// RFC 9457.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
}

impl Refused {
    pub(super) const fn new(why: Why, issuer: Arc<str>) -> Self {
        Self { why, issuer }
    }

    /// The exact reason, for the log.
    #[must_use]
    pub const fn why(&self) -> Why {
        self.why
    }

    /// The answer: `application/problem+json` with the members `type` (a page of the issuer that
    /// explains the code), `title`, `status` and `code`; 401 and 403 with `WWW-Authenticate`
    /// (RFC 6750, 3), 503 with `Retry-After`.
    #[must_use]
    pub fn answer(&self) -> Response {
        let row = self.why.row();
        let document = Document {
            r#type: format!("{}/problems/{}", self.issuer, row.code),
            title: row.title,
            status: row.status.as_u16(),
            code: row.code,
        };
        let mut answer = warp::reply::json(&document).into_response();
        *answer.status_mut() = row.status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = row.challenge {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if row.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        answer
    }
}

impl reject::Reject for Refused {}

/// Turns the rejection of a guard into its answer and leaves every other one as it is, for
/// `.recover(guard::recover)` behind all routes.
///
/// # Errors
/// The rejection, when no guard made it.
pub async fn recover(rejection: Rejection) -> Result<Response, Rejection> {
    match rejection.find::<Refused>() {
        Some(refused) => Ok(refused.answer()),
        None => Err(rejection),
    }
}
