//! What pages load: a style sheet with the colours of this installation, the script of the forms,
//! and its logo. Each is served under a name with its hash, so that it may be kept for ever.

use std::sync::Arc;

use warp::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use super::settings::Look;
use crate::http::assets::{Reach, SCRIPT, Tagged};
use crate::http::call::Call;
use crate::http::doc::{Caching, Doc, inline};
use crate::http::kind::Kind;
use crate::http::problem::Problem;
use crate::http::route::{Context, Endpoint, Guard, Route};
use crate::http::shared::IMMUTABLE;
use crate::model::{Colour, Rule};

const STYLE: &str = include_str!("assets/pages.css");
const FORMS: &str = include_str!("assets/pages.js");
pub(super) const CSS: &str = "text/css; charset=utf-8";

/// What text has to reach on its ground (WCAG 2.2, 1.4.3), in hundredths.
const READABLE: u32 = 450;
/// The grounds on which it is hardest: of the light theme the darker one, of the dark theme the
/// lighter one.
const LIGHT: Colour = Colour::rgb(0xf4, 0xf5, 0xf7);
const DARK: Colour = Colour::rgb(0x1b, 0x1e, 0x22);

/// What a picture may do when somebody opens it by itself: a script in an SVG never runs.
const PICTURE: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox; base-uri 'none'; \
    frame-ancestors 'none'";

/// All files, and the addresses of those that every page has.
#[derive(Debug)]
pub(super) struct Assets {
    style: String,
    script: String,
    logo: Option<String>,
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    address: String,
    content: Tagged,
    policy: Option<&'static str>,
}

impl File {
    fn new(kind: (&str, &str), bytes: Vec<u8>, media: &'static str) -> Self {
        let content = Tagged::new(bytes.into(), media);
        let (name, ending) = kind;
        let address = format!("{FOLDER}{name}.{}.{ending}", content.hash());
        Self { address, content, policy: None }
    }
}

/// Where they are.
const FOLDER: &str = "/assets/";

impl Assets {
    /// The files for this look.
    pub(super) fn new(look: &Look) -> Self {
        let style = File::new(("pages", "css"), style(look.accent).into_bytes(), CSS);
        let script = File::new(("pages", "js"), FORMS.as_bytes().to_vec(), SCRIPT);
        let logo = look.logo.as_ref().map(|logo| {
            let file = File::new(("logo", logo.ending), logo.bytes.clone(), logo.media);
            File { policy: Some(PICTURE), ..file }
        });
        Self {
            style: style.address.clone(),
            script: script.address.clone(),
            logo: logo.as_ref().map(|logo| logo.address.clone()),
            files: [style, script].into_iter().chain(logo).collect(),
        }
    }

    pub(super) fn style(&self) -> &str {
        &self.style
    }

    pub(super) fn script(&self) -> &str {
        &self.script
    }

    pub(super) fn logo(&self) -> Option<&str> {
        self.logo.as_deref()
    }

    fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.address.strip_prefix(FOLDER) == Some(name))
    }
}

/// The style sheet, with the accent as each theme can show it.
fn style(accent: Colour) -> String {
    let light = accent.readable(LIGHT, (Colour::BLACK, READABLE));
    let dark = accent.readable(DARK, (Colour::WHITE, READABLE));
    format!(
        ":root {{ --accent: {light}; --on-accent: #fff }}\n@media (prefers-color-scheme: dark) {{ \
         :root {{ --accent: {dark}; --on-accent: #121417 }} }}\n{STYLE}"
    )
}

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let whole = (StatusCode::OK, "The file.");
    let doc = Doc::new("What the pages load, under names that change with what is in it")
        .gives_typed(CSS, inline::<String>, whole)
        .or_typed(SCRIPT, inline::<String>)
        .or_typed("image/png", inline::<String>)
        .or_typed("image/svg+xml", inline::<String>)
        .caching(Caching::Immutable);
    context.endpoint(Route::get("/assets/{name}", Guard::Public).doc(doc), show)
}

async fn show(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let file = call.part("name").and_then(|name| context.pages.assets().file(name));
    let file = file.ok_or_else(|| Problem::new(Kind::NotFound, Rule::FileUnknown))?;
    let mut answer = file.content.answer(&call.headers, Reach::Own);
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(IMMUTABLE));
    if let Some(policy) = file.policy {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grounds_of_the_contrast_are_those_of_the_style_sheet() {
        assert!(STYLE.contains(&format!("--ground: {LIGHT}")), "{LIGHT}");
        assert!(STYLE.contains(&format!("--card: {DARK}")), "{DARK}");
    }

    #[test]
    fn a_colour_that_cannot_be_read_is_mended_in_its_theme_only() {
        let yellow = style("#ffee00".parse().unwrap());
        assert!(yellow.contains("dark) { :root { --accent: #ffee00;"), "{}", &yellow[..200]);
        assert!(!yellow.starts_with(":root { --accent: #ffee00"));
        let navy = style("#000060".parse().unwrap());
        assert!(navy.starts_with(":root { --accent: #000060;"));
        assert!(!navy.contains("dark) { :root { --accent: #000060;"));
    }
}
