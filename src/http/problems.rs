//! `GET /problems/{code}`: the page that the `type` of a problem points to.

use std::sync::Arc;

use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::doc::{Caching, Doc, inline};
use super::kind::{self, Kind};
use super::problem::Problem;
use super::route::{Context, Endpoint, Guard, Route};
use super::shared::CACHING;
use crate::model::Rule;

const HTML: &str = "text/html; charset=utf-8";

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let doc = Doc::new("What the code of a problem means, and what to do about it")
        .gives_typed(HTML, inline::<String>, (StatusCode::OK, "A page for people."))
        .caching(Caching::Public);
    context.endpoint(Route::get("/problems/{code}", Guard::Public).doc(doc), show)
}

async fn show(_: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let page = call.part("code").and_then(kind::page);
    let page = page.ok_or_else(|| Problem::new(Kind::NotFound, Rule::PageUnknown))?;
    let mut answer = Response::new(page.into());
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(HTML));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(CACHING));
    Ok(answer)
}
