//! A problem as OAuth writes it (RFC 6749, 5.2), for services: another renderer of the same kinds.

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::HeaderValue;
use warp::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use warp::reply::Response;

use super::Problem;
use crate::http::kind::Kind;
use crate::http::openapi::words;

/// What went wrong (RFC 6749, 5.2).
#[derive(Serialize, ToSchema)]
#[schema(as = OAuthError)]
pub(in crate::http) struct Document {
    /// The word of OAuth for it, which many problems share.
    #[schema(value_type = words::OAuthWord)]
    error: &'static str,
    /// A sentence for people.
    error_description: String,
    /// A page that explains it; its last part is the code of the problem.
    error_uri: String,
}

/// The words of OAuth that problems here are told by.
pub(in crate::http) const WORDS: [&str; 6] = [
    "access_denied",
    "invalid_client",
    "invalid_request",
    "server_error",
    "temporarily_unavailable",
    "unsupported_token_type",
];

/// The word of OAuth for `kind`.
const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::InvalidClient => "invalid_client",
        Kind::UnsupportedTokenType => "unsupported_token_type",
        Kind::ForeignOrigin | Kind::AccessDenied => "access_denied",
        Kind::Internal => "server_error",
        Kind::TooManyAttempts | Kind::Busy | Kind::Unavailable | Kind::ClockNotSet => {
            "temporarily_unavailable"
        }
        Kind::MalformedForm
        | Kind::MalformedJson
        | Kind::MalformedHeader
        | Kind::InvalidToken
        | Kind::InvalidCredentials
        | Kind::SessionEnded
        | Kind::SignInNeeded
        | Kind::InsufficientScope
        | Kind::ReauthenticationRequired
        | Kind::RegistrationClosed
        | Kind::NotFound
        | Kind::MethodNotAllowed
        | Kind::RequestTimeout
        | Kind::UsernameTaken
        | Kind::EmailTaken
        | Kind::LastAdmin
        | Kind::ClientTaken
        | Kind::ClientConfigured
        | Kind::LimitReached
        | Kind::BodyTooLarge
        | Kind::UriTooLong
        | Kind::UnsupportedMediaType
        | Kind::InvalidRequest => "invalid_request",
    }
}

impl Problem {
    /// The answer for a service. A cause is logged here, once, with its chain.
    #[must_use]
    pub(in crate::http) fn into_oauth(self, request_id: &str) -> Response {
        self.log(request_id);
        let document = Document {
            error: word(self.kind),
            error_description: self.description(),
            error_uri: format!("/problems/{}", self.kind.row().code),
        };
        let body = serde_json::to_vec(&document).expect("texts encode");
        let mut response = Response::new(body.into());
        *response.status_mut() = self.kind.row().status;
        let headers = response.headers_mut();
        self.write_headers(headers);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.remove(WWW_AUTHENTICATE);
        if self.kind == Kind::InvalidClient {
            let challenge = HeaderValue::from_static(r#"Basic realm="doorkey""#);
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }

    /// The title and what is special about this occurrence, in the characters that RFC 6749 allows.
    fn description(&self) -> String {
        let mut text = self.kind.row().title.to_owned();
        if let Some(more) = &self.detail {
            text = format!("{text} {more}");
        }
        for error in &self.errors {
            text = format!("{text} {} {}.", error.field, error.message);
        }
        let is_allowed = |c: &char| (' '..='~').contains(c) && !matches!(c, '"' | '\\');
        text.chars().filter(is_allowed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::tests::text;
    use crate::model::Rule;

    /// OAU-10.
    #[tokio::test]
    async fn a_problem_is_the_error_of_rfc_6749() {
        let problem = Problem::new(Kind::MalformedForm, Rule::FormRefused)
            .field("token", "is there more than once");
        let response = problem.into_oauth("r-1");
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(
            text(response).await,
            "{\"error\":\"invalid_request\",\"error_description\":\"The form is not one that \
             the route takes. token is there more than once.\",\"error_uri\":\"/problems/malformed_form\"}"
        );
    }

    /// OAU-10: what a service is told has nothing of a bearer challenge, and only one of Basic.
    #[tokio::test]
    async fn every_kind_has_a_word_and_only_an_unknown_service_is_asked_for_its_secret() {
        for kind in Kind::ALL {
            assert!(WORDS.contains(&word(*kind)), "{kind:?}");
            let response = Problem::new(*kind, Rule::FormRefused).into_oauth("r");
            let challenge = response.headers().get("www-authenticate");
            let expected = (*kind == Kind::InvalidClient).then_some(r#"Basic realm="doorkey""#);
            assert_eq!(challenge.map(|value| value.to_str().unwrap()), expected, "{kind:?}");
            let body = text(response).await;
            assert!(body.contains(kind.row().title), "a title is told whole: {body}");
        }
    }
}
