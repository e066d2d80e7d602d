//! A restore is whole or has not happened, wherever it is cut off; and what is not ours stays.

use super::recovery::unclean;
use super::*;
use crate::store::sled::settle::next;

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    set_mode(to, 0o700);
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

/// The value of the one record, in a copy of the data folder as a power cut would leave it.
async fn found_in(data: &Path) -> (Option<Vec<u8>>, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let copied = dir.path().join("data");
    copy(data, &copied);
    let found = open(&copied).get(b"who").await.unwrap();
    (found.map(|entry| entry.value), dir)
}

async fn store_of(data: &Path, who: &str) {
    open(data).commit(Commit::new().put("who", who)).await.unwrap();
}

/// The store that is there before a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Old {
    Nothing,
    Clean,
    /// With an index aside, and no mark.
    Unclean,
}

async fn restore(data: &Path, old: Old, has_mark: bool) -> Restore {
    if old != Old::Nothing {
        store_of(data, "old").await;
    }
    if old == Old::Unclean {
        unclean(data);
        fs::create_dir(data.join("store.aside")).unwrap();
    }
    let other = data.with_extension("other");
    store_of(&other, "new").await;
    let mut backup = Vec::new();
    open(&other).back_up(&mut InMemory(&mut backup)).unwrap();
    fs::remove_dir_all(other).unwrap();
    let restore = Restore::begin(data, true).unwrap();
    restore.load(backup.as_slice()).unwrap();
    drop(open(restore.stage()));
    if !has_mark {
        unclean(restore.stage());
    }
    restore
}

/// After each step: the old store or the new one, and once it is the new one, the old one is kept.
#[tokio::test]
async fn a_restore_that_is_cut_off_after_any_step_is_whole_or_has_not_happened() {
    for old in [Old::Nothing, Old::Clean, Old::Unclean] {
        for has_mark in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let data = dir.path().join("data");
            let restore = restore(&data, old, has_mark).await;
            let before = (old != Old::Nothing).then(|| b"old".to_vec());
            assert_eq!(found_in(&data).await.0, before);
            let mut steps = restore.deciding(Timestamp::from_seconds(0)).unwrap();
            let decision = steps.pop().unwrap();
            for step in steps {
                step.take().unwrap();
                let what = format!("{old:?}, {has_mark}, after {step:?}");
                assert_eq!(found_in(&data).await.0, before, "{what}");
            }
            let mut step = Some(decision);
            while let Some(taken) = step {
                taken.take().unwrap();
                let what = format!("{old:?}, {has_mark}, after {taken:?}");
                assert_new(&data, old, &what).await;
                step = next(&data).unwrap();
            }
        }
    }
}

async fn assert_new(data: &Path, old: Old, what: &str) {
    let (found, dir) = found_in(data).await;
    assert_eq!(found, Some(b"new".to_vec()), "{what}");
    let data = dir.path().join("data");
    assert!(!data.join("restored").exists() && !data.join("restore.new").exists(), "{what}");
    let kept = data.join("replaced-19700101T000000Z");
    assert_eq!(kept.exists(), old != Old::Nothing, "{what}");
    assert_eq!(kept.join("clean").exists(), old == Old::Clean, "{what}");
    assert_eq!(kept.join("store.aside").exists(), old == Old::Unclean, "{what}");
    if kept.exists() {
        assert_eq!(open(&kept).get(b"who").await.unwrap().unwrap().value, b"old", "{what}");
    }
}

#[tokio::test]
async fn a_restore_that_is_given_up_leaves_no_copy_behind() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let restore = restore(&data, Old::Clean, true).await;
    assert!(restore.stage().exists());
    drop(restore);
    assert!(!data.join("restore.new").exists());
    assert!(open(&data).was_clean());
}

#[tokio::test]
async fn what_is_not_ours_in_a_data_folder_is_neither_removed_nor_taken_for_a_restore() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["photos.new", "journal"] {
        fs::create_dir(dir.path().join(name)).unwrap();
        fs::write(dir.path().join(name).join("draft.new"), "x").unwrap();
    }
    fs::write(dir.path().join("letter.new"), "x").unwrap();
    set_mode(dir.path(), 0o700);
    drop(refusal(dir.path()));
    for name in ["photos.new/draft.new", "journal/draft.new", "letter.new"] {
        assert!(dir.path().join(name).exists(), "{name}");
    }
    fs::remove_dir_all(dir.path().join("journal")).unwrap();
    drop(open(dir.path()));
    fs::create_dir(dir.path().join("restored")).unwrap();
    fs::write(dir.path().join("restored/journal"), "x").unwrap();
    let error = refusal(dir.path());
    assert!(error.to_string().contains("restored"), "{error}");
    assert!(error.to_string().contains("Move it away"), "{error}");
    assert!(dir.path().join("restored/journal").exists());
    assert!(dir.path().join("photos.new").exists() && dir.path().join("letter.new").exists());
    assert!(matches!(Restore::begin(dir.path(), true), Err(RestoreError::Open(_))));
    fs::remove_dir_all(dir.path().join("restored")).unwrap();
    assert!(open(dir.path()).was_clean());
}
