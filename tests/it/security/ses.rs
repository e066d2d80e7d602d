//! What a login gives and what a refresh gives: section 2.4 of the rules, row by row.

use std::collections::HashSet;
use std::time::Duration;

use doorkey::model::LoginName;
use serde_json::Value;

use crate::auth::engines::Watched;
use crate::auth::{anonymous_text, at_once, claims, count, dump, hold, patch, take, twin};
use crate::harness::{Answer, PASSWORD, Setup, TestServer};

const TTL: Duration = Duration::from_hours(12);

fn access_token(answer: &Answer) -> String {
    answer.json::<Value>()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn ses_06_a_login_ends_the_session_that_the_browser_held_before() {
    let server = TestServer::start().await;
    let mut ann = server.user("ann").await;
    let (old, first) = (twin(&ann), ann.login("ann", PASSWORD).await.status(200));
    take(&mut ann, &first);
    assert_ne!(old.cookie, ann.cookie);
    old.refresh().await.status(401).problem("session_ended");
    old.get("/auth/me").send().await.status(401).problem("invalid_token");
    ann.refresh().await.status(200);
}

/// Whosever it was.
#[tokio::test]
async fn ses_06_a_login_ends_the_browsers_old_session_also_when_it_was_someone_elses() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    server.account("bob", &["user"]).await;
    ann.login("bob", PASSWORD).await.status(200);
    ann.refresh().await.status(401);
}

/// In one commit, so that no crash leaves both alive.
#[tokio::test]
async fn ses_06_a_login_and_the_end_of_the_old_session_are_one_commit() {
    let engine = Watched::new();
    let server = Setup { engine: engine.clone(), ..Setup::default() }.start().await;
    let ann = server.user("ann").await;
    let before = engine.commits();
    ann.login("ann", PASSWORD).await.status(200);
    assert_eq!(engine.commits(), before + 1);
    ann.refresh().await.status(401);
}

/// A failed login ends nothing.
#[tokio::test]
async fn ses_06_a_refused_login_leaves_the_browsers_session_alone() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    ann.login("ann", "wrong").await.status(401);
    ann.refresh().await.status(200);
}

#[tokio::test]
async fn ses_07_a_cookie_chosen_before_the_login_is_never_adopted() {
    let server = TestServer::start().await;
    server.account("ann", &["user"]).await;
    let eve = server.user("eve").await;
    let made_up = format!("{}.{}", "A".repeat(22), "B".repeat(43));
    for chosen in [eve.cookie.clone().unwrap(), made_up, "x".to_owned()] {
        let mut victim = server.anonymous();
        victim.cookie = Some(chosen.clone());
        let login = victim.login("ann", PASSWORD).await.status(200);
        assert_ne!(login.cookie("__Host-refresh").unwrap(), chosen);
        let sid = chosen.split('.').next().unwrap();
        assert_ne!(login.json::<Value>()["session"]["id"], sid);
        victim.refresh().await.status(401);
    }
}

/// And the last access token ends with the session.
#[tokio::test]
async fn ses_04_a_hundred_refreshes_move_no_end_and_set_no_cookie() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let end = 1_800_000_000 + TTL.as_secs();
    let mut ends = HashSet::new();
    for _ in 0..100 {
        server.advance(Duration::from_secs(430));
        let answer = ann.refresh().await.status(200);
        assert!(answer.header("set-cookie").is_none());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let body: Value = answer.json();
        ends.insert(body["session"]["expires_at"].as_str().unwrap().to_owned());
        let claims = claims(body["access_token"].as_str().unwrap());
        assert!(claims["exp"].as_u64().unwrap() <= end);
        assert_eq!(claims["auth_time"], 1_800_000_000);
    }
    assert_eq!(ends.len(), 1);
}

#[tokio::test]
async fn ses_05_the_last_access_token_is_clamped_and_nothing_is_given_at_the_end() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    server.advance(TTL.checked_sub(Duration::from_secs(1)).unwrap());
    let last = ann.refresh().await.status(200);
    assert_eq!(last.json::<Value>()["expires_in"], 1);
    let token = access_token(&last);
    let (exp, iat) = (claims(&token)["exp"].as_u64(), claims(&token)["iat"].as_u64());
    assert!(exp > iat);
    server.advance(Duration::from_secs(1));
    ann.refresh().await.status(401).problem("session_ended");
    ann.with_token(&token).get("/auth/me").send().await.status(401);
    ann.login("ann", PASSWORD).await.status(200);
}

