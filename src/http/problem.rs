//! The only thing with a status: [`Problem`], and how it becomes an RFC 9457 answer.

use std::borrow::Cow;
use std::error::Error;
use std::num::NonZeroU64;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use warp::http::{HeaderMap, HeaderValue, Method};
use warp::reply::Response;

use super::assets::HTML;
use super::headers::method_list;
use super::kind::Kind;
use super::openapi::words;
use crate::auth::Access;
use crate::model::Denial;

pub(super) mod oauth;

/// One refused member of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The member's name, with dots for members of members.
    #[schema(value_type = String)]
    pub field: Cow<'static, str>,
    /// What is wrong with it, in words of ours: never the value that was sent.
    #[schema(value_type = String)]
    pub message: Cow<'static, str>,
}

/// What `WWW-Authenticate` says besides the realm (RFC 6750, 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// Nothing: no token was sent, or the failure is about something else.
    Plain,
    /// A token was sent and is not accepted.
    TokenRefused,
    /// The Authorization header itself is broken.
    HeaderRefused,
}

/// A refusal or failure on its way to the client. Made of a [`Kind`], which the client learns,
/// and of the exact reason, which it does not; told more by its methods, turned into the answer
/// once at the edge.
#[derive(Debug)]
pub struct Problem {
    kind: Kind,
    detail: Option<Cow<'static, str>>,
    errors: Vec<FieldError>,
    retry_after: Option<NonZeroU64>,
    // Boxed, because most have none and a problem is the error of nearly everything here.
    allow: Option<Box<HeaderValue>>,
    challenge: Challenge,
    cause: Option<Box<dyn Error + Send + Sync>>,
    why: Denial,
}

/// What went wrong (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Document<'a> {
    /// A page that explains the code.
    r#type: String,
    /// One sentence for people, the same for every problem of this code.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What is special about this occurrence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<&'a str>,
    #[schema(value_type = words::Code)]
    code: &'static str,
    /// The id of the request, to ask the operator about.
    #[schema(value_type = words::Id)]
    request_id: &'a str,
    /// The members of the request that were refused.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<FieldError>, required = false)]
    errors: &'a [FieldError],
}

impl Problem {
    /// A problem about which there is no more to say to the client; `why` is for administrators.
    #[must_use]
    pub fn new(kind: Kind, why: impl Into<Denial>) -> Self {
        Self {
            kind,
            detail: None,
            errors: Vec::new(),
            retry_after: None,
            allow: None,
            challenge: Challenge::Plain,
            cause: None,
            why: why.into(),
        }
    }

    /// Adds what is special about this occurrence; it must hold nothing the client sent.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a refused member.
    #[must_use]
    pub fn field(
        mut self,
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.errors.push(FieldError { field: field.into(), message: message.into() });
        self
    }

    /// Says when a new try makes sense; sent as whole seconds, rounded up, at least one.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
        self.retry_after = Some(NonZeroU64::new(seconds).unwrap_or(NonZeroU64::MIN));
        self
    }

    /// Says which methods the path has.
    #[must_use]
    pub fn allow<'a>(mut self, methods: impl IntoIterator<Item = &'a Method>) -> Self {
        self.allow = Some(Box::new(method_list(methods)));
        self
    }

    /// Says more about the bearer token; without it a 401 carries the plain challenge.
    #[must_use]
    pub const fn challenge(mut self, challenge: Challenge) -> Self {
        self.challenge = challenge;
        self
    }

    /// Keeps what went wrong on our side, for the log; the client never sees it.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Says for administrators who was refused, once the caller is proven.
    #[must_use]
    pub fn caller(mut self, access: Option<&Access>) -> Self {
        if let Some((user, session)) = access.and_then(Access::ids) {
            self.why = self.why.about(Some(user), Some(session));
        }
        self
    }

    /// The exact reason.
    #[must_use]
    pub const fn why(&self) -> &Denial {
        &self.why
    }

    /// What kind of problem it is; also the label for metrics.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The members of the request that were refused.
    pub(super) fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// In how many seconds a new try makes sense; `None` where nobody knows.
    pub(super) fn wait(&self) -> Option<u64> {
        self.retry_after.map(NonZeroU64::get)
    }

    /// What is wrong as pairs of a field and its reason; what is wrong with the `whole` under
    /// that name.
    pub(super) fn reasons(self, whole: &str) -> Vec<(String, String)> {
        if self.errors.is_empty() {
            let reason = self.detail.unwrap_or(Cow::Borrowed(self.kind.row().title));
            return vec![(whole.to_owned(), reason.into_owned())];
        }
        let pair = |e: FieldError| (e.field.into_owned(), e.message.into_owned());
        self.errors.into_iter().map(pair).collect()
    }

    /// The answer, with `request_id` in the body. A cause is logged here, once, with its chain.
    #[must_use]
    pub fn into_response(self, request_id: &str) -> Response {
        let body = self.body(request_id);
        self.answer(request_id, (body, "application/problem+json"))
    }

    /// The same status and headers with a page that says it to a person.
    pub(super) fn into_page(self, request_id: &str, page: String) -> Response {
        self.answer(request_id, (page.into_bytes(), HTML))
    }

    fn answer(self, request_id: &str, (body, media): (Vec<u8>, &'static str)) -> Response {
        self.log(request_id);
        let mut response = Response::new(body.into());
        *response.status_mut() = self.kind.row().status;
        self.write_headers(response.headers_mut());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
        response
    }

    fn body(&self, request_id: &str) -> Vec<u8> {
        let row = self.kind.row();
        let document = Document {
            r#type: format!("/problems/{}", row.code),
            title: row.title,
            status: row.status.as_u16(),
            detail: self.detail.as_deref(),
            code: row.code,
            request_id,
            errors: &self.errors,
        };
        serde_json::to_vec(&document).expect("texts and numbers encode")
    }

    fn write_headers(&self, headers: &mut HeaderMap) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.get()));
        }
        if let Some(methods) = &self.allow {
            headers.insert(ALLOW, (**methods).clone());
        }
        if let Some(challenge) = self.www_authenticate() {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
    }

    /// Every 401 needs a challenge (RFC 9110, 15.5.2); elsewhere it stands only where
    /// RFC 6750 has an error code for it.
    fn www_authenticate(&self) -> Option<&'static str> {
        if self.kind == Kind::InsufficientScope {
            return Some(r#"Bearer realm="doorkey", error="insufficient_scope""#);
        }
        match self.challenge {
            Challenge::TokenRefused => Some(r#"Bearer realm="doorkey", error="invalid_token""#),
            Challenge::HeaderRefused => Some(r#"Bearer realm="doorkey", error="invalid_request""#),
            Challenge::Plain if self.kind.row().status.as_u16() == 401 => {
                Some(r#"Bearer realm="doorkey""#)
            }
            Challenge::Plain => None,
        }
    }

    fn log(&self, request_id: &str) {
        let Some(cause) = &self.cause else { return };
        let mut chain = cause.to_string();
        let mut next = cause.source();
        while let Some(error) = next {
            chain.push_str(": ");
            chain.push_str(&error.to_string());
            next = error.source();
        }
        tracing::error!(request.id = request_id, code = self.kind.row().code, error = %chain,
            "a request failed");
    }
}

#[cfg(test)]
pub(super) mod tests;
