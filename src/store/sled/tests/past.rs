//! What a store can be taken back to, by time and by the number of a commit, and what is said
//! of the rest.

use super::lost_end::cut_last;
use super::recovery::{journal, unclean};
use super::*;
use crate::store::engine::Write;

/// A data folder with journals of earlier versions: each a number and the times of its commits.
/// Commit N puts N under the key `n`.
fn journals(files: &[(u64, &[u64])]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let folder = data.join("journal");
    fs::create_dir_all(&folder).unwrap();
    set_mode(&data, 0o700);
    for (first, times) in files {
        let begun = Timestamp::from_seconds(times[0]);
        let mut journal = Journal::create(&folder, *first, begun).unwrap();
        for (sequence, seconds) in (*first..).zip(*times) {
            let time = Timestamp::from_seconds(*seconds);
            let stamp = frame::Stamp { sequence, synced: sequence - 1, time };
            let write = Write::Put { key: b"n".into(), value: sequence.to_be_bytes().into() };
            let mut frames = Vec::new();
            frame::put_change(&mut frames, stamp, &[write]);
            journal.append(&frames).unwrap();
        }
    }
    (dir, data)
}

fn at(seconds: u64) -> Until {
    Until::Time(Timestamp::from_seconds(seconds))
}

/// Goes back, opens what comes of it, and gives the number of the last commit in it.
async fn back(data: &Path, until: Until) -> Result<u64, String> {
    let restore = Restore::begin(data, true).unwrap();
    let point = restore.rewind(until).map_err(|error| error.to_string())?;
    let found = open(restore.stage()).get(b"n").await.unwrap();
    let number = found.map_or(0, |entry| u64::from_be_bytes(entry.value.try_into().unwrap()));
    assert_eq!(number, point.commit);
    Ok(number)
}

/// Nothing further can be had, and the refusal names the command for all before.
async fn assert_beyond(data: &Path, wanted: &[Until], last: u64) {
    for until in wanted {
        let refused = back(data, *until).await.unwrap_err();
        assert!(refused.contains(&format!("--commit {last}")), "{until:?}: {refused}");
    }
    assert_eq!(back(data, Until::Commit(last)).await, Ok(last));
}

#[tokio::test]
async fn a_store_goes_back_to_any_commit_and_to_no_other() {
    let (_dir, data) = journals(&[(1, &[10, 20]), (3, &[30])]);
    for commit in 0..=3 {
        assert_eq!(back(&data, Until::Commit(commit)).await, Ok(commit));
    }
    let refused = back(&data, Until::Commit(4)).await.unwrap_err();
    assert!(refused.contains("the last one is 3"), "{refused}");
    assert_eq!(back(&data, at(29)).await, Ok(2));
    assert_eq!(back(&data, at(99)).await, Ok(3));
    let refused = back(&data, at(9)).await.unwrap_err();
    assert!(refused.contains("reaches back to 1970-01-01T00:00:10Z"), "{refused}");
}

/// Before times were kept from going back: nothing that had happened by then may be left out.
#[tokio::test]
async fn a_time_means_the_last_commit_that_is_not_later_though_one_before_it_is() {
    let (_dir, data) = journals(&[(1, &[1_000, 9_000, 1_100]), (4, &[1_200, 1_300])]);
    for (seconds, commit) in [(1_000, 1), (1_100, 3), (1_250, 4), (1_300, 5), (9_000, 5)] {
        assert_eq!(back(&data, at(seconds)).await, Ok(commit), "{seconds}");
    }
}

#[tokio::test]
async fn all_before_damage_can_be_had_by_the_command_that_the_refusal_names() {
    let (_dir, data) = journals(&[(1, &[10, 90, 20, 30, 40])]);
    let mut bytes = fs::read(journal(&data)).unwrap();
    let at_byte = bytes.len() - 70;
    bytes[at_byte] ^= 1;
    fs::write(journal(&data), &bytes).unwrap();
    let error = refusal(&data).to_string();
    assert!(error.contains("doorkey restore --commit 3 --replace"), "{error}");
    assert_beyond(&data, &[at(25), at(99), Until::Commit(4), Until::Commit(9)], 3).await;
    assert_eq!(back(&data, at(20)).await, Ok(3));
}

#[tokio::test]
async fn all_before_a_gap_or_a_damaged_header_can_be_had_and_the_gap_is_named() {
    for gone in [true, false] {
        let (_dir, data) = journals(&[(1, &[10, 20]), (3, &[30, 40]), (5, &[50])]);
        let middle = files::journal_path(&data.join("journal"), 3);
        if gone {
            fs::remove_file(middle).unwrap();
        } else {
            let mut bytes = fs::read(&middle).unwrap();
            bytes[12] ^= 1;
            fs::write(middle, bytes).unwrap();
        }
        let error = refusal(&data).to_string();
        assert!(error.contains("doorkey restore --commit 2 --replace"), "{error}");
        assert_beyond(&data, &[at(21), at(60), Until::Commit(3), Until::Commit(5)], 2).await;
        let reach = history(&data).unwrap();
        let after = Point { commit: 2, time: Timestamp::from_seconds(20) };
        assert_eq!(reach.gaps, [Gap { after, next: None }]);
        assert_eq!(reach.to, Some(after));
    }
}

#[tokio::test]
async fn what_is_after_a_gap_can_be_had_from_the_snapshot_behind_it() {
    let (_dir, data) = journals(&[(1, &[10, 20]), (3, &[30, 40]), (5, &[50, 60])]);
    let folder = data.join("journal");
    let out = journal::new_file(&files::snapshot_path(&folder, 5)).unwrap();
    let (time, first) = (Timestamp::from_seconds(40), Timestamp::from_seconds(10));
    let mut writer = archive::ArchiveWriter::new(out, (5, time)).unwrap();
    let (key, value) = (b"n".to_vec(), 4_u64.to_be_bytes().to_vec());
    writer.record(&Entry { key, value, version: crate::store::engine::Version(4) }).unwrap();
    writer.finish((4, time)).unwrap();
    fs::remove_file(files::journal_path(&folder, 3)).unwrap();
    assert_beyond(&data, &[at(30), Until::Commit(3)], 2).await;
    for (until, commit) in [(at(40), 4), (at(55), 5), (Until::Commit(4), 4), (at(99), 6)] {
        assert_eq!(back(&data, until).await, Ok(commit), "{until:?}");
    }
    let reach = history(&data).unwrap();
    assert_eq!(reach.from, Some(Point { commit: 0, time: first }));
    assert_eq!(reach.to, Some(Point { commit: 6, time: Timestamp::from_seconds(60) }));
    let after = Point { commit: 2, time: Timestamp::from_seconds(20) };
    assert_eq!(reach.gaps, [Gap { after, next: Some(Point { commit: 4, time }) }]);
}

#[tokio::test]
async fn a_lost_end_is_no_present_to_go_back_to() {
    for is_clean in [true, false] {
        let (_dir, data) = journals(&[(1, &[10, 20, 30])]);
        drop(open(&data));
        if !is_clean {
            unclean(&data);
        }
        cut_last(&journal(&data));
        assert_beyond(&data, &[at(30), Until::Commit(3)], 2).await;
        assert_eq!(back(&data, at(20)).await, Ok(2));
        assert_eq!(history(&data).unwrap().gaps.len(), usize::from(is_clean));
    }
}
