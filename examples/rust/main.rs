//! A resource server that verifies doorkey's access tokens offline, on doorkey's own library:
//! its reader of the Authorization header and its accept loop, with warp filters in between. It
//! fetches the public keys, once and when an unknown one appears, and once a minute a list of which
//! sessions have ended.
//!
//! `cargo run --example resource-server -- http://127.0.0.1:8080 8090`

mod fetch;
mod keys;
mod lists;

use std::convert::Infallible;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use doorkey::http::bearer::bearer;
use doorkey::http::listen::{Handler, Limits, Peer, Unanswered, serve};
use hyper::body::Incoming;
use serde_json::json;
use tokio::net::TcpListener;
use tower_service::Service as _;
use warp::filters::BoxedFilter;
use warp::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use warp::http::{HeaderMap, HeaderValue, Request, StatusCode};
use warp::reply::{Reply as _, Response};
use warp::{Filter, Rejection};

use self::keys::{Claims, Keys, Refused};

/// Why a request is not answered.
#[derive(Debug)]
enum Refusal {
    /// No token.
    NoToken,
    /// A bad one.
    BadToken,
    /// A good one of somebody who may not.
    NoRole,
    /// The public keys or the status list cannot be had, which is not the token's fault.
    NoKeys,
}

impl warp::reject::Reject for Refusal {}

impl Refusal {
    fn answer(&self) -> Response {
        let (status, challenge) = match self {
            Self::NoToken => (StatusCode::UNAUTHORIZED, Some("Bearer")),
            Self::BadToken => (StatusCode::UNAUTHORIZED, Some(r#"Bearer error="invalid_token""#)),
            Self::NoRole => (StatusCode::FORBIDDEN, Some(r#"Bearer error="insufficient_scope""#)),
            Self::NoKeys => (StatusCode::SERVICE_UNAVAILABLE, None),
        };
        let mut answer = warp::reply::json(&json!({"error": status.as_u16()})).into_response();
        *answer.status_mut() = status;
        if let Some(challenge) = challenge {
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        answer
    }
}

/// Who calls.
async fn caller(keys: Arc<Keys>, headers: HeaderMap) -> Result<Claims, Rejection> {
    let token = match bearer(&headers, None) {
        Ok(Some(token)) => token,
        Ok(None) => return Err(warp::reject::custom(Refusal::NoToken)),
        Err(_) => return Err(warp::reject::custom(Refusal::BadToken)),
    };
    keys.verify(token).await.map_err(|refused| {
        warp::reject::custom(match refused {
            Refused::BadToken => Refusal::BadToken,
            Refused::NoKeys => Refusal::NoKeys,
        })
    })
}

/// Passes on who calls, once the token is verified.
fn signed_in(keys: &Arc<Keys>) -> BoxedFilter<(Claims,)> {
    let keys = keys.clone();
    let verified = move |headers| caller(keys.clone(), headers);
    warp::header::headers_cloned().and_then(verified).boxed()
}

/// The same, for those who have the role.
fn with_role(keys: &Arc<Keys>, role: &'static str) -> BoxedFilter<(Claims,)> {
    let checked = move |claims: Claims| async move {
        let has = claims.roles.iter().any(|given| given == role);
        if has { Ok(claims) } else { Err(warp::reject::custom(Refusal::NoRole)) }
    };
    signed_in(keys).and_then(checked).boxed()
}

/// A rejection as an answer: ours, or that there is no such route.
async fn refused(rejection: Rejection) -> Result<Response, Infallible> {
    let not_found = || warp::reply::with_status(warp::reply(), StatusCode::NOT_FOUND);
    let ours = rejection.find::<Refusal>().map(Refusal::answer);
    Ok(ours.unwrap_or_else(|| not_found().into_response()))
}

/// Two routes: one for whoever is signed in, one for administrators.
fn routes(keys: &Arc<Keys>) -> BoxedFilter<(Response,)> {
    let notes = warp::path!("notes").and(warp::get()).and(signed_in(keys)).map(|user: Claims| {
        warp::reply::json(&json!({"notes": [], "owner": user.sub})).into_response()
    });
    let reports = warp::path!("reports").and(warp::get()).and(with_role(keys, "admin"));
    let reports = reports.map(|user: Claims| {
        warp::reply::json(&json!({"reports": [], "reader": user.sub})).into_response()
    });
    notes.or(reports).unify().recover(refused).unify().boxed()
}

/// The routes behind doorkey's accept loop.
#[derive(Clone)]
struct Resource(BoxedFilter<(Response,)>);

impl Handler for Resource {
    async fn call(&self, request: Request<Incoming>, _: Peer) -> Response {
        let answered: Result<Response, Infallible> =
            warp::service(self.0.clone()).call(request).await;
        match answered {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }

    fn refuse(&self, unanswered: Unanswered, _: Peer) -> Response {
        let status = match unanswered {
            Unanswered::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
            Unanswered::TooSlow => StatusCode::SERVICE_UNAVAILABLE,
        };
        warp::reply::with_status(warp::reply(), status).into_response()
    }

    fn turned_away(&self, _: Peer) {}
}

const LIMITS: Limits = Limits {
    max_connections: 256,
    connections_per_address: 0,
    header_timeout: Duration::from_secs(10),
    idle_timeout: Duration::from_secs(30),
    request_timeout: Duration::from_secs(30),
    shutdown_grace: Duration::from_secs(1),
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let issuer = args.next().unwrap_or_else(|| "http://127.0.0.1:8080".to_owned());
    let port: u16 = args.next().unwrap_or_else(|| "8090".to_owned()).parse()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    announce(&listener)?;
    let resource = Resource(routes(&Arc::new(Keys::of(issuer))));
    serve(listener, resource, (LIMITS, Arc::new(|_: IpAddr| false)), std::future::pending()).await;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a program of its own says where it listens")]
fn announce(listener: &TcpListener) -> Result<(), Box<dyn Error>> {
    println!("listening on http://{}", listener.local_addr()?);
    Ok(())
}
