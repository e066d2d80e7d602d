//! Disks that fail, fill up and hang, and an index that breaks.

use super::*;
use crate::store::sled::scan;
use crate::store::sled::watchdog::Watchdog;
use crate::store::{Progress, Sink};

#[tokio::test]
async fn after_a_failed_sync_nothing_is_acknowledged_and_nothing_more_is_written() {
    let fix = fixture(|| {});
    fix.committer.commit(put("before")).await.unwrap();
    fix.disk.fail_syncs(Some(io::ErrorKind::Other));
    let lost = fix.committer.commit(put("lost")).await.unwrap_err();
    assert!(matches!(&lost, Error::Unavailable(reason) if reason.to_string().contains("gone")));

    // The disk is well again, but who knows which pages it dropped: the sync is not retried.
    fix.disk.fail_syncs(None);
    let later = fix.committer.commit(put("later")).await.unwrap_err();
    assert!(matches!(&later, Error::Unavailable(reason) if reason.to_string().contains("gone")));
    let read_only = fix.committer.commit(Commit::new().check("before", None)).await.unwrap_err();
    assert!(matches!(read_only, Error::Unavailable(_)));
    assert_eq!(fix.disk.syncs(), 2);
    assert!(has(&fix.shared, "before") && !has(&fix.shared, "lost") && !has(&fix.shared, "later"));
    assert!(fix.survives("before") && !fix.survives("later"));
}

#[tokio::test]
async fn a_failed_sync_fails_every_commit_of_its_batch() {
    let (open, gate) = mpsc::channel::<()>();
    let fix = fixture(move || gate.recv().unwrap());
    let queue = fix.committer.jobs.as_ref().unwrap();
    let mut answers = Vec::new();
    for n in 0..10 {
        let (caller, answer) = oneshot::channel();
        queue.send(Job { commit: put(&n.to_string()), caller }).await.unwrap();
        answers.push(answer);
    }
    fix.disk.fail_syncs(Some(io::ErrorKind::Other));
    open.send(()).unwrap();
    for answer in answers {
        assert!(matches!(answer.await.unwrap(), Err(Error::Unavailable(_))));
    }
    assert_eq!(fix.disk.syncs(), 1);
}

/// STO-06.
#[tokio::test]
async fn a_full_disk_refuses_changes_and_takes_them_again_when_there_is_space() {
    let fix = fixture(|| {});
    fix.committer.commit(put("before")).await.unwrap();
    fix.disk.fail_writes(Some(io::ErrorKind::StorageFull));
    for _ in 0..3 {
        let refused = fix.committer.commit(put("refused")).await.unwrap_err();
        assert!(matches!(refused, Error::Unavailable(_)));
    }
    assert!(has(&fix.shared, "before"), "what is there can be read");
    fix.disk.fail_writes(None);
    fix.committer.commit(put("after")).await.unwrap();
    assert!(has(&fix.shared, "after") && !has(&fix.shared, "refused"));
    assert!(fix.survives("before") && fix.survives("after") && !fix.survives("refused"));
}

#[tokio::test]
async fn a_disk_that_is_found_full_at_the_sync_leaves_nothing_acknowledged_behind() {
    let fix = fixture(|| {});
    fix.committer.commit(put("before")).await.unwrap();
    fix.disk.fail_syncs(Some(io::ErrorKind::StorageFull));
    fix.committer.commit(put("refused")).await.unwrap_err();
    assert!(has(&fix.shared, "before"));
    // The next one writes the journal anew, over a disk that is well.
    fix.committer.commit(put("after")).await.unwrap();
    assert!(has(&fix.shared, "before") && has(&fix.shared, "after"));
    assert!(fix.survives("before") && fix.survives("after"));
}

#[tokio::test]
async fn an_index_that_failed_is_made_again_and_holds_every_durable_commit() {
    let fix = fixture(|| {});
    for key in ["a", "b"] {
        fix.committer.commit(put(key)).await.unwrap();
    }
    // As a failing sled does: it takes nothing more.
    fix.shared.close();
    fix.committer.commit(put("refused")).await.unwrap_err();
    fix.committer.commit(put("c")).await.unwrap();
    for key in ["a", "b", "c"] {
        assert!(has(&fix.shared, key), "{key}");
    }
    assert!(!has(&fix.shared, "refused"));
    assert!(fix.data.join("store.aside").exists(), "the failed index is kept");
}

/// A sled whose log could not be written fails who reads, also when nobody commits.
#[tokio::test]
async fn an_index_that_fails_who_reads_is_made_again_and_read_then() {
    let fix = fixture(|| {});
    fix.committer.commit(put("a")).await.unwrap();
    let live = &fix.shared.live;
    let fails = live.read::<()>(|_| Err(sled::Error::ReportableBug("poisoned".to_owned())));
    live.another(fails.unwrap_err()).await.unwrap();
    assert!(has(&fix.shared, "a"));
    assert!(fix.data.join("store.aside").exists(), "the failed index is kept");
    fix.committer.commit(put("b")).await.unwrap();
    assert!(has(&fix.shared, "b"));
}

#[tokio::test]
async fn a_panic_is_an_error_for_its_batch_only() {
    let mut panics = 1;
    let fix = fixture(move || {
        panics -= 1;
        assert!(panics < 0, "cannot find pid");
    });
    let error = fix.committer.commit(put("a")).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(r) if r.to_string() == "cannot find pid"));
    fix.committer.commit(put("b")).await.unwrap();
    assert!(has(&fix.shared, "b"));
}

