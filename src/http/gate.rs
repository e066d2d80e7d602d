//! The gate: everything that is checked before an endpoint sees a request, in one order for all
//! routes, and what every answer gets on its way out.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Body as HttpBody;
use tower_service::Service as _;
use warp::http::header::USER_AGENT;
use warp::http::request::Parts;
use warp::http::{HeaderMap, HeaderValue, Method, Request};
use warp::reply::Response;

pub(super) use self::guard::refused_token;
use self::methods::{Methods, router};
use super::body::{BadBody, read_body};
use super::call::{Call, Headers};
use super::headers::SecurityHeaders;
use super::kind::Kind;
use super::listen::Peer;
use super::metrics::Traffic;
use super::origin::Origins;
use super::pages::Pages;
use super::problem::{Challenge, Problem};
use super::route::{Body, Context, Endpoint, Foundation, Guard, Route};
use super::{Settings, client_ip, endpoints};
use crate::auth::{Auth, Client};
use crate::model::Rule;

mod count;
mod guard;
mod methods;
mod refused;
mod service;

/// The longest target of a request, in bytes.
const MAX_URI: usize = 4 * 1024;

/// The largest body that the operator's command line sends, in bytes.
const MAX_OPERATOR_BODY: usize = 1024 * 1024;

/// The whole outside as one function from a request to an answer. Cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    context: Context,
    paths: matchit::Router<Methods>,
    routes: Vec<Route>,
    origins: Origins,
    security: SecurityHeaders,
}

/// The path of a request in the table, with the parts that it names.
type Found<'a> = matchit::Match<'a, 'a, &'a Methods>;

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Api({} routes)", self.0.routes.len())
    }
}

impl Api {
    /// The outside over these use cases.
    #[must_use]
    pub fn new(auth: Arc<Auth>, settings: Settings) -> Self {
        let settings = Arc::new(settings);
        let traffic = settings.metrics.then(|| Arc::new(Traffic::new()));
        let pages = Arc::new(Pages::new(&settings.pages));
        let refusals = Arc::default();
        let context = Context::from(Foundation { auth, settings, pages, traffic, refusals });
        let endpoints = endpoints(&context);
        let routes = endpoints.iter().map(|endpoint| endpoint.route.clone()).collect();
        let Foundation { settings, .. } = &*context;
        Self(Arc::new(Inner {
            paths: router(endpoints),
            routes,
            origins: Origins::new(settings.own_origins.clone(), settings.cors_origins.clone()),
            security: SecurityHeaders::new(settings.hsts),
            context,
        }))
    }

