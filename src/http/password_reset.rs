//! `POST /auth/password-reset`: finishes an invite or a reset, and logs nobody in.

use std::sync::Arc;

use serde::Deserialize;
use warp::http::Method;
use warp::reply::Response;

use super::call::Call;
use super::problem::Problem;
use super::reply;
use super::route::{Context, Endpoint, Guard, Route};
use crate::auth::NewPassword;
use crate::model::Secret;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    token: Secret,
    new_password: Secret,
}

pub(super) fn endpoint(context: &Context) -> Endpoint {
    context.endpoint(Route::json(Method::POST, "/auth/password-reset", Guard::Browser), finish)
}

async fn finish(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Form { token, new_password } = call.json()?;
    context.auth.finish_reset(NewPassword { token, new_password }, &call.client).await?;
    Ok(reply::no_content())
}