#[tokio::test]
async fn the_watchdog_tells_of_a_sync_that_hangs() {
    let (open, gate) = mpsc::channel::<()>();
    let fix = fixture(move || gate.recv().unwrap_or_default());
    let (told, hears) = mpsc::channel();
    let stuck = Arc::new(move |busy| told.send(busy).unwrap_or_default());
    let watched = Options { patience: Duration::from_millis(50), stuck, ..options() };
    let _watchdog = Watchdog::start(Arc::clone(&fix.shared.pulse), &watched).unwrap();
    assert!(hears.recv_timeout(Duration::from_millis(200)).is_err(), "nobody waits for the disk");
    let commit = fix.committer.commit(put("a"));
    assert!(tokio::time::timeout(Duration::from_millis(10), commit).await.is_err());
    let busy = hears.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(busy > Duration::from_millis(50));
    drop(open);
}

/// The bytes of the one journal, and where it is.
fn journal(fix: &Fixture) -> (PathBuf, Vec<u8>) {
    let path = files::journal_path(&files::journals_path(&fix.data), 1);
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes)
}

#[tokio::test]
async fn a_journal_that_lost_what_was_acknowledged_is_not_taken_for_the_truth() {
    let fix = fixture(|| {});
    fix.committer.commit(put("a")).await.unwrap();
    let (path, before) = journal(&fix);
    fix.committer.commit(put("b")).await.unwrap();
    // Cut off exactly between two frames, by whoever it was.
    std::fs::write(&path, &before).unwrap();
    let live = &fix.shared.live;
    let fails = live.read::<()>(|_| Err(sled::Error::ReportableBug("broken".to_owned())));
    let other = live.another(fails.unwrap_err());
    assert!(tokio::time::timeout(Duration::from_millis(1), other).await.is_err());
    for _ in 0..2 {
        let refused = fix.committer.commit(put("c")).await.unwrap_err();
        assert!(refused.to_string().contains("The commit 2 happened"), "{refused}");
    }
    assert_eq!(journal(&fix).1, before, "the number of the lost commit is not given again");
    assert!(has(&fix.shared, "b"), "what the index still has can be read");
}

/// Nothing but the journals is looked at: the broken index still has sled's lock.
#[tokio::test]
async fn a_mend_over_a_torn_end_is_done_while_readers_wait() {
    let fix = fixture(|| {});
    fix.committer.commit(put("a")).await.unwrap();
    let (path, mut torn) = journal(&fix);
    torn.extend([7; 100]);
    std::fs::write(&path, torn).unwrap();
    let live = &fix.shared.live;
    let fails = live.read::<()>(|_| Err(sled::Error::ReportableBug("broken".to_owned())));
    live.another(fails.unwrap_err()).await.unwrap();
    fix.committer.commit(put("b")).await.unwrap();
    assert!(fix.survives("a") && fix.survives("b"));
}

/// Spoils a record in the index alone, as a bad page would.
fn spoil(fix: &Fixture, key: &str) {
    let spoilt = fix.shared.live.read(|tree| tree.insert(layout::tree_key(key.as_bytes()), b"x"));
    assert!(spoilt.is_ok());
}

#[tokio::test]
async fn an_index_in_which_a_commit_finds_a_bad_record_is_made_again() {
    let fix = fixture(|| {});
    fix.committer.commit(put("a")).await.unwrap();
    spoil(&fix, "a");
    let checked = || Commit::new().check("a", Some(Version(1))).put("b", "v");
    let bad = fix.committer.commit(checked()).await.unwrap_err();
    assert!(matches!(bad, Error::Corrupt { .. }), "{bad}");
    fix.committer.commit(checked()).await.unwrap();
    assert!(fix.data.join("store.aside").exists(), "the bad index is kept");
}

/// Where an archive goes in a test: each time it is told of progress it does something.
struct Told<'a>(&'a dyn Fn());

impl io::Write for Told<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Told<'_> {
    fn progress(&mut self, _: Progress) -> io::Result<()> {
        (self.0)();
        Ok(())
    }
}

#[tokio::test]
async fn an_index_in_which_a_snapshot_finds_a_bad_record_is_made_again() {
    let fix = fixture(|| {});
    fix.committer.commit(put("a")).await.unwrap();
    spoil(&fix, "a");
    let mut nowhere = Told(&|| {});
    let bad = scan::write_archive(&fix.shared, &mut nowhere).unwrap_err();
    assert!(matches!(bad, Error::Corrupt { .. }), "{bad}");
    fix.committer.commit(put("b")).await.unwrap();
    scan::write_archive(&fix.shared, &mut nowhere).unwrap();
}

/// What it has read of the index before may be what that was exchanged for.
#[tokio::test]
async fn a_scan_is_given_up_when_the_index_is_exchanged_under_it() {
    let fix = fixture(|| {});
    fix.committer.commit(put("a")).await.unwrap();
    let mut taking = Told(&|| fix.shared.live.take());
    let given_up = scan::write_archive(&fix.shared, &mut taking).unwrap_err();
    assert!(given_up.to_string().contains("made again"), "{given_up}");
}
