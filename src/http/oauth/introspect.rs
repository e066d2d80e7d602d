//! `POST /oauth/introspect` (RFC 7662)

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use super::form::{self, Form};
use crate::auth::ActiveToken;
use crate::http::call::Call;
use crate::http::doc::Doc;
use crate::http::openapi::words;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::route::{Context, Endpoint, Route};
use crate::model::{Role, Timestamp};

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let doc = Doc::new("Whether a token is good, by the same check as a request here (RFC 7662)")
        .takes::<Form>()
        .gives::<Body<'_>>(
            StatusCode::OK,
            "What there is to say; of a token that is not good nothing.",
        );
    context.endpoint(Route::oauth(super::INTROSPECT).doc(doc), introspect)
}

async fn introspect(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let token = form::token(&call)?;
    let active = context.auth.introspect(call.service()?, token.expose()).await?;
    Ok(reply::ok(&active.as_ref().map_or(Body::default(), Body::from)))
}

/// A token that is good. One that is not leaves out all but `active`, so that nothing is learned of
/// it.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = Introspection)]
struct Body<'a> {
    active: bool,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iss: Option<&'a str>,
    /// The id of its user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::Id>, nullable = false)]
    sub: Option<String>,
    /// For whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    aud: Option<&'a str>,
    /// Of the login that it comes from: always this server's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::Username>, nullable = false)]
    username: Option<&'a str>,
    /// What it may reach now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<words::Role>>, nullable = false)]
    roles: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::TokenType>, nullable = false)]
    token_type: Option<&'static str>,
    /// Its own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::Id>, nullable = false)]
    jti: Option<&'a str>,
    /// The session of an access token; an API token has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::Id>, nullable = false)]
    sid: Option<String>,
    /// The login of that session, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    auth_time: Option<u64>,
    /// When it was issued, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iat: Option<u64>,
    /// When it expires, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<u64>,
}

impl<'a> From<&'a ActiveToken> for Body<'a> {
    fn from(token: &'a ActiveToken) -> Self {
        Self {
            active: true,
            iss: Some(&token.issuer.issuer),
            sub: Some(token.user.id.to_string()),
            aud: Some(&token.issuer.audience),
            client_id: Some(token.client),
            username: Some(token.user.username.as_str()),
            roles: Some(token.roles.iter().map(Role::as_str).collect()),
            token_type: Some("Bearer"),
            jti: Some(&token.id),
            sid: token.session.map(|id| id.to_string()),
            auth_time: token.auth_time.map(Timestamp::seconds),
            iat: Some(token.issued_at.seconds()),
            exp: Some(token.expires_at.seconds()),
        }
    }
}
