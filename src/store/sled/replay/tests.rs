//! What journals give back: everything that was durable, and a word when they cannot.

use std::fs::{self, OpenOptions};

use super::*;
use crate::store::engine::Write;
use crate::store::sled::files;
use crate::store::sled::frame::Stamp;
use crate::store::sled::journal::Journal;

/// A folder with one journal for each list of batches; a batch is a number of commits.
fn journals(files: &[&[u64]]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut last = 0;
    for batches in files {
        let mut journal = Journal::create(dir.path(), last + 1, Timestamp::EPOCH).unwrap();
        for count in *batches {
            journal.append(&batch(last, *count)).unwrap();
            last += count;
        }
    }
    dir
}

/// The frames of `count` commits written together after `last`; commit N happens at second N.
fn batch(last: u64, count: u64) -> Vec<u8> {
    let mut frames = Vec::new();
    for sequence in last + 1..=last + count {
        let stamp = Stamp { sequence, synced: last, time: Timestamp::from_seconds(sequence) };
        let write = Write::Put { key: vec![7; 30], value: sequence.to_be_bytes().to_vec() };
        frame::put_change(&mut frames, stamp, &[write]);
    }
    frames
}

fn frame_length() -> u64 {
    batch(0, 1).len() as u64
}

/// The numbers of the commits from `from` on, and how it ended.
fn replayed(folder: &Path, from: u64) -> Result<(Vec<u64>, Replayed), OpenError> {
    let mut numbers = Vec::new();
    let replayed = History::list(folder).unwrap().replay(from, &mut |change| {
        numbers.push(change.stamp.sequence);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((numbers, replayed))
}

/// Reading from `from` on ends at a gap: its first commit, and the last one before it.
#[track_caller]
fn assert_missing(folder: &Path, from: u64, (missing, last): (u64, u64)) {
    let replayed = replayed(folder, from).unwrap().1;
    assert_eq!((replayed.ending, replayed.last), (Ending::Missing(missing), last));
}

fn cut(path: &Path, length: u64) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
}

fn flip(path: &Path, at: u64) {
    let mut bytes = fs::read(path).unwrap();
    bytes[usize::try_from(at).unwrap()] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn every_commit_comes_back_in_its_order_over_all_journals() {
    let dir = journals(&[&[1, 3], &[2], &[5]]);
    let (numbers, end) = replayed(dir.path(), 1).unwrap();
    assert_eq!(numbers, (1..=11).collect::<Vec<_>>());
    assert_eq!((end.last, end.time), (11, Some(Timestamp::from_seconds(11))));
    let Ending::Whole(tail) = end.ending else { panic!("{:?}", end.ending) };
    assert_eq!(tail.good, fs::metadata(&tail.path).unwrap().len());
}

#[test]
fn reading_may_begin_with_any_commit() {
    let dir = journals(&[&[4], &[2], &[]]);
    for from in 1..=7 {
        let (numbers, end) = replayed(dir.path(), from).unwrap();
        assert_eq!(numbers, (from..=6).collect::<Vec<_>>(), "from {from}");
        assert_eq!(end.last, 6);
    }
}

#[test]
fn the_torn_end_of_the_last_batch_is_cut_off() {
    let whole = journals(&[&[2, 3]]);
    let length = fs::metadata(files::journal_path(whole.path(), 1)).unwrap().len();
    // Anywhere in the last batch, which was written at once.
    for missing in 1..3 * frame_length() {
        let dir = journals(&[&[2, 3]]);
        cut(&files::journal_path(dir.path(), 1), length - missing);
        let (numbers, end) = replayed(dir.path(), 1).unwrap();
        let left = 5 - missing.div_ceil(frame_length());
        assert_eq!(numbers, (1..=left).collect::<Vec<_>>());
        let is_clean = missing % frame_length() == 0;
        assert_eq!(matches!(end.ending, Ending::Whole(_)), is_clean);
        assert_eq!(matches!(end.ending, Ending::Torn(_)), !is_clean);
    }
}

#[test]
fn a_hole_in_the_last_batch_is_a_torn_end_too() {
    // The disk wrote the end of the batch and not its start.
    let dir = journals(&[&[2, 3]]);
    let path = files::journal_path(dir.path(), 1);
    flip(&path, fs::metadata(&path).unwrap().len() - 3 * frame_length() + 20);
    let (numbers, end) = replayed(dir.path(), 1).unwrap();
    assert_eq!(numbers, [1, 2]);
    assert!(matches!(end.ending, Ending::Torn(_)), "{:?}", end.ending);
}

#[test]
fn a_bad_frame_that_was_durable_once_is_damage() {
    let dir = journals(&[&[2, 1, 3]]);
    let path = files::journal_path(dir.path(), 1);
    let length = fs::metadata(&path).unwrap().len();
    for at in [length - 4 * frame_length() + 9, length - 5 * frame_length() + 2] {
        flip(&path, at);
        let (numbers, end) = replayed(dir.path(), 1).unwrap();
        assert!(matches!(end.ending, Ending::Damaged(_)), "byte {at}: {:?}", end.ending);
        assert!(numbers.len() < 3);
        flip(&path, at);
    }
}

#[test]
fn a_journal_that_is_not_the_last_has_no_torn_end() {
    let dir = journals(&[&[3], &[1]]);
    let path = files::journal_path(dir.path(), 1);
    cut(&path, fs::metadata(&path).unwrap().len() - 1);
    let ending = replayed(dir.path(), 1).unwrap().1.ending;
    assert!(matches!(ending, Ending::Damaged(_)), "{ending:?}");
    cut(&path, fs::metadata(&path).unwrap().len() + 1 - frame_length());
    assert_missing(dir.path(), 1, (3, 2));
}

#[test]
fn a_missing_journal_is_named_by_the_first_commit_that_is_gone() {
    let dir = journals(&[&[2], &[2], &[2]]);
    fs::remove_file(files::journal_path(dir.path(), 3)).unwrap();
    assert_missing(dir.path(), 1, (3, 2));
    // What is after a snapshot needs less.
    assert_eq!(replayed(dir.path(), 5).unwrap().0, [5, 6]);
    fs::remove_file(files::journal_path(dir.path(), 1)).unwrap();
    assert_missing(dir.path(), 1, (1, 0));
}

#[test]
fn a_journal_shorter_than_what_a_snapshot_knows_is_damage() {
    let dir = journals(&[&[2]]);
    // The snapshot itself is what can be had.
    assert_missing(dir.path(), 6, (3, 5));
}

#[test]
fn a_damaged_header_ends_what_can_be_read_after_the_journals_before_it() {
    let dir = journals(&[&[2], &[2], &[2]]);
    flip(&files::journal_path(dir.path(), 3), 20);
    let (numbers, end) = replayed(dir.path(), 1).unwrap();
    assert_eq!((numbers, end.last), (vec![1, 2], 2));
    assert!(matches!(end.ending, Ending::Damaged(Tail { good: 0, .. })), "{:?}", end.ending);
    assert_eq!(replayed(dir.path(), 5).unwrap().0, [5, 6]);
}

#[test]
fn a_journal_of_a_later_format_is_refused() {
    let dir = journals(&[&[1]]);
    let mut bytes = Vec::new();
    let time = Timestamp::EPOCH;
    let header = Header { format: FORMAT + 1, role: Role::Journal, first: 1, time };
    frame::put_header(&mut bytes, &header);
    fs::write(files::journal_path(dir.path(), 1), bytes).unwrap();
    let error = replayed(dir.path(), 1).unwrap_err();
    assert!(error.to_string().contains("newer doorkey"), "{error}");
}
