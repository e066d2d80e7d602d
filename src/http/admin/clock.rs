//! `/admin/clock`

use std::sync::Arc;

use serde::Serialize;
use warp::http::Method;
use warp::reply::Response;

use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::route::{Context, Endpoint, Guard, Route};
use crate::model::ClockState;

#[derive(Serialize)]
struct ClockBody {
    wall: String,
    effective: String,
    mark: String,
    state: ClockState,
    issuing: bool,
}

#[derive(Serialize)]
struct AcceptedBody {
    mark_before: String,
    mark: String,
    accounts: usize,
}

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let accept_route = Route::bare(Method::POST, "/admin/clock/accept", Guard::Operator);
    vec![
        context.endpoint(Route::get("/admin/clock", Guard::Admin), show),
        context.endpoint(accept_route, accept),
    ]
}

async fn show(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let view = context.auth.clock(call.access()?)?;
    Ok(reply::ok(&ClockBody {
        wall: view.reading.wall.to_string(),
        effective: view.reading.now.to_string(),
        mark: view.reading.mark.to_string(),
        state: view.reading.state(),
        issuing: view.issuing,
    }))
}

async fn accept(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let accepted = context.auth.accept_clock(call.access()?, &call.client).await?;
    Ok(reply::ok(&AcceptedBody {
        mark_before: accepted.mark_before.to_string(),
        mark: accepted.mark.to_string(),
        accounts: accepted.accounts,
    }))
}
