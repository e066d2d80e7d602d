//! `POST /auth/password`: this session goes on under a new cookie, all others end.

use std::sync::Arc;

use serde::Deserialize;
use utoipa::ToSchema;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::doc::Doc;
use super::forward;
use super::kind::Kind;
use super::login::with_cookie;
use super::openapi::words;
use super::problem::Problem;
use super::reply::{self, TokenBody};
use super::route::{Context, Counts, Endpoint, Guard, Route};
use crate::auth::PasswordChange;
use crate::model::Secret;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasswordForm)]
struct Form {
    #[schema(value_type = words::Password)]
    current_password: Secret,
    #[schema(value_type = words::Password)]
    new_password: Secret,
}

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let about = "New tokens for this session; all other sessions and tokens have ended.";
    let doc = Doc::new("Change the own password")
        .takes::<Form>()
        .gives::<TokenBody<'_>>(StatusCode::OK, about)
        .sets_cookie()
        .refuses(&[Kind::InvalidCredentials, Kind::ClockNotSet]);
    let route = Route::json(Method::POST, "/auth/password", Guard::User);
    context.endpoint(route.counting(Counts::Failures).doc(doc), change_password)
}

async fn change_password(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Form { current_password, new_password } = call.json()?;
    let change = PasswordChange { current: current_password, new: new_password };
    let renewed = context.auth.change_password(call.access()?, change, &call.client).await?;
    let body = TokenBody::new(&renewed.access, &renewed.session);
    let answer = with_cookie(context.settings.cookie, &renewed, reply::ok(&body));
    Ok(forward::renew(&context, (&call.headers, &renewed.session), answer))
}
