//! `POST /oauth/revoke` (RFC 7009)

use std::sync::Arc;

use warp::reply::Response;

use super::form::{self, Form};
use crate::http::call::Call;
use crate::http::doc::Doc;
use crate::http::kind::Kind;
use crate::http::problem::Problem;
use crate::http::route::{Context, Endpoint, Route};

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let doc = Doc::new("Revoke an API token by its text (RFC 7009)")
        .takes::<Form>()
        .gives_empty("It is good for nothing now, whether it was before or not.")
        .refuses(&[Kind::UnsupportedTokenType]);
    context.endpoint(Route::oauth(super::REVOKE).doc(doc), revoke)
}

async fn revoke(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let token = form::token(&call)?;
    context.auth.revoke_token(call.service()?, token.expose(), &call.client).await?;
    Ok(Response::default())
}
