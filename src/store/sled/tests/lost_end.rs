//! Journals that lost commits at their end, where no frame is broken: what happened is known
//! from the mark of the clean stop, from the index, and at a mend from this process itself.

use super::recovery::{count, journal, unclean};
use super::*;

/// Cuts the last commit off a journal, exactly between two frames.
pub(super) fn cut_last(path: &Path) {
    let bytes = fs::read(path).unwrap();
    let mut frames = reader::FrameReader::new(bytes.as_slice());
    let mut ends = Vec::new();
    while frames.next().unwrap().is_some() {
        ends.push(frames.offset());
    }
    let kept = usize::try_from(ends[ends.len() - 2]).unwrap();
    fs::write(path, &bytes[..kept]).unwrap();
}

fn flip_last(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.len() - 20;
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Refused each time, with the way to what is left, and nothing changes.
fn assert_lost(data: &Path, file: &Path) {
    let before = fs::read(file).ok();
    for _ in 0..2 {
        let error = refusal(data);
        let named =
            matches!(error, OpenError::CommitMissing { .. } | OpenError::JournalDamaged { .. });
        assert!(named, "{error}");
        assert!(error.to_string().contains("doorkey restore --commit 9 --replace"), "{error}");
        assert_eq!(fs::read(file).ok(), before);
        assert!(!data.join("store.new").exists(), "no half of an index stays");
    }
}

#[tokio::test]
async fn a_commit_that_was_there_at_the_clean_stop_is_missed_though_no_frame_is_broken() {
    let (_dir, data) = filled().await;
    cut_last(&journal(&data));
    assert_lost(&data, &journal(&data));
    fs::remove_dir_all(data.join("store")).unwrap();
    assert_lost(&data, &journal(&data));
}

#[tokio::test]
async fn a_commit_that_the_index_of_a_killed_process_knows_is_missed() {
    let (_dir, data) = filled().await;
    unclean(&data);
    cut_last(&journal(&data));
    assert_lost(&data, &journal(&data));
    // A power cut between the two renames of an index made again leaves it there.
    fs::rename(data.join("store"), data.join("store.aside")).unwrap();
    assert_lost(&data, &journal(&data));
}

#[tokio::test]
async fn a_bad_last_batch_was_no_torn_end_if_the_stop_was_clean() {
    let (_dir, data) = filled().await;
    fs::remove_dir_all(data.join("store")).unwrap();
    flip_last(&journal(&data));
    assert_lost(&data, &journal(&data));
}

#[tokio::test]
async fn a_last_journal_that_is_gone_is_missed() {
    for is_clean in [true, false] {
        let (_dir, data) = filled().await;
        let sled = open(&data);
        sled.commit(Commit::new().put("a", "1")).await.unwrap();
        drop(sled);
        let (old, new) = (journal(&data), files::journal_path(&data.join("journal"), 10));
        // The journal as a rotation after the ninth commit would have left it.
        let mut other = Journal::create(&data.join("journal"), 10, Timestamp::EPOCH).unwrap();
        let bytes = fs::read(&old).unwrap();
        cut_last(&old);
        cut_last(&old);
        let length = usize::try_from(fs::metadata(&old).unwrap().len()).unwrap();
        other.append(&bytes[length..]).unwrap();
        if !is_clean {
            unclean(&data);
        }
        let set_aside = data.join("journal/away");
        fs::rename(&new, &set_aside).unwrap();
        assert_lost(&data, &old);
        fs::rename(&set_aside, &new).unwrap();
        assert_eq!(count(&open(&data)).await, 301);
    }
}

#[tokio::test]
async fn a_mark_or_an_index_without_journals_is_no_new_store() {
    for kept in ["clean", "store"] {
        let (_dir, data) = filled().await;
        fs::remove_dir_all(data.join("journal")).unwrap();
        if kept == "clean" {
            fs::remove_dir_all(data.join("store")).unwrap();
        } else {
            unclean(&data);
            fs::rename(data.join("store"), data.join("store.aside")).unwrap();
        }
        let error = refusal(&data);
        assert!(error.to_string().contains("doorkey restore FILE --replace"), "{error}");
        assert!(!data.join("journal").exists());
    }
}

/// What a killed process wrote and never synced is read and made durable before an index with it
/// has its name: a power cut in between must not look like a loss.
#[tokio::test]
async fn an_index_made_again_has_its_name_only_when_all_in_it_is_durable() {
    let (_dir, data) = filled().await;
    unclean(&data);
    // The journal cannot be written anew, so the index of before stays as it was.
    fs::create_dir(files::unfinished(&journal(&data))).unwrap();
    let opened = remake::reopen(&data, &options(), 0, &mut || Ok(()));
    assert!(opened.is_err());
    assert!(!data.join("store.aside").exists() && data.join("store").exists());
}
