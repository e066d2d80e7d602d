//! The throttle stands before the password queue, and the queue before the machine.

use std::time::Duration;

use doorkey::crypto::{Argon2Params, PoolSettings};

use super::{WRONG_PASSWORD, hold, on_memory, visitor};
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

/// PW-08, PW-09: a login that is not let through takes no place in the queue, and a full queue
/// says so at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_throttled_login_is_429_while_the_queue_is_full_and_others_are_503() {
    let (setup, engine) = on_memory();
    let server = setup.with_limits().start().await;
    server.account("ann", &["user"]).await;
    let eve = visitor(&server, "192.0.2.1");
    for _ in 0..5 {
        eve.login("ann", WRONG_PASSWORD).await.status(401);
    }
    server.auth.save(true).await.unwrap();

    let slow = Setup { engine, pool: slow_pool(), ..Setup::default() }.with_limits();
    let slow = hold(slow.start_at(server.clock.clone(), server.random.clone()).await);
    slow.auth.restore_attempts().await.unwrap();
    for name in ["first", "second"] {
        super::begin(async move { slow.anonymous().login(name, PASSWORD).await.status });
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let busy = slow.anonymous().login("third", PASSWORD).await.status(503).problem("busy");
    assert_eq!(busy.header("retry-after"), Some("10"));
    let throttled = visitor(slow, "192.0.2.1").login("ann", PASSWORD).await.status(429);
    assert_eq!(throttled.header("retry-after"), Some("1"));
}

/// THR-04: what was not verified is no failure.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_queue_costs_nobody_an_attempt() {
    let slow = Setup { pool: slow_pool(), ..Setup::default() }.with_limits();
    let slow = hold(slow.start().await);
    for name in ["first", "second"] {
        super::begin(async move { slow.anonymous().login(name, PASSWORD).await.status });
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let ann = slow.anonymous();
    for _ in 0..8 {
        ann.login("ann", PASSWORD).await.status(503).problem("busy");
    }
}
