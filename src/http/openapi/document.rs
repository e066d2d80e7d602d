//! The document itself (OpenAPI 3.1), made from the rows of the route table.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::headers;
use super::refusals::refusals;
use super::words::{Code, Id};
use crate::http::Settings;
use crate::http::assets::HTML;
use crate::http::doc::{Caching, Cookie, Doc, Schemas, Sets, Success, reference};
use crate::http::kind::Kind;
use crate::http::problem::Document as Problem;
use crate::http::problem::oauth::Document as OAuthProblem;
use crate::http::route::{Body, Guard, Route};

const ABOUT: &str = "Log in for a short-lived access token (JSON, for the page's memory) and a \
    long-lived refresh token (an httpOnly cookie).\n\n\
    Paths are exact; another one is `404 not_found`, another method `405 method_not_allowed` with \
    `Allow`. HEAD works where GET does. Request bodies are one JSON object, and on pages the fields of \
    a form; unknown and repeated members are refused. Every problem is `application/problem+json` (RFC 9457), and its `code` \
    says what went wrong; where pages are, whoever asks for HTML gets a page instead, with the code in \
    `data-code` of its root; services are told as OAuth does (RFC 6749, 5.2). Every answer forbids \
    sniffing, framing and referrers.\n\n\
    Bytes that are no HTTP request get a bare `400` before any path is looked at, and a head of more \
    than 16 KiB or 64 fields a bare `431`: no body, no header of ours, and the connection closes.";

/// What is gathered while the rows are written down.
#[derive(Default)]
struct Components {
    schemas: Schemas,
    responses: Map<String, Value>,
}

/// The document about `rows`. What only the operator reaches is not part of the outside, and a
/// row that says nothing of itself is left out: a test finds it.
pub(super) fn document<'a>(rows: impl Iterator<Item = &'a Route>, settings: &Settings) -> Value {
    let mut components = Components::default();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for row in rows.filter(|row| row.guard != Guard::Operator) {
        let Some(doc) = &row.doc else { continue };
        let method = row.method.as_str().to_ascii_lowercase();
        paths
            .entry(row.path.replace("{*", "{"))
            .or_default()
            .insert(method, operation(row, doc, &mut components));
    }
    // Of a method that a path has not, so no operation has it.
    problems(&[Kind::MethodNotAllowed], For::Programs, &mut components);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "doorkey",
            // Of the API: which release answers is nobody's business outside (HTTP-08).
            "version": "1",
            "summary": "An auth server in one executable.",
            "description": ABOUT,
            "license": {"name": "MIT or Apache-2.0", "identifier": env!("CARGO_PKG_LICENSE")},
        },
        "servers": [{"url": settings.issuer}],
        "tags": [
            {"name": "account", "description": "Logging in, and what is the caller's own."},
            {"name": "administration", "description": "For the role `admin`."},
            {"name": "services", "description": "For registered services: OAuth 2, forms and its errors."},
            {"name": "pages", "description": "For people: HTML, and forms that work without a script."},
            {"name": "public", "description": "For anyone."},
        ],
        "paths": paths,
        "components": {
            "schemas": components.schemas,
            "responses": components.responses,
            "headers": headers::common(),
            "securitySchemes": security_schemes(settings),
        },
    })
}

fn security_schemes(settings: &Settings) -> Value {
    json!({
        "accessToken": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `access_token` of a login or a refresh.",
        },
        "serviceSecret": {
            "type": "http",
            "scheme": "basic",
            "description": "The `client_id` and the secret of a registered service \
                (`client_secret_basic`).",
        },
        "refreshCookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.cookie.name(),
            "description": "Set by a login; browsers send it by themselves.",
        },
    })
}

fn operation(row: &Route, doc: &Doc, components: &mut Components) -> Value {
    let mut operation = json!({
        "operationId": operation_id(row),
        "summary": doc.summary,
        "tags": [tag(row)],
        "security": security(row, doc),
        "responses": responses(row, doc, components),
    });
    if row.any_method {
        operation["x-every-method"] = Value::Bool(true);
    }
    let parameters = parameters(row, doc, components);
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    if let Some(takes) = doc.takes {
        operation["requestBody"] = json!({
            "required": row.body != Body::OptionalJson,
            "content": { media(row): {"schema": takes(&mut components.schemas)} },
        });
    }
    operation
}

/// How the body of a row is written.
fn media(row: &Route) -> &'static str {
    match row.body {
        Body::Form | Body::Parameters => "application/x-www-form-urlencoded",
        Body::Json | Body::OptionalJson | Body::Ignored => "application/json",
    }
}

/// `post_auth_login` for `POST /auth/login`.
fn operation_id(row: &Route) -> String {
    let words = row.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    let method = row.method.as_str().to_ascii_lowercase();
    std::iter::once(method.as_str()).chain(words).collect::<Vec<_>>().join("_")
}

