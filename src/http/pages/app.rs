//! `/account` and `/console`: one page for each language with nobody's data in it. Its scripts ask
//! the JSON API, with an access token that is nowhere but in their memory.
//!
//! The scripts are ES modules that import each other by name, so they stand together in a folder
//! whose name has the hash of all of them.

use std::sync::Arc;

use askama::Template;
use bytes::Bytes;
use serde_json::{Map, Value};
use warp::http::header::CACHE_CONTROL;
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use super::assets::CSS;
use super::language::{Language, Texts};
use super::layout::{Layout, Reach, html};
use crate::http::assets::{HTML, Reach as Readers, SCRIPT, Tagged};
use crate::http::call::Call;
use crate::http::doc::{Caching, Doc, inline};
use crate::http::kind::Kind;
use crate::http::problem::Problem;
use crate::http::route::{Context, Endpoint, Guard, Route};
use crate::http::shared::IMMUTABLE;
use crate::model::{Rule, UserId};

/// The scripts as they stand in the sources.
macro_rules! scripts {
    ($($name:literal),+) => { &[$(($name, include_str!(concat!("app/", $name)))),+] };
}

const SCRIPTS: &[(&str, &str)] = scripts![
    "account.js",
    "api.js",
    "console.js",
    "dialog.js",
    "dom.js",
    "events.js",
    "form.js",
    "keys.js",
    "sessions.js",
    "shell.js",
    "status.js",
    "texts.js",
    "time.js",
    "user.js",
    "users.js"
];

/// What the pages for signing in have, too.
const AIDS: (&str, &str) = ("pages.js", include_str!("assets/pages.js"));

const SHEET: (&str, &str) = ("app.css", include_str!("app/app.css"));

/// What every part of both pages needs; the browser fetches all of it at once.
const COMMON: [&str; 9] = [
    "api.js",
    "dialog.js",
    "dom.js",
    "form.js",
    "pages.js",
    "sessions.js",
    "shell.js",
    "texts.js",
    "time.js",
];

/// The files of both pages.
#[derive(Debug)]
pub(super) struct App {
    /// Has the hash of all of them.
    folder: String,
    files: Vec<(String, Tagged)>,
}

impl App {
    /// All files, with the texts of each language.
    pub(super) fn new() -> Self {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        let texts = Language::ALL.into_iter().flat_map(|language| {
            let (texts, tag) = (language.texts(), language.tag());
            let both = (format!("{tag}.js"), module(&texts.for_scripts()));
            [both, (format!("console.{tag}.js"), module(texts.for_console()))]
        });
        let scripts: Vec<(String, String)> =
            SCRIPTS.iter().chain([&AIDS]).map(owned).chain(texts).collect();
        let sheet = owned(&SHEET);
        let all = scripts.iter().chain([&sheet]);
        let joined: Vec<u8> = all.flat_map(|(_, text)| text.bytes()).collect();
        let folder = Tagged::new(joined.into(), SCRIPT).hash().to_owned();
        let tagged = |media| move |(name, text)| (name, Tagged::new(Bytes::from(text), media));
        let files = scripts.into_iter().map(tagged(SCRIPT));
        Self { folder, files: files.chain([sheet].map(tagged(CSS))).collect() }
    }

    /// Where one of the files is served.
    fn address(&self, name: &str) -> String {
        format!("/assets/{}/{name}", self.folder)
    }

    fn file(&self, folder: &str, name: &str) -> Option<&Tagged> {
        let found = self.files.iter().find(|(known, _)| folder == self.folder && known == name);
        found.map(|(_, content)| content)
    }
}

/// Texts as a module: JSON is JavaScript (ECMAScript 2019).
fn module(texts: &Map<String, Value>) -> String {
    format!("export default {};\n", Value::Object(texts.clone()))
}

/// The parts of the administration, by their texts. An account has no place in the menu.
const PARTS: [(&str, &str); 4] = [
    ("/console", "users"),
    ("/console/keys", "keys"),
    ("/console/events", "events"),
    ("/console/status", "status"),
];

/// One of the two pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Account,
    Console,
}

impl Page {
    const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Console => "console",
        }
    }
}

#[derive(Template)]
#[template(path = "app.html")]
struct AppPage<'a> {
    page: &'a Layout<'a>,
    app: &'a App,
    texts: &'static Texts,
    kind: Page,
    /// The fewest characters of a new password.
    least: usize,
}

impl AppPage<'_> {
    /// The scripts to fetch beside the page's own.
    fn preloads(&self) -> Vec<String> {
        let lang = self.page.lang;
        let texts = [format!("{lang}.js"), format!("console.{lang}.js")];
        let texts = match self.kind {
            Page::Account => &texts[..1],
            Page::Console => &texts[..],
        };
        let names = COMMON.into_iter().chain(texts.iter().map(String::as_str));
        names.map(|name| self.app.address(name)).collect()
    }

    fn style(&self) -> String {
        self.app.address(SHEET.0)
    }

    fn script(&self) -> String {
        self.app.address(&format!("{}.js", self.kind.name()))
    }

    /// The menu, of which an account has none.
    fn menu(&self) -> &'static [(&'static str, &'static str)] {
        match self.kind {
            Page::Account => &[],
            Page::Console => &PARTS,
        }
    }
}

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let doc =
        |about| Doc::new(about).gives_typed(HTML, inline::<String>, (StatusCode::OK, "The page."));
    let account = doc("The page of the own account; its scripts ask the API");
    let console = doc("A page of the administration; its scripts ask the API");
    let files = Doc::new("The scripts, texts and styles of /account and /console")
        .gives_typed(SCRIPT, inline::<String>, (StatusCode::OK, "The file."))
        .or_typed(CSS, inline::<String>)
        .caching(Caching::Immutable);
    let part = |path| context.endpoint(Route::page(path).doc(console.clone()), show_console);
    let mut all: Vec<Endpoint> = PARTS.iter().map(|(path, _)| part(*path)).collect();
    let user = Route::page("/console/users/{id}").doc(console.clone());
    all.push(context.endpoint(user, show_user));
    all.push(context.endpoint(Route::page("/account").doc(account), show_account));
    let route = Route::get("/assets/{name}/{file}", Guard::Public).doc(files);
    all.push(context.endpoint(route, show_file));
    all
}

async fn show_account(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    Ok(shell(&context, &call, Page::Account))
}

async fn show_console(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    Ok(shell(&context, &call, Page::Console))
}

/// The same page for every account, be it there or not: only its scripts can tell.
async fn show_user(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let _: UserId = call.id("id")?;
    Ok(shell(&context, &call, Page::Console))
}

fn shell(context: &Context, call: &Call, kind: Page) -> Response {
    let pages = &context.pages;
    let language = pages.language(&call.headers);
    let texts = language.texts();
    let heading = texts.app(kind.name());
    let frame = (language.tag(), texts);
    let page = Layout::new(frame, (pages.name(), heading), pages.assets());
    let least = context.auth.shortest_password();
    let text = page.rendered(&AppPage { page: &page, app: pages.app(), texts, kind, least });
    html(text, Reach::Scripts)
}

async fn show_file(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let (folder, name) = (call.part("name"), call.part("file"));
    let file = folder.zip(name).and_then(|(folder, name)| context.pages.app().file(folder, name));
    let file = file.ok_or_else(|| Problem::new(Kind::NotFound, Rule::FileUnknown))?;
    let mut answer = file.answer(&call.headers, Readers::Own);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(IMMUTABLE));
    Ok(answer)
}

#[cfg(test)]
mod tests;
