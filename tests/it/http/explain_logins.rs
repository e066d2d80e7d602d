//! Denied, and why: passwords, refresh tokens, links, and too many of them.

use std::time::Duration;

use serde_json::{Value, json};

use super::explain::{alike, why};
use crate::auth::{OTHER_PASSWORD, WRONG_PASSWORD, change_password, patch, visitor};
use crate::harness::{Answer, Browser, PASSWORD, Setup, TestServer};

#[tokio::test]
async fn each_reason_of_a_refused_login_has_its_rule_and_one_answer() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let off = server.account("off", &["user"]).await;
    patch(&root, &off, &json!({"disabled": true})).await.status(200);
    let invited = json!({"username": "invited"});
    root.post("/admin/users").json(&invited).send().await.status(201);
    let login = async |name: &str| server.anonymous().login(name, WRONG_PASSWORD).await;
    let refused = [
        ("password_wrong", login("ann").await),
        ("name_unknown", login("nobody").await),
        ("name_unknown", login("no name at all").await),
        ("name_unknown", login("ann@example.org").await),
        ("account_disabled", login("off").await),
        ("account_disabled", server.anonymous().login("off", PASSWORD).await),
        ("password_none", login("invited").await),
    ];
    alike(&root, &refused).await;
    let users = [json!(ann.user_id), Value::Null, Value::Null, Value::Null, json!(off), json!(off)];
    for ((_, answer), user) in refused.iter().zip(users) {
        let why = why(&root, answer).await;
        assert_eq!((&why["user"], &why["detail"]), (&user, &Value::Null), "{why}");
        assert_eq!(why["route"], "/auth/login");
    }
    let own = change_password(&ann, WRONG_PASSWORD, OTHER_PASSWORD).await.status(401);
    let why = why(&root, &own.rule("password_wrong")).await;
    assert_eq!(why["user"], ann.user_id.as_str());
    assert!(why["session"].is_string(), "the caller's token has proven it");
}

/// A refused login leaves an event as well, and both are under one id.
#[tokio::test]
async fn the_events_of_a_refused_login_stand_beside_its_refusal() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    server.account("ann", &["user"]).await;
    let refused = server.anonymous().login("ann", WRONG_PASSWORD).await.status(401);
    server.auth.save(true).await.unwrap();
    let path = format!("/admin/events/{}", refused.header("x-request-id").unwrap());
    let known: Value = root.get(&path).send().await.status(200).json();
    assert_eq!(known["events"][0]["kind"], "login_failed");
    assert_eq!(known["refusals"][0]["rule"], "password_wrong");
    assert_eq!(known["next_cursor"], Value::Null);
}

fn cookie<'a>(browser: &Browser<'a>, value: &str) -> crate::harness::RequestBuilder<'a> {
    browser.post("/auth/refresh").header("cookie", value)
}

#[tokio::test]
async fn each_reason_of_a_refused_refresh_has_its_rule_and_one_answer() {
    let server = TestServer::start().await;
    let old = server.user("old").await;
    server.advance(Duration::from_hours(13));
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let (off, bob, eve) =
        (server.user("off").await, server.user("bob").await, server.user("eve").await);
    let other = server.anonymous().logged_in("eve").await;
    patch(&root, &off.user_id, &json!({"disabled": true})).await.status(200);
    bob.post("/auth/logout").send().await.status(204);
    change_password(&other, PASSWORD, OTHER_PASSWORD).await.status(200);
    let nobody = server.anonymous();
    let (sid, _) = ann.cookie.as_ref().unwrap().split_once('.').unwrap();
    let (_, secret) = bob.cookie.as_ref().unwrap().split_once('.').unwrap();
    let named = |value: &str| format!("__Host-refresh={value}");
    let refused = [
        ("cookie_missing", nobody.refresh().await),
        ("cookie_missing", cookie(&nobody, "__host-refresh=x").send().await),
        ("cookie_form", cookie(&nobody, &named("x")).send().await),
        ("refresh_session_unknown", {
            let unknown = format!("q1w2e3r4t5y6u7i8o9p0aA.{secret}");
            cookie(&nobody, &named(&unknown)).send().await
        }),
        ("refresh_secret", cookie(&nobody, &named(&format!("{sid}.{secret}"))).send().await),
        ("refresh_session_revoked", bob.refresh().await),
        ("refresh_session_expired", old.refresh().await),
        ("refresh_user_disabled", off.refresh().await),
        ("refresh_epoch_old", eve.refresh().await),
    ];
    alike(&root, &refused).await;
    let proven = why(&root, &refused[5].1).await;
    assert_eq!(proven["user"], bob.user_id.as_str());
    let guessed = why(&root, &refused[4].1).await;
    assert_eq!((&guessed["user"], &guessed["session"]), (&Value::Null, &Value::Null));
    let twice = cookie(&ann, &named("x")).send().await.status(400);
    twice.rule("cookie_repeated");
    cookie(&nobody, "a=\u{e4}").send().await.status(400).rule("cookie_not_text");
}

