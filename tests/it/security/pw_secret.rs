//! A password that is sent comes back nowhere.

use serde_json::{Value, json};
use tracing::Level;

use super::capture::Log;
use super::failing;
use crate::auth::patch;
use crate::harness::PASSWORD;

/// What is typed as a password here; no part of it is a word of any answer.
const TYPED: &str = "Zq7-gloaming-Vx4";

/// A body with the password in this member, right and in every way wrong.
fn bodies(member: &str, form: &Value) -> Vec<String> {
    let mut good = form.clone();
    good[member] = json!(TYPED);
    let good = good.to_string();
    let (start, _) = good.split_at(good.find(TYPED).unwrap() + TYPED.len());
    vec![
        good.clone(),
        good.replace(&format!("\"{TYPED}\""), &format!("[\"{TYPED}\"]")),
        good.replace(&format!("\"{TYPED}\""), &format!("{{\"{TYPED}\":1}}")),
        good.replacen('{', &format!("{{\"{member}\":\"{TYPED}\","), 1),
        start.to_owned(),
        format!("{good}{TYPED}"),
        good.replace(TYPED, &TYPED.repeat(40)),
    ]
}

/// In no answer and in no line of the log at any level, also while the store is broken. The
/// types that hold one print nothing of it: that stands with them (`model/secret`).
#[tokio::test]
async fn pw_17_a_password_is_in_no_answer_and_in_no_log() {
    let (server, engine) = failing::start().await;
    let log = Log::start(Level::TRACE);
    let (root, ann) = (server.admin().await, server.user("ann").await);
    patch(&root, &ann.user_id, &json!({"display_name": "Ann"})).await.status(200);
    let routes = [
        ("/auth/login", "password", json!({"username": "ann"})),
        ("/auth/register", "password", json!({"username": "bob"})),
        ("/admin/users", "password", json!({"username": "carl"})),
        ("/auth/password", "current_password", json!({"new_password": PASSWORD})),
        ("/auth/password", "new_password", json!({"current_password": "wrong"})),
        ("/auth/password-reset", "new_password", json!({"token": "x"})),
        ("/auth/setup", "password", json!({"secret": "x", "username": "root"})),
    ];
    for (path, member, form) in &routes {
        for (body, broken) in bodies(member, form).iter().flat_map(|b| [(b, false), (b, true)]) {
            engine.fail(broken, broken);
            let post = root.post(path).header("content-type", "application/json");
            let answer = post.body(body.as_str()).send().await;
            let text = format!("{:?} {}", answer.headers, answer.text());
            assert!(!text.contains("gloaming"), "{path} {body}: {text}");
        }
    }
    engine.fail(false, false);
    server.auth.save(true).await.unwrap();
    let lines = log.take();
    assert!(lines.contains("answered") && !lines.contains("gloaming"), "{lines}");
}
