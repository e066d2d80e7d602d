//! `GET /metrics`: the numbers of this server for Prometheus, on a listener of its own and never
//! among the routes of the API. Whoever reaches it reads it, so nothing in it tells of a person:
//! every label is a word of ours. Home of prometheus-client.

mod exposition;
mod process;
mod traffic;

use std::sync::Arc;

use hyper::body::Incoming;
use warp::http::header::CONTENT_TYPE;
use warp::http::{HeaderValue, Method, Request};
use warp::reply::Response;

use self::exposition::Exposition;
use self::process::Process;
pub(super) use self::traffic::{Row, Traffic};
use super::headers::SecurityHeaders;
use super::kind::Kind;
use super::listen::{Handler, Peer, Unanswered};
use super::problem::Problem;
use crate::auth::Auth;
use crate::model::Rule;

/// The text format (OpenMetrics 1.0.0, 4.1).
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers who scrapes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    auth: Arc<Auth>,
    traffic: Arc<Traffic>,
}

impl Metrics {
    pub(super) fn new(auth: Arc<Auth>, traffic: Arc<Traffic>) -> Self {
        Self { auth, traffic }
    }

    /// Answers one request.
    pub async fn handle<B>(&self, request: &Request<B>) -> Response {
        let allowed = [Method::GET, Method::HEAD];
        if request.uri().path() != "/metrics" {
            return self.refused(Problem::new(Kind::NotFound, Rule::RouteUnknown));
        }
        if !allowed.contains(request.method()) {
            let problem = Problem::new(Kind::MethodNotAllowed, Rule::MethodUnknown);
            return self.refused(problem.allow(&allowed));
        }
        let (measures, process) = (self.auth.measure().await, Process::read());
        let exposition = Exposition { traffic: self.traffic.clone(), measures, process };
        let mut answer = Response::new(exposition.into_text().into());
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
        finish(answer, &self.auth.new_request_id())
    }

    fn refused(&self, problem: Problem) -> Response {
        let request_id = self.auth.new_request_id();
        finish(problem.into_response(&request_id), &request_id)
    }
}

/// Adds the headers that every answer has. This listener is plain HTTP always, where nothing may
/// be said about TLS (RFC 6797, 7.2).
fn finish(mut answer: Response, request_id: &str) -> Response {
    let id = HeaderValue::from_str(request_id).unwrap_or(HeaderValue::from_static("-"));
    SecurityHeaders::new(None).apply(answer.headers_mut(), id);
    answer
}

impl Handler for Metrics {
    async fn call(&self, request: Request<Incoming>, _: Peer) -> Response {
        self.handle(&request).await
    }

    fn refuse(&self, unanswered: Unanswered, _: Peer) -> Response {
        self.refused(unanswered.into())
    }

    // Its address is the operator's own choice, and nothing is kept of who asks here.
    fn turned_away(&self, _: Peer) {}
}
