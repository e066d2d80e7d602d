//! A row of the route table: method, path, who may call, what body it takes.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::reply::Response;

use super::call::Call;
use super::doc::Doc;
use super::forward;
use super::metrics::{Row, Traffic};
use super::pages::Pages;
use super::problem::Problem;
use super::refusals::{Asked, Refusal, Refusals};
use crate::auth::Auth;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Anyone, from anywhere: it changes nothing.
    Public,
    /// Anyone, but no page of a foreign origin: it acts by cookie or by credentials in the body.
    Browser,
    /// A proxy of `http.trusted_proxies`, for whoever sends it a request.
    Forward,
    /// A page for people: no other site reads it, and what it sends comes from a page of this
    /// server alone.
    Page,
    /// As [`Guard::Browser`], and only while there is no administrator; then it is not there.
    Setup,
    /// A registered service, by its secret; no page of a foreign origin.
    Service,
    /// Who brings a good access token.
    User,
    /// Who brings one and has the role `admin` by what the store says.
    Admin,
    /// The operator on the control socket. For everyone else, an administrator included, it is
    /// not there.
    Operator,
}

/// What a route does with a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// It is not read.
    Ignored,
    /// One JSON object, required.
    Json,
    /// One JSON object, or nothing at all.
    OptionalJson,
    /// The fields of an HTML form, required.
    Form,
    /// The parameters of OAuth, in a form, required.
    Parameters,
}

/// What the limiter counts of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Nothing.
    Nothing,
    /// Passwords that were wrong, by account and network.
    Failures,
    /// Services that did not prove who they are, by network.
    Services,
    /// Each call, by network.
    Registrations,
    /// Each call, by account.
    ProfileChanges,
}

/// One row of the table.
#[derive(Debug, Clone)]
pub struct Route {
    /// GET answers HEAD too.
    pub method: Method,
    /// Exact, with `{name}` for one part.
    pub path: &'static str,
    /// Who may call.
    pub guard: Guard,
    /// What body it takes.
    pub body: Body,
    /// What the limiter counts.
    pub counts: Counts,
    /// Whether it answers every method alike: then `method` is the one it is described by.
    pub any_method: bool,
    /// What the document at `/openapi.json` says of it. `None` for what is the operator's.
    pub(super) doc: Option<Doc>,
}

impl Route {
    /// A route that reads.
    pub(super) const fn get(path: &'static str, guard: Guard) -> Self {
        Self {
            method: Method::GET,
            path,
            guard,
            body: Body::Ignored,
            counts: Counts::Nothing,
            any_method: false,
            doc: None,
        }
    }

    /// A route that takes a JSON object.
    pub(super) const fn json(method: Method, path: &'static str, guard: Guard) -> Self {
        Self {
            method,
            path,
            guard,
            body: Body::Json,
            counts: Counts::Nothing,
            any_method: false,
            doc: None,
        }
    }

    /// A page.
    pub(super) const fn page(path: &'static str) -> Self {
        Self::get(path, Guard::Page)
    }

    /// What the form of a page is sent to.
    pub(super) const fn form(path: &'static str) -> Self {
        let mut route = Self::json(Method::POST, path, Guard::Page);
        route.body = Body::Form;
        route
    }

    /// A route of OAuth that services send a form to.
    pub(super) fn oauth(path: &'static str) -> Self {
        let route = Self::json(Method::POST, path, Guard::Service);
        Self { body: Body::Parameters, counts: Counts::Services, ..route }
    }

    /// A route that acts and takes no body.
    pub(super) const fn bare(method: Method, path: &'static str, guard: Guard) -> Self {
        Self {
            method,
            path,
            guard,
            body: Body::Ignored,
            counts: Counts::Nothing,
            any_method: false,
            doc: None,
        }
    }

    /// The same, counted by the limiter.
    pub(super) const fn counting(mut self, counts: Counts) -> Self {
        self.counts = counts;
        self
    }

    /// The same, for every method.
    pub(super) const fn of_any_method(mut self) -> Self {
        self.any_method = true;
        self
    }

    /// The same, described for the document.
    pub(super) fn doc(mut self, doc: Doc) -> Self {
        self.doc = Some(doc);
        self
    }
}

/// A row with what it does.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) route: Route,
    pub(super) filter: BoxedFilter<(Response,)>,
    /// Where its requests are counted; `None` where nothing is.
    pub(super) row: Option<Arc<Row>>,
}

/// What every endpoint stands on. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Context(Arc<Foundation>);

/// The parts of a [`Context`].
#[derive(Debug)]
pub(super) struct Foundation {
    pub(super) auth: Arc<Auth>,
    pub(super) settings: Arc<super::Settings>,
    pub(super) pages: Arc<Pages>,
    /// `None` where nothing is counted.
    pub(super) traffic: Option<Arc<Traffic>>,
    pub(super) refusals: Arc<Refusals>,
}

impl From<Foundation> for Context {
    fn from(parts: Foundation) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for Context {
    type Target = Foundation;

    fn deref(&self) -> &Foundation {
        &self.0
    }
}

impl Context {
    /// The endpoint of `route`: the gate has left a [`Call`] in the request, `handler` answers
    /// it. A refusal is an answer, never a rejection, which would try the next route.
    pub(super) fn endpoint<H, F>(&self, route: Route, handler: H) -> Endpoint
    where
        H: Fn(Self, Arc<Call>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        let context = self.clone();
        let row = self.traffic.as_ref().map(|traffic| traffic.row(&route));
        let asked = Asked::new(&route.method, route.path);
        let guard = route.guard;
        let filter = warp::ext::get::<Arc<Call>>()
            .then(move |call: Arc<Call>| {
                let asked = asked.clone();
                let answer = handler(context.clone(), call.clone());
                let context = context.clone();
                async move {
                    answer.await.unwrap_or_else(|problem| {
                        let problem = context.refused(problem, asked, &call);
                        context.tell(guard, problem, &call)
                    })
                }
            })
            .boxed();
        Endpoint { route, filter, row }
    }

    /// The answer in the words of whoever calls such a row.
    fn tell(&self, guard: Guard, problem: Problem, call: &Call) -> Response {
        match guard {
            Guard::Page => self.pages.refusal(problem, (&call.headers, call.request_id())),
            Guard::Service => problem.into_oauth(call.request_id()),
            Guard::Forward => forward::told(problem, call.request_id()),
            Guard::Public
            | Guard::Browser
            | Guard::Setup
            | Guard::User
            | Guard::Admin
            | Guard::Operator => problem.into_response(call.request_id()),
        }
    }

    /// Counts and keeps what a use case refused, on its way to the answer.
    pub(super) fn refused(&self, problem: Problem, asked: Asked, call: &Call) -> Problem {
        if let Some(traffic) = &self.traffic {
            traffic.refused(problem.kind());
        }
        let problem = problem.caller(call.access.as_ref());
        let from = (call.client.ip, self.auth.now());
        let refusal = Refusal::of(&problem, call.request_id(), from);
        self.refusals.push(refusal.asked(asked));
        problem
    }
}
