//! `/admin/users/{id}/sessions`

use std::sync::Arc;

use warp::http::{Method, StatusCode};
use warp::reply::Response;

use crate::http::call::Call;
use crate::http::doc::Doc;
use crate::http::problem::Problem;
use crate::http::reply::{self, SessionsBody};
use crate::http::route::{Context, Endpoint, Guard, Route};

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let (all, one) = ("/admin/users/{id}/sessions", "/admin/users/{id}/sessions/{sid}");
    let listing = Doc::new("The live sessions of a user")
        .gives::<SessionsBody<'_>>(StatusCode::OK, "They, the newest first.");
    let ending_all =
        Doc::new("End all sessions and API tokens of a user").gives_nothing("They ended.");
    let ending = Doc::new("End one session of a user").gives_nothing("It ended.");
    vec![
        context.endpoint(Route::get(all, Guard::Admin).doc(listing), list),
        context.endpoint(Route::bare(Method::DELETE, all, Guard::Admin).doc(ending_all), end_all),
        context.endpoint(Route::bare(Method::DELETE, one, Guard::Admin).doc(ending), end_one),
    ]
}

async fn list(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let views = context.auth.sessions_of(call.access()?, call.id("id")?).await?;
    Ok(reply::sessions(&views))
}

async fn end_one(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let which = (call.id("id")?, call.id("sid")?);
    context.auth.end_session_of(call.access()?, which, &call.client).await?;
    Ok(reply::no_content())
}

async fn end_all(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    context.auth.end_sessions_of(call.access()?, call.id("id")?, &call.client).await?;
    Ok(reply::no_content())
}
