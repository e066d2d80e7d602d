//! `POST /auth/setup`: the first administrator, once.

use std::sync::Arc;

use serde::Deserialize;
use utoipa::ToSchema;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::doc::Doc;
use super::kind::Kind;
use super::openapi::words;
use super::problem::Problem;
use super::register::{CreatedBody, created};
use super::route::{Context, Counts, Endpoint, Guard, Route};
use crate::auth::SetupRequest;
use crate::model::Secret;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetupForm)]
struct Form {
    /// Printed by the server when it starts on an empty store.
    #[schema(value_type = words::OneTimeToken)]
    secret: Secret,
    #[schema(value_type = words::Username)]
    username: String,
    #[schema(value_type = words::Password)]
    password: Secret,
}

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let doc = Doc::new("Make the first administrator; not there once there is one")
        .takes::<Form>()
        .gives::<CreatedBody<'_>>(StatusCode::CREATED, "The administrator.")
        .refuses(&[Kind::InvalidCredentials, Kind::UsernameTaken]);
    let route = Route::json(Method::POST, "/auth/setup", Guard::Setup);
    context.endpoint(route.counting(Counts::Failures).doc(doc), set_up)
}

async fn set_up(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Form { secret, username, password } = call.json()?;
    let request = SetupRequest { secret, username, password };
    Ok(created(&context.auth.set_up(request, &call.client).await?))
}
