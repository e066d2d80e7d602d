//! The pages as a person with a browser that runs no script meets them.

mod app;
mod headers;
mod language;
mod login;
mod logout;
mod problems;
mod register;
mod set_password;
mod setup;

use std::collections::BTreeMap;

use crate::harness::{Answer, Browser, TestServer};

/// Someone who opens pages and sends their forms: keeps cookies, as a browser does.
pub struct Visitor<'a> {
    pub browser: Browser<'a>,
    /// The cookies by their names.
    pub jar: BTreeMap<String, String>,
    /// `Accept-Language`.
    pub language: &'static str,
}

/// A page that came back.
#[derive(Debug)]
pub struct Page(pub Answer);

impl<'a> Visitor<'a> {
    pub fn new(server: &'a TestServer) -> Self {
        Self { browser: server.anonymous(), jar: BTreeMap::new(), language: "en" }
    }

    /// Opens an address.
    pub async fn open(&mut self, target: &str) -> Page {
        let request = self.browser.get(target);
        let request = request.header("accept", "text/html,application/xhtml+xml;q=0.9");
        let request = request.header("accept-language", self.language);
        self.took(request.header("cookie", &self.cookies()).send().await)
    }

    /// Fills in the form of a page and sends it. Of a field that is named here this value counts,
    /// of the others the one that stands in the page.
    pub async fn send(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let mut all: Vec<(String, String)> = page.hidden();
        all.retain(|(name, _)| fields.iter().all(|(given, _)| given != name));
        all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.post(&page.action(), &all).await
    }

    /// Sends a form of these fields.
    pub async fn post(&mut self, path: &str, fields: &[(String, String)]) -> Page {
        // A page that tells no referrer has its origin hidden, too.
        let request = self.browser.post(path).header("origin", "null");
        let request = request.header("sec-fetch-site", "same-origin");
        let request = request.header("accept", "text/html,application/xhtml+xml;q=0.9");
        let request = request.header("accept-language", self.language);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("cookie", &self.cookies()).body(encoded(fields));
        self.took(request.send().await)
    }

    fn cookies(&self) -> String {
        let pairs = self.jar.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn took(&mut self, answer: Answer) -> Page {
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        Page(answer)
    }
}

impl Page {
    #[track_caller]
    pub fn status(self, expected: u16) -> Self {
        Self(self.0.status(expected))
    }

    /// Asserts that it sends on to this address.
    #[track_caller]
    pub fn leads_to(self, address: &str) -> Self {
        let page = self.status(303);
        assert_eq!(page.0.header("location"), Some(address));
        assert!(page.0.body.is_empty());
        page
    }

    /// Asserts that it has this text, as a person reads it.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(unescaped(&self.0.text()).contains(text), "{text:?} is not in {}", self.0.text());
        self
    }

    /// Asserts that nothing in its source is this.
    #[track_caller]
    pub fn lacks(self, text: &str) -> Self {
        assert!(!self.0.text().contains(text), "{text:?} is in {}", self.0.text());
        self
    }

    /// What is said of a field, which is marked and described by it; empty when nothing is.
    pub fn error_of(&self, field: &str) -> String {
        let text = self.0.text();
        let Some((_, rest)) = text.split_once(&format!("id=\"{field}-error\">")) else {
            return String::new();
        };
        let input = self.tag(&format!("<input id=\"{field}\""));
        assert!(input.contains("aria-invalid=\"true\""), "{input}");
        assert!(input.contains(&format!("aria-describedby=\"{field}-error")), "{input}");
        unescaped(rest.split('<').next().unwrap())
    }

    /// The first tag that begins so.
    #[track_caller]
    pub fn tag(&self, beginning: &str) -> String {
        let text = self.0.text();
        let at = text.find(beginning).unwrap_or_else(|| panic!("no {beginning} in {text}"));
        text[at..].split_once('>').unwrap().0.to_owned()
    }

    /// The names and values of what is sent along unseen.
    pub fn hidden(&self) -> Vec<(String, String)> {
        let text = self.0.text();
        let value = |tag: &str, name: &str| {
            let (_, rest) = tag.split_once(&format!("{name}=\"")).unwrap();
            unescaped(rest.split('"').next().unwrap())
        };
        let tags = text.split("<input type=\"hidden\"").skip(1);
        let tags = tags.map(|rest| rest.split('>').next().unwrap().to_owned());
        tags.map(|tag| (value(&tag, "name"), value(&tag, "value"))).collect()
    }

    pub fn hidden_value(&self, name: &str) -> String {
        self.hidden().into_iter().find(|(known, _)| known == name).unwrap().1
    }

    fn action(&self) -> String {
        let form = self.tag("<form");
        form.split_once("action=\"").unwrap().1.split('"').next().unwrap().to_owned()
    }
}

fn unescaped(text: &str) -> String {
    let marks = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    marks.iter().fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

/// As browsers write a form.
pub fn encoded(fields: &[(String, String)]) -> String {
    let one = |text: &String| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"*-._".contains(&b);
        let byte = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
        text.bytes().map(byte).collect::<String>()
    };
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", one(name), one(value)));
    pairs.collect::<Vec<_>>().join("&")
}
