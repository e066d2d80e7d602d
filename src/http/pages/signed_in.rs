//! Who is signed in in this browser, for pages without a script.

use askama::Template;
use warp::reply::Response;

use super::language::Texts;
use super::layout::{Layout, Reach, html};
use super::logout;
use super::visit::Visit;
use crate::http::problem::Problem;
use crate::model::{Secret, Session, User};

/// Who is logged in in this browser. Nothing comes of the question: no session is renewed, and
/// what is shown of it no other site can read (the cookie is Strict, the page in no frame).
pub(super) async fn signed_in(visit: &Visit) -> Result<Option<(User, Session)>, Problem> {
    let token = visit.context.settings.cookie.read(&visit.call.headers)?.token();
    match token {
        Some(token) => Ok(visit.context.auth.signed_in(&token).await?),
        None => Ok(None),
    }
}

/// The page that says so, with the way `onward` and the way out.
pub(super) fn told(visit: &Visit, user: &User, onward: &str) -> Response {
    let texts = visit.texts;
    let page = visit.layout(&texts.signed_in);
    let text = page.rendered(&SignedInPage {
        page: &page,
        texts,
        sentence: texts.signed_in_as.replace("{name}", user.username.as_str()),
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
    onward: &'a str,
    token: Secret,
}
