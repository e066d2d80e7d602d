//! `/admin/clock`

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use crate::http::call::Call;
use crate::http::doc::Doc;
use crate::http::openapi::words;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::route::{Context, Endpoint, Guard, Route};
use crate::model::ClockState;

/// The clock by which everything expires.
#[derive(Serialize, ToSchema)]
#[schema(as = Clock)]
struct ClockBody {
    /// What the machine says.
    #[schema(value_type = words::Time)]
    wall: String,
    /// What the server goes by.
    #[schema(value_type = words::Time)]
    effective: String,
    /// The latest time that is certain to have been.
    #[schema(value_type = words::Time)]
    mark: String,
    #[schema(value_type = words::ClockState)]
    state: ClockState,
    /// Whether tokens are issued.
    issuing: bool,
}

#[derive(Serialize)]
struct AcceptedBody {
    mark_before: String,
    mark: String,
    accounts: usize,
}

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let doc = Doc::new("The clock by which everything expires")
        .gives::<ClockBody>(StatusCode::OK, "How it stands.");
    let accept_route = Route::bare(Method::POST, "/admin/clock/accept", Guard::Operator);
    vec![
        context.endpoint(Route::get("/admin/clock", Guard::Admin).doc(doc), show),
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
