//! How sessions end: logout, another password, an administrator's act, time.

use std::time::Duration;

use doorkey::config::Flags;
use doorkey::model::Timestamp;
use serde_json::{Value, json};

use crate::auth::{OTHER_PASSWORD, change_password, dump, on_memory, patch, take, twin};
use crate::config::{load, refusal};
use crate::harness::{Browser, PASSWORD, Setup, TestServer};

/// Neither cookie nor access token of this browser gets anything.
async fn assert_dead(browser: &Browser<'_>) {
    browser.refresh().await.status(401).problem("session_ended");
    browser.get("/auth/me").send().await.status(401).problem("invalid_token");
}

/// Cookie and access token both work.
async fn assert_alive(browser: &Browser<'_>) {
    browser.refresh().await.status(200);
    browser.get("/auth/me").send().await.status(200);
}

#[tokio::test]
async fn ses_08_a_logout_ends_this_session_and_no_other() {
    let server = TestServer::start().await;
    let phone = server.user("ann").await;
    let laptop = server.anonymous().logged_in("ann").await;
    let login = server.anonymous().login("ann", PASSWORD).await;
    let out = phone.post("/auth/logout").send().await.status(204);
    assert_dead(&phone).await;
    assert_alive(&laptop).await;
    let flags = |line: &str| {
        let mut flags: Vec<String> = line.split("; ").skip(1).map(str::to_owned).collect();
        flags.retain(|flag| !flag.starts_with("Max-Age"));
        flags
    };
    let (set, clear) = (login.header("set-cookie").unwrap(), out.header("set-cookie").unwrap());
    assert_eq!(flags(clear), flags(set));
    assert!(clear.starts_with("__Host-refresh=;") && clear.contains("Max-Age=0"));
}

#[tokio::test]
async fn ses_10_a_logout_needs_no_living_access_token() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    server.advance(Duration::from_hours(1));
    ann.get("/auth/me").send().await.status(401);
    ann.post("/auth/logout").without("authorization").send().await.status(204);
    ann.refresh().await.status(401);
}

/// Idempotent.
#[tokio::test]
async fn ses_08_a_logout_without_a_living_session_is_a_logout_too() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let mut unknown = server.anonymous();
    unknown.cookie = Some(format!("{}.{}", "A".repeat(22), "A".repeat(43)));
    let mut garbage = server.anonymous();
    garbage.cookie = Some("x".to_owned());
    for browser in [&ann, &ann, &unknown, &garbage, &server.anonymous()] {
        let out = browser.post("/auth/logout").send().await.status(204);
        assert_eq!(out.cookie("__Host-refresh").as_deref(), Some(""));
    }
}

/// Who knows only the public id ends nothing.
#[tokio::test]
async fn ses_08_a_logout_with_the_wrong_secret_ends_nothing() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let sid = ann.cookie.clone().unwrap().split_once('.').unwrap().0.to_owned();
    let mut eve = server.anonymous();
    eve.cookie = Some(format!("{sid}.{}", "A".repeat(43)));
    eve.post("/auth/logout").send().await.status(204);
    assert_alive(&ann).await;
}

#[tokio::test]
async fn ses_12_another_password_keeps_this_session_under_a_new_secret_and_ends_the_rest() {
    let server = TestServer::start().await;
    let mut ann = server.user("ann").await;
    let other = server.anonymous().logged_in("ann").await;
    let before: Value = ann.refresh().await.json();
    server.advance(Duration::from_mins(1));
    let old = twin(&ann);
    let changed = change_password(&ann, PASSWORD, OTHER_PASSWORD).await.status(200);
    take(&mut ann, &changed);
    let after: Value = changed.json();
    for field in ["id", "expires_at", "created_at"] {
        assert_eq!(after["session"][field], before["session"][field]);
    }
    assert_dead(&old).await;
    assert_dead(&other).await;
    assert_alive(&ann).await;
    server.anonymous().login("ann", PASSWORD).await.status(401);
    server.anonymous().login("ann", OTHER_PASSWORD).await.status(200);
}

/// Also Section 2.4, SES-11: each of them in the very next request.
#[tokio::test]
async fn az_07_an_administrators_change_ends_every_session_and_nothing_revives_them() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let undo = json!({"roles": ["user"], "disabled": false});
    let acts = [
        ("PATCH", "", json!({"roles": ["user", "editor"]})),
        ("PATCH", "", json!({"disabled": true})),
        ("DELETE", "/sessions", json!({})),
        ("DELETE", "", json!({})),
    ];
    for (number, (method, path, body)) in acts.into_iter().enumerate() {
        let name = format!("ann{number}");
        let phone = server.user(&name).await;
        let laptop = server.anonymous().logged_in(&name).await;
        let path = format!("/admin/users/{}{path}", phone.user_id);
        let answer = admin.request(method.parse().unwrap(), &path).json(&body).send().await;
        assert!(answer.status < 300, "{}", answer.text());
        assert_dead(&phone).await;
        assert_dead(&laptop).await;
        patch(&admin, &phone.user_id, &undo).await;
        assert_dead(&phone).await;
        assert_dead(&laptop).await;
    }
}

