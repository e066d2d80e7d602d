//! `GET /.well-known/jwks.json`: the public keys, for anyone to verify by (RFC 7517).

use std::sync::Arc;

use serde::Serialize;
use warp::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, ETAG, HeaderName, IF_NONE_MATCH,
};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::problem::Problem;
use super::reply;
use super::route::{Context, Endpoint, Guard, Route};
use crate::auth::JwksKey;

pub(super) fn endpoint(context: &Context) -> Endpoint {
    context.endpoint(Route::get("/.well-known/jwks.json", Guard::Public), show)
}

#[derive(Serialize)]
struct Body {
    keys: Vec<JwksKey>,
}

async fn show(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let keys = context.auth.jwks();
    // The ids are digests of the keys: together they say exactly what is served.
    let ids: Vec<String> = keys.iter().map(|key| key.id().to_string()).collect();
    let etag = format!("\"{}\"", ids.join("."));
    let is_known =
        call.headers.get(IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == etag.as_bytes());
    let mut answer = if is_known {
        let mut answer = Response::default();
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        answer
    } else {
        reply::typed(StatusCode::OK, "application/jwk-set+json", &Body { keys })
    };
    let headers = answer.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    share(headers);
    Ok(answer)
}

/// Public knowledge: any page may read it, without credentials.
pub(super) fn share(headers: &mut warp::http::HeaderMap) {
    const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
}
