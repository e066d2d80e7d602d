//! Lists of accounts: prefixes, pages, cursors.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorkey::auth::{Access, Client, NewUser};
use serde_json::Value;

use crate::harness::{Browser, TestServer};

/// 250 invited accounts; every fifth one has an address that starts with `mail`.
async fn crowd(server: &TestServer) {
    for n in 0..250 {
        let email = (n % 5 == 0).then(|| format!("Mail{n:03}@example.org"));
        let new = NewUser { username: format!("u{n:03}"), password: None, email, roles: None };
        server.auth.create_user(&Access::operator(), new, &Client::operator()).await.unwrap();
    }
}

async fn page(root: &Browser<'_>, query: &str) -> Value {
    root.get(&format!("/admin/users?{query}")).send().await.status(200).json()
}

fn names(page: &Value) -> Vec<String> {
    let users = page["users"].as_array().unwrap();
    users.iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect()
}

/// All pages of a query, one after the other.
async fn all(root: &Browser<'_>, query: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for _ in 0..300 {
        let page = page(root, &format!("{query}{cursor}")).await;
        found.extend(names(&page));
        let Some(next) = page["next_cursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
    panic!("the pages have no end");
}

#[tokio::test]
async fn pages_of_every_size_show_everyone_once_in_order() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    crowd(&server).await;
    for limit in [1, 7, 50, 99, 100] {
        let found = all(&root, &format!("limit={limit}")).await;
        assert_eq!(found.len(), 251, "{limit}");
        assert!(found.is_sorted());
    }
    assert_eq!(names(&page(&root, "").await).len(), 50);
    assert_eq!(names(&page(&root, "limit=100").await).len(), 100);
}

#[tokio::test]
async fn a_prefix_finds_names_then_addresses_each_account_once() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    crowd(&server).await;
    server.account("mailer", &["user"]).await;
    let both = NewUser {
        username: "mail-both".to_owned(),
        password: None,
        email: Some("mail-both@example.org".to_owned()),
        roles: None,
    };
    server.auth.create_user(&Access::operator(), both, &Client::operator()).await.unwrap();
    for limit in [1, 2, 3, 10, 52, 100] {
        let mut found = all(&root, &format!("q=MAIL&limit={limit}")).await;
        assert_eq!(found[..2], ["mail-both", "mailer"], "{limit}");
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 52, "{limit}");
    }
    assert_eq!(all(&root, "q=u01").await.len(), 10);
    assert_eq!(all(&root, "q=mail005%40ex").await, ["u005"]);
    assert_eq!(all(&root, "q=nobody").await, Vec::<String>::new());
    assert_eq!(all(&root, "q=%2e%2e%2f").await, Vec::<String>::new());
}

/// INP-11.
#[tokio::test]
async fn a_cursor_that_no_page_gave_is_refused() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let encoded = |key: &str| URL_SAFE_NO_PAD.encode(key);
    let foreign = ["session/", "user/", "key/", "event/", "", "nam", "setup", "admins"];
    let mut bad: Vec<String> = foreign.iter().map(|key| encoded(key)).collect();
    bad.extend(["%00", "!!", "a", "bmFtZS8=", "ä"].map(str::to_owned));
    for cursor in bad.iter().filter(|cursor| !cursor.is_empty()) {
        for path in ["/admin/users", "/admin/events"] {
            if cursor == &encoded("event/") && path.ends_with("events") {
                continue;
            }
            let answer = root.get(&format!("{path}?cursor={cursor}")).send().await.status(422);
            let body: Value = answer.problem("invalid_request").json();
            assert_eq!(body["errors"][0]["field"], "cursor", "{cursor}");
        }
    }
}

/// INP-11: whatever a forged cursor says, it shows accounts under the prefix or nothing.
#[tokio::test]
async fn a_forged_cursor_shows_nothing_that_the_query_would_not() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    crowd(&server).await;
    for key in ["name/", "name/zzz", "name/\u{0}", "email/", "email/zzz", "name/u1"] {
        let cursor = URL_SAFE_NO_PAD.encode(key);
        let found = names(&page(&root, &format!("q=u00&limit=100&cursor={cursor}")).await);
        assert!(found.iter().all(|name| name.starts_with("u00")), "{key}: {found:?}");
    }
}

/// INP-11.
#[tokio::test]
async fn a_limit_outside_1_to_100_is_refused() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    for path in ["/admin/users", "/admin/events"] {
        for limit in ["0", "101", "-1", "1e3", "", "99999999999999999999999"] {
            let answer = root.get(&format!("{path}?limit={limit}")).send().await;
            answer.status(422).problem("invalid_request");
        }
        root.get(&format!("{path}?limit=1&limit=2")).send().await.status(422);
        root.get(&format!("{path}?sort=id")).send().await.status(422);
    }
}
