//! `GET` and `POST /auth/tokens`, `DELETE /auth/tokens/{id}`: personal API tokens.

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
use super::reply;
use super::route::{Context, Counts, Endpoint, Guard, Route};
use crate::auth::NewApiToken;
use crate::model::{ApiToken, Role};

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let (all, one) = ("/auth/tokens", "/auth/tokens/{id}");
    let listing = Doc::new("The own API tokens")
        .gives::<ListBody<'_>>(StatusCode::OK, "Those that are good, the newest first.");
    let making = Doc::new("Make an API token for a program; needs a login within ten minutes")
        .takes::<Form>()
        .gives::<CreatedBody<'_>>(StatusCode::CREATED, "The token, its text for the only time.")
        .refuses(&[Kind::ReauthenticationRequired, Kind::LimitReached, Kind::ClockNotSet]);
    let ending = Doc::new("Revoke one of the own API tokens").gives_nothing("It is revoked.");
    let make = Route::json(Method::POST, all, Guard::User).counting(Counts::ProfileChanges);
    vec![
        context.endpoint(Route::get(all, Guard::User).doc(listing), list),
        context.endpoint(make.doc(making), create),
        context.endpoint(Route::bare(Method::DELETE, one, Guard::User).doc(ending), revoke),
    ]
}

/// An API token as its owner sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiToken)]
struct TokenBody<'a> {
    #[schema(value_type = words::Id)]
    id: String,
    #[schema(value_type = words::TokenName)]
    name: String,
    /// What it may reach, as far as its owner may.
    #[schema(value_type = Vec<words::Role>)]
    roles: Vec<&'a str>,
    #[schema(value_type = words::Time)]
    created_at: String,
    /// Its end, which never moves.
    #[schema(value_type = words::Time)]
    expires_at: String,
    /// Null until it is used; to the minute.
    #[schema(value_type = Option<words::Time>, required = true)]
    last_used_at: Option<String>,
}

impl<'a> From<&'a ApiToken> for TokenBody<'a> {
    fn from(token: &'a ApiToken) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name.clone().into(),
            roles: token.roles.iter().map(Role::as_str).collect(),
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.to_string(),
            last_used_at: token.last_used_at.map(|at| at.to_string()),
        }
    }
}

/// The API tokens of an account.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiTokenList)]
struct ListBody<'a> {
    tokens: Vec<TokenBody<'a>>,
}

async fn list(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let tokens = context.auth.my_api_tokens(call.access()?).await?;
    Ok(reply::ok(&ListBody { tokens: tokens.iter().map(TokenBody::from).collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ApiTokenForm)]
struct Form {
    #[schema(value_type = words::TokenName)]
    name: String,
    /// Some of the own roles; all of them, when left out.
    #[schema(value_type = Option<Vec<words::Role>>)]
    roles: Option<Vec<String>>,
    /// Its end, at most as far ahead as the configuration says.
    #[schema(value_type = words::Time)]
    expires_at: String,
}

/// A new API token.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedApiToken)]
struct CreatedBody<'a> {
    token: TokenBody<'a>,
    /// The text for the Authorization header, shown this once.
    #[schema(value_type = words::ApiTokenText)]
    secret: &'a str,
}

async fn create(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Form { name, roles, expires_at } = call.json()?;
    let new = NewApiToken { name, roles, expires_at };
    let issued = context.auth.create_api_token(call.access()?, new, &call.client).await?;
    let body = CreatedBody { token: (&issued.token).into(), secret: issued.text.expose() };
    Ok(reply::json(StatusCode::CREATED, &body))
}

async fn revoke(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    context.auth.revoke_my_api_token(call.access()?, call.id("id")?, &call.client).await?;
    Ok(reply::no_content())
}
