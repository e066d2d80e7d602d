//! What anyone may read and keep: answers for every site, and the question whether a client has
//! them already.

use warp::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, ETAG, HeaderName, IF_NONE_MATCH,
};
use warp::http::{HeaderMap, HeaderValue, StatusCode};
use warp::reply::Response;

/// How long what is public may be kept without asking again.
pub(super) const CACHING: &str = "public, max-age=300";

/// Public knowledge: any page may read it, without credentials.
pub(super) fn share(headers: &mut HeaderMap) {
    const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(CACHING));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
}

/// The answer under its strong `etag`: `make`'s, or 304 when the client has it. Whoever calls
/// says how long it may be kept, and by whom.
pub(super) fn tagged(request: &HeaderMap, etag: &str, make: impl FnOnce() -> Response) -> Response {
    let mut answer = if is_known(request, etag) {
        let mut answer = Response::default();
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        answer
    } else {
        make()
    };
    if let Ok(etag) = HeaderValue::from_str(etag) {
        answer.headers_mut().insert(ETAG, etag);
    }
    answer
}

/// Whether the client has what `etag` names: in a list, weakly (a proxy that compresses says
/// `W/`), or as `*` (RFC 9110, 13.1.2).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let lines = headers.get_all(IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim_ascii);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
