//! Pages that only say something: what went wrong, and what the code of a problem means.

use askama::Template;
use warp::http::HeaderMap;
use warp::http::header::ACCEPT;
use warp::reply::Response;

use super::Pages;
use super::layout::{Layout, Reach, html};
use crate::http::kind::Kind;
use crate::http::problem::Problem;

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    page: &'a Layout<'a>,
    lines: &'a [String],
    small: Option<String>,
    link: Option<(&'a str, &'a str)>,
}

/// Whether the answer goes to a person: programs ask for JSON, or for whatever there is.
fn wants_page(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    lines.any(|line| line.split(',').any(|media| media.trim().starts_with("text/html")))
}

impl Pages {
    /// The problem as an answer: a page for a person, the document for everyone else.
    pub(in crate::http) fn refusal(
        &self,
        problem: Problem,
        (headers, request_id): (&HeaderMap, &str),
    ) -> Response {
        if !wants_page(headers) {
            return problem.into_response(request_id);
        }
        let language = self.language(headers);
        let texts = language.texts();
        let code = problem.kind().row().code;
        let lines = [texts.error(code, problem.wait())];
        let frame = (language.tag(), texts);
        let page = Layout::new(frame, (self.name(), &texts.refused), self.assets());
        let page = Layout { code: Some(code), script: None, ..page };
        let text = page.rendered(&MessagePage {
            page: &page,
            lines: &lines,
            small: Some(texts.request.replace("{id}", request_id)),
            link: Some((super::login::PATH, &texts.to_sign_in)),
        });
        super::locked(problem.into_page(request_id, text), Reach::Still)
    }

    /// The page at `/problems/<code>`, where the `type` of a problem points to.
    pub(in crate::http) fn explanation(&self, kind: Kind, headers: &HeaderMap) -> Response {
        let language = self.language(headers);
        let texts = language.texts();
        let (title, help) = texts.kind(kind);
        let status = kind.row().status.as_u16().to_string();
        let named = texts.problem.replace("{code}", kind.row().code).replace("{status}", &status);
        let page = Layout::new((language.tag(), texts), (self.name(), title), self.assets());
        let page = Layout { script: None, ..page };
        let lines = [help.to_owned()];
        let message = MessagePage { page: &page, lines: &lines, small: Some(named), link: None };
        html(page.rendered(&message), Reach::Still)
    }
}
