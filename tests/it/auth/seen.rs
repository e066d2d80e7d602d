//! Credentials that were accepted before: nothing that ends them waits for a memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorkey::model::Timestamp;
use serde_json::json;

use super::engines::{Dawdling, Watched};
use super::{OTHER_PASSWORD, at_once, begin, change_password, hold, patch, twin};
use crate::harness::{Browser, PASSWORD, Setup, TestServer};
use crate::http::api_tokens::{is_active, token};

/// What asks the operator or an administrator for an end: a method, a path (`ID` is the account's)
/// and a body.
const ENDS: [(&str, &str, &str); 4] = [
    ("PATCH", "/admin/users/ID", r#"{"roles":["user","editor"]}"#),
    ("PATCH", "/admin/users/ID", r#"{"disabled":true}"#),
    ("DELETE", "/admin/users/ID/sessions", "{}"),
    ("DELETE", "/admin/users/ID", "{}"),
];

async fn watched() -> (TestServer, Arc<Watched>) {
    let engine = Watched::new();
    let setup = Setup { engine: engine.clone(), ..Setup::default() };
    (setup.start().await, engine)
}

async fn status(browser: &Browser<'_>) -> u16 {
    browser.get("/auth/me").send().await.status
}

/// Uses the token until it is known by heart: what comes then reads no record.
async fn learn(browser: &Browser<'_>, engine: &Watched) {
    assert_eq!(status(browser).await, 200);
    let before = engine.reads();
    assert_eq!((status(browser).await, engine.reads()), (200, before), "nothing is read");
}

async fn end(server: &TestServer, id: &str, (method, path, body): (&str, &str, &str)) {
    let (path, method) = (path.replace("ID", id), method.parse().unwrap());
    let body = serde_json::from_str(body).unwrap();
    let answer = server.operator().request(method, &path).json(&body).send().await;
    assert!(answer.status < 300, "{path}: {}", answer.text());
}

/// The session is held with its account; each token of it proves itself all the same.
#[tokio::test]
async fn no_token_of_a_session_in_use_reads_a_record_and_each_proves_itself() {
    let (server, engine) = watched().await;
    let ann = server.user("ann").await;
    learn(&ann, &engine).await;
    let body: serde_json::Value = ann.refresh().await.status(200).json();
    let token = body["access_token"].as_str().unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (seen, its_signature) = ann.token.as_deref().unwrap().rsplit_once('.').unwrap();
    for forged in [format!("{message}.{its_signature}"), format!("{seen}.{signature}")] {
        assert_eq!(status(&ann.with_token(&forged)).await, 401);
    }
    learn(&ann.with_token(token), &engine).await;
}

#[tokio::test]
async fn a_session_that_is_held_opens_to_no_other_secret() {
    let (server, _) = watched().await;
    let (ann, lea) = (server.user("ann").await, server.user("lea").await);
    for browser in [&ann, &lea] {
        browser.refresh().await.status(200);
    }
    let of = |browser: &Browser<'_>| browser.cookie.clone().unwrap();
    let (cookie, other) = (of(&ann), of(&lea));
    let (session, _) = cookie.split_once('.').unwrap();
    let (_, secret) = other.split_once('.').unwrap();
    let thief = Browser { cookie: Some(format!("{session}.{secret}")), ..server.anonymous() };
    thief.refresh().await.status(401).problem("session_ended");
    ann.refresh().await.status(200);
}

/// The session goes on: only what proves it is known by heart.
#[tokio::test]
async fn a_refresh_token_that_was_seen_reads_no_record_and_ends_with_its_session() {
    let acts = ENDS.into_iter().map(Some).chain([None]);
    for act in acts {
        let (server, engine) = watched().await;
        let ann = server.user("ann").await;
        ann.refresh().await.status(200);
        let before = (engine.reads(), engine.commits());
        let body: serde_json::Value = ann.refresh().await.status(200).json();
        assert_eq!((engine.reads(), engine.commits()), before, "nothing is read or written");
        assert_eq!(status(&ann.with_token(body["access_token"].as_str().unwrap())).await, 200);
        match act {
            Some(act) => end(&server, &ann.user_id, act).await,
            None => drop(ann.post("/auth/logout").send().await.status(204)),
        }
        ann.refresh().await.status(401).problem("session_ended");
    }
}

#[tokio::test]
async fn what_an_administrator_ends_is_refused_in_the_very_next_request() {
    for act in ENDS {
        let (server, engine) = watched().await;
        let ann = server.user("ann").await;
        learn(&ann, &engine).await;
        end(&server, &ann.user_id, act).await;
        assert_eq!(status(&ann).await, 401, "{act:?}");
    }
}

#[tokio::test]
async fn what_the_user_ends_is_refused_in_the_very_next_request() {
    let (server, engine) = watched().await;
    let ann = server.user("ann").await;
    let (phone, tablet) =
        (server.anonymous().logged_in("ann").await, server.anonymous().logged_in("ann").await);
    for browser in [&ann, &phone, &tablet] {
        learn(browser, &engine).await;
    }
    phone.post("/auth/logout").send().await.status(204);
    assert_eq!((status(&phone).await, status(&ann).await), (401, 200));
    change_password(&ann, PASSWORD, OTHER_PASSWORD).await.status(200);
    assert_eq!((status(&tablet).await, status(&ann).await), (401, 401), "of the old epoch");
    let ann = server.anonymous();
    let login = ann.login("ann", OTHER_PASSWORD).await.status(200);
    let body: serde_json::Value = login.json();
    let ann = ann.with_token(body["access_token"].as_str().unwrap());
    learn(&ann, &engine).await;
    ann.delete("/auth/sessions").send().await.status(204);
    assert_eq!(status(&ann).await, 401);
}

#[tokio::test]
async fn an_administrator_who_is_none_any_more_is_refused_in_the_very_next_request() {
    let (server, engine) = watched().await;
    server.account("eve", &["admin"]).await;
    let root = server.admin().await;
    learn(&root, &engine).await;
    root.get("/admin/users").send().await.status(200);
    patch(&server.operator(), &root.user_id, &json!({"roles": ["user"]})).await.status(200);
    root.get("/admin/users").send().await.status(401);
}

#[tokio::test]
async fn a_token_of_a_revoked_key_is_refused_in_the_very_next_request() {
    let (server, engine) = watched().await;
    let ann = server.user("ann").await;
    learn(&ann, &engine).await;
    let kid = server.store.keys().all().await.unwrap()[0].id.to_string();
    let rotate = server.operator().post("/admin/keys/rotate").json(&json!({"revoke": kid}));
    rotate.send().await.status(200);
    assert_eq!(status(&ann).await, 401);
    assert_eq!(ann.refresh().await.status, 200, "the session goes on");
}

#[tokio::test]
async fn a_token_is_judged_by_the_time_of_each_use() {
    let (server, engine) = watched().await;
    let ann = server.user("ann").await;
    learn(&ann, &engine).await;
    server.advance(Duration::from_secs(599));
    learn(&ann, &engine).await;
    server.advance(Duration::from_secs(1));
    assert_eq!(status(&ann).await, 401, "expired");

    let setup = Setup::default();
    let auth = doorkey::auth::Settings { session_ttl: Duration::from_mins(5), ..setup.auth };
    let server = Setup { auth, ..Setup::default() }.start().await;
    let ann = server.user("ann").await;
    assert_eq!((status(&ann).await, status(&ann).await), (200, 200));
    server.advance(Duration::from_mins(5));
    assert_eq!(status(&ann).await, 401, "the session is over");
}

/// A clock that was far ahead and is set right: what was issued meanwhile is of the future.
#[tokio::test]
async fn a_token_of_a_clock_that_was_set_back_is_refused() {
    let (server, engine) = watched().await;
    let right = server.clock.now();
    server.clock.set_wall(Timestamp::from_seconds(right.seconds() + 40 * 24 * 3600));
    server.operator().post("/admin/clock/accept").send().await.status(200);
    let ann = server.user("ann").await;
    learn(&ann, &engine).await;
    server.clock.set_wall(right);
    server.operator().post("/admin/clock/accept").send().await.status(200);
    assert_eq!(server.clock.now(), right);
    assert_eq!(status(&ann).await, 401);
}

#[tokio::test]
async fn another_spelling_of_a_seen_token_is_another_token() {
    let (server, engine) = watched().await;
    let ann = server.user("ann").await;
    learn(&ann, &engine).await;
    let token = ann.token.clone().unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    // The last of 86 characters carries two bits of the signature; the others have to be zero.
    let last = signature.chars().last().unwrap();
    let stray = char::from(u8::try_from(last).unwrap() + 1);
    let spellings = [
        format!("{message}.{}{stray}", &signature[..signature.len() - 1]),
        format!("{token}="),
        format!("{token}=="),
        format!("{token}."),
        token.replace('-', "+").replace('_', "/") + "+",
        token.to_uppercase(),
    ];
    for spelling in spellings {
        assert_eq!(status(&ann.with_token(&spelling)).await, 401, "{spelling}");
    }
    learn(&ann, &engine).await;
}

/// R, n - S is a signature of the same message too (SEC 1, 4.1.4): it proves itself like any
/// other, and ends with the session.
#[tokio::test]
async fn the_other_signature_of_a_seen_token_proves_itself_and_ends_with_the_session() {
    let (server, engine) = watched().await;
    let ann = server.user("ann").await;
    learn(&ann, &engine).await;
    let token = ann.token.clone().unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let order = URL_SAFE_NO_PAD.decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE").unwrap();
    let mut borrow = 0;
    for (digit, of_order) in raw[32..].iter_mut().zip(&order).rev() {
        let difference = i16::from(*of_order) - i16::from(*digit) - borrow;
        borrow = i16::from(difference < 0);
        *digit = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    let other = ann.with_token(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(raw)));
    assert_eq!(status(&other).await, 200);
    ann.post("/auth/logout").send().await.status(204);
    assert_eq!((status(&other).await, status(&ann).await), (401, 401));
}

#[tokio::test]
async fn an_api_token_that_was_seen_ends_in_the_very_next_question() {
    let acts: [&str; 6] = ["revoke", "time", "own sessions", "1", "2", "3"];
    for act in acts {
        let (server, engine) = watched().await;
        let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
        let (id, text) = token(&ann, "ci").await;
        assert!(is_active(&wiki, &text).await && is_active(&wiki, &text).await);
        let before = engine.reads();
        assert!(is_active(&wiki, &text).await);
        let of_the_service = engine.reads() - before;
        assert!(of_the_service <= 1, "no record of the token is read: {of_the_service}");
        match act {
            "revoke" => {
                ann.delete(&format!("/auth/tokens/{id}")).send().await.status(204);
            }
            "time" => server.advance(Duration::from_hours(24 * 90)),
            "own sessions" => {
                ann.delete("/auth/sessions").send().await.status(204);
            }
            number => end(&server, &ann.user_id, ENDS[number.parse::<usize>().unwrap()]).await,
        }
        assert!(!is_active(&wiki, &text).await, "{act}");
        assert!(!is_active(&wiki, &text.to_uppercase()).await);
    }
}

#[tokio::test]
async fn what_a_seen_api_token_may_reach_is_what_its_owner_may_now() {
    let (server, _) = watched().await;
    server.account("ann", &["user", "editor"]).await;
    let (ann, wiki) = (server.anonymous().logged_in("ann").await, server.service("wiki").await);
    let (_, text) = token(&ann, "ci").await;
    for roles in [json!(["editor", "user"]), json!(["user"]), json!(["editor"])] {
        patch(&server.operator(), &ann.user_id, &json!({"roles": roles})).await.status(200);
        for _ in 0..2 {
            let answer: serde_json::Value = wiki.introspect(&text).await.status(200).json();
            assert_eq!(answer["roles"], roles);
        }
    }
}

/// Once anybody has heard that it is ended, no request is let in; who asks again and is told so at
/// once, without a commit of his own, is anybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_04_after_an_acknowledged_logout_nobody_is_let_in() {
    for round in 0..60 {
        let setup = match round % 3 {
            0 => Setup { engine: Dawdling::new(round), ..Setup::default() },
            _ => Setup::default(),
        };
        let server = hold(setup.start().await);
        let ann = server.user("ann").await;
        let is_ended = Arc::new(AtomicBool::new(false));
        let uses = (0..3).map(|_| {
            let (tab, is_ended) = (twin(&ann), is_ended.clone());
            begin(async move {
                let mut accepted = 0;
                loop {
                    let late = is_ended.load(Ordering::SeqCst);
                    match status(&tab).await {
                        200 if late => panic!("let in after the logout"),
                        200 => accepted += 1,
                        other => break (other, accepted),
                    }
                    tokio::task::yield_now().await;
                }
            })
        });
        let uses: Vec<_> = uses.collect();
        tokio::time::sleep(Duration::from_micros(300 * (round % 7))).await;
        at_once((0..2).map(|_| {
            let (tab, is_ended) = (twin(&ann), is_ended.clone());
            async move {
                tab.post("/auth/logout").send().await.status(204);
                is_ended.store(true, Ordering::SeqCst);
            }
        }))
        .await;
        for tab in uses {
            assert_eq!(tab.await.unwrap().0, 401);
        }
    }
}
