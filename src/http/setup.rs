//! `POST /auth/setup`: the first administrator, once.

use std::sync::Arc;

use serde::Deserialize;
use warp::http::Method;
use warp::reply::Response;

use super::call::Call;
use super::problem::Problem;
use super::register::created;
use super::route::{Context, Counts, Endpoint, Guard, Route};
use crate::auth::SetupRequest;
use crate::model::Secret;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    secret: Secret,
    username: String,
    password: Secret,
}

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let route = Route::json(Method::POST, "/auth/setup", Guard::Setup);
    context.endpoint(route.counting(Counts::Failures), set_up)
}

async fn set_up(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Form { secret, username, password } = call.json()?;
    let request = SetupRequest { secret, username, password };
    Ok(created(&context.auth.set_up(request, &call.client).await?))
}