#[tokio::test]
async fn ses_11_a_disabled_account_logs_in_again_only_when_it_is_enabled() {
    let server = TestServer::start().await;
    let (admin, ann) = (server.admin().await, server.user("ann").await);
    patch(&admin, &ann.user_id, &json!({"disabled": true})).await.status(200);
    ann.login("ann", PASSWORD).await.status(401).problem("invalid_credentials");
    patch(&admin, &ann.user_id, &json!({"disabled": false})).await.status(200);
    ann.login("ann", PASSWORD).await.status(200);
}

/// Section 2.4: a change of name or address is none of them.
#[tokio::test]
async fn a_change_of_the_profile_ends_no_session() {
    let server = TestServer::start().await;
    let (admin, ann) = (server.admin().await, server.user("ann").await);
    let change = json!({"email": "ann@example.org", "display_name": "Ann", "roles": ["user"]});
    patch(&admin, &ann.user_id, &change).await.status(200);
    assert_alive(&ann).await;
}

/// Section 2.4.
#[tokio::test]
async fn signing_out_everywhere_ends_this_session_too() {
    let server = TestServer::start().await;
    let phone = server.user("ann").await;
    let laptop = server.anonymous().logged_in("ann").await;
    let bob = server.user("bob").await;
    laptop.delete("/auth/sessions").send().await.status(204);
    assert_dead(&phone).await;
    assert_dead(&laptop).await;
    assert_alive(&bob).await;
}

/// Section 2.4, sweeper: kept for a day, gone after, and dead all along.
#[tokio::test]
async fn an_expired_session_is_swept_a_day_later_and_never_revived() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let ann = server.user("ann").await;
    let sid = ann.cookie.clone().unwrap().split_once('.').unwrap().0.to_owned();
    let is_kept = async || dump(&*engine).await.iter().any(|(k, _)| *k == format!("session/{sid}"));
    let end = Duration::from_hours(12 + 24);
    server.advance(end.checked_sub(Duration::from_secs(1)).unwrap());
    server.auth.sweep().await.unwrap();
    assert!(is_kept().await);
    assert_dead(&ann).await;
    server.advance(Duration::from_secs(1));
    assert_dead(&ann).await;
    server.auth.sweep().await.unwrap();
    assert!(!is_kept().await);
    assert_dead(&ann).await;
    ann.post("/auth/logout").send().await.status(204);
    let expired = server.clock.now().minus(end);
    assert_eq!(expired, Timestamp::from_seconds(1_800_000_000));
}

/// What is revoked stays so for a server that starts again.
#[tokio::test]
async fn ses_15_a_restart_revives_nothing() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    ann.post("/auth/logout").send().await.status(204);
    let again = Setup { engine, ..Setup::default() };
    let again = again.start_at(server.clock.clone(), server.random.clone()).await;
    let on = |browser: &Browser<'_>| {
        let mut moved = again.anonymous();
        (moved.cookie, moved.token) = (browser.cookie.clone(), browser.token.clone());
        moved
    };
    assert_dead(&on(&ann)).await;
    assert_alive(&on(&bob)).await;
}

/// A live access token alone, ten minutes after the login, does not move the address to which
/// a way into the account may be sent one day.
#[tokio::test]
async fn ses_19_another_address_needs_a_fresh_login() {
    let server = TestServer::start().await;
    let mut ann = server.user("ann").await;
    let change = |email: Value| json!({"email": email, "display_name": "Ann"});
    server.advance(Duration::from_mins(10));
    let refreshed = ann.refresh().await.status(200);
    take(&mut ann, &refreshed);
    let email = json!("ann@example.org");
    ann.patch("/auth/me").json(&change(email.clone())).send().await.status(200);
    server.advance(Duration::from_secs(1));
    for other in [json!("eve@example.org"), Value::Null] {
        let refused = ann.patch("/auth/me").json(&change(other)).send().await.status(403);
        refused.problem("reauthentication_required");
    }
    let me: Value = ann.get("/auth/me").send().await.json();
    assert_eq!(me["email"], email);
    // The same address again, or another name, moves nothing.
    ann.patch("/auth/me").json(&change(email)).send().await.status(200);
    ann.patch("/auth/me").json(&json!({"display_name": "A."})).send().await.status(200);
    let again = ann.login("ann", PASSWORD).await.status(200);
    take(&mut ann, &again);
    ann.patch("/auth/me").json(&change(json!("eve@example.org"))).send().await.status(200);
}

/// The README says which they are and why; these are they.
#[test]
fn ses_18_the_lifetimes_are_written_down_with_their_reasons_and_hold() {
    let readme = include_str!("../../../README.md").replace('\n', " ");
    for said in ["12 hours,   at most 30 days", "There is no idle timeout.", "SP 800-63B"] {
        assert!(readme.contains(said), "{said}");
    }
    let sessions = load("", Flags::default()).unwrap().config.sessions;
    assert_eq!((sessions.ttl, sessions.max_per_user), (Duration::from_hours(12), 32));
    assert!(load("[sessions]\nttl = \"30d\"", Flags::default()).is_ok());
    for over in ["2592001s", "31d", "365d"] {
        assert!(refusal(&format!("[sessions]\nttl = \"{over}\"")).contains("and 30d"), "{over}");
    }
}
