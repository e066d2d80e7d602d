//! `GET` and `PATCH /auth/me`

use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use warp::http::Method;
use warp::reply::Response;

use super::call::Call;
use super::problem::Problem;
use super::reply::{self, UserBody};
use super::route::{Context, Counts, Endpoint, Guard, Route};
use crate::auth::ProfileChange;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "absent leaves a field, null empties it")]
struct Form {
    #[serde(default, deserialize_with = "present")]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    display_name: Option<Option<String>>,
}

/// A member that is there, be it null.
#[expect(clippy::option_option, reason = "absent leaves a field, null empties it")]
pub(super) fn present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let patch = Route::json(Method::PATCH, "/auth/me", Guard::User);
    vec![
        context.endpoint(Route::get("/auth/me", Guard::User), show),
        context.endpoint(patch.counting(Counts::ProfileChanges), update),
    ]
}

async fn show(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let user = context.auth.me(call.access()?)?;
    Ok(reply::ok(&UserBody::from(&user)))
}

async fn update(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Form { email, display_name } = call.json()?;
    let change = ProfileChange { email, display_name };
    let user = context.auth.update_me(call.access()?, change, &call.client).await?;
    Ok(reply::ok(&UserBody::from(&user)))
}
