//! `POST /auth/register`

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::problem::Problem;
use super::reply::{self, UserBody};
use super::route::{Context, Counts, Endpoint, Guard, Route};
use crate::auth::Registration;
use crate::model::{Secret, User};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    username: String,
    password: Secret,
    email: Option<String>,
}

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let route = Route::json(Method::POST, "/auth/register", Guard::Browser);
    context.endpoint(route.counting(Counts::Registrations), register)
}

async fn register(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Form { username, password, email } = call.json()?;
    let form = Registration { username, password, email };
    let user = context.auth.register(form, &call.client).await?;
    Ok(created(&user))
}

/// `201` with the new account.
pub(super) fn created(user: &User) -> Response {
    #[derive(Serialize)]
    struct Body<'a> {
        user: UserBody<'a>,
    }
    reply::json(StatusCode::CREATED, &Body { user: user.into() })
}