#[tokio::test]
async fn each_reason_of_a_refused_link_has_its_rule_and_one_answer() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let issue = async |name: &str| {
        let id = server.account(name, &["user"]).await;
        let path = format!("/admin/users/{id}/password-reset");
        let issued: Value = root.post(&path).send().await.status(200).json();
        let link = issued["link"].as_str().unwrap();
        (id, link.split_once("token=").unwrap().1.to_owned())
    };
    let finish = async |token: &str| {
        let form = json!({"token": token, "new_password": OTHER_PASSWORD});
        server.anonymous().post("/auth/password-reset").json(&form).send().await
    };
    let ((_, used), (off, of_off), (ann, of_ann)) =
        (issue("used").await, issue("off").await, issue("ann").await);
    let (_, late) = issue("late").await;
    finish(&used).await.status(204);
    patch(&root, &off, &json!({"disabled": true})).await.status(200);
    root.delete(&format!("/admin/users/{ann}/sessions")).send().await.status(204);
    let (link, _) = late.split_once('.').unwrap();
    let (_, secret) = used.split_once('.').unwrap();
    let mut refused: Vec<(&str, Answer)> = vec![
        ("link_form", finish("x").await),
        ("link_unknown", finish(&used).await),
        ("link_secret", finish(&format!("{link}.{secret}")).await),
        ("link_user_gone", finish(&of_off).await),
        ("link_epoch_old", finish(&of_ann).await),
    ];
    server.advance(Duration::from_mins(16));
    refused.push(("link_expired", finish(&late).await));
    let root = server.anonymous().logged_in("root").await;
    alike(&root, &refused).await;
}

#[tokio::test]
async fn a_throttled_login_says_by_which_counter_and_how_long() {
    let server = Setup::default().with_limits().start().await;
    let root = server.admin().await;
    let ann = server.account("ann", &["user"]).await;
    let eve = visitor(&server, "198.51.100.1");
    for _ in 0..5 {
        eve.login("ann", WRONG_PASSWORD).await.status(401).rule("password_wrong");
    }
    let slowed = eve.login("ann", PASSWORD).await.status(429).rule("throttle_account_network");
    let told = why(&root, &slowed).await;
    assert_eq!((&told["user"], &told["detail"]), (&json!(ann), &json!("wait 1 s")));
    assert_eq!(slowed.header("retry-after"), Some("1"));
    for n in 0..25 {
        eve.login(&format!("name{n}"), WRONG_PASSWORD).await.status(401);
    }
    let crowd = eve.login("another", WRONG_PASSWORD).await.status(429).rule("throttle_network");
    assert_eq!(why(&root, &crowd).await["detail"], "wait 60 s");
    for n in 0..95 {
        let one = visitor(&server, &format!("203.0.{n}.1"));
        one.login("ann", WRONG_PASSWORD).await.status(401);
    }
    let stranger = visitor(&server, "192.0.2.1");
    let shut = stranger.login("ann", PASSWORD).await.status(429).rule("throttle_account");
    assert_eq!(why(&root, &shut).await["user"], ann.as_str());
}

#[tokio::test]
async fn a_throttled_registration_and_a_throttled_profile_have_their_rules() {
    let server = Setup::default().with_limits().start().await;
    let ann = server.user("ann").await;
    let eve = visitor(&server, "198.51.100.1");
    for n in 0..6 {
        let form = json!({"username": format!("new{n}"), "password": PASSWORD});
        let answer = eve.post("/auth/register").json(&form).send().await;
        if n == 5 {
            answer.rule("throttle_registrations")
        } else {
            answer.status(201)
        };
    }
    for n in 0..11 {
        let form = json!({"display_name": format!("Ann {n}")});
        let answer = ann.patch("/auth/me").json(&form).send().await;
        if n == 10 {
            answer.rule("throttle_profile")
        } else {
            answer.status(200)
        };
    }
}

#[tokio::test]
async fn a_wrong_setup_secret_has_its_rule() {
    let server = TestServer::start().await;
    server.auth.prepare_setup(None).await.unwrap().unwrap();
    let form = json!({"secret": "x", "username": "root", "password": PASSWORD});
    let answer = server.anonymous().post("/auth/setup").json(&form).send().await;
    answer.status(401).problem("invalid_credentials").rule("setup_secret");
}
