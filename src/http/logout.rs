//! `POST /auth/logout`: the session ends before the answer, then the cookie goes.

use std::sync::Arc;

use warp::http::Method;
use warp::http::header::SET_COOKIE;
use warp::reply::Response;

use super::call::Call;
use super::doc::{Cookie, Doc};
use super::forward;
use super::problem::Problem;
use super::reply;
use super::route::{Context, Endpoint, Guard, Route};

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let doc = Doc::new("End the session of the cookie, with all its access tokens")
        .gives_nothing("The session has ended, or there was none, and the cookie is cleared.")
        .sets_cookie()
        .cookie(Cookie::Welcome);
    let route = Route::bare(Method::POST, "/auth/logout", Guard::Browser);
    context.endpoint(route.doc(doc), logout)
}

async fn logout(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let rule = context.settings.cookie;
    if let Some(token) = rule.read(&call.headers)?.token() {
        context.auth.logout(&token, &call.client).await?;
    }
    let mut answer = reply::no_content();
    answer.headers_mut().insert(SET_COOKIE, rule.clear());
    Ok(forward::forget(&context, answer))
}
