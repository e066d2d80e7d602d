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

use super::headers::method_list;
use super::kind::Kind;
use super::openapi::words;

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

/// A refusal or failure on its way to the client. Made from a [`Kind`], told more by its
/// methods, turned into the answer once at the edge.
#[derive(Debug)]
pub struct Problem {
    kind: Kind,
    detail: Option<Cow<'static, str>>,
    errors: Vec<FieldError>,
    retry_after: Option<NonZeroU64>,
    allow: Option<HeaderValue>,
    challenge: Challenge,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl From<Kind> for Problem {
    fn from(kind: Kind) -> Self {
        Self::new(kind)
    }
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
    /// A problem about which there is no more to say.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            detail: None,
            errors: Vec::new(),
            retry_after: None,
            allow: None,
            challenge: Challenge::Plain,
            cause: None,
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
        self.allow = Some(method_list(methods));
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

    /// What kind of problem it is; also the label for metrics.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
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
        self.log(request_id);
        let mut response = Response::new(self.body(request_id).into());
        *response.status_mut() = self.kind.row().status;
        self.write_headers(response.headers_mut());
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
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.get()));
        }
        if let Some(methods) = &self.allow {
            headers.insert(ALLOW, methods.clone());
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
pub(super) mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    /// The body of an answer as text.
    pub(in crate::http) async fn text(response: Response) -> String {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
        response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    #[tokio::test]
    async fn a_problem_is_the_document_of_rfc_9457() {
        let problem = Problem::new(Kind::InvalidRequest)
            .detail("One member is wrong.")
            .field("username", "must be a string");
        let response = problem.into_response("r-1");
        assert_eq!(response.status(), 422);
        assert_eq!(header(&response, "content-type"), Some("application/problem+json"));
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
        assert_eq!(
            text(response).await,
            "{\"type\":\"/problems/invalid_request\",\"title\":\"The request is not valid.\",\
             \"status\":422,\"detail\":\"One member is wrong.\",\"code\":\"invalid_request\",\
             \"request_id\":\"r-1\",\
             \"errors\":[{\"field\":\"username\",\"message\":\"must be a string\"}]}"
        );
    }

    #[tokio::test]
    async fn the_status_in_the_body_is_the_status_of_the_answer_and_empty_members_are_left_out() {
        for kind in Kind::ALL {
            let response = Problem::new(*kind).into_response("r");
            let status = response.status().as_u16();
            let body = text(response).await;
            assert!(body.contains(&format!("\"status\":{status},\"code\"")), "{body}");
            assert!(!body.contains("errors") && !body.contains("detail"), "{body}");
        }
    }

    /// BRR-07, BRR-01.
    #[test]
    fn every_401_and_nothing_else_carries_the_plain_challenge() {
        for kind in Kind::ALL {
            let response = Problem::new(*kind).into_response("r");
            let expected = match response.status().as_u16() {
                401 => Some("Bearer realm=\"doorkey\""),
                403 if *kind == Kind::InsufficientScope => {
                    Some("Bearer realm=\"doorkey\", error=\"insufficient_scope\"")
                }
                _ => None,
            };
            assert_eq!(header(&response, "www-authenticate"), expected, "{kind:?}");
        }
    }

    /// BRR-01.
    #[test]
    fn a_refused_token_and_a_broken_header_are_told_apart() {
        let refused = Problem::new(Kind::InvalidToken).challenge(Challenge::TokenRefused);
        let header_of = |problem: Problem| {
            header(&problem.into_response("r"), "www-authenticate").unwrap().to_owned()
        };
        assert_eq!(header_of(refused), "Bearer realm=\"doorkey\", error=\"invalid_token\"");
        let broken = Problem::new(Kind::MalformedHeader).challenge(Challenge::HeaderRefused);
        assert_eq!(header_of(broken), "Bearer realm=\"doorkey\", error=\"invalid_request\"");
    }

    #[test]
    fn retry_after_is_in_whole_seconds_rounded_up_and_never_zero() {
        for (millis, seconds) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2"), (90_000, "90")] {
            let problem =
                Problem::new(Kind::TooManyAttempts).retry_after(Duration::from_millis(millis));
            assert_eq!(header(&problem.into_response("r"), "retry-after"), Some(seconds));
        }
    }

    #[test]
    fn a_wrong_method_is_told_the_right_ones() {
        let problem = Problem::new(Kind::MethodNotAllowed).allow(&[Method::GET, Method::HEAD]);
        assert_eq!(header(&problem.into_response("r"), "allow"), Some("GET, HEAD"));
    }

    /// HTTP-07, INP-08.
    #[tokio::test]
    async fn the_cause_stays_inside_and_the_id_is_escaped() {
        let problem = Problem::new(Kind::Internal).because("/var/lib/doorkey/db: disk full");
        let body = text(problem.into_response("a\"\r\nb")).await;
        assert!(!body.contains("disk") && !body.contains("/var"), "{body}");
        assert!(body.contains(r#""request_id":"a\"\r\nb""#), "{body}");
    }
}
