//! A store with a record of every kind.

use std::time::Duration;

use doorkey::model::TokenHash;
use doorkey::store::engine::Entry;

use crate::harness::{PASSWORD, Setup};

/// The records of a server that has seen everything, but for a restore that was not finished.
pub async fn everything() -> Vec<Entry> {
    let setup = Setup::default().with_limits();
    let engine = setup.engine.clone();
    let server = setup.start().await;
    let root = server.admin().await;
    let ann = server.user("ann").await;
    let email = serde_json::json!({"email": "ann@example.org", "display_name": "Ann"});
    ann.patch("/auth/me").json(&email).send().await.status(200);
    root.post(&format!("/admin/users/{}/password-reset", ann.user_id)).send().await.status(200);
    server.anonymous().login("ann", "wrong").await.status(401);
    let bob = server.account("bob", &["user"]).await;
    root.delete(&format!("/admin/users/{bob}")).send().await.status(204);
    server.auth.save(true).await.unwrap();
    server.auth.seal().await.unwrap();
    server.advance(Duration::from_secs(1));
    server.anonymous().login("ann", PASSWORD).await.status(200);
    let setup = server.store.setup().set(&TokenHash::from_bytes([7; 32]));
    let latest = server.store.clock().set_latest(Some(server.clock.now()));
    server.store.commit(setup.and(latest)).await.unwrap();
    engine.scan(b"", None, 10_000).await.unwrap()
}
