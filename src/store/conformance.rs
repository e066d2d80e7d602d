//! What every engine must do, as tests that run against any of them.
//!
//! An engine's own test is three lines:
//!
//! ```
//! # use doorkey::store::{Memory, conformance};
//! # #[tokio::main(flavor = "multi_thread", worker_threads = 2)]
//! # async fn main() {
//! conformance::run(async || Memory::new()).await;
//! # }
//! ```
//!
//! Run it on a runtime with several threads, otherwise the races are none.

mod durable;
mod races;
mod random;
mod rules;
mod scans;

use std::sync::Arc;
use std::time::Duration;

use super::Error;
use super::engine::{Commit, Engine, Entry, Version};

pub use self::random::compare;

/// No rule takes as long on a working engine; one that hangs is told from a slow one here.
const DEADLINE: Duration = Duration::from_mins(1);
/// Fixed, so that a failure can be repeated.
const SEEDS: [u64; 4] = [1, 2, 3, 0xd00e];
const STEPS: usize = 300;

/// Runs every rule on a fresh, empty engine of its own, which `make` makes, then random
/// operations beside [`super::Memory`].
///
/// # Panics
/// When the engine breaks a rule or hangs.
pub async fn run<E: Engine>(make: impl AsyncFn() -> E) {
    let fresh = async || Arc::new(make().await) as Arc<dyn Engine>;
    macro_rules! rules {
        ($($rule:path),+ $(,)?) => {
            $(within(stringify!($rule), $rule(fresh().await)).await;)+
        };
    }
    rules!(
        rules::a_commit_can_be_read_when_it_returned,
        rules::a_stale_check_conflicts,
        rules::a_check_holds_on_a_key_that_is_only_read,
        rules::create_once_wins_once,
        rules::a_failed_commit_writes_nothing,
        rules::a_key_that_was_deleted_and_made_again_has_a_new_version,
        rules::every_write_raises_the_version,
        rules::of_two_writes_to_one_key_the_later_stays,
        rules::an_empty_commit_does_nothing,
        rules::commits_up_to_the_limits_are_taken_and_larger_ones_write_nothing,
        rules::any_bytes_are_a_key,
        scans::a_scan_is_in_the_order_of_its_keys,
        scans::a_scan_keeps_to_its_prefix,
        scans::a_scan_pages_by_the_key_it_comes_after,
        scans::a_scan_sees_no_deleted_key,
        races::parallel_increments_lose_none,
        races::of_parallel_creations_one_wins,
        races::a_check_protects_a_key_that_another_task_writes,
        races::commits_on_other_keys_do_not_conflict,
        races::a_commit_whose_caller_went_away_is_whole_or_absent,
        races::no_stamp_outlives_the_value_that_was_read_after_it,
    );
    for seed in SEEDS {
        within("random operations", compare(fresh().await, seed, STEPS)).await;
    }
}

/// Runs the rules for engines that keep their records over a restart. `open` opens the same
/// store again each time; the engine before was dropped. The store must be empty at first.
///
/// # Panics
/// When the engine breaks a rule or hangs.
pub async fn run_durable<E: Engine>(open: impl AsyncFn() -> E) {
    within("survives a reopen", durable::records_survive_a_reopen(&open)).await;
    within("versions rise over a reopen", durable::versions_rise_over_a_reopen(&open)).await;
}

async fn within(rule: &str, test: impl Future<Output = ()>) {
    let done = tokio::time::timeout(DEADLINE, Box::pin(test)).await;
    assert!(done.is_ok(), "{rule}: no answer in {DEADLINE:?}");
}

async fn get(engine: &dyn Engine, key: &[u8]) -> Option<Entry> {
    let found = engine.get(key).await.expect("an engine in a test can read");
    assert!(found.as_ref().is_none_or(|entry| entry.key == key), "get gave another key");
    found
}

async fn value(engine: &dyn Engine, key: &[u8]) -> Option<Vec<u8>> {
    get(engine, key).await.map(|entry| entry.value)
}

async fn version(engine: &dyn Engine, key: &[u8]) -> Option<Version> {
    get(engine, key).await.map(|entry| entry.version)
}

/// Writes without a check and gives the new version.
async fn put(engine: &dyn Engine, key: &[u8], value: &[u8]) -> Version {
    succeeds(engine, Commit::new().put(key, value)).await;
    version(engine, key).await.expect("a key that was put is there")
}

async fn succeeds(engine: &dyn Engine, commit: Commit) {
    let done = engine.commit(commit.clone()).await;
    assert!(done.is_ok(), "{commit:?} should be taken, but: {done:?}");
}

async fn conflicts(engine: &dyn Engine, commit: Commit) {
    let done = engine.commit(commit.clone()).await;
    assert!(matches!(done, Err(Error::Conflict)), "{commit:?} should conflict, but: {done:?}");
}
