//! Races between accounts and sessions: whoever comes second must see who came first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use warp::http::Method;

use crate::auth::engines::{Dawdling, Gated};
use crate::auth::{Held, OTHER_PASSWORD, at_once, change_password, count, dump, hold, patch, twin};
use crate::harness::{Browser, PASSWORD, Setup};

async fn dawdling(seed: u64) -> (Held, Arc<Dawdling>) {
    let engine = Dawdling::new(seed);
    let setup = Setup { engine: engine.clone(), ..Setup::default() };
    (hold(setup.start().await), engine)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_01_of_fifty_registrations_of_one_name_one_succeeds() {
    for seed in 0..3 {
        let (server, engine) = dawdling(seed).await;
        let tasks = (0..50).map(|n| async move {
            let name = ["ann", "Ann", "ANN", "aNN"][n % 4];
            let form = json!({"username": name, "password": PASSWORD});
            server.anonymous().post("/auth/register").json(&form).send().await
        });
        let answers = at_once(tasks).await;
        assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 49));
        let all = dump(&*engine).await;
        for prefix in ["user/", "name/", "event/"] {
            let found = all.iter().filter(|(key, _)| key.starts_with(prefix)).count();
            assert_eq!(found, 1, "{prefix}");
        }
        server.anonymous().login("ann", PASSWORD).await.status(200);
    }
}

/// Nor do two accounts share an address.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_01_of_fifty_registrations_with_one_address_one_succeeds() {
    let (server, engine) = dawdling(1).await;
    let tasks = (0..50).map(|n| async move {
        let email = ["ann@example.org", "Ann@Example.ORG"][n % 2];
        let form = json!({"username": format!("ann{n}"), "password": PASSWORD, "email": email});
        server.anonymous().post("/auth/register").json(&form).send().await
    });
    let answers = at_once(tasks).await;
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 49));
    let all = dump(&*engine).await;
    for prefix in ["user/", "name/", "email/", "event/"] {
        assert_eq!(all.iter().filter(|(key, _)| key.starts_with(prefix)).count(), 1, "{prefix}");
    }
}

/// How many administrators can act, by the accounts and by the record that counts them.
async fn admins(server: Held, engine: &Dawdling) -> usize {
    let body: Value = server.operator().get("/admin/users").send().await.status(200).json();
    let users = body["users"].as_array().unwrap();
    let is_admin = |u: &&Value| {
        u["disabled"] == false && u["roles"].as_array().unwrap().contains(&json!("admin"))
    };
    let found = users.iter().filter(is_admin).count();
    let all = dump(engine).await;
    let (_, counted) = all.iter().find(|(key, _)| key == "admins").unwrap();
    assert_eq!(serde_json::from_str::<Value>(counted).unwrap()["record"], found);
    found
}

/// What takes an administrator away.
const TAKINGS: [&str; 3] = [r#"{"roles":["user"]}"#, r#"{"disabled":true}"#, "delete"];

async fn take_away(by: &Browser<'_>, id: &str, how: &str) -> u16 {
    let path = format!("/admin/users/{id}");
    if how == "delete" {
        return by.request(Method::DELETE, &path).send().await.status;
    }
    by.patch(&path).json(&serde_json::from_str(how).unwrap()).send().await.status
}

/// Also when a third one would let both go.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_02_of_two_administrators_who_remove_each_other_one_remains() {
    for round in 0..36 {
        let (server, engine) = dawdling(round).await;
        let (mut sides, mut ids) = (Vec::new(), Vec::new());
        let is_there_a_third = round % 2 == 1;
        if is_there_a_third {
            server.account("eve", &["admin"]).await;
        }
        for name in ["ada", "bob"] {
            server.account(name, &["admin"]).await;
            sides.push(server.anonymous().logged_in(name).await);
            ids.insert(0, sides.last().unwrap().user_id.clone());
        }
        let round = usize::try_from(round).unwrap();
        let hows = [TAKINGS[round % 3], TAKINGS[round / 3 % 3]];
        let tasks = sides.into_iter().zip(ids).zip(hows);
        let tasks = tasks.map(|((by, id), how)| async move { take_away(&by, &id, how).await });
        let statuses = at_once(tasks).await;
        let done = statuses.iter().filter(|s| **s < 300).count();
        assert_eq!(done, 1, "{hows:?} {statuses:?}");
        assert_eq!(admins(server, &engine).await, 1 + usize::from(is_there_a_third));
    }
}

