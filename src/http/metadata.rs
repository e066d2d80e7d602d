//! `GET /.well-known/oauth-authorization-server`: what of OAuth exists here (RFC 8414).

use std::sync::Arc;

use serde::Serialize;
use warp::http::HeaderValue;
use warp::http::header::CACHE_CONTROL;
use warp::reply::Response;

use super::call::Call;
use super::jwks::share;
use super::problem::Problem;
use super::reply;
use super::route::{Context, Endpoint, Guard, Route};

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let route = Route::get("/.well-known/oauth-authorization-server", Guard::Public);
    context.endpoint(route, show)
}

/// No authorization and no token endpoint yet, so no response and no grant types.
#[derive(Serialize)]
struct Body<'a> {
    issuer: &'a str,
    jwks_uri: String,
    response_types_supported: [&'a str; 0],
    grant_types_supported: [&'a str; 0],
}

async fn show(context: Context, _: Arc<Call>) -> Result<Response, Problem> {
    let issuer = context.settings.issuer.as_str();
    let mut answer = reply::ok(&Body {
        issuer,
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        response_types_supported: [],
        grant_types_supported: [],
    });
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    share(headers);
    Ok(answer)
}
