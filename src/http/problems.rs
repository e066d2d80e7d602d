//! `GET /problems/{code}`: the page that the `type` of a problem points to.

use std::sync::Arc;

use warp::http::HeaderValue;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use warp::reply::Response;

use super::call::Call;
use super::kind::{self, Kind};
use super::problem::Problem;
use super::route::{Context, Endpoint, Guard, Route};

pub(super) fn endpoint(context: &Context) -> Endpoint {
    context.endpoint(Route::get("/problems/{code}", Guard::Public), show)
}

async fn show(_: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let page = call.part("code").and_then(kind::page).ok_or(Kind::NotFound)?;
    let mut answer = Response::new(page.into());
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(answer)
}
