//! One of every answer.

use serde_json::json;
use warp::http::Method;

use crate::harness::{Answer, TestServer};
use crate::http::routes::{filled, name, there};

/// What each route answers to an administrator and to nobody: with no body, with an empty
/// object and by a method that it has not; and what is answered where there is no route.
pub(super) async fn everything(server: &TestServer) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    server.account("root", &["admin", "user"]).await;
    for row in there(server) {
        let root = server.anonymous().logged_in("root").await;
        for (who, caller) in [("root", &root), ("nobody", &server.anonymous())] {
            let path = filled(row.path);
            let what = format!("{who} {}", name(&row));
            let bare = caller.request(row.method.clone(), &path).send().await;
            let empty = caller.request(row.method.clone(), &path).json(&json!({})).send().await;
            let put = caller.request(Method::PUT, &path).send().await;
            let put = put.status(if row.any_method { 403 } else { 405 });
            answers.extend([bare, empty, put].map(|answer| (what.clone(), answer)));
        }
    }
    for path in ["/", "/nothing", "/metrics", "/debug", "/.git/config"] {
        let answer = server.anonymous().get(path).send().await.status(404);
        answers.push((path.to_owned(), answer));
    }
    answers
}
