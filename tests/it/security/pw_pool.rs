//! The throttle stands before the password queue, and the queue before the machine.

use std::sync::Arc;
use std::time::Duration;

use doorkey::crypto::{Argon2Params, PoolSettings};

use doorkey::store::Memory;
use serde_json::json;

use crate::auth::{Held, WRONG_PASSWORD, hold, on_memory, patch, visitor};
use crate::harness::{PASSWORD, Setup};

/// One thread that takes seconds for a password, and one place to wait.
fn slow_pool() -> PoolSettings {
    PoolSettings {
        params: Argon2Params { memory_kib: 64, iterations: 60_000, parallelism: 1 },
        memory_bytes: 1,
        queue: 1,
        max_wait: Duration::from_secs(10),
    }
}

/// A server that does not come to the next password for seconds, on accounts that are there.
async fn busy(engine: Arc<Memory>) -> Held {
    let slow = Setup { engine, pool: slow_pool(), ..Setup::default() }.with_limits();
    let slow = hold(slow.start().await);
    slow.auth.restore_attempts().await.unwrap();
    for name in ["first", "second"] {
        crate::auth::begin(async move { slow.anonymous().login(name, PASSWORD).await.status });
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    slow
}

/// A login that is not let through takes no place in the queue, and a full queue says so at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pw_09_a_throttled_login_is_429_while_the_queue_is_full_and_others_are_503() {
    let (setup, engine) = on_memory();
    let server = setup.with_limits().start().await;
    server.account("ann", &["user"]).await;
    let eve = visitor(&server, "192.0.2.1");
    for _ in 0..5 {
        eve.login("ann", WRONG_PASSWORD).await.status(401);
    }
    server.auth.save(true).await.unwrap();

    let slow = busy(engine).await;
    let busy = slow.anonymous().login("third", PASSWORD).await.status(503).problem("busy");
    let busy = busy.rule("queue_passwords");
    assert_eq!(busy.header("retry-after"), Some("10"));
    let throttled = visitor(slow, "192.0.2.1").login("ann", PASSWORD).await.status(429);
    assert_eq!(throttled.header("retry-after"), Some("1"));
}

/// What was not verified is no failure.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thr_04_a_full_queue_costs_nobody_an_attempt() {
    let slow = busy(Arc::default()).await;
    let ann = slow.anonymous();
    for _ in 0..8 {
        ann.login("ann", PASSWORD).await.status(503).problem("busy");
    }
}

/// Whoever waits in the queue is in it, whether there is a hash to compare or none. That the
/// stand-in has the parameters of today stands with the code (`crypto/password`).
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pw_10_an_account_that_is_not_there_waits_in_the_same_queue() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let root = server.admin().await;
    let disabled = server.account("disabled", &["user"]).await;
    patch(&root, &disabled, &json!({"disabled": true})).await.status(200);
    let invite = json!({"username": "invited"});
    root.post("/admin/users").json(&invite).send().await.status(201);
    let slow = busy(engine).await;
    for name in ["root", "disabled", "invited", "nobody", "no@example.org", "no name"] {
        slow.anonymous().login(name, PASSWORD).await.status(503).problem("busy");
    }
}

/// A name that is taken is hashed for as long as a free one, and only then refused, behind a
/// limit that counts both.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn enm_03_a_taken_name_costs_what_a_free_one_costs() {
    let (setup, engine) = on_memory();
    let server = setup.with_limits().start().await;
    server.account("ann", &["user"]).await;
    let form = |name: &str| json!({"username": name, "password": PASSWORD});
    let eve = server.anonymous();
    for _ in 0..5 {
        let taken = eve.post("/auth/register").json(&form("ann")).send().await;
        taken.status(409).problem("username_taken");
    }
    for name in ["ann", "free"] {
        let refused = eve.post("/auth/register").json(&form(name)).send().await;
        refused.status(429).problem("too_many_attempts");
    }
    let slow = busy(engine).await;
    for name in ["ann", "free"] {
        let waits = slow.anonymous().post("/auth/register").json(&form(name)).send().await;
        waits.status(503).problem("busy");
    }
}
