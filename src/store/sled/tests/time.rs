//! The times of commits: they never go back, whatever the clock does.

use super::recovery::unclean;
use super::*;
use std::ops::ControlFlow;

fn open_at(data: &Path, seconds: u64) -> Sled {
    let clock = Clock::manual(Timestamp::from_seconds(seconds));
    Sled::open(data, Options { clock, ..options() }).unwrap()
}

async fn commit_at(data: &Path, seconds: u64) {
    open_at(data, seconds).commit(Commit::new().put("a", "1")).await.unwrap();
}

/// When each commit happened, as the journals tell it.
fn times(data: &Path) -> Vec<u64> {
    let mut times = Vec::new();
    let history = history::History::list(&data.join("journal")).unwrap();
    let from = history.journals[0].first;
    let replayed = history.replay(from, &mut |change| {
        times.push(change.stamp.time.seconds());
        Ok(ControlFlow::Continue(()))
    });
    assert!(matches!(replayed.unwrap().ending, replay::Ending::Whole(_)));
    times
}

/// A machine without a clock of its own starts in the past after each power cut.
#[tokio::test]
async fn a_commit_is_never_earlier_than_the_one_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    commit_at(&data, 1_000).await;
    commit_at(&data, 500).await;
    unclean(&data);
    commit_at(&data, 400).await;
    assert_eq!(times(&data), [1_000, 1_000, 1_000]);
    commit_at(&data, 1_001).await;
    assert_eq!(times(&data), [1_000, 1_000, 1_000, 1_001]);
}

#[tokio::test]
async fn a_clock_that_is_set_back_under_a_running_server_moves_no_commit_before_another() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let clock = Clock::manual(Timestamp::from_seconds(5_000));
    let sled = Sled::open(&data, Options { clock: clock.clone(), ..options() }).unwrap();
    sled.commit(Commit::new().put("a", "1")).await.unwrap();
    clock.set_wall(Timestamp::from_seconds(1_000));
    clock.accept();
    sled.commit(Commit::new().put("a", "2")).await.unwrap();
    drop(sled);
    assert_eq!(times(&data), [5_000, 5_000]);
}

#[tokio::test]
async fn the_first_commit_after_a_restore_is_not_earlier_than_what_was_restored() {
    let dir = tempfile::tempdir().unwrap();
    let (data, other) = (dir.path().join("data"), dir.path().join("other"));
    commit_at(&data, 1_000).await;
    let mut backup = Vec::new();
    open_at(&data, 1_000).back_up(&mut InMemory(&mut backup)).unwrap();
    let restore = Restore::begin(&other, false).unwrap();
    restore.load(backup.as_slice()).unwrap();
    commit_at(restore.stage(), 500).await;
    restore.finish(Timestamp::from_seconds(500)).unwrap();
    assert_eq!(times(&other), [1_000]);
}
