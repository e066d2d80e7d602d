//! `GET /healthz`: the process runs. `GET /readyz`: the store answers and the
//! clock is set.

use std::sync::Arc;

use serde::Serialize;
use warp::reply::Response;

use super::call::Call;
use super::problem::Problem;
use super::reply;
use super::route::{Context, Endpoint, Guard, Route};

#[derive(Serialize)]
struct Body {
    status: &'static str,
}

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    vec![
        context.endpoint(Route::get("/healthz", Guard::Public), alive),
        context.endpoint(Route::get("/readyz", Guard::Public), ready),
    ]
}

async fn alive(_: Context, _: Arc<Call>) -> Result<Response, Problem> {
    Ok(reply::ok(&Body { status: "ok" }))
}

async fn ready(context: Context, _: Arc<Call>) -> Result<Response, Problem> {
    context.auth.ready().await?;
    Ok(reply::ok(&Body { status: "ready" }))
}
