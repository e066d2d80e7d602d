//! `POST /auth/refresh`: the cookie for an access token, and no other cookie.

use std::sync::Arc;

use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::cookie::Presented;
use super::doc::{Cookie, Doc};
use super::kind::Kind;
use super::problem::Problem;
use super::reply::{self, TokenBody};
use super::route::{Context, Endpoint, Guard, Route};
use crate::model::Rule;

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let doc = Doc::new("Get a new access token; the session and its cookie stay as they are")
        .gives::<TokenBody<'_>>(StatusCode::OK, "A new access token, without `user`.")
        .cookie(Cookie::Needed)
        .refuses(&[Kind::SessionEnded, Kind::ClockNotSet]);
    let route = Route::bare(Method::POST, "/auth/refresh", Guard::Browser);
    context.endpoint(route.doc(doc), refresh)
}

async fn refresh(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    match context.settings.cookie.read(&call.headers)? {
        Presented::Token(token) => {
            let refreshed = context.auth.refresh(&token).await?;
            Ok(reply::ok(&TokenBody::new(&refreshed.access, &refreshed.session)))
        }
        // Never a clearing cookie: it would delete the one that a newer login has just set.
        Presented::None => Err(Problem::new(Kind::SessionEnded, Rule::CookieMissing)),
        Presented::Garbage => Err(Problem::new(Kind::SessionEnded, Rule::CookieForm)),
    }
}
