//! `GET /.well-known/oauth-authorization-server`: what of OAuth exists here (RFC 8414).

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use super::call::Call;
use super::doc::{Caching, Doc};
use super::oauth;
use super::problem::Problem;
use super::reply;
use super::route::{Context, Endpoint, Guard, Route};
use super::shared::share;

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let route = Route::get("/.well-known/oauth-authorization-server", Guard::Public);
    let doc = Doc::new("What of OAuth exists here (RFC 8414)")
        .gives::<Body<'_>>(StatusCode::OK, "The metadata.")
        .caching(Caching::Public);
    context.endpoint(route.doc(doc), show)
}

/// No authorization and no token endpoint yet, so no response and no grant types.
#[derive(Serialize, ToSchema)]
#[schema(as = Metadata)]
struct Body<'a> {
    issuer: &'a str,
    jwks_uri: String,
    #[schema(value_type = Vec<String>)]
    response_types_supported: [&'a str; 0],
    #[schema(value_type = Vec<String>)]
    grant_types_supported: [&'a str; 0],
    introspection_endpoint: String,
    #[schema(value_type = Vec<String>)]
    introspection_endpoint_auth_methods_supported: [&'a str; 1],
    revocation_endpoint: String,
    #[schema(value_type = Vec<String>)]
    revocation_endpoint_auth_methods_supported: [&'a str; 1],
}

/// How a service proves who it is.
const AUTH_METHODS: [&str; 1] = ["client_secret_basic"];

async fn show(context: Context, _: Arc<Call>) -> Result<Response, Problem> {
    let issuer = context.settings.issuer.as_str();
    let mut answer = reply::ok(&Body {
        issuer,
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        response_types_supported: [],
        grant_types_supported: [],
        introspection_endpoint: format!("{issuer}{}", oauth::INTROSPECT),
        introspection_endpoint_auth_methods_supported: AUTH_METHODS,
        revocation_endpoint: format!("{issuer}{}", oauth::REVOKE),
        revocation_endpoint_auth_methods_supported: AUTH_METHODS,
    });
    share(answer.headers_mut());
    Ok(answer)
}