fn tag(row: &Route) -> &'static str {
    if row.guard == Guard::Page {
        "pages"
    } else if row.guard == Guard::Service {
        "services"
    } else if row.path.starts_with("/auth/") {
        "account"
    } else if row.path.starts_with("/admin/") {
        "administration"
    } else {
        "public"
    }
}

/// Each of the list is enough; the empty one is nobody in particular.
fn security(row: &Route, doc: &Doc) -> Value {
    match (row.guard, doc.cookie) {
        (Guard::User | Guard::Admin | Guard::Operator, _) => json!([{"accessToken": []}]),
        (Guard::Forward, _) => json!([{}, {"accessToken": []}]),
        (Guard::Service, _) => json!([{"serviceSecret": []}]),
        (_, Cookie::Needed) => json!([{"refreshCookie": []}]),
        (_, Cookie::Welcome) => json!([{}, {"refreshCookie": []}]),
        (_, Cookie::Ignored) => json!([]),
    }
}

fn parameters(row: &Route, doc: &Doc, components: &mut Components) -> Vec<Value> {
    let mut all = Vec::new();
    let parts = row.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    for name in parts {
        let schema = match name {
            "code" => reference::<Code>(&mut components.schemas),
            "name" | "*path" => json!({"type": "string"}),
            _ => reference::<Id>(&mut components.schemas),
        };
        let name = name.trim_start_matches('*');
        all.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
    }
    for parameter in doc.query {
        let (name, about) = (parameter.name, parameter.about);
        let schema = (parameter.schema)(&mut components.schemas);
        all.push(json!({"name": name, "in": "query", "description": about, "schema": schema}));
    }
    if doc.caching.is_tagged() {
        let about = "The `ETag` of an earlier answer.";
        let schema = json!({"type": "string"});
        all.push(
            json!({"name": "If-None-Match", "in": "header", "description": about, "schema": schema}),
        );
    }
    all
}

fn responses(row: &Route, doc: &Doc, components: &mut Components) -> Map<String, Value> {
    let mut all = Map::new();
    for success in &doc.gives {
        let response = good(success, doc.caching, &mut components.schemas);
        all.insert(success.status.as_str().to_owned(), response);
    }
    if doc.caching.is_tagged() {
        let headers = headers::of_success(doc.caching, Sets::Nothing);
        let about = "The client has this content already.";
        all.insert("304".to_owned(), json!({"description": about, "headers": headers}));
    }
    for (status, kinds) in refusals(row, doc) {
        let whom = match row.guard {
            Guard::Page => For::People,
            Guard::Service => For::Services,
            Guard::Public
            | Guard::Forward
            | Guard::Browser
            | Guard::Setup
            | Guard::User
            | Guard::Admin
            | Guard::Operator => For::Programs,
        };
        all.insert(status.to_string(), problems(&kinds, whom, components));
    }
    all
}

fn good(success: &Success, caching: Caching, schemas: &mut Schemas) -> Value {
    let mut headers = headers::of_success(caching, success.sets);
    if success.status.is_redirection() {
        headers["Location"] = headers::location();
    }
    let mut response = json!({"description": success.about, "headers": headers});
    for (media, schema) in &success.content {
        response["content"][*media] = json!({"schema": schema(schemas)});
    }
    response
}

/// Who is told of a problem.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Programs,
    /// By a page, too: the form once more, or what went wrong in words.
    People,
    /// In the words of OAuth.
    Services,
}

/// The answer with one of these problems, which share a status: a component under their codes.
fn problems(kinds: &[Kind], whom: For, components: &mut Components) -> Value {
    let rows = || kinds.iter().map(|kind| kind.row());
    let codes: Vec<&str> = rows().map(|row| row.code).collect();
    let lines: Vec<String> =
        rows().map(|row| format!("`{}`: {} {}", row.code, row.title, row.help)).collect();
    let status = rows().next().map(|row| row.status.as_u16());
    let (mut name, mut media, mut sets) =
        (codes.join("."), "application/problem+json", Sets::Nothing);
    let schema = match whom {
        For::Programs | For::People => {
            let problem = reference::<Problem<'_>>(&mut components.schemas);
            let exactly =
                json!({"properties": {"code": {"enum": codes}, "status": {"const": status}}});
            json!({"allOf": [problem, exactly]})
        }
        For::Services => {
            (name, media) = (format!("{name}.oauth"), "application/json");
            let pages: Vec<String> = codes.iter().map(|code| format!("/problems/{code}")).collect();
            let problem = reference::<OAuthProblem>(&mut components.schemas);
            json!({"allOf": [problem, {"properties": {"error_uri": {"enum": pages}}}]})
        }
    };
    let mut content = json!({ media: {"schema": schema} });
    if whom == For::People {
        content[HTML] = json!({"schema": {"type": "string"}});
        (name, sets) = (format!("{name}.page"), Sets::FormCookie);
    }
    let reference = json!({ "$ref": format!("#/components/responses/{name}") });
    components.responses.insert(
        name,
        json!({
            "description": lines.join("\n\n"),
            "headers": headers::of_problem(kinds, sets),
            "content": content,
        }),
    );
    reference
}
