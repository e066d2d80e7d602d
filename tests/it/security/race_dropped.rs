//! Requests that are dropped half way: the state is before or after, never between.

use std::time::Duration;

use serde_json::{Value, json};

use crate::auth::engines::Dawdling;
use crate::auth::{Held, OTHER_PASSWORD, change_password, dump, hold};
use crate::harness::{PASSWORD, Setup};

/// One act of many, on accounts that others act on too; whether it works does not matter.
async fn act(server: Held, n: u64) {
    let name = format!("user{}", n % 5);
    let email = format!("mail{}@example.org", n % 3);
    let by = server.operator();
    let list: Value = by.get(&format!("/admin/users?q={name}")).send().await.json();
    let id = list["users"][0]["id"].as_str().unwrap_or("AAAAAAAAAAAAAAAAAAAAAA").to_owned();
    let path = format!("/admin/users/{id}");
    let _: u16 = match n % 8 {
        0 | 1 => {
            let form = json!({"username": name, "password": PASSWORD, "email": email});
            server.anonymous().post("/auth/register").json(&form).send().await.status
        }
        2 | 3 => server.anonymous().login(&name, PASSWORD).await.status,
        4 => by.delete(&path).send().await.status,
        5 => by.patch(&path).json(&json!({"email": email})).send().await.status,
        6 => by.patch(&path).json(&json!({"roles": ["admin", "user"]})).send().await.status,
        _ => {
            let mut ann = server.anonymous();
            let login = ann.login(&name, PASSWORD).await;
            if login.status == 200 {
                crate::auth::take(&mut ann, &login);
                change_password(&ann, PASSWORD, OTHER_PASSWORD).await.status
            } else {
                login.status
            }
        }
    };
}

/// The records whose keys start with `prefix`, by what follows it.
fn records(all: &[(String, String)], prefix: &str) -> Vec<(String, Value)> {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap()["record"].clone();
    let found =
        all.iter().filter_map(|(k, v)| Some((k.strip_prefix(prefix)?.to_owned(), parsed(v))));
    found.collect()
}

fn find<'a>(records: &'a [(String, Value)], key: &Value) -> &'a Value {
    let key = key.as_str().unwrap();
    let found = records.iter().find(|(k, _)| k == key);
    &found.unwrap_or_else(|| panic!("no record of {key}")).1
}

/// Every index has its record and every record its index.
fn assert_whole(all: &[(String, String)]) {
    let users = records(all, "user/");
    let (names, emails) = (records(all, "name/"), records(all, "email/"));
    for (name, id) in &names {
        assert_eq!(find(&users, id)["username"], *name);
    }
    for (email, id) in &emails {
        assert_eq!(find(&users, id)["email"], *email);
    }
    assert_eq!(names.len(), users.len());
    assert_eq!(emails.len(), users.iter().filter(|(_, u)| !u["email"].is_null()).count());
    let sessions = records(all, "session/");
    for (user, list) in records(all, "logins/") {
        find(&users, &json!(user));
        for entry in list["sessions"].as_array().unwrap() {
            assert_eq!(find(&sessions, &entry["id"])["user"], user);
        }
    }
    let marks = records(all, "expiry/");
    for (id, _) in &sessions {
        assert!(marks.iter().any(|(key, _)| key.ends_with(&format!("session/{id}"))));
    }
    let admin = json!("admin");
    let admins = users.iter().filter(|(_, u)| u["roles"].as_array().unwrap().contains(&admin));
    let counted = records(all, "admins").first().map_or(json!(0), |(_, n)| n.clone());
    assert_eq!(counted, admins.count());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_11_a_dropped_request_leaves_no_half_state() {
    for seed in 0..6 {
        let engine = Dawdling::new(seed);
        let server = hold(Setup { engine: engine.clone(), ..Setup::default() }.start().await);
        let mut cut = 0;
        for round in 0..60 {
            let acts = (0..4).map(|k| {
                let n = seed * 1_000 + round * 4 + k;
                let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
                let patience = Duration::from_micros(mixed % 4_000);
                async move { tokio::time::timeout(patience, act(server, mixed / 7)).await.is_err() }
            });
            cut += crate::auth::at_once(acts).await.into_iter().filter(|c| *c).count();
        }
        assert!((20..230).contains(&cut), "{cut} of 240 were cut: neither none nor all");
        assert_whole(&dump(&*engine).await);
    }
}

/// Also THR-04: who hangs up while its password is verified has used an attempt.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_11_hanging_up_buys_no_free_guess() {
    let mut setup = Setup::default().with_limits();
    setup.pool.params.iterations = 4_000;
    let server = hold(setup.start().await);
    let eve = server.anonymous();
    for _ in 0..5 {
        let login = eve.login("nobody", PASSWORD);
        tokio::time::timeout(Duration::from_millis(5), login).await.unwrap_err();
    }
    eve.login("nobody", PASSWORD).await.status(429);
}
