//! `GET /.well-known/jwks.json`: the public keys, for anyone to verify by (RFC 7517).

use std::sync::Arc;

use serde::Serialize;
use warp::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, ETAG, HeaderName, IF_NONE_MATCH,
};
use warp::http::{HeaderMap, HeaderValue, StatusCode};
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
    let mut answer = if is_known(&call.headers, &etag) {
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

/// Whether the client has what `etag` names: in a list, weakly (a proxy that compresses says
/// `W/`), or as `*` (RFC 9110, 13.1.2).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let lines = headers.get_all(IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim_ascii);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// Public knowledge: any page may read it, without credentials.
pub(super) fn share(headers: &mut HeaderMap) {
    const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
}
