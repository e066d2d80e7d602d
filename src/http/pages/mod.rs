//! The pages on which people sign in, register and set a password: made by the server, of forms
//! that need no script. They call the use cases that the JSON API calls.
//!
//! A form is good in the browser that it was shown to (`visit.rs`), a login leads only to listed
//! addresses (`return_to.rs`) and to the apps of forward-auth, and nothing comes from elsewhere or stands inline (`layout.rs`).

mod app;
mod assets;
mod form;
mod language;
mod layout;
mod login;
mod logout;
mod refused;
mod register;
mod return_to;
mod set_password;
mod settings;
mod setup;
mod signed_in;
mod visit;

use serde_json::json;
use warp::http::{HeaderMap, StatusCode};
use warp::reply::Response;

use self::app::App;
use self::assets::Assets;
pub use self::language::Language;
use self::layout::{Reach, lock};
use self::return_to::ReturnTo;
pub use self::settings::{Logo, Look};
use self::visit::Visit;
use super::assets::HTML;
use super::doc::{Doc, Parameter, inline};
use super::route::{Context, Endpoint};

/// What all pages stand on, made once at the start.
#[derive(Debug)]
pub(super) struct Pages {
    name: String,
    languages: Vec<Language>,
    return_to: ReturnTo,
    assets: Assets,
    app: App,
}

impl Pages {
    /// The pages with this look.
    pub(super) fn new(look: &Look) -> Self {
        Self {
            name: look.name.clone(),
            languages: look.languages.clone(),
            return_to: ReturnTo::new(look.return_to.clone()),
            assets: Assets::new(look),
            app: App::new(),
        }
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn assets(&self) -> &Assets {
        &self.assets
    }

    fn app(&self) -> &App {
        &self.app
    }

    fn language(&self, headers: &HeaderMap) -> Language {
        Language::of_choice(&self.languages, headers)
    }
}

/// All pages, and what they load.
pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let mut all = vec![logout::endpoint(context), assets::endpoint(context)];
    all.extend(login::endpoints(context));
    all.extend(register::endpoints(context));
    all.extend(set_password::endpoints(context));
    all.extend(setup::endpoints(context));
    all.extend(app::endpoints(context));
    all
}

/// Where to go afterwards.
const RD: Parameter = Parameter {
    name: "rd",
    about: "Where to go afterwards: /account, /console, an address of pages.return_to, to the letter, \
        or one in forward.domain whose host a rule of access names. Anything else is /account.",
    schema: |_| json!({"type": "string"}),
};

/// The `rd` that a login may lead to; `None` for every other text.
fn wanted(visit: &Visit, rd: Option<String>) -> Option<String> {
    let is_listed = |rd: &String| visit.pages().return_to.permits(rd);
    let is_app = |rd: &String| visit.context.settings.forward.permits(rd);
    rd.filter(|rd| is_listed(rd) || is_app(rd))
}

/// A path of ours that hands on where to go afterwards.
fn with_rd(path: &str, rd: Option<&str>) -> String {
    let Some(rd) = rd else { return path.to_owned() };
    let sign = if path.contains('?') { '&' } else { '?' };
    format!("{path}{sign}rd={}", super::query::encode(rd))
}

/// What a row says of a page.
fn page(about: &'static str) -> Doc {
    Doc::new(about)
        .gives_typed(HTML, inline::<String>, (StatusCode::OK, "The page."))
        .sets_form_cookie()
}

/// An answer with the headers of a page.
fn locked(mut answer: Response, reach: Reach<'_>) -> Response {
    lock(answer.headers_mut(), reach);
    answer
}
