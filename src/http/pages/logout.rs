//! `POST /logout`: the end of the session by a form.

use std::sync::Arc;

use serde::Deserialize;
use utoipa::ToSchema;
use warp::http::header::SET_COOKIE;
use warp::reply::Response;

use super::login;
use super::visit::{Visit, no_token, see_other};
use crate::http::call::Call;
use crate::http::doc::{Cookie, Doc};
use crate::http::forward;
use crate::http::openapi::words;
use crate::http::problem::Problem;
use crate::http::route::{Context, Endpoint, Route};
use crate::model::Secret;

pub(super) const PATH: &str = "/logout";

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LogoutPageForm)]
struct Fields {
    #[serde(default = "no_token")]
    #[schema(value_type = words::FormToken)]
    form_token: Secret,
}

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let doc = Doc::new("Sign out by the form of a page")
        .takes::<Fields>()
        .sends_on("To /login; the session has ended, or there was none, and the cookie is cleared.")
        .sets_cookie()
        .cookie(Cookie::Welcome);
    context.endpoint(Route::form(PATH).doc(doc), submit)
}

async fn submit(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Fields { form_token } = call.form()?;
    let visit = Visit::of(context, call)?;
    visit.check(PATH, &form_token)?;
    let rule = visit.context.settings.cookie;
    if let Some(token) = rule.read(&visit.call.headers)?.token() {
        visit.context.auth.logout(&token, &visit.call.client).await?;
    }
    let mut answer = see_other(login::PATH);
    answer.headers_mut().insert(SET_COOKIE, rule.clear());
    let answer = visit.renew(answer);
    Ok(forward::forget(&visit.context, answer))
}
