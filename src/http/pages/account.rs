//! `/account`: whose session it is, and its end.

use std::sync::Arc;

use askama::Template;
use warp::reply::Response;

use super::language::Texts;
use super::layout::{Layout, Reach, html};
use super::visit::{Visit, see_other};
use super::{login, logout, page, return_to, with_rd};
use crate::http::call::Call;
use crate::http::doc::Cookie;
use crate::http::problem::Problem;
use crate::http::route::{Context, Endpoint, Route};
use crate::model::{Secret, User};

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let doc = page("The account of the session of the cookie")
        .sends_on("To /login, where there is no session.")
        .cookie(Cookie::Welcome);
    context.endpoint(Route::page(return_to::HOME).doc(doc), show)
}

async fn show(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let visit = Visit::of(context, call)?;
    Ok(match signed_in(&visit).await? {
        Some(user) => told(&visit, (&user, &visit.texts.account), None),
        None => see_other(&with_rd(login::PATH, Some(return_to::HOME))),
    })
}

/// Who is logged in in this browser. Nothing comes of the question: no session is renewed, and
/// what is shown of it no other site can read (the cookie is Strict, the page in no frame).
pub(super) async fn signed_in(visit: &Visit) -> Result<Option<User>, Problem> {
    let token = visit.context.settings.cookie.read(&visit.call.headers)?.token();
    match token {
        Some(token) => Ok(visit.context.auth.signed_in(&token).await?),
        None => Ok(None),
    }
}

/// The page that says so, with the way `onward` where there is one, and the way out.
pub(super) fn told(
    visit: &Visit,
    (user, heading): (&User, &str),
    onward: Option<&str>,
) -> Response {
    let page = visit.layout(heading);
    let text = page.rendered(&SignedInPage {
        page: &page,
        texts: visit.texts,
        sentence: visit.texts.signed_in_as.replace("{name}", user.username.as_str()),
        onward,
        token: visit.token(logout::PATH),
    });
    visit.keep(html(text, Reach::Forms(None)))
}

#[derive(Template)]
#[template(path = "signed_in.html")]
struct SignedInPage<'a> {
    page: &'a Layout<'a>,
    texts: &'a Texts,
    sentence: String,
    onward: Option<&'a str>,
    token: Secret,
}
