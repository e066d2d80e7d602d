//! `POST /auth/login`

use std::sync::Arc;

use serde::Deserialize;
use utoipa::ToSchema;
use warp::http::header::SET_COOKIE;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::cookie::CookieRule;
use super::doc::{Cookie, Doc};
use super::kind::Kind;
use super::openapi::words;
use super::problem::Problem;
use super::reply::{self, TokenBody};
use super::route::{Context, Counts, Endpoint, Guard, Route};
use crate::auth::{Credentials, SignIn};
use crate::model::Secret;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LoginForm)]
struct Form {
    /// The name, or the verified e-mail address.
    username: String,
    #[schema(value_type = words::Password)]
    password: Secret,
}

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let doc = Doc::new("Begin a session with a name and a password")
        .takes::<Form>()
        .gives::<TokenBody<'_>>(StatusCode::OK, "Both tokens, with the session and its user.")
        .sets_cookie()
        // It is told apart from a stranger's login, and its session ends.
        .cookie(Cookie::Welcome)
        .refuses(&[Kind::InvalidCredentials, Kind::ClockNotSet]);
    let route = Route::json(Method::POST, "/auth/login", Guard::Browser);
    context.endpoint(route.counting(Counts::Failures).doc(doc), login)
}

async fn login(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let rule = context.settings.cookie;
    let device = rule.read(&call.headers)?.token();
    let Form { username, password } = call.json()?;
    let credentials = Credentials { username, password };
    let signed_in = context.auth.login(credentials, device.as_ref(), &call.client).await?;
    let body = TokenBody::new(&signed_in.access, &signed_in.session).with_user(&signed_in.user);
    Ok(with_cookie(rule, &signed_in, reply::ok(&body)))
}

/// The answer with the one `Set-Cookie` that holds the refresh token, good for the rest of its
/// session and no longer.
pub(super) fn with_cookie(rule: CookieRule, signed_in: &SignIn, mut answer: Response) -> Response {
    let rest = signed_in.rest_of_session();
    answer.headers_mut().insert(SET_COOKIE, rule.set(&signed_in.refresh, rest));
    answer
}
