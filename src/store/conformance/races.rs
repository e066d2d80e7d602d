//! The rules among tasks that run at the same time. Each yields between reading and writing, in
//! many rounds: an engine that checks and writes in two steps loses here.

use std::sync::Arc;

use tokio::task::{JoinSet, yield_now};

use super::{get, put, succeeds, value};
use crate::store::Error;
use crate::store::engine::{Commit, Engine, Version};

const TASKS: u64 = 12;
const ROUNDS: u64 = 20;

fn number(value: &[u8]) -> u64 {
    u64::from_be_bytes(value.try_into().expect("the value is a number of 8 bytes"))
}

/// Waits for all tasks and passes a failed assertion on.
async fn all<T: 'static>(mut tasks: JoinSet<T>) -> Vec<T> {
    let mut results = Vec::new();
    while let Some(result) = tasks.join_next().await {
        results.push(result.expect("a task of this test panicked"));
    }
    results
}

/// Reads, yields, writes back one more; `false` when another task was faster.
async fn increment(engine: &dyn Engine, key: &[u8]) -> bool {
    let now = get(engine, key).await;
    let next = now.as_ref().map_or(0, |entry| number(&entry.value)) + 1;
    yield_now().await;
    let commit = Commit::new().check(key, now.map(|entry| entry.version));
    match engine.commit(commit.put(key, next.to_be_bytes())).await {
        Ok(()) => true,
        Err(Error::Conflict) => false,
        Err(other) => unreachable!("an increment can only conflict, but: {other}"),
    }
}

pub(super) async fn parallel_increments_lose_none(engine: Arc<dyn Engine>) {
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let engine = Arc::clone(&engine);
        tasks.spawn(async move {
            for _ in 0..ROUNDS {
                while !increment(&*engine, b"n").await {
                    yield_now().await;
                }
            }
        });
    }
    all(tasks).await;
    let sum = value(&*engine, b"n").await.map(|value| number(&value));
    assert_eq!(sum, Some(TASKS * ROUNDS));
}

pub(super) async fn of_parallel_creations_one_wins(engine: Arc<dyn Engine>) {
    for round in 0..ROUNDS {
        let key = format!("name/{round}");
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let (engine, key) = (Arc::clone(&engine), key.clone());
            tasks.spawn(async move {
                let free = get(&*engine, key.as_bytes()).await.is_none();
                yield_now().await;
                let create = Commit::new().check(key.clone(), None).put(key, task.to_be_bytes());
                let won = engine.commit(create).await.is_ok();
                assert!(free || !won, "a name that was taken was given again");
                (task, won)
            });
        }
        let winners: Vec<u64> =
            all(tasks).await.into_iter().filter(|(_, won)| *won).map(|(task, _)| task).collect();
        let owner = value(&*engine, key.as_bytes()).await.map(|value| number(&value));
        assert_eq!(winners, owner.into_iter().collect::<Vec<_>>(), "in round {round}");
    }
}

/// Both tasks read both switches and turn one off when both are on. Each checks the switch that
/// it only reads: so one of them stays on (no write skew).
pub(super) async fn a_check_protects_a_key_that_another_task_writes(engine: Arc<dyn Engine>) {
    for round in 0..ROUNDS {
        let left = put(&*engine, b"left", b"on").await;
        let right = put(&*engine, b"right", b"on").await;
        let mut tasks = JoinSet::new();
        tasks.spawn(turn_off(Arc::clone(&engine), ("left", left), ("right", right)));
        tasks.spawn(turn_off(Arc::clone(&engine), ("right", right), ("left", left)));
        let done = all(tasks).await.into_iter().filter(|done| *done).count();
        assert_eq!(done, 1, "in round {round}");
    }
}

async fn turn_off(
    engine: Arc<dyn Engine>,
    own: (&'static str, Version),
    other: (&'static str, Version),
) -> bool {
    yield_now().await;
    engine.commit(Commit::new().check(other.0, Some(other.1)).put(own.0, "off")).await.is_ok()
}

pub(super) async fn commits_on_other_keys_do_not_conflict(engine: Arc<dyn Engine>) {
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let engine = Arc::clone(&engine);
        tasks.spawn(async move {
            for _ in 0..ROUNDS {
                assert!(increment(&*engine, &task.to_be_bytes()).await, "nobody else writes it");
            }
        });
    }
    all(tasks).await;
    for task in 0..TASKS {
        let sum = value(&*engine, &task.to_be_bytes()).await.map(|value| number(&value));
        assert_eq!(sum, Some(ROUNDS));
    }
}

pub(super) async fn a_commit_whose_caller_went_away_is_whole_or_absent(engine: Arc<dyn Engine>) {
    for round in 0..ROUNDS {
        let both = Commit::new().put("a", round.to_be_bytes()).put("b", round.to_be_bytes());
        let mut tasks = JoinSet::new();
        let sent = Arc::clone(&engine);
        tasks.spawn(async move { sent.commit(both).await });
        yield_now().await;
        tasks.shutdown().await;
        // What comes later is behind the abandoned commit.
        put(&*engine, b"later", b"x").await;
        assert_eq!(value(&*engine, b"a").await, value(&*engine, b"b").await, "in round {round}");
    }
}

/// Of an engine that gives stamps: once a later value was read, none of the value before holds.
pub(super) async fn no_stamp_outlives_the_value_that_was_read_after_it(engine: Arc<dyn Engine>) {
    if engine.changes().is_none() {
        return;
    }
    put(&*engine, b"n", &0_u64.to_be_bytes()).await;
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS / 2 {
        let engine = Arc::clone(&engine);
        tasks.spawn(async move {
            loop {
                let stamp = engine.changes().and_then(|changes| changes.stamp(b"n"));
                let kept = value(&*engine, b"n").await.map(|value| number(&value));
                yield_now().await;
                let now = value(&*engine, b"n").await.map(|value| number(&value));
                let holds = |stamp| engine.changes().is_some_and(|changes| changes.holds(stamp));
                assert!(now == kept || !stamp.is_some_and(holds), "{kept:?} is kept, {now:?} read");
                if now == Some(TASKS * ROUNDS) {
                    break;
                }
            }
        });
    }
    for next in 1..=TASKS * ROUNDS {
        succeeds(&*engine, Commit::new().put("n", next.to_be_bytes())).await;
    }
    all(tasks).await;
    let stamp = engine.changes().and_then(|changes| changes.stamp(b"n"));
    assert!(stamp.is_some(), "nobody writes, so the value can be kept");
}
