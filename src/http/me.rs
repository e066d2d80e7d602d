//! `GET` and `PATCH /auth/me`

use std::sync::Arc;

use serde::{Deserialize, Deserializer};
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
use crate::auth::ProfileChange;

/// What is left out stays; null empties.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileForm)]
#[expect(clippy::option_option, reason = "absent leaves a field, null empties it")]
struct Form {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<words::Email>)]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<words::DisplayName>)]
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
    let account = |doc: Doc| doc.gives::<UserBody<'_>>(StatusCode::OK, "The account.");
    let get = Route::get("/auth/me", Guard::User).doc(account(Doc::new("The own account")));
    let doc = account(Doc::new("Change the own account"))
        .takes::<Form>()
        .refuses(&[Kind::ReauthenticationRequired, Kind::EmailTaken]);
    let patch = Route::json(Method::PATCH, "/auth/me", Guard::User);
    vec![
        context.endpoint(get, show),
        context.endpoint(patch.counting(Counts::ProfileChanges).doc(doc), update),
    ]
}

async fn show(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let user = context.auth.me(call.access()?)?;
    Ok(reply::ok(&UserBody::from(user)))
}

async fn update(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Form { email, display_name } = call.json()?;
    let change = ProfileChange { email, display_name };
    let user = context.auth.update_me(call.access()?, change, &call.client).await?;
    Ok(reply::ok(&UserBody::from(&user)))
}
