//! `/account` and `/console`: the pages as they come, before their scripts have asked for anything.
//! What the scripts do stands in `tests/browser`.

use std::time::Duration;

use serde_json::{Value, json};
use warp::http::Method;

use super::{Page, Visitor};
use crate::harness::{PASSWORD, Setup, TestServer};

const ALL: [&str; 6] = [
    "/account",
    "/console",
    "/console/users/q1w2e3r4t5y6u7i8o9p0aA",
    "/console/keys",
    "/console/events",
    "/console/status",
];

/// The addresses that a page names of the files of these pages.
fn files(page: &Page) -> Vec<String> {
    let text = page.0.text();
    let is_ours = |part: &&str| part.starts_with("/assets/") && part.matches('/').count() == 3;
    text.split('"').filter(is_ours).map(str::to_owned).collect()
}

#[tokio::test]
async fn nothing_runs_but_its_own_scripts_and_they_ask_this_server_alone() {
    let server = TestServer::start().await;
    for path in ALL {
        let page = Visitor::new(&server).open(path).await.status(200);
        let header = |name: &str| page.0.header(name).unwrap_or_default().to_owned();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(header("vary"), "accept-language");
        let policy = header("content-security-policy");
        let parts: Vec<&str> = policy.split("; ").collect();
        assert_eq!(
            parts,
            [
                "default-src 'none'",
                "style-src 'self'",
                "img-src 'self' data:",
                "script-src 'self'",
                "connect-src 'self'",
                "form-action 'none'",
                "require-trusted-types-for 'script'",
                "trusted-types 'none'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
            ]
        );
        for inline in ["style=", " onclick", "<style", "<script>", "http://", "https://"] {
            assert!(!page.0.text().contains(inline), "{path}: {inline}");
        }
        assert_eq!(page.0.text().matches("<script").count(), 1);
    }
}

/// What is not in the page cannot be taken from it.
#[tokio::test]
async fn the_pages_hold_nobodys_data_whoever_asks() {
    let server = TestServer::start().await;
    server.account("ann", &["admin", "user"]).await;
    let mut ann = Visitor::new(&server);
    let login = ann.open("/login").await;
    ann.send(&login, &[("username", "ann"), ("password", PASSWORD)]).await.status(303);
    for path in ALL {
        let (theirs, nobodys) = (ann.open(path).await, Visitor::new(&server).open(path).await);
        assert_eq!(theirs.0.text(), nobodys.0.text(), "{path}");
        assert_eq!(theirs.0.headers.get("set-cookie"), None, "{path}");
        theirs.lacks("ann<").lacks("q1w2e3r4");
    }
}

#[tokio::test]
async fn each_page_speaks_the_language_of_the_browser() {
    let server = TestServer::start().await;
    let mut visitor = Visitor::new(&server);
    visitor.language = "de-AT,de;q=0.9,en;q=0.1";
    for (path, title) in [("/account", "Mein Konto"), ("/console/keys", "Verwaltung")] {
        let page = visitor.open(path).await.says("<html lang=\"de\">").says("braucht JavaScript");
        let page = page.says(&format!("<title>{title} \u{2013} ")).says("/de.js\"");
        page.lacks("/en.js\"");
    }
    visitor.language = "fr";
    visitor.open("/account").await.says("<html lang=\"en\">").says("My account");
}

#[tokio::test]
async fn addresses_are_exact_and_a_head_request_is_answered() {
    let server = TestServer::start().await;
    let mut visitor = Visitor::new(&server);
    for path in [
        "/console/",
        "/console/users",
        "/console/nothing",
        "/console/users/x",
        "/account/",
        "/Console",
    ] {
        visitor.open(path).await.status(404).says("There is no such page.");
    }
    for path in ALL {
        let head = server.anonymous().request(Method::HEAD, path).send().await.status(200);
        assert_eq!(head.header("content-type"), Some("text/html; charset=utf-8"));
        server.anonymous().post(path).send().await.status(405);
    }
}

#[tokio::test]
async fn the_scripts_stand_under_the_hash_of_all_of_them_and_may_be_kept() {
    let server = TestServer::start().await;
    let mut visitor = Visitor::new(&server);
    for (path, own) in [("/account", "account.js"), ("/console", "console.js")] {
        let page = visitor.open(path).await;
        let files = files(&page);
        assert!(files.iter().any(|file| file.ends_with(&format!("/{own}"))), "{files:?}");
        for file in files {
            let answer = visitor.open(&file).await.status(200).0;
            assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
            let etag = answer.header("etag").unwrap();
            let again = server.anonymous().get(&file).header("if-none-match", etag).send().await;
            assert!(again.status(304).body.is_empty(), "{file}");
            assert!(!answer.text().contains(env!("CARGO_PKG_VERSION")), "{file}");
            let other = file.replacen("/assets/", "/assets/0", 1);
            visitor.open(&other).await.status(404);
        }
    }
    let files = files(&visitor.open("/account").await);
    assert!(!files.iter().any(|file| file.contains("console")), "{files:?}");
}

/// The page tells how strong a new password has to be before it is sent.
#[tokio::test]
async fn the_page_knows_the_shortest_password() {
    let mut setup = Setup::default();
    setup.auth.policy.min_chars = 15;
    let server = setup.start().await;
    Visitor::new(&server).open("/account").await.says("data-least=\"15\"");
}

#[tokio::test]
async fn the_administration_knows_how_the_server_is() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    server.advance(Duration::from_secs(90));
    let status: Value = root.get("/admin/status").send().await.status(200).json();
    let expected = json!({
        "uptime": 90,
        "ready": true,
        "store_writable": true,
        "passwords": {"running": 0, "queued": 0, "refused": 0},
        "backup": null,
        "roles": ["admin", "editor", "user"],
        "registration_open": true,
    });
    assert_eq!(status, expected);
    server.auth.backups_are_scheduled(None);
    server.auth.backup_ended(None);
    let status: Value = root.get("/admin/status").send().await.json();
    assert_eq!(status["backup"], json!({"failing": true, "failures": 1, "latest": null}));
    server.auth.backup_ended(Some(server.clock.now()));
    let status: Value = root.get("/admin/status").send().await.json();
    let latest = server.clock.now().to_string();
    assert_eq!(status["backup"], json!({"failing": false, "failures": 1, "latest": latest}));
}
