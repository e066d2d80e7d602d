//! A request for a page: in which language, from which browser, and what goes back to it.

use std::sync::Arc;

use warp::http::header::{LOCATION, SET_COOKIE};
use warp::http::{HeaderValue, Method, StatusCode};
use warp::reply::Response;

use super::Pages;
use super::form::Form;
use super::language::{Language, Texts};
use super::layout::{Layout, Reach, html};
use super::return_to::origin;
use crate::http::call::Call;
use crate::http::kind::Kind;
use crate::http::problem::Problem;
use crate::http::refusals::Asked;
use crate::http::route::Context;
use crate::model::{FormCookie, Rule, Secret};

/// The field that ties a form to its browser.
pub(super) const TOKEN: &str = "form_token";

/// What a form without its token is taken to have: a text that proves nothing.
pub(super) fn no_token() -> Secret {
    Secret::new(String::new())
}

/// One request for a page.
pub(super) struct Visit {
    pub(super) context: Context,
    pub(super) call: Arc<Call>,
    pub(super) texts: &'static Texts,
    language: Language,
    /// What the browser has, or gets with the answer.
    cookie: FormCookie,
    is_new: bool,
}

impl Visit {
    /// Reads what the browser says of itself.
    ///
    /// # Errors
    /// `malformed_header` for two cookies of the forms.
    pub(super) fn of(context: Context, call: Arc<Call>) -> Result<Self, Problem> {
        let language = context.pages.language(&call.headers);
        let held = context.settings.cookie.read_form(&call.headers)?;
        let is_new = held.is_none();
        let cookie = held.unwrap_or_else(|| context.auth.new_form_cookie());
        Ok(Self { texts: language.texts(), context, call, language, cookie, is_new })
    }

    pub(super) fn pages(&self) -> &Pages {
        &self.context.pages
    }

    /// The token for a form at `path`.
    pub(super) fn token(&self, path: &str) -> Secret {
        self.context.auth.form_token(path, &self.cookie)
    }

    /// Whether the form at `path` was shown by us in this very browser.
    ///
    /// # Errors
    /// `foreign_origin`.
    pub(super) fn check(&self, path: &str, token: &Secret) -> Result<(), Problem> {
        let auth = &self.context.auth;
        let proved = !self.is_new && auth.proves_form(path, &self.cookie, token);
        if proved { Ok(()) } else { Err(Problem::new(Kind::ForeignOrigin, Rule::FormToken)) }
    }

    /// The frame of a page under this heading.
    pub(super) fn layout<'a>(&'a self, heading: &'a str) -> Layout<'a> {
        let pages = self.pages();
        Layout::new((self.language.tag(), self.texts), (pages.name(), heading), pages.assets())
    }

    /// The page with this form, which may lead to `rd`.
    pub(super) fn show(&self, form: Form<'_>, rd: Option<&str>) -> Response {
        let heading = form.heading;
        let text = self.tied(form).render(&self.layout(heading), self.texts);
        self.keep(html(text, Reach::Forms(rd.and_then(origin))))
    }

    /// The page once more, with what went wrong.
    pub(super) fn again(&self, mut form: Form<'_>, problem: Problem, rd: Option<&str>) -> Response {
        form.refused(&problem, self.texts);
        let (heading, form_path) = (form.heading, form.path);
        let code = Some(problem.kind().row().code);
        let layout = Layout { code, ..self.layout(heading) };
        let text = self.tied(form).render(&layout, self.texts);
        let asked = Asked::new(&Method::POST, form_path);
        let answer = self.context.refused(problem, asked, &self.call);
        let answer = answer.into_page(self.call.request_id(), text);
        self.keep(super::locked(answer, Reach::Forms(rd.and_then(origin))))
    }

    /// The form with its token.
    fn tied<'a>(&self, mut form: Form<'a>) -> Form<'a> {
        form.hidden.push((TOKEN, self.token(form.path)));
        form
    }

    /// The answer with the cookie, where the browser has none.
    pub(super) fn keep(&self, mut answer: Response) -> Response {
        if self.is_new {
            let set = self.context.settings.cookie.set_form(&self.cookie);
            answer.headers_mut().append(SET_COOKIE, set);
        }
        answer
    }

    /// The answer with another cookie: whoever knew the old one knows nothing of what follows.
    pub(super) fn renew(&self, mut answer: Response) -> Response {
        let fresh = self.context.auth.new_form_cookie();
        answer.headers_mut().append(SET_COOKIE, self.context.settings.cookie.set_form(&fresh));
        answer
    }
}

/// `303` to an address of ours or of the list: the browser asks for it by GET, so that going
/// back sends no form again.
pub(super) fn see_other(address: &str) -> Response {
    let mut answer = Response::default();
    *answer.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(address) = HeaderValue::from_str(address) {
        answer.headers_mut().insert(LOCATION, address);
    }
    answer
}
