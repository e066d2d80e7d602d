//! Signing keys that change under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::auth::{begin, hold, twin};
use crate::harness::TestServer;

/// Three keys after each other, each waited for until it signs, while browsers refresh and use
/// their tokens without a pause.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_10_a_change_of_keys_under_load_refuses_no_good_token() {
    let server = hold(TestServer::start().await);
    let ann = server.user("ann").await;
    let is_over = Arc::new(AtomicBool::new(false));
    let storm = (0..8).map(|_| {
        let (tab, is_over) = (twin(&ann), is_over.clone());
        begin(async move {
            let mut kids = Vec::new();
            while !is_over.load(Ordering::SeqCst) {
                let body: Value = tab.refresh().await.status(200).json();
                let token = body["access_token"].as_str().unwrap().to_owned();
                tab.with_token(&token).get("/auth/me").send().await.status(200);
                tokio::task::yield_now().await;
                let header = token.split('.').next().unwrap().to_owned();
                if !kids.contains(&header) {
                    kids.push(header);
                }
            }
            kids
        })
    });
    let storm: Vec<_> = storm.collect();
    for _ in 0..3 {
        server.operator().post("/admin/keys/rotate").send().await.status(200);
        for _ in 0..60 {
            server.advance(Duration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    is_over.store(true, Ordering::SeqCst);
    for tab in storm {
        assert_eq!(tab.await.unwrap().len(), 4, "every key has signed in the storm");
    }
}
