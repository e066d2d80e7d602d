//! `POST /auth/password`: this session goes on under a new cookie, all others end.

use std::sync::Arc;

use serde::Deserialize;
use warp::http::Method;
use warp::reply::Response;

use super::call::Call;
use super::login::with_cookie;
use super::problem::Problem;
use super::reply::{self, TokenBody};
use super::route::{Context, Counts, Endpoint, Guard, Route};
use crate::auth::PasswordChange;
use crate::model::Secret;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    current_password: Secret,
    new_password: Secret,
}

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let route = Route::json(Method::POST, "/auth/password", Guard::User);
    context.endpoint(route.counting(Counts::Failures), change_password)
}

async fn change_password(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Form { current_password, new_password } = call.json()?;
    let change = PasswordChange { current: current_password, new: new_password };
    let renewed = context.auth.change_password(call.access()?, change, &call.client).await?;
    let body = TokenBody::new(&renewed.access, &renewed.session);
    Ok(with_cookie(context.settings.cookie, &renewed, reply::ok(&body)))
}
