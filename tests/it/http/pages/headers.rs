//! What every page tells the browser, what it loads, and that what people write stays text.

use doorkey::http::Logo;
use doorkey::model::Colour;
use serde_json::json;

use super::{Page, Visitor};
use crate::harness::{PASSWORD, Setup, TestServer};

const MARKUP: &str = "<script>alert(1)</script>";

/// The addresses of a page's files.
fn files(page: &Page) -> Vec<String> {
    let text = page.0.text();
    let parts = text.split(['"', ' ']).filter(|part| part.starts_with("/assets/"));
    let mut files: Vec<String> = parts.map(str::to_owned).collect();
    files.dedup();
    files
}

#[tokio::test]
async fn a_page_loads_one_style_sheet_and_one_script_and_they_may_be_kept_for_ever() {
    let server = TestServer::start().await;
    let mut visitor = Visitor::new(&server);
    let files = files(&visitor.open("/login").await);
    assert_eq!(files.len(), 2, "{files:?}");
    for (file, media) in files.iter().zip(["text/css", "text/javascript"]) {
        let whole = visitor.open(file).await.status(200).0;
        assert_eq!(whole.header("content-type"), Some(&*format!("{media}; charset=utf-8")));
        assert_eq!(whole.header("cache-control"), Some("public, max-age=31536000, immutable"));
        let etag = whole.header("etag").unwrap();
        assert!(etag.starts_with('"') && file.contains(etag.trim_matches('"')), "{etag} {file}");
        let again = server.anonymous().get(file).header("if-none-match", etag).send().await;
        assert!(again.status(304).body.is_empty());
    }
    let other = files[0].replace(".css", "x.css");
    server.anonymous().get(&other).send().await.status(404).problem("not_found");
}

/// Another colour is another file under another name.
#[tokio::test]
async fn the_accent_is_in_the_style_sheet_and_in_its_name() {
    let server = TestServer::start().await;
    let plain = files(&Visitor::new(&server).open("/login").await);
    let mut setup = Setup::default();
    setup.http.pages.accent = Colour::rgb(0x80, 0x00, 0x40);
    let other = setup.start().await;
    let mut visitor = Visitor::new(&other);
    let coloured = files(&visitor.open("/login").await);
    assert!(plain[0] != coloured[0] && plain[1] == coloured[1], "{plain:?} {coloured:?}");
    visitor.open(&coloured[0]).await.says("--accent: #800040");
}

/// An SVG may hold a script; nothing runs it, in the page or by itself.
#[tokio::test]
async fn the_logo_is_a_picture_and_can_do_nothing() {
    let mut setup = Setup::default();
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    setup.http.pages.logo = Logo::recognize(svg.as_bytes().to_vec());
    let server = setup.start().await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/login").await;
    let image = page.tag("<img");
    assert!(image.contains("alt=\"\""), "the name stands beside it: {image}");
    let file = image.split_once("src=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let answer = visitor.open(&file).await.status(200).0;
    assert_eq!(answer.header("content-type"), Some("image/svg+xml"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && policy.contains("; sandbox;"), "{policy}");
}

/// BRW-03.
#[tokio::test]
async fn markup_in_the_name_of_the_installation_in_a_field_or_in_an_address_is_text() {
    let mut setup = Setup::default();
    setup.http.pages.name = MARKUP.to_owned();
    let server = setup.start().await;
    server.auth.prepare_setup(None).await.unwrap();
    let mut visitor = Visitor::new(&server);
    let encoded = "%3Cscript%3Ealert(1)%3C/script%3E";
    for target in ["/login", "/register", "/setup", "/set-password", "/problems/busy", "/nothing"] {
        let target = format!("{target}?rd={encoded}&token={encoded}&done={encoded}");
        visitor.open(&target).await.says(MARKUP).lacks("<script>");
    }
    let page = visitor.open("/login").await;
    let fields = [("username", MARKUP), ("password", MARKUP), ("rd", MARKUP)];
    let page = visitor.send(&page, &fields).await.status(401).says(MARKUP).lacks("<script>");
    assert_eq!(page.hidden_value("rd"), "");
    let page = visitor.open("/register").await;
    let fields = [("username", MARKUP), ("password", MARKUP), ("email", MARKUP)];
    visitor.send(&page, &fields).await.status(422).says(MARKUP).lacks("<script>");
}

#[tokio::test]
async fn fields_say_what_they_are_to_browsers_and_to_screen_readers() {
    let server = TestServer::start().await;
    server.auth.prepare_setup(None).await.unwrap();
    let mut visitor = Visitor::new(&server);
    for (target, field, autocomplete, kind) in [
        ("/login", "username", "username", "text"),
        ("/login", "password", "current-password", "password"),
        ("/register", "username", "username", "text"),
        ("/register", "email", "email", "email"),
        ("/register", "password", "new-password", "password"),
        ("/setup", "secret", "off", "text"),
        ("/setup", "password", "new-password", "password"),
    ] {
        let page = visitor.open(target).await.says(&format!("<label for=\"{field}\">"));
        let input = page.tag(&format!("<input id=\"{field}\""));
        assert!(input.contains(&format!("autocomplete=\"{autocomplete}\"")), "{input}");
        assert!(input.contains(&format!("type=\"{kind}\"")), "{input}");
        let page = page.lacks("onpaste").lacks("style=");
        assert_eq!(page.0.text().matches("<h1>").count(), 1);
        assert_eq!(page.0.text().matches("<main>").count(), 1);
    }
}

/// A listed app may call the API. A page is for the person alone: it holds the form's token.
#[tokio::test]
async fn a_listed_site_reads_no_page_and_sends_no_form() {
    let mut setup = Setup::default();
    setup.http.cors_origins = vec!["https://app.example".to_owned()];
    let server = setup.start().await;
    let anyone = server.anonymous();
    let page = anyone.get("/login").header("origin", "https://app.example").send().await;
    assert_eq!(page.status(200).header("access-control-allow-origin"), None);
    let asked = anyone.request(warp::http::Method::OPTIONS, "/login");
    let asked = asked.header("origin", "https://app.example");
    let asked = asked.header("access-control-request-method", "POST").send().await;
    assert_eq!(asked.status(405).header("access-control-allow-origin"), None);
    let form = anyone.post("/login").header("origin", "https://app.example");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    form.body("username=a&password=b").send().await.status(403).problem("foreign_origin");
}

/// The address of a page must not tell what happens on it, nor a form what was typed.
#[tokio::test]
async fn no_answer_to_a_form_repeats_a_password() {
    let server = TestServer::start().await;
    server.auth.prepare_setup(None).await.unwrap();
    let mut visitor = Visitor::new(&server);
    let form = json!({"secret": "wrong", "username": "ann", "email": "x", "password": PASSWORD});
    for target in ["/login", "/register", "/setup"] {
        let page = visitor.open(target).await;
        let names = form.as_object().unwrap().iter();
        let there = names.filter(|(name, _)| page.0.text().contains(&format!("id=\"{name}\"")));
        let fields: Vec<_> = there.map(|(n, v)| (n.as_str(), v.as_str().unwrap())).collect();
        let page = visitor.send(&page, &fields).await;
        assert!([401, 422].contains(&page.0.status), "{target}: {}", page.0.text());
        page.lacks(PASSWORD);
    }
}