/// Also when each gives up its own place, or the operator takes both.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn az_05_the_last_administrator_stays_when_all_go_at_once() {
    for round in 0..30 {
        let (server, engine) = dawdling(round).await;
        let mut tasks = Vec::new();
        for name in ["ada", "bob", "eve"] {
            server.account(name, &["admin"]).await;
            let own = server.anonymous().logged_in(name).await;
            let id = own.user_id.clone();
            let by = if round % 2 == 0 { own } else { server.operator() };
            let how = TAKINGS[1 + usize::try_from(round).unwrap() / 2 % 2];
            tasks.push(async move { take_away(&by, &id, how).await });
        }
        let mut statuses = at_once(tasks).await;
        statuses.sort_unstable();
        assert!(statuses[1] < 300 && statuses[2] == 409, "{statuses:?}");
        assert_eq!(admins(server, &engine).await, 1);
    }
}

/// Also PW-15: a way into an account is handed out by administrators only, at its commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn az_07_who_is_demoted_meanwhile_hands_out_no_link() {
    let engine = Gated::new();
    let server = hold(Setup { engine: engine.clone(), ..Setup::default() }.start().await);
    let (root, ann) = (server.admin().await, server.account("ann", &["user"]).await);
    server.account("eve", &["admin"]).await;
    let eve = server.anonymous().logged_in("eve").await;
    let demoted = eve.user_id.clone();
    engine.arm("link/");
    let late = crate::auth::begin(async move {
        eve.post(&format!("/admin/users/{ann}/password-reset")).send().await
    });
    engine.reached().await;
    patch(&root, &demoted, &json!({"roles": ["user"]})).await.status(200);
    engine.open();
    late.await.unwrap().status(403).problem("insufficient_scope").rule("role_lost");
}

/// What ends a session under a storm of refreshes.
async fn end(how: usize, ann: &Browser<'_>, admin: &Browser<'_>) {
    let answer = match how {
        0 => ann.post("/auth/logout").send().await,
        1 => patch(admin, &ann.user_id, &json!({"disabled": true})).await,
        2 => ann.delete("/auth/sessions").send().await,
        _ => change_password(ann, PASSWORD, OTHER_PASSWORD).await,
    };
    assert!(answer.status < 300, "{}", answer.text());
}

/// A storm of refreshes while the session ends in this way: once that is answered no refresh is
/// 200, and no token of the storm lives.
async fn storm(how: usize, rounds: u64) {
    for round in 0..rounds {
        let (server, _) = dawdling(round).await;
        let (admin, ann) = (server.admin().await, server.user("ann").await);
        let is_over = Arc::new(AtomicBool::new(false));
        let storm = (0..12).map(|_| {
            let (tab, is_over) = (twin(&ann), is_over.clone());
            crate::auth::begin(async move {
                let mut tokens = Vec::new();
                loop {
                    let was_over = is_over.load(Ordering::SeqCst);
                    let answer = tab.refresh().await;
                    assert!(!was_over || answer.status == 401);
                    if answer.status != 200 {
                        return tokens;
                    }
                    tokens
                        .push(answer.json::<Value>()["access_token"].as_str().unwrap().to_owned());
                    // A refresh that was seen before waits for nothing, so the others wait here.
                    tokio::task::yield_now().await;
                }
            })
        });
        let storm: Vec<_> = storm.collect();
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
        end(how, &ann, &admin).await;
        is_over.store(true, Ordering::SeqCst);
        for tab in storm {
            for token in tab.await.unwrap() {
                let answer = server.anonymous().with_token(&token).get("/auth/me").send().await;
                answer.status(401).problem("invalid_token");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_03_a_logout_under_a_storm_of_refreshes_leaves_nothing_alive() {
    storm(0, 6).await;
}

/// By disabling, sign-out everywhere and another password.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_04_another_epoch_under_a_storm_of_refreshes_leaves_nothing_alive() {
    for how in 1..4 {
        storm(how, 4).await;
    }
}

/// Parallel logins lose none of each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ses_17_logins_of_one_account_at_once_are_all_listed() {
    let (server, _) = dawdling(1).await;
    let ann = server.user("ann").await;
    let tasks = (0..15).map(|_| async move { server.anonymous().login("ann", PASSWORD).await });
    let answers = at_once(tasks).await;
    assert_eq!(count(&answers, 200), 15);
    let body: Value = ann.get("/auth/sessions").send().await.status(200).json();
    assert_eq!(body["sessions"].as_array().unwrap().len(), 16);
}
