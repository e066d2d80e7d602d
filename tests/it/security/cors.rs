//! Which pages of other sites may read an answer.

use serde_json::json;
use warp::http::Method;

use crate::harness::{Answer, ORIGIN, PASSWORD, Setup, TestServer};

const APP: &str = "https://app.example";

fn cors_headers(answer: &Answer) -> Vec<&str> {
    let names = answer.headers.keys().map(warp::http::HeaderName::as_str);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

async fn with_app() -> TestServer {
    let mut setup = Setup::default();
    setup.http.cors_origins = vec![APP.to_owned(), "https://second.example:8443".to_owned()];
    setup.start().await
}

#[tokio::test]
async fn cors_02_without_listed_sites_no_answer_has_a_cors_header() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    for origin in [ORIGIN, APP, "null"] {
        for path in ["/auth/me", "/admin/users", "/auth/login", "/healthz", "/nothing"] {
            for method in [Method::GET, Method::POST, Method::OPTIONS] {
                let asked = root.request(method, path).header("origin", origin);
                let asked = asked.header("access-control-request-method", "POST");
                let answer = asked.send().await;
                assert_eq!(cors_headers(&answer), [""; 0], "{path} {origin}");
                assert_eq!(answer.header("vary"), None, "{path} {origin}");
            }
        }
    }
}

#[tokio::test]
async fn cors_01_a_listed_site_is_named_with_credentials_and_vary() {
    let server = with_app().await;
    let ann = server.user("ann").await;
    for origin in [APP, "https://second.example:8443"] {
        for path in ["/auth/me", "/auth/sessions", "/admin/users", "/nothing"] {
            let answer = ann.get(path).header("origin", origin).send().await;
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
            assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
            assert!(answer.header("vary").unwrap().eq_ignore_ascii_case("origin"));
        }
    }
}

#[tokio::test]
async fn cors_01_a_site_that_looks_like_a_listed_one_may_read_nothing() {
    let server = with_app().await;
    let ann = server.user("ann").await;
    for origin in [
        "https://app.example.evil.com",
        "https://evilapp.example",
        "https://sub.app.example",
        "http://app.example",
        "https://app.example:8443",
        "https://app.example/",
        "https://APP.example",
        "https://second.example",
        "https://localhost.evil.com",
        "null",
        "*",
        "",
    ] {
        for path in ["/auth/me", "/auth/login", "/nothing"] {
            let get = ann.get(path).header("origin", origin).send().await;
            assert_eq!(cors_headers(&get), [""; 0], "{origin}");
            assert_eq!(get.header("vary"), Some("origin"), "an answer depends on who asks");
            let asked = ann.request(Method::OPTIONS, path).header("origin", origin);
            let preflight = asked.header("access-control-request-method", "POST").send().await;
            assert_eq!(cors_headers(&preflight), [""; 0], "{origin}");
            assert!(preflight.status >= 400, "{origin}");
        }
        let form = json!({"username": "ann", "password": PASSWORD});
        let login = ann.post("/auth/login").header("origin", origin).json(&form).send().await;
        assert_eq!((login.status, login.cookie("__Host-refresh")), (403, None), "{origin}");
    }
    let both = ann.get("/auth/me").header("origin", APP).header("origin", "https://evil.example");
    assert_eq!(cors_headers(&both.send().await), [""; 0]);
}

/// Also HTTP-05.
#[tokio::test]
async fn cors_01_a_preflight_is_answered_without_running_the_route() {
    let server = with_app().await;
    let ann = server.user("ann").await;
    let ask = |path: &str| {
        let asked = ann.request(Method::OPTIONS, path).header("origin", APP);
        asked.header("access-control-request-method", "DELETE")
    };
    let answer = ask("/auth/sessions").send().await.status(204);
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET, HEAD, DELETE"));
    let allowed = answer.header("access-control-allow-headers");
    assert_eq!(allowed, Some("authorization, content-type"));
    assert!(answer.body.is_empty());
    ask("/auth/logout").send().await.status(204);
    ask("/nothing").send().await.status(404);
    ann.get("/auth/me").send().await.status(200);
    ann.refresh().await.status(200);
}

#[tokio::test]
async fn cors_02_the_public_keys_are_for_any_page_and_without_credentials() {
    let server = TestServer::start().await;
    for path in [
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
        "/openapi.json",
        "/client/doorkey.js",
    ] {
        let get = server.anonymous().get(path).header("origin", "https://any.example");
        let answer = get.send().await.status(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(cors_headers(&answer), ["access-control-allow-origin"], "{path}");
    }
}

/// A cache may hand the answer for a listed site to any other.
#[tokio::test]
async fn cors_02_the_public_keys_never_come_with_credentials_for_a_listed_site_either() {
    let server = with_app().await;
    for path in ["/.well-known/jwks.json", "/.well-known/oauth-authorization-server"] {
        let answer = server.anonymous().get(path).header("origin", APP).send().await.status(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
    }
}
