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
    /// How the backups by the schedule are doing; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<&'static str>,
}

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    vec![
        context.endpoint(Route::get("/healthz", Guard::Public), alive),
        context.endpoint(Route::get("/readyz", Guard::Public), ready),
    ]
}

async fn alive(_: Context, _: Arc<Call>) -> Result<Response, Problem> {
    Ok(reply::ok(&Body { status: "ok", backup: None }))
}

async fn ready(context: Context, _: Arc<Call>) -> Result<Response, Problem> {
    context.auth.ready().await?;
    let backups = context.auth.backup_status();
    // A server without a fresh backup is still better than none: it stays ready.
    let word = if backups.is_failing { "failing" } else { "ok" };
    Ok(reply::ok(&Body { status: "ready", backup: backups.is_scheduled.then_some(word) }))
}
