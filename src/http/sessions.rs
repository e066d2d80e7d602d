//! `GET` and `DELETE /auth/sessions`, `DELETE /auth/sessions/{id}`

use std::sync::Arc;

use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::doc::Doc;
use super::problem::Problem;
use super::reply::{self, SessionsBody};
use super::route::{Context, Endpoint, Guard, Route};

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let (all, one) = ("/auth/sessions", "/auth/sessions/{id}");
    let listing = Doc::new("The own live sessions")
        .gives::<SessionsBody<'_>>(StatusCode::OK, "They, the newest first.");
    let ending_all = Doc::new("End all own sessions, this one too, and all own API tokens")
        .gives_nothing("They ended.");
    let ending = Doc::new("End one of the own sessions").gives_nothing("It ended.");
    vec![
        context.endpoint(Route::get(all, Guard::User).doc(listing), list),
        context.endpoint(Route::bare(Method::DELETE, all, Guard::User).doc(ending_all), end_all),
        context.endpoint(Route::bare(Method::DELETE, one, Guard::User).doc(ending), end_one),
    ]
}

async fn list(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    Ok(reply::sessions(&context.auth.my_sessions(call.access()?).await?))
}

async fn end_one(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    context.auth.end_my_session(call.access()?, call.id("id")?, &call.client).await?;
    Ok(reply::no_content())
}

async fn end_all(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    context.auth.end_my_sessions(call.access()?, &call.client).await?;
    Ok(reply::no_content())
}
