//! Throttling of passwords: counted before they are verified, delayed rather than locked.

use std::time::Duration;

use doorkey::auth::Limits;
use serde_json::json;

use crate::auth::{WRONG_PASSWORD, at_once, change_password, count, hold, patch};
use crate::auth::{twin, visitor};
use crate::harness::{Answer, Browser, PASSWORD, Setup, TestServer};

async fn limited() -> TestServer {
    Setup::default().with_limits().start().await
}

/// This many wrong passwords, each refused as such.
async fn fail(browser: &Browser<'_>, name: &str, times: usize) {
    for _ in 0..times {
        browser.login(name, WRONG_PASSWORD).await.status(401).problem("invalid_credentials");
    }
}

fn retry_after(answer: &Answer) -> u64 {
    answer.header("retry-after").unwrap().parse().unwrap()
}

#[tokio::test]
async fn thr_01_five_failures_are_free_then_delays_double_up_to_fifteen_minutes() {
    let server = limited().await;
    server.account("ann", &["user"]).await;
    let ann = server.anonymous();
    fail(&ann, "ann", 5).await;
    let mut delays = Vec::new();
    for _ in 0..12 {
        let refused = ann.login("ann", WRONG_PASSWORD).await.status(429);
        let refused = refused.problem("too_many_attempts");
        assert_eq!(refused.header("cache-control"), Some("no-store"));
        delays.push(retry_after(&refused));
        ann.login("ann", PASSWORD).await.status(429);
        server.advance(Duration::from_secs(retry_after(&refused)));
        fail(&ann, "ann", 1).await;
    }
    assert_eq!(delays, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
}

/// A good login breaks the row.
#[tokio::test]
async fn thr_01_the_right_password_waits_like_any_other_and_then_clears_the_row() {
    let server = limited().await;
    server.account("ann", &["user"]).await;
    let ann = server.anonymous();
    fail(&ann, "ann", 5).await;
    ann.login("ann", PASSWORD).await.status(429);
    server.advance(Duration::from_secs(1));
    ann.login("ann", PASSWORD).await.status(200);
    fail(&ann, "ann", 5).await;
    assert_eq!(retry_after(&ann.login("ann", WRONG_PASSWORD).await.status(429)), 1);
}

#[tokio::test]
async fn thr_03_every_spelling_of_an_account_shares_one_counter() {
    let server = limited().await;
    let admin = server.admin().await;
    let id = server.account("alice", &["user"]).await;
    patch(&admin, &id, &json!({"email": "Alice@example.org"})).await.status(200);
    let spellings = ["alice", "ALICE", " alice", "alice@example.org", "Alice@EXAMPLE.org\t"];
    let eve = server.anonymous();
    for spelling in spellings {
        fail(&eve, spelling, 1).await;
    }
    for spelling in spellings {
        eve.login(spelling, WRONG_PASSWORD).await.status(429);
    }
    server.anonymous().login("Alice@EXAMPLE.org", PASSWORD).await.status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thr_04_of_a_hundred_guesses_at_once_at_most_five_are_verified() {
    let server = hold(limited().await);
    server.account("ann", &["user"]).await;
    let eve = server.anonymous();
    let guesses: Vec<_> = (0..100).map(|_| twin(&eve)).collect();
    let answers =
        at_once(guesses.into_iter().map(|g| async move { g.login("ann", WRONG_PASSWORD).await }));
    let answers = answers.await;
    let verified = count(&answers, 401);
    assert!((1..=5).contains(&verified), "{verified}");
    let delayed = count(&answers, 429);
    assert_eq!(verified + delayed + count(&answers, 503), 100);
    assert!(delayed > 0);
}

/// Attempts whose answer is open are no failures.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thr_04_twenty_right_logins_at_once_all_succeed() {
    let server = hold(limited().await);
    server.account("ann", &["user"]).await;
    let ann = server.anonymous();
    let logins: Vec<_> = (0..20).map(|_| twin(&ann)).collect();
    let answers =
        at_once(logins.into_iter().map(|b| async move { b.login("ann", PASSWORD).await })).await;
    assert_eq!(count(&answers, 200), 20);
}

/// Also THR-10: many accounts, few tries each, and good logins in between.
#[tokio::test]
async fn thr_11_a_network_has_thirty_failures_a_minute_whatever_the_account_and_however_it_succeeds()
 {
    let server = limited().await;
    server.account("ann", &["user"]).await;
    let eve = server.anonymous();
    for n in 0..30 {
        fail(&eve, &format!("name{n}"), 1).await;
        assert_ne!(eve.login("ann", PASSWORD).await.status, 401);
    }
    let refused = eve.login("ann", PASSWORD).await.status(429);
    assert_eq!(retry_after(&refused), 60);
    server.anonymous().login("ann", PASSWORD).await.status(200);
    server.advance(Duration::from_secs(59));
    assert_eq!(retry_after(&eve.login("ann", PASSWORD).await.status(429)), 1);
    server.advance(Duration::from_secs(1));
    eve.login("ann", PASSWORD).await.status(200);
}

#[tokio::test]
async fn thr_07_ipv6_is_counted_by_its_64_and_four_times_that_by_its_48() {
    let server = limited().await;
    let hammer = async |network: usize| {
        for host in 0..30 {
            let eve = visitor(&server, &format!("2001:db8:1:{network:x}::{host:x}"));
            fail(&eve, &format!("n{network}-{host}"), 1).await;
        }
        visitor(&server, &format!("2001:db8:1:{network:x}:ffff::1")).login("x", "y").await
    };
    for network in 0..4 {
        hammer(network).await.status(429);
    }
    visitor(&server, "2001:db8:1:9999::1").login("x", "y").await.status(429);
    visitor(&server, "2001:db8:2::1").login("x", "y").await.status(401);
}

#[tokio::test]
async fn thr_07_an_ipv4_address_inside_ipv6_is_that_ipv4_address() {
    let server = limited().await;
    fail(&visitor(&server, "192.0.2.7"), "ann", 3).await;
    fail(&visitor(&server, "::ffff:192.0.2.7"), "ann", 2).await;
    visitor(&server, "192.0.2.7").login("ann", WRONG_PASSWORD).await.status(429);
}

/// Another way to the same password is behind the same counter.
#[tokio::test]
async fn thr_06_a_change_of_the_password_is_counted_with_the_logins() {
    let server = limited().await;
    let ann = server.user("ann").await;
    for _ in 0..5 {
        let wrong = change_password(&ann, WRONG_PASSWORD, "a third good passphrase").await;
        wrong.status(401).problem("invalid_credentials");
    }
    change_password(&ann, PASSWORD, "a third good passphrase").await.status(429);
    let mut without_cookie = twin(&ann);
    without_cookie.cookie = None;
    without_cookie.login("ann", PASSWORD).await.status(429);
    server.advance(Duration::from_secs(1));
    change_password(&ann, PASSWORD, "a third good passphrase").await.status(200);
}

#[tokio::test]
async fn thr_06_guesses_of_the_setup_secret_are_throttled() {
    let server = limited().await;
    let secret = server.auth.prepare_setup(None).await.unwrap().unwrap();
    let owner = server.anonymous();
    let set_up = async |secret: &str| {
        let form = json!({"secret": secret, "username": "root", "password": PASSWORD});
        owner.post("/auth/setup").json(&form).send().await
    };
    for _ in 0..5 {
        set_up("AAAA").await.status(401).problem("invalid_credentials");
    }
    assert_eq!(retry_after(&set_up(secret.expose()).await.status(429)), 1);
    server.advance(Duration::from_secs(1));
    set_up(secret.expose()).await.status(201);
}

#[tokio::test]
async fn thr_01_a_network_registers_five_accounts_a_minute() {
    let server = limited().await;
    let ann = server.anonymous();
    let register = async |n: usize| {
        let form = json!({"username": format!("user{n}"), "password": PASSWORD});
        ann.post("/auth/register").json(&form).send().await
    };
    for n in 0..5 {
        register(n).await.status(201);
    }
    let refused = register(5).await.status(429).problem("too_many_attempts");
    assert_eq!(retry_after(&refused), 60);
    server.advance(Duration::from_mins(1));
    register(5).await.status(201);
}

/// Each limit is a key, and 0 is off.
#[tokio::test]
async fn thr_01_a_limit_of_zero_is_off() {
    let off = Limits {
        login_failures: 0,
        login_failures_per_account: 0,
        login_failures_per_network: 0,
        registrations_per_network: 0,
        service_failures_per_network: 0,
        profile_changes_per_account: 0,
    };
    let server = Setup { limits: off, ..Setup::default() }.start().await;
    server.account("ann", &["user"]).await;
    let ann = server.anonymous();
    fail(&ann, "ann", 150).await;
    ann.login("ann", PASSWORD).await.status(200);
}

/// Every limit says when it is over, and no cache keeps the answer.
#[tokio::test]
async fn thr_09_too_many_attempts_come_with_retry_after_and_are_never_stored() {
    let server = limited().await;
    server.auth.prepare_setup(None).await.unwrap();
    let ann = server.user("ann").await;
    let (nobody, owner) = (server.anonymous(), server.anonymous());
    let wrong = json!({"secret": "AAAA", "username": "root", "password": PASSWORD});
    let mut last = Vec::new();
    for n in 0..11 {
        let new = json!({"username": format!("user{n}"), "password": PASSWORD});
        let name = json!({"display_name": format!("Ann {n}")});
        last = vec![
            nobody.login("bob", WRONG_PASSWORD).await,
            nobody.post("/auth/register").json(&new).send().await,
            owner.post("/auth/setup").json(&wrong).send().await,
            change_password(&ann, WRONG_PASSWORD, PASSWORD).await,
            ann.patch("/auth/me").json(&name).send().await,
        ];
    }
    for answer in last {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.text());
        assert!((1..=900).contains(&retry_after(&answer)), "{}", answer.text());
        answer.status(429).problem("too_many_attempts");
    }
}
