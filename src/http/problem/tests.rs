use http_body_util::BodyExt as _;

use super::*;
use crate::model::Rule;

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
    let problem = Problem::new(Kind::InvalidRequest, Rule::Panicked)
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
        let response = Problem::new(*kind, Rule::Panicked).into_response("r");
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
        let response = Problem::new(*kind, Rule::Panicked).into_response("r");
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
    let refused =
        Problem::new(Kind::InvalidToken, Rule::Panicked).challenge(Challenge::TokenRefused);
    let header_of = |problem: Problem| {
        header(&problem.into_response("r"), "www-authenticate").unwrap().to_owned()
    };
    assert_eq!(header_of(refused), "Bearer realm=\"doorkey\", error=\"invalid_token\"");
    let broken =
        Problem::new(Kind::MalformedHeader, Rule::Panicked).challenge(Challenge::HeaderRefused);
    assert_eq!(header_of(broken), "Bearer realm=\"doorkey\", error=\"invalid_request\"");
}

#[test]
fn retry_after_is_in_whole_seconds_rounded_up_and_never_zero() {
    for (millis, seconds) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2"), (90_000, "90")] {
        let problem = Problem::new(Kind::TooManyAttempts, Rule::Panicked)
            .retry_after(Duration::from_millis(millis));
        assert_eq!(header(&problem.into_response("r"), "retry-after"), Some(seconds));
    }
}

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    let problem =
        Problem::new(Kind::MethodNotAllowed, Rule::Panicked).allow(&[Method::GET, Method::HEAD]);
    assert_eq!(header(&problem.into_response("r"), "allow"), Some("GET, HEAD"));
}

/// HTTP-07, INP-08.
#[tokio::test]
async fn the_cause_stays_inside_and_the_id_is_escaped() {
    let problem =
        Problem::new(Kind::Internal, Rule::Panicked).because("/var/lib/doorkey/db: disk full");
    let body = text(problem.into_response("a\"\r\nb")).await;
    assert!(!body.contains("disk") && !body.contains("/var"), "{body}");
    assert!(body.contains(r#""request_id":"a\"\r\nb""#), "{body}");
}
