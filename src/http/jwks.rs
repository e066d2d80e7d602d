//! `GET /.well-known/jwks.json`: the public keys, for anyone to verify by (RFC 7517).

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use super::call::Call;
use super::doc::{Caching, Doc, reference};
use super::openapi::words;
use super::problem::Problem;
use super::reply;
use super::route::{Context, Endpoint, Guard, Route};
use super::shared::{share, tagged};
use crate::auth::JwksKey;

const MEDIA: &str = "application/jwk-set+json";

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let said = (StatusCode::OK, "All keys that a good token may be signed by.");
    let doc = Doc::new("The public keys, to verify access tokens by")
        .gives_typed(MEDIA, reference::<Body>, said)
        .caching(Caching::Tagged);
    context.endpoint(Route::get("/.well-known/jwks.json", Guard::Public).doc(doc), show)
}

/// A JWK Set.
#[derive(Serialize, ToSchema)]
#[schema(as = Jwks)]
struct Body {
    #[schema(value_type = Vec<words::Jwk>)]
    keys: Vec<JwksKey>,
}

async fn show(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let keys = context.auth.jwks();
    // The ids are digests of the keys: together they say exactly what is served.
    let ids: Vec<String> = keys.iter().map(|key| key.id().to_string()).collect();
    let etag = format!("\"{}\"", ids.join("."));
    let whole = || reply::typed(StatusCode::OK, MEDIA, &Body { keys });
    let mut answer = tagged(&call.headers, &etag, whole);
    share(answer.headers_mut());
    Ok(answer)
}
