//! The client for browsers, as it is served and as it is published.

use serde_json::Value;
use warp::http::Method;

use crate::harness::{ORIGIN, Setup, TestServer};

const PATH: &str = "/client/doorkey.js";

fn published(name: &str) -> String {
    std::fs::read_to_string(format!("client/{name}")).unwrap()
}

#[tokio::test]
async fn what_is_served_is_the_file_of_the_package() {
    let server = TestServer::start().await;
    let answer = server.anonymous().get(PATH).send().await.status(200);
    assert_eq!(answer.text(), published("doorkey.js"));
    assert_eq!(answer.header("content-type"), Some("text/javascript; charset=utf-8"));
    let head = server.anonymous().request(Method::HEAD, PATH).send().await.status(200);
    assert_eq!(head.header("etag"), answer.header("etag"));
}

#[tokio::test]
async fn a_browser_that_has_it_is_told_so() {
    let server = TestServer::start().await;
    let etag = server.anonymous().get(PATH).send().await.header("etag").unwrap().to_owned();
    assert!(etag.starts_with('"'), "strong: {etag}");
    for known in [&*etag, &format!("W/{etag}"), &format!("\"other\", {etag}"), "*"] {
        let again = server.anonymous().get(PATH).header("if-none-match", known);
        let again = again.send().await.status(304);
        assert_eq!((again.header("etag"), again.body.len()), (Some(&*etag), 0), "{known}");
    }
    server.anonymous().get(PATH).header("if-none-match", "\"other\"").send().await.status(200);
}

/// A module of another origin is fetched with CORS, without credentials.
#[tokio::test]
async fn pages_of_every_site_may_import_it_and_no_answer_of_it_depends_on_who_asks() {
    let mut setup = Setup::default();
    setup.http.cors_origins = vec!["https://app.example".to_owned()];
    let server = setup.start().await;
    for origin in ["https://app.example", "https://other.example", ORIGIN] {
        let answer = server.anonymous().get(PATH).header("origin", origin).send().await.status(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{origin}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("cross-origin"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert_eq!(answer.header("vary"), None);
    }
}

#[test]
fn the_package_names_its_files_and_depends_on_nothing() {
    let package: Value = serde_json::from_str(&published("package.json")).unwrap();
    assert_eq!(package["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(package["type"], "module");
    let entry = &package["exports"]["."];
    assert_eq!(entry["types"], "./doorkey.d.ts");
    assert_eq!(entry["default"], "./doorkey.js");
    for file in package["files"].as_array().unwrap() {
        assert!(!published(file.as_str().unwrap()).is_empty());
    }
    for kind in ["dependencies", "peerDependencies", "scripts"] {
        assert!(package.get(kind).is_none(), "{kind}");
    }
}
