//! The demonstration is there with `--dev` and for nobody else.

use std::fs;

use warp::http::Method;

use crate::harness::{Setup, TestServer};
use crate::http::routes::names;

const FILES: &[(&str, &str, &str)] = &[
    ("/demo/", "index.html", "text/html; charset=utf-8"),
    ("/demo/style.css", "style.css", "text/css; charset=utf-8"),
    ("/demo/app.js", "app.js", "text/javascript; charset=utf-8"),
    ("/demo/icon.svg", "icon.svg", "image/svg+xml"),
];

async fn with_demo() -> TestServer {
    let mut setup = Setup::default();
    setup.http.demo = true;
    setup.start().await
}

#[tokio::test]
async fn its_files_are_served_as_they_stand_in_the_examples() {
    let server = with_demo().await;
    for (path, file, media) in FILES {
        let answer = server.anonymous().get(path).send().await.status(200);
        assert_eq!(answer.text(), fs::read_to_string(format!("examples/spa/{file}")).unwrap());
        assert_eq!(answer.header("content-type"), Some(*media), "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
        let etag = answer.header("etag").unwrap();
        let again = server.anonymous().get(path).header("if-none-match", etag).send().await;
        let again = again.status(304);
        assert_eq!(
            again.header("content-security-policy"),
            answer.header("content-security-policy")
        );
    }
    assert_eq!(fs::read_dir("examples/spa").unwrap().count(), FILES.len());
}

/// BRW-01: nothing inline, nothing from elsewhere, no frame.
#[tokio::test]
async fn its_page_may_load_the_files_of_this_server_and_nothing_else() {
    let server = with_demo().await;
    let page = server.anonymous().get("/demo/").send().await.status(200);
    let policy = page.header("content-security-policy").unwrap();
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.split("; ").any(|given| given == part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"));
    let text = page.text();
    for inline in ["<style", " style=", "javascript:", " onclick", " onload", "//"] {
        assert!(!text.contains(inline), "{inline}");
    }
    let scripts = text.matches("<script").count();
    assert_eq!((scripts, text.matches("src=\"app.js\"").count()), (1, 1));
}

/// HTTP-08.
#[tokio::test]
async fn without_development_it_does_not_exist() {
    let (with, without) = (with_demo().await, TestServer::start().await);
    for (path, ..) in FILES {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            without.anonymous().request(method, path).send().await.status(404);
        }
    }
    let (with, without) = (names(with.api.routes()), names(without.api.routes()));
    let more: Vec<&String> = with.difference(&without).collect();
    assert_eq!(more.len(), FILES.len(), "{more:?}");
    assert!(more.iter().all(|row| row.starts_with("GET /demo/")), "{more:?}");
}
