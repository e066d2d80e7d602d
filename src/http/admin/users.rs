//! `/admin/users` and `/admin/users/{id}`, with its password reset.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use crate::auth::{NewUser, ProfileChange, UserChange, UserQuery};
use crate::http::call::Call;
use crate::http::me::present;
use crate::http::problem::Problem;
use crate::http::query;
use crate::http::reply::{self, LinkBody, UserBody};
use crate::http::route::{Context, Endpoint, Guard, Route};
use crate::model::Secret;

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let (all, one) = ("/admin/users", "/admin/users/{id}");
    let reset = "/admin/users/{id}/password-reset";
    vec![
        context.endpoint(Route::get(all, Guard::Admin), list),
        context.endpoint(Route::json(Method::POST, all, Guard::Admin), create),
        context.endpoint(Route::get(one, Guard::Admin), show),
        context.endpoint(Route::json(Method::PATCH, one, Guard::Admin), update),
        context.endpoint(Route::bare(Method::DELETE, one, Guard::Admin), delete),
        context.endpoint(Route::bare(Method::POST, reset, Guard::Admin), issue_reset),
    ]
}

async fn list(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Body<'a> {
        users: Vec<UserBody<'a>>,
        next_cursor: Option<&'a str>,
    }
    let [limit, cursor, q] = call.query(["limit", "cursor", "q"])?;
    let limit = query::limit(limit.as_deref())?;
    let wanted = UserQuery { limit, cursor, prefix: q.unwrap_or_default() };
    let page = context.auth.users(call.access()?, &wanted).await?;
    let users = page.users.iter().map(UserBody::from).collect();
    Ok(reply::ok(&Body { users, next_cursor: page.next_cursor.as_deref() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewForm {
    username: String,
    password: Option<Secret>,
    email: Option<String>,
    roles: Option<Vec<String>>,
}

async fn create(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Body<'a> {
        user: UserBody<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        invite: Option<LinkBody<'a>>,
    }
    let NewForm { username, password, email, roles } = call.json()?;
    let new = NewUser { username, password, email, roles };
    let (user, invite) = context.auth.create_user(call.access()?, new, &call.client).await?;
    let body = Body { user: (&user).into(), invite: invite.as_ref().map(LinkBody::from) };
    Ok(reply::json(StatusCode::CREATED, &body))
}

async fn show(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let user = context.auth.user(call.access()?, call.id("id")?).await?;
    Ok(reply::ok(&UserBody::from(&user)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "absent leaves a field, null empties it")]
struct ChangeForm {
    roles: Option<Vec<String>>,
    disabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    display_name: Option<Option<String>>,
}

async fn update(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let ChangeForm { roles, disabled, email, display_name } = call.json()?;
    let profile = ProfileChange { email, display_name };
    let change = (call.id("id")?, UserChange { roles, disabled, profile });
    let user = context.auth.update_user(call.access()?, change, &call.client).await?;
    Ok(reply::ok(&UserBody::from(&user)))
}

async fn delete(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    context.auth.delete_user(call.access()?, call.id("id")?, &call.client).await?;
    Ok(reply::no_content())
}

async fn issue_reset(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let link = context.auth.issue_reset(call.access()?, call.id("id")?, &call.client).await?;
    Ok(reply::ok(&LinkBody::from(&link)))
}
