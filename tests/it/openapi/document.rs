//! The document as a test reads it: which answer it has for a request.

use bytes::Bytes;
use doorkey::http::headers::RESPONSE_HEADERS;
use doorkey::http::listen::Peer;
use http_body_util::{BodyExt as _, Full};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;
use warp::http::{HeaderMap, Method, Request};

use super::schema::Schemas;
use crate::harness::{Answer, TestServer};

/// Headers that say something about the answer: they stand in the document or nowhere.
const TELLING: &[&str] =
    &["allow", "cache-control", "etag", "retry-after", "set-cookie", "www-authenticate"];

/// What the server says of itself. As far as answers go it is the same for every server of the
/// tests, but for those with the demonstration.
pub struct Document(Value);

impl Document {
    /// Asked of the first server that needs it.
    pub async fn of(server: &TestServer) -> &'static Self {
        static DOCUMENTS: [OnceCell<Document>; 2] = [const { OnceCell::const_new() }; 2];
        let has_demo = server.api.routes().iter().any(|row| row.path == "/demo/");
        DOCUMENTS[usize::from(has_demo)].get_or_init(|| Self::fetch(server)).await
    }

    pub async fn fetch(server: &TestServer) -> Self {
        let request = Request::get("/openapi.json").body(Full::new(Bytes::new())).unwrap();
        let peer = Peer::Tcp(([127, 0, 0, 1], 40_000).into());
        let body = server.api.handle(request, peer).await.into_body().collect().await;
        Self(serde_json::from_slice(&body.unwrap().to_bytes()).unwrap())
    }

    pub fn json(&self) -> &Value {
        &self.0
    }

    /// Every operation, named as the route table names its row.
    pub fn operations(&self) -> Vec<(String, &Value)> {
        let mut all = Vec::new();
        for (path, item) in self.0["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                all.push((format!("{} {path}", method.to_uppercase()), operation));
            }
        }
        all
    }

    fn operation(&self, name: &str) -> &Value {
        let (method, path) = name.split_once(' ').unwrap();
        &self.0["paths"][path][method.to_lowercase()]
    }

    /// The row, and the status or the problem's code, under which the document has this answer;
    /// `None` for a path or a method that does not exist, which must be refused.
    ///
    /// # Panics
    /// When the document does not have it, or has it otherwise.
    #[track_caller]
    pub fn place_of(&self, method: &Method, target: &str, answer: &Answer) -> Option<String> {
        let path = target.split('?').next().unwrap();
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let template = self.template(path).unwrap_or("-");
        let alike = format!("GET {template}");
        let takes_any = self.operation(&alike)["x-every-method"] == true;
        let row = if takes_any { alike } else { format!("{method} {template}") };
        if self.template(path).is_none() || self.operation(&row).is_null() {
            let preflight = *method == Method::OPTIONS && answer.status == 204;
            let refused = [404, 405, 414].contains(&answer.status);
            assert!(
                preflight || refused,
                "{method} {path} is not in /openapi.json, and answers; a row of the table needs a \
                 `.doc(...)`: {}",
                answer.text()
            );
            return None;
        }
        let what = format!("{row} answered {}", answer.status);
        let response = &self.operation(&row)["responses"][answer.status.to_string()];
        assert!(
            !response.is_null(),
            "{what}, which /openapi.json does not have: {}",
            answer.text()
        );
        let response = self.schemas().resolve(response);
        self.check_headers(response, &answer.headers, &what);
        self.check_body(response, answer, &what);
        let told = if answer.status < 400 { answer.status.to_string() } else { answer.code() };
        Some(format!("{row} {told}"))
    }

    /// The path of the document that this path falls into; a literal one before a `{part}`.
    fn template(&self, path: &str) -> Option<&str> {
        let fits = |template: &&String| {
            let (mut left, mut right) = (template.split('/'), path.split('/'));
            template.split('/').count() == path.split('/').count()
                && left.all(|part| {
                    let given = right.next().unwrap();
                    part == given || (part.starts_with('{') && !given.is_empty())
                })
        };
        let all = self.0["paths"].as_object().unwrap().keys().filter(fits);
        all.min_by_key(|template| template.matches('{').count()).map(String::as_str)
    }

    fn schemas(&self) -> Schemas<'_> {
        Schemas(&self.0)
    }

    #[track_caller]
    fn check_headers(&self, response: &Value, headers: &HeaderMap, what: &str) {
        let nothing = Map::new();
        let documented = response["headers"].as_object().unwrap_or(&nothing);
        for (name, header) in documented {
            let header = self.schemas().resolve(header);
            let lines: Vec<_> = headers.get_all(name).iter().collect();
            let required = header["required"] == true;
            let several = name == "Set-Cookie" && are_of_several_cookies(&lines);
            let one = lines.len() == 1 || several;
            assert!(one || (lines.is_empty() && !required), "{what}: header {name}");
            for line in lines {
                let text = line.to_str().unwrap();
                let whole = header["schema"]["type"] == "integer";
                let value = if whole { text.parse::<u64>().unwrap().into() } else { text.into() };
                self.schemas().check(&header["schema"], &value, &format!("{what}: {name}"));
            }
        }
        for name in headers.keys().map(warp::http::HeaderName::as_str) {
            let named = documented.keys().any(|known| known.eq_ignore_ascii_case(name));
            let common = RESPONSE_HEADERS.contains(&name) && !TELLING.contains(&name);
            assert!(named || common, "{what} with {name}, which /openapi.json does not have");
        }
    }

    #[track_caller]
    fn check_body(&self, response: &Value, answer: &Answer, what: &str) {
        let media = answer.header("content-type");
        let Some(content) = response["content"].as_object() else {
            assert!(media.is_none() && answer.body.is_empty(), "{what} with a body of {media:?}");
            return;
        };
        let documented = media.and_then(|media| content.get(media));
        let documented = documented.unwrap_or_else(|| panic!("{what} as {media:?}"));
        let body = if media.is_some_and(|media| media.ends_with("json")) {
            answer.json()
        } else {
            Value::from(answer.text())
        };
        self.schemas().check(&documented["schema"], &body, what);
    }
}

/// Each names another one: no cookie is set twice by one answer.
fn are_of_several_cookies(lines: &[&warp::http::HeaderValue]) -> bool {
    let names = lines.iter().map(|line| line.to_str().unwrap().split('=').next().unwrap());
    names.collect::<std::collections::BTreeSet<_>>().len() == lines.len() && lines.len() > 1
}
