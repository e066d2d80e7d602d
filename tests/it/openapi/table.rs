//! The document against the route table, row by row.

use std::collections::BTreeSet;

use doorkey::http::kind::Kind;
use doorkey::http::{Body, Counts, Guard, Route};
use serde_json::{Value, json};

use super::document::Document;
use crate::harness::{ORIGIN, Setup, TestServer};

fn name(row: &Route) -> String {
    format!("{} {}", row.method, row.path)
}

/// The rows that someone on the network can reach.
fn rows(server: &TestServer) -> Vec<Route> {
    let is_there = |row: &&Route| row.guard != Guard::Operator;
    server.api.routes().iter().filter(is_there).cloned().collect()
}

/// The codes of an operation's answers, through the components that they are.
fn codes(operation: &Value) -> BTreeSet<&str> {
    let responses = operation["responses"].as_object().unwrap();
    let names = responses.values().filter_map(|response| response["$ref"].as_str());
    let words = names.flat_map(|name| name.rsplit('/').next().unwrap().split('.'));
    // The marks of answers that may be a page, or are in the words of OAuth, are none.
    words.filter(|word| !["page", "oauth"].contains(word)).collect()
}

#[tokio::test]
async fn every_row_is_in_the_document_and_nothing_else_is() {
    let server = TestServer::start().await;
    let document = Document::fetch(&server).await;
    let operations = document.operations();
    let documented: BTreeSet<&str> = operations.iter().map(|(name, _)| name.as_str()).collect();
    let rows = rows(&server);
    for row in &rows {
        assert!(
            documented.contains(name(row).as_str()),
            "{} is not in /openapi.json: give its row what it says of itself, \
             `.doc(Doc::new(\"...\").gives::<Body>(...))`, and a request in tests/it/openapi/walk.rs",
            name(row)
        );
    }
    assert_eq!(documented.len(), rows.len(), "{documented:?}");
    assert_eq!(document.json()["openapi"], "3.1.0");
    assert_eq!(document.json()["servers"], json!([{"url": ORIGIN}]));
}

#[tokio::test]
async fn what_a_row_asks_of_its_caller_is_what_the_document_asks() {
    let server = TestServer::start().await;
    let document = Document::fetch(&server).await;
    let operations = document.operations();
    for row in rows(&server) {
        let name = name(&row);
        let operation = operations.iter().find(|(known, _)| *known == name);
        let (_, operation) = operation.unwrap_or_else(|| panic!("{name} is not documented"));
        let by_token = operation["security"] == json!([{"accessToken": []}]);
        assert_eq!(by_token, matches!(row.guard, Guard::User | Guard::Admin), "{name}");
        let by_secret = operation["security"] == json!([{"serviceSecret": []}]);
        assert_eq!(by_secret, row.guard == Guard::Service, "{name}");
        let required = match row.body {
            Body::Ignored => Value::Null,
            Body::Json | Body::Form | Body::Parameters => Value::Bool(true),
            Body::OptionalJson => Value::Bool(false),
        };
        assert_eq!(operation["requestBody"]["required"], required, "{name}");
        let codes = codes(operation);
        let counted = row.counts != Counts::Nothing;
        assert_eq!(codes.contains("too_many_attempts"), counted, "{name}");
        let foreign = matches!(row.guard, Guard::Browser | Guard::Setup | Guard::Service)
            || row.body == Body::Form;
        assert_eq!(codes.contains("foreign_origin"), foreign, "{name}");
        assert!(codes.contains("internal") && codes.contains("unavailable"), "{name}");
        let parts = row.path.matches('{').count();
        let none = Vec::new();
        let parameters = operation["parameters"].as_array().unwrap_or(&none);
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        assert_eq!(in_path.count(), parts, "{name}");
    }
}

#[tokio::test]
async fn every_problem_is_in_the_document() {
    let server = TestServer::start().await;
    let document = Document::fetch(&server).await;
    let mut all: BTreeSet<&str> =
        document.operations().iter().flat_map(|(_, operation)| codes(operation)).collect();
    // Of a method that a path has not, so no operation has it.
    assert!(all.insert("method_not_allowed"));
    assert!(document.json()["components"]["responses"]["method_not_allowed"].is_object());
    let kinds: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.row().code).collect();
    assert_eq!(all, kinds);
    let listed = document.json()["components"]["schemas"]["Code"]["enum"].as_array().unwrap();
    assert_eq!(listed.iter().map(|code| code.as_str().unwrap()).collect::<BTreeSet<_>>(), kinds);
}

/// Tools make functions out of the ids, and types out of the names.
#[tokio::test]
async fn operations_have_ids_of_their_own_and_what_is_named_is_used() {
    let server = TestServer::start().await;
    let document = Document::fetch(&server).await;
    let operations = document.operations();
    let ids: BTreeSet<_> = operations.iter().map(|(_, op)| op["operationId"].to_string()).collect();
    assert_eq!(ids.len(), operations.len());
    assert!(ids.contains("\"delete_admin_users_id_sessions_sid\""), "{ids:?}");
    let text = document.json().to_string();
    for kind in ["schemas", "responses", "headers"] {
        for name in document.json()["components"][kind].as_object().unwrap().keys() {
            let used = text.contains(&format!("\"#/components/{kind}/{name}\""));
            // Headers stand where they are optional, and 405 is no operation's.
            let special = kind == "headers" || name == "method_not_allowed";
            assert!(used || special, "{kind}/{name} is not used");
        }
    }
}

#[tokio::test]
async fn a_client_that_has_the_document_is_told_so() {
    let server = TestServer::start().await;
    let first = server.anonymous().get("/openapi.json").send().await.status(200);
    let etag = first.header("etag").unwrap();
    assert!(etag.starts_with('"'), "strong: {etag}");
    assert_eq!(first.header("cache-control"), Some("public, max-age=300"));
    let again = server.anonymous().get("/openapi.json").header("if-none-match", etag);
    let again = again.send().await.status(304);
    assert_eq!((again.header("etag"), again.body.len()), (Some(etag), 0));
    server.anonymous().post("/openapi.json").send().await.status(405);

    let mut setup = Setup::default();
    setup.http.issuer = "https://other.example.org".to_owned();
    let other = setup.start().await;
    let changed = other.anonymous().get("/openapi.json").header("if-none-match", etag);
    let changed = changed.send().await.status(200);
    assert_ne!(changed.header("etag"), Some(etag));
}