    /// The route table.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.0.routes
    }

    /// Answers one request.
    pub async fn handle<B>(&self, request: Request<B>, peer: Peer) -> Response
    where
        B: HttpBody<Data = Bytes> + Unpin + Send,
    {
        let (head, body) = request.into_parts();
        let head = Arc::new(head);
        let (client, told_ip) = self.client(&head.headers, peer);
        let request_id = client.request_id.clone().unwrap_or_default();
        let found = self.0.paths.at(head.uri.path()).ok();
        let methods = found.as_ref().map(|found| found.value);
        let (watch, ip) = (self.watch(methods, &head.method), client.ip);
        let answered = self.route((&head, found), body, (client, told_ip, peer)).await;
        let mut answer = match answered {
            Ok(answer) => answer,
            Err(problem) => self.refused(problem, &head, (&request_id, ip)),
        };
        self.finish((&head, methods), &mut answer, &request_id);
        count::answered(watch, answer.status());
        answer
    }

    fn is_page(&self, path: &str) -> bool {
        self.0.paths.at(path).is_ok_and(|found| found.value.is_page())
    }

    /// Who calls, and the address that trusted proxies tell of it.
    fn client(&self, headers: &HeaderMap, peer: Peer) -> (Client, Option<IpAddr>) {
        let settings = &self.0.context.settings;
        let (address, trusted) = match peer {
            Peer::Tcp(address) => {
                let is_trusted = |ip: IpAddr| settings.is_trusted(ip);
                let header = settings.forwarded_header;
                let found = client_ip::client_ip(address.ip(), headers, header, &is_trusted);
                (Some(found), is_trusted(address.ip()))
            }
            Peer::Unix { .. } => (None, false),
        };
        let given = client_ip::request_id(headers, trusted).map(str::to_owned);
        let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        let client = Client {
            ip: address.map(|address| address.ip),
            user_agent: agent.unwrap_or_default().to_owned(),
            request_id: Some(given.unwrap_or_else(|| self.0.context.auth.new_request_id())),
        };
        (client, address.filter(|address| address.is_told).map(|address| address.ip))
    }

    async fn route<B>(
        &self,
        (head, found): (&Arc<Parts>, Option<Found<'_>>),
        body: B,
        (client, told_ip, peer): (Client, Option<IpAddr>, Peer),
    ) -> Result<Response, Problem>
    where
        B: HttpBody<Data = Bytes> + Unpin + Send,
    {
        if target_length(head) > MAX_URI {
            return Err(Problem::new(Kind::UriTooLong, Rule::UriTooLong));
        }
        if head.uri.path().is_empty() {
            // CONNECT names a host instead of a path.
            return Err(no_method(&[]));
        }
        let not_there = |rule| Problem::new(Kind::NotFound, rule);
        let found = found.ok_or_else(|| not_there(Rule::RouteUnknown))?;
        let visible = found.value.visible_to(peer);
        let visible = visible.ok_or_else(|| not_there(Rule::RouteOfOperator))?;
        if head.method == Method::OPTIONS && visible.is_shared() {
            let methods = visible.allowed();
            let preflight = self.0.origins.preflight(&head.method, &head.headers, &methods);
            if let Some(answer) = preflight {
                return Ok(answer);
            }
        }
        let endpoint = visible.endpoint(&head.method);
        let endpoint = endpoint.ok_or_else(|| no_method(&visible.allowed()))?;
        let parts = found.params.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        let access = self.guard(&endpoint.route, head, peer).await?;
        let service = self.service(&endpoint.route, &head.headers, &client).await?;
        let body = self.body(&endpoint.route, body).await;
        let body = body.map_err(|problem| problem.caller(access.as_ref()))?;
        let call = Call {
            method: head.method.clone(),
            client,
            told_ip,
            access,
            service,
            headers: Headers(Arc::clone(head)),
            parts,
            query: head.uri.query().map(str::to_owned),
            body,
        };
        Ok(run(endpoint, call).await)
    }

    async fn body<B>(&self, route: &Route, body: B) -> Result<Bytes, Problem>
    where
        B: HttpBody<Data = Bytes> + Unpin + Send,
    {
        match route.body {
            Body::Ignored => Ok(Bytes::new()),
            Body::Json | Body::OptionalJson | Body::Form | Body::Parameters => {
                let settings = &self.0.context.settings;
                let most = match route.guard {
                    Guard::Operator => MAX_OPERATOR_BODY,
                    Guard::Public
                    | Guard::Forward
                    | Guard::Browser
                    | Guard::Page
                    | Guard::Setup
                    | Guard::Service
                    | Guard::User
                    | Guard::Admin => settings.max_body,
                };
                let read = read_body(body, most, settings.body_timeout).await;
                Ok(read.map_err(|bad| of_body(route, bad))?)
            }
        }
    }

    fn finish(
        &self,
        (head, methods): (&Parts, Option<&Methods>),
        answer: &mut Response,
        request_id: &str,
    ) {
        // Scripts of other sites may be told that a path is none.
        if methods.is_none_or(Methods::is_shared) {
            self.0.origins.allow_reading(&head.headers, answer.headers_mut());
        }
        self.0.security.apply(answer.headers_mut(), header_value(request_id));
        tracing::debug!(
            request.id = request_id,
            method = %head.method,
            // JSON leaves a line separator (U+2028) as it is.
            path = %head.uri.path().escape_default(),
            status = answer.status().as_u16(),
            "answered"
        );
    }
}

/// A form that breaks off is no malformed JSON.
fn of_body(route: &Route, bad: BadBody) -> Problem {
    let problem = Problem::from(bad);
    if route.body == Body::Parameters && problem.kind() == Kind::MalformedJson {
        return Problem::new(Kind::MalformedForm, problem.why().clone());
    }
    problem
}

/// The warp filter of the row, with everything it needs in the request's extensions.
async fn run(endpoint: &Endpoint, call: Call) -> Response {
    let mut request = Request::new(Empty::<Bytes>::new());
    request.extensions_mut().insert(Arc::new(call));
    let mut service = warp::service(endpoint.filter.clone());
    let answered: Result<Response, Infallible> = service.call(request).await;
    match answered {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}

fn no_method(allowed: &[Method]) -> Problem {
    Problem::new(Kind::MethodNotAllowed, Rule::MethodUnknown).allow(allowed)
}

fn target_length(head: &Parts) -> usize {
    head.uri.path_and_query().map_or(0, |target| target.as_str().len())
}

fn header_value(request_id: &str) -> HeaderValue {
    HeaderValue::from_str(request_id).unwrap_or(HeaderValue::from_static("-"))
}

#[cfg(test)]
mod tests;