/// Section 2.4: nobody learns why, and no late answer to an old tab deletes a new cookie.
#[tokio::test]
async fn every_reason_gives_the_same_401_without_a_cookie() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let mut dead = Vec::new();
    for name in ["revoked", "disabled", "deleted", "epoch"] {
        dead.push(server.user(name).await);
    }
    dead[0].post("/auth/logout").send().await.status(204);
    patch(&admin, &dead[1].user_id, &serde_json::json!({"disabled": true})).await.status(200);
    admin.delete(&format!("/admin/users/{}", dead[2].user_id)).send().await.status(204);
    admin.delete(&format!("/admin/users/{}/sessions", dead[3].user_id)).send().await.status(204);
    for garbage in ["", "x", "a.b", "%00", &"A".repeat(66), &"A".repeat(4000)] {
        let mut browser = server.anonymous();
        browser.cookie = Some(garbage.to_owned());
        dead.push(browser);
    }
    let mut unknown = server.anonymous();
    unknown.cookie = Some(format!("{}.{}", "A".repeat(22), "A".repeat(43)));
    let mut wrong_secret = server.user("wrong").await;
    let cookie = wrong_secret.cookie.clone().unwrap();
    wrong_secret.cookie = Some(format!("{}.{}", cookie.split_once('.').unwrap().0, "A".repeat(43)));
    dead.extend([unknown, wrong_secret, server.anonymous()]);
    let late = server.user("late").await;
    let mut texts = HashSet::new();
    for browser in &dead {
        let answer = browser.refresh().await.status(401).problem("session_ended");
        assert!(answer.header("set-cookie").is_none());
        texts.insert(anonymous_text(&answer));
    }
    server.advance(TTL);
    texts.insert(anonymous_text(&late.refresh().await.status(401)));
    assert_eq!(texts.len(), 1, "{texts:#?}");
}

/// Section 2.4: a refresh is a read.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_refreshes_at_once_give_fifty_tokens_and_write_nothing() {
    let engine = Watched::new();
    let server = hold(Setup { engine: engine.clone(), ..Setup::default() }.start().await);
    let ann = server.user("ann").await;
    server.advance(Duration::from_secs(90));
    let before = (engine.commits(), dump(&*engine).await);
    let tabs: Vec<_> = (0..50).map(|_| twin(&ann)).collect();
    let answers = at_once(tabs.into_iter().map(|tab| async move { tab.refresh().await })).await;
    assert_eq!(count(&answers, 200), 50);
    let ids: HashSet<String> =
        answers.iter().map(|a| claims(&access_token(a))["jti"].to_string()).collect();
    assert_eq!(ids.len(), 50);
    assert_eq!((engine.commits(), dump(&*engine).await), before);
}

/// A refresh gives what the store says, not what the old token said.
#[tokio::test]
async fn az_08_a_refresh_reads_the_roles_anew() {
    let server = TestServer::start().await;
    let (admin, mut ann) = (server.admin().await, server.user("ann").await);
    let roles = serde_json::json!({"roles": ["user", "editor"]});
    patch(&admin, &ann.user_id, &roles).await.status(200);
    ann.refresh().await.status(401);
    let again = ann.login("ann", PASSWORD).await.status(200);
    take(&mut ann, &again);
    let token = access_token(&ann.refresh().await.status(200));
    assert_eq!(claims(&token)["roles"], serde_json::json!(["editor", "user"]));
}

/// Not by the epoch alone: a restriction that came without a new one is seen as well.
#[tokio::test]
async fn az_08_what_a_login_checks_a_refresh_and_each_request_check_again() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let users = server.store.users();
    let name = LoginName::try_from("ann").unwrap();
    let before = users.by_name(&name).await.unwrap().unwrap();
    let mut barred = before.value.clone();
    barred.disabled = true;
    assert_eq!(barred.epoch, before.value.epoch);
    server.store.commit(users.replace(&before, &barred)).await.unwrap();
    ann.refresh().await.status(401).problem("session_ended");
    ann.get("/auth/me").send().await.status(401).problem("invalid_token");
    ann.login("ann", PASSWORD).await.status(401).problem("invalid_credentials");
}
