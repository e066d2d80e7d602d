//! `POST /auth/password-reset`: finishes an invite or a reset, and logs nobody in.

use std::sync::Arc;

use serde::Deserialize;
use utoipa::ToSchema;
use warp::http::Method;
use warp::reply::Response;

use super::call::Call;
use super::doc::Doc;
use super::kind::Kind;
use super::openapi::words;
use super::problem::Problem;
use super::reply;
use super::route::{Context, Endpoint, Guard, Route};
use crate::auth::NewPassword;
use crate::model::Secret;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasswordResetForm)]
struct Form {
    /// Out of the link.
    #[schema(value_type = words::OneTimeToken)]
    token: Secret,
    #[schema(value_type = words::Password)]
    new_password: Secret,
}

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let doc = Doc::new("Set a password by the one-time token of an invite or a reset")
        .takes::<Form>()
        .gives_nothing("It is set, all sessions have ended, and nobody is logged in.")
        .refuses(&[Kind::InvalidToken]);
    let route = Route::json(Method::POST, "/auth/password-reset", Guard::Browser);
    context.endpoint(route.doc(doc), finish)
}

async fn finish(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Form { token, new_password } = call.json()?;
    context.auth.finish_reset(NewPassword { token, new_password }, &call.client).await?;
    Ok(reply::no_content())
}
