//! What all pages have: the head, the name, and the headers of the answer.

use askama::Template;
use warp::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, VARY};
use warp::http::{HeaderMap, HeaderValue};
use warp::reply::Response;

use super::assets::Assets;
use super::language::Texts;
use crate::http::assets::HTML;

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// The frame of a page, filled in by `templates/layout.html`.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    pub(super) lang: &'static str,
    pub(super) site: &'a str,
    pub(super) heading: &'a str,
    /// The code of what went wrong, for programs that read the page.
    pub(super) code: Option<&'static str>,
    pub(super) style: &'a str,
    pub(super) script: Option<&'a str>,
    pub(super) logo: Option<&'a str>,
    pub(super) texts: &'static Texts,
}

impl<'a> Layout<'a> {
    /// A page under this heading, with the script of the forms.
    pub(super) fn new(
        (lang, texts): (&'static str, &'static Texts),
        (site, heading): (&'a str, &'a str),
        assets: &'a Assets,
    ) -> Self {
        Self {
            lang,
            site,
            heading,
            code: None,
            style: assets.style(),
            script: Some(assets.script()),
            logo: assets.logo(),
            texts,
        }
    }

    pub(super) fn title(&self) -> String {
        let heading = match self.code {
            Some(_) => self.texts.error_title.replace("{title}", self.heading),
            None => self.heading.to_owned(),
        };
        format!("{heading} \u{2013} {}", self.site)
    }

    /// Without a logo an empty picture, so that browsers ask for none.
    pub(super) fn icon(&self) -> &str {
        self.logo.unwrap_or("data:,")
    }

    /// The text of a page in this frame.
    #[expect(clippy::unused_self, reason = "only what has a frame is a page")]
    pub(super) fn rendered(&self, page: &impl Template) -> String {
        page.render().expect("a template writes into memory")
    }
}

/// What a page may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach<'a> {
    /// Show itself.
    Still,
    /// Run the script of the forms, and send forms to this server and on to this origin.
    Forms(Option<&'a str>),
    /// Make itself by scripts that ask the API of this server. Browsers that know Trusted Types
    /// refuse a script that takes a text for markup.
    Scripts,
}

/// A page as an answer.
pub(super) fn html(text: String, reach: Reach<'_>) -> Response {
    let mut answer = Response::new(text.into());
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(HTML));
    lock(headers, reach);
    answer
}

/// The headers of every page: nothing from elsewhere, nothing inline, in no frame, and no other
/// site's window keeps a hand on it.
pub(super) fn lock(headers: &mut HeaderMap, reach: Reach<'_>) {
    let more = match reach {
        Reach::Still => "; form-action 'none'".to_owned(),
        // Browsers hold the redirect after a form against the list, too.
        Reach::Forms(None) => "; script-src 'self'; form-action 'self'".to_owned(),
        Reach::Scripts => "; script-src 'self'; connect-src 'self'; form-action 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'"
            .to_owned(),
        Reach::Forms(Some(origin)) => format!("; script-src 'self'; form-action 'self' {origin}"),
    };
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:{more}; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(VARY, HeaderValue::from_static("accept-language"));
}
