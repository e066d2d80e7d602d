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
use warp::http::{HeaderMap, HeaderValue, Request};
use warp::reply::Response;

use self::methods::{Methods, router};
use super::body::read_body;
use super::call::Call;
use super::headers::SecurityHeaders;
use super::kind::Kind;
use super::listen::Peer;
use super::metrics::Traffic;
use super::origin::Origins;
use super::problem::{Challenge, Problem};
use super::route::{Body, Context, Endpoint, Guard, Route};
use super::{Settings, bearer, client_ip, endpoints};
use crate::auth::{Access, Auth, Client, Error};
use crate::model::Role;

mod count;
mod methods;
mod service;

/// The longest target of a request, in bytes.
const MAX_URI: usize = 4 * 1024;

/// The largest body that the operator's command line sends, in bytes.
const MAX_OPERATOR_BODY: usize = 1024 * 1024;

/// The whole outside as one function from a request to an answer. Cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    auth: Arc<Auth>,
    settings: Arc<Settings>,
    paths: matchit::Router<Methods>,
    routes: Vec<Route>,
    origins: Origins,
    security: SecurityHeaders,
    traffic: Option<Arc<Traffic>>,
}

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
        let context = Context { auth, settings, traffic };
        let endpoints = endpoints(&context);
        let Context { auth, settings, traffic } = context;
        let routes = endpoints.iter().map(|endpoint| endpoint.route.clone()).collect();
        Self(Arc::new(Inner {
            paths: router(endpoints),
            routes,
            origins: Origins::new(settings.own_origins.clone(), settings.cors_origins.clone()),
            security: SecurityHeaders::new(settings.hsts),
            auth,
            settings,
            traffic,
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
        let client = self.client(&head.headers, peer);
        let request_id = client.request_id.clone().unwrap_or_default();
        let watch = self.watch(&head);
        let answered = self.route(&head, body, (client, peer)).await;
        let answered = answered.inspect_err(|problem| self.count_problem(problem.kind()));
        let refused = |problem| self.refusal(problem, &head, &request_id);
        let mut answer = answered.unwrap_or_else(refused);
        self.finish(&head, &mut answer, &request_id);
        count::answered(watch, answer.status());
        answer
    }

    /// What the gate refuses, in the form that the callers of the path read.
    fn refusal(&self, problem: Problem, head: &Parts, request_id: &str) -> Response {
        let found = self.0.paths.at(head.uri.path());
        if found.is_ok_and(|found| found.value.is_for_services()) {
            problem.into_oauth(request_id)
        } else {
            problem.into_response(request_id)
        }
    }

    /// An answer to a request that no endpoint has seen to the end.
    #[must_use]
    pub fn refuse(&self, kind: Kind) -> Response {
        let request_id = self.0.auth.new_request_id();
        tracing::error!(request.id = %request_id, code = kind.row().code, "a request had no answer");
        self.count_problem(kind);
        let mut answer = Problem::new(kind).into_response(&request_id);
        self.0.security.apply(answer.headers_mut(), header_value(&request_id));
        answer
    }

    fn client(&self, headers: &HeaderMap, peer: Peer) -> Client {
        let settings = &self.0.settings;
        let (ip, trusted) = match peer {
            Peer::Tcp(address) => {
                let is_trusted = |ip: IpAddr| settings.is_trusted(ip);
                let header = settings.forwarded_header;
                let ip = client_ip::client_ip(address.ip(), headers, header, &is_trusted);
                (Some(ip), is_trusted(address.ip()))
            }
            Peer::Unix { .. } => (None, false),
        };
        let given = client_ip::request_id(headers, trusted).map(str::to_owned);
        let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Client {
            ip,
            user_agent: agent.unwrap_or_default().to_owned(),
            request_id: Some(given.unwrap_or_else(|| self.0.auth.new_request_id())),
        }
    }

    async fn route<B>(
        &self,
        head: &Parts,
        body: B,
        (client, peer): (Client, Peer),
    ) -> Result<Response, Problem>
    where
        B: HttpBody<Data = Bytes> + Unpin + Send,
    {
        if target_length(head) > MAX_URI {
            return Err(Kind::UriTooLong.into());
        }
        let path = head.uri.path();
        if path.is_empty() {
            // CONNECT names a host instead of a path.
            return Err(Problem::new(Kind::MethodNotAllowed).allow(&[]));
        }
        let found = self.0.paths.at(path).map_err(|_| Kind::NotFound)?;
        let visible = found.value.visible_to(peer).ok_or(Kind::NotFound)?;
        let methods = visible.allowed();
        if let Some(answer) = self.0.origins.preflight(&head.method, &head.headers, &methods) {
            return Ok(answer);
        }
        let endpoint = visible
            .endpoint(&head.method)
            .ok_or_else(|| Problem::new(Kind::MethodNotAllowed).allow(&methods))?;
        let parts = found.params.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        let access = self.guard(&endpoint.route, head, peer).await?;
        let service = self.service(&endpoint.route, &head.headers, &client).await?;
        let body = self.body(&endpoint.route, body).await?;
        let call = Call {
            request_id: client.request_id.clone().unwrap_or_default(),
            client,
            access,
            service,
            headers: head.headers.clone(),
            parts,
            query: head.uri.query().map(str::to_owned),
            body,
        };
        Ok(run(endpoint, call).await)
    }

    /// Whether the caller may come here, and who it is. The peer of the control socket is the
    /// operator; whoever owns the listener has checked its user id.
    async fn guard(
        &self,
        route: &Route,
        head: &Parts,
        peer: Peer,
    ) -> Result<Option<Access>, Problem> {
        let headers = &head.headers;
        let operator = matches!(peer, Peer::Unix { .. });
        match route.guard {
            Guard::Public => Ok(None),
            Guard::Browser => {
                self.same_site(headers, operator)?;
                Ok(None)
            }
            Guard::Service => {
                // No browser sends for a service, and what does send names no origin.
                self.0.origins.check_cookie_route(headers, false)?;
                Ok(None)
            }
            Guard::Setup => {
                self.same_site(headers, operator)?;
                let is_there = self.0.auth.needs_setup().await?;
                if is_there { Ok(None) } else { Err(Kind::NotFound.into()) }
            }
            Guard::User | Guard::Admin | Guard::Operator if operator => {
                Ok(Some(Access::operator()))
            }
            Guard::User => Ok(Some(self.bearer(head).await?)),
            Guard::Admin => {
                let access = self.bearer(head).await?;
                access.require(&Role::admin())?;
                Ok(Some(access))
            }
            Guard::Operator => Err(Kind::NotFound.into()),
        }
    }

    /// Refuses what a page of a foreign origin sends. The operator's command line is no page.
    fn same_site(&self, headers: &HeaderMap, operator: bool) -> Result<(), Problem> {
        let strict = self.0.settings.strict_origin && !operator;
        Ok(self.0.origins.check_cookie_route(headers, strict)?)
    }

    async fn bearer(&self, head: &Parts) -> Result<Access, Problem> {
        let token = bearer::bearer(&head.headers, head.uri.query())?;
        let token = token.ok_or(Kind::InvalidToken)?;
        self.0.auth.authenticate(token).await.map_err(refused_token)
    }

    async fn body<B>(&self, route: &Route, body: B) -> Result<Bytes, Problem>
    where
        B: HttpBody<Data = Bytes> + Unpin + Send,
    {
        match route.body {
            Body::Ignored => Ok(Bytes::new()),
            Body::Json | Body::OptionalJson | Body::Form => {
                let settings = &self.0.settings;
                let most = match route.guard {
                    Guard::Operator => MAX_OPERATOR_BODY,
                    Guard::Public
                    | Guard::Browser
                    | Guard::Setup
                    | Guard::Service
                    | Guard::User
                    | Guard::Admin => settings.max_body,
                };
                let read = read_body(body, most, settings.body_timeout).await;
                Ok(read
                    .map_err(|kind| if route.body == Body::Form { of_form(kind) } else { kind })?)
            }
        }
    }

    fn finish(&self, head: &Parts, answer: &mut Response, request_id: &str) {
        self.0.origins.allow_reading(&head.headers, answer.headers_mut());
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
fn of_form(kind: Kind) -> Kind {
    if kind == Kind::MalformedJson { Kind::InvalidRequest } else { kind }
}

/// A token that was sent and is not accepted is told so; a store that cannot answer is not the
/// token's fault.
fn refused_token(error: Error) -> Problem {
    let problem = Problem::from(error);
    if problem.kind() == Kind::InvalidToken {
        problem.challenge(Challenge::TokenRefused)
    } else {
        problem
    }
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

fn target_length(head: &Parts) -> usize {
    head.uri.path_and_query().map_or(0, |target| target.as_str().len())
}

fn header_value(request_id: &str) -> HeaderValue {
    HeaderValue::from_str(request_id).unwrap_or(HeaderValue::from_static("-"))
}

#[cfg(test)]
mod tests;
