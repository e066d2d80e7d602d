//! `GET /healthz`: the process runs. `GET /readyz`: the store answers and the
//! clock is set.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use super::call::Call;
use super::doc::Doc;
use super::kind::Kind;
use super::openapi::words;
use super::problem::Problem;
use super::reply;
use super::route::{Context, Endpoint, Guard, Route};

/// How the server is.
#[derive(Serialize, ToSchema)]
#[schema(as = State)]
struct Body {
    #[schema(value_type = words::Health)]
    status: &'static str,
    /// How the backups by the schedule are doing; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = words::BackupHealth, required = false)]
    backup: Option<&'static str>,
}

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let says = |doc: Doc| doc.gives::<Body>(StatusCode::OK, "It does.");
    let healthz = says(Doc::new("Whether the process runs"));
    let readyz = says(Doc::new("Whether the store answers and the clock is set"))
        .refuses(&[Kind::ClockNotSet]);
    vec![
        context.endpoint(Route::get("/healthz", Guard::Public).doc(healthz), alive),
        context.endpoint(Route::get("/readyz", Guard::Public).doc(readyz), ready),
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
