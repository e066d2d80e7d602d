//! `POST /auth/register`

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::doc::Doc;
use super::kind::Kind;
use super::openapi::words;
use super::problem::Problem;
use super::reply::{self, UserBody};
use super::route::{Context, Counts, Endpoint, Guard, Route};
use crate::auth::Registration;
use crate::model::{Secret, User};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RegisterForm)]
struct Form {
    #[schema(value_type = words::Username)]
    username: String,
    #[schema(value_type = words::Password)]
    password: Secret,
    #[schema(value_type = Option<words::Email>)]
    email: Option<String>,
}

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let doc = Doc::new("Make an account of one's own, where registration is open")
        .takes::<Form>()
        .gives::<CreatedBody<'_>>(StatusCode::CREATED, "The new account.")
        .refuses(&[Kind::RegistrationClosed, Kind::UsernameTaken, Kind::EmailTaken]);
    let route = Route::json(Method::POST, "/auth/register", Guard::Browser);
    context.endpoint(route.counting(Counts::Registrations).doc(doc), register)
}

async fn register(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Form { username, password, email } = call.json()?;
    let form = Registration { username, password, email };
    let user = context.auth.register(form, &call.client).await?;
    Ok(created(&user))
}

/// A new account.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedAccount)]
pub(super) struct CreatedBody<'a> {
    user: UserBody<'a>,
}

/// `201` with the new account.
pub(super) fn created(user: &User) -> Response {
    reply::json(StatusCode::CREATED, &CreatedBody { user: user.into() })
}
