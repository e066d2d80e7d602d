//! `/admin/users` and `/admin/users/{id}`, with its password reset.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use crate::auth::{NewUser, ProfileChange, UserChange, UserQuery};
use crate::http::call::Call;
use crate::http::doc::{Doc, Parameter};
use crate::http::kind::Kind;
use crate::http::me::present;
use crate::http::openapi::words;
use crate::http::problem::Problem;
use crate::http::query;
use crate::http::reply::{self, LinkBody, UserBody};
use crate::http::route::{Context, Endpoint, Guard, Route};
use crate::model::Secret;

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let (all, one) = ("/admin/users", "/admin/users/{id}");
    let reset = "/admin/users/{id}/password-reset";
    let shown = Doc::new("An account").gives::<UserBody<'_>>(StatusCode::OK, "The account.");
    let deleted = Doc::new("Delete an account with its sessions; its id is never used again")
        .gives_nothing("It is deleted.")
        .refuses(&[Kind::LastAdmin]);
    let reset_doc = Doc::new("Make a one-time link by which the user sets a password")
        .gives::<LinkBody<'_>>(StatusCode::OK, "The link, good for 15 minutes.");
    vec![
        context.endpoint(Route::get(all, Guard::Admin).doc(listed()), list),
        context.endpoint(Route::json(Method::POST, all, Guard::Admin).doc(created()), create),
        context.endpoint(Route::get(one, Guard::Admin).doc(shown), show),
        context.endpoint(Route::json(Method::PATCH, one, Guard::Admin).doc(updated()), update),
        context.endpoint(Route::bare(Method::DELETE, one, Guard::Admin).doc(deleted), delete),
        context
            .endpoint(Route::bare(Method::POST, reset, Guard::Admin).doc(reset_doc), issue_reset),
    ]
}

const PARAMETERS: [Parameter; 3] = [query::LIMIT, query::CURSOR, PREFIX];

const PREFIX: Parameter = Parameter {
    name: "q",
    about: "Those whose username or e-mail address begins like this.",
    schema: |_| json!({"type": "string"}),
};

fn listed() -> Doc {
    Doc::new("The accounts")
        .gives::<ListBody<'_>>(StatusCode::OK, "A page of them, by their usernames.")
        .query(&PARAMETERS)
}

fn created() -> Doc {
    Doc::new("Make an account, or invite someone to it")
        .takes::<NewForm>()
        .gives::<CreatedBody<'_>>(StatusCode::CREATED, "The new account.")
        .refuses(&[Kind::UsernameTaken, Kind::EmailTaken])
}

fn updated() -> Doc {
    Doc::new("Change an account; other roles and 'disabled' end its sessions")
        .takes::<ChangeForm>()
        .gives::<UserBody<'_>>(StatusCode::OK, "The account.")
        .refuses(&[Kind::EmailTaken, Kind::LastAdmin])
}

/// A page of accounts.
#[derive(Serialize, ToSchema)]
#[schema(as = UserList)]
struct ListBody<'a> {
    users: Vec<UserBody<'a>>,
    /// Leads to the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<&'a str>,
}

async fn list(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let [limit, cursor, q] = call.query(PARAMETERS.map(|parameter| parameter.name))?;
    let limit = query::limit(limit.as_deref())?;
    let wanted = UserQuery { limit, cursor, prefix: q.unwrap_or_default() };
    let page = context.auth.users(call.access()?, &wanted).await?;
    let users = page.users.iter().map(UserBody::from).collect();
    Ok(reply::ok(&ListBody { users, next_cursor: page.next_cursor.as_deref() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUserForm)]
struct NewForm {
    #[schema(value_type = words::Username)]
    username: String,
    /// Without it the answer holds an invite.
    #[schema(value_type = Option<words::Password>)]
    password: Option<Secret>,
    #[schema(value_type = Option<words::Email>)]
    email: Option<String>,
    /// `user` alone, when left out.
    #[schema(value_type = Option<Vec<words::Role>>)]
    roles: Option<Vec<String>>,
}

/// A new account, and the way into it.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedUser)]
struct CreatedBody<'a> {
    user: UserBody<'a>,
    /// For an account without a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    invite: Option<LinkBody<'a>>,
}

async fn create(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let NewForm { username, password, email, roles } = call.json()?;
    let new = NewUser { username, password, email, roles };
    let (user, invite) = context.auth.create_user(call.access()?, new, &call.client).await?;
    let body = CreatedBody { user: (&user).into(), invite: invite.as_ref().map(LinkBody::from) };
    Ok(reply::json(StatusCode::CREATED, &body))
}

async fn show(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let user = context.auth.user(call.access()?, call.id("id")?).await?;
    Ok(reply::ok(&UserBody::from(&user)))
}

/// What is left out stays; null empties an address or a name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserChangeForm)]
#[expect(clippy::option_option, reason = "absent leaves a field, null empties it")]
struct ChangeForm {
    #[schema(value_type = Option<Vec<words::Role>>)]
    roles: Option<Vec<String>>,
    disabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<words::Email>)]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<words::DisplayName>)]
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
