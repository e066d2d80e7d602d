//! What the gate itself refuses: kept with its exact rule, counted, and answered.

use std::borrow::Cow;
use std::net::IpAddr;

use warp::http::request::Parts;
use warp::reply::Response;

use super::{Api, Peer, Problem, header_value};
use crate::http::refusals::{Asked, Refusal, Refusals, beginning};
use crate::model::Rule;

impl Api {
    /// What was refused lately.
    #[must_use]
    pub fn refusals(&self) -> &Refusals {
        &self.0.context.refusals
    }

    /// The answer to a request that no endpoint has seen to the end.
    #[must_use]
    pub fn refuse(&self, problem: Problem, peer: Peer) -> Response {
        let request_id = self.0.context.auth.new_request_id();
        let code = problem.kind().row().code;
        tracing::error!(request.id = %request_id, code, "a request had no answer");
        self.count_problem(problem.kind());
        let from = (peer_ip(peer), self.0.context.auth.now());
        self.0.context.refusals.push(Refusal::of(&problem, &request_id, from));
        let mut answer = problem.into_response(&request_id);
        self.0.security.apply(answer.headers_mut(), header_value(&request_id));
        answer
    }

    /// Takes note of a connection that was closed without a word. Who made it learns no id; the
    /// log has it, at the level debug.
    pub fn turned_away(&self, peer: Peer) {
        let request_id = self.0.context.auth.new_request_id();
        tracing::debug!(request.id = %request_id, ?peer, "too many connections from this address");
        self.0.context.refusals.push(Refusal {
            request_id,
            time: self.0.context.auth.now(),
            asked: None,
            kind: None,
            why: Rule::ConnectionLimit.into(),
            ip: peer_ip(peer),
        });
    }

    /// The answer of the gate to a request that comes to no endpoint.
    pub(super) fn refused(
        &self,
        problem: Problem,
        head: &Parts,
        (request_id, ip): (&str, Option<IpAddr>),
    ) -> Response {
        self.count_problem(problem.kind());
        let asked = Asked::new(&head.method, self.place(head));
        let refusal = Refusal::of(&problem, request_id, (ip, self.0.context.auth.now()));
        self.0.context.refusals.push(refusal.asked(asked));
        let found = self.0.paths.at(head.uri.path());
        let is_for_services = found.is_ok_and(|found| found.value.is_for_services());
        // Where pages are, and where nothing is, a person gets a page.
        if is_for_services {
            problem.into_oauth(request_id)
        } else if self.is_page(head.uri.path()) || self.is_nowhere(head.uri.path()) {
            self.0.context.pages.refusal(problem, (&head.headers, request_id))
        } else {
            problem.into_response(request_id)
        }
    }

    /// No path of any kind. Below those of programs it is theirs, so that what is the operator's
    /// answers there as what does not exist.
    fn is_nowhere(&self, path: &str) -> bool {
        let is_api = path.starts_with("/auth/") || path.starts_with("/admin/");
        !is_api && self.0.paths.at(path).is_err()
    }

    /// The route of the path, whether or not the caller may know of it.
    fn place(&self, head: &Parts) -> Cow<'static, str> {
        let path = head.uri.path();
        let found = self.0.paths.at(path).ok().and_then(|found| found.value.path());
        found.map_or_else(|| beginning(path, &self.0.routes).into(), Cow::Borrowed)
    }
}

fn peer_ip(peer: Peer) -> Option<IpAddr> {
    match peer {
        Peer::Tcp(address) => Some(address.ip().to_canonical()),
        Peer::Unix { .. } => None,
    }
}
