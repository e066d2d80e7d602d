//! `GET /.well-known/status-list/{id}`: which access tokens are dead, for anyone who verifies them
//! without asking (draft-ietf-oauth-status-list, 8.1).

use std::sync::Arc;
use std::time::Duration;

use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::doc::{Caching, Doc, inline};
use super::kind::Kind;
use super::problem::Problem;
use super::route::{Context, Endpoint, Guard, Route};
use super::shared::{share, tagged};
use crate::auth::SignedStatusList;

const MEDIA: &str = "application/statuslist+jwt";

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let said = (StatusCode::OK, "A signed Token Status List. From its `exp` on nobody uses it.");
    let doc = Doc::new("Which access tokens are dead, for who verifies them without asking")
        .gives_typed(MEDIA, inline::<String>, said)
        .caching(Caching::Short)
        .refuses(&[Kind::ClockNotSet]);
    let route = Route::get("/.well-known/status-list/{id}", Guard::Public);
    context.endpoint(route.doc(doc), show)
}

async fn show(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let list = context.auth.status_list(call.id("id")?).await?;
    let left = list.expires_at.since(context.auth.now());
    let etag = format!("\"{}\"", list.tag());
    let mut answer = tagged(&call.headers, &etag, || token(&list));
    share(answer.headers_mut());
    answer.headers_mut().insert(CACHE_CONTROL, caching(left));
    Ok(answer)
}

fn token(list: &SignedStatusList) -> Response {
    let mut answer = Response::new(list.token.to_string().into());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA));
    answer
}

/// As long as the list counts, and no longer.
fn caching(left: Duration) -> HeaderValue {
    let text = format!("public, max-age={}", left.as_secs());
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("no-store"))
}
