//! Journals that grow are followed by others, and snapshots make the old ones unnecessary.

use std::sync::mpsc;
use std::time::Duration;

use super::*;

/// A store whose journals are followed by others after 20 KB.
fn small(data: &Path) -> Sled {
    Sled::open(data, Options { journal_bytes: 20_000, ..options() }).unwrap()
}

fn count(data: &Path, kind: &str) -> usize {
    let names = fs::read_dir(data.join("journal")).unwrap().map(|e| e.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|end| end == kind)).count()
}

/// Rewrites 100 records over and over; the value says in which round.
async fn churn(sled: &Sled, rounds: std::ops::Range<u32>) {
    for round in rounds {
        for key in 0..100_u32 {
            let value = [round.to_be_bytes().as_slice(), &[0; 100]].concat();
            sled.commit(Commit::new().put(key.to_be_bytes(), value)).await.unwrap();
        }
    }
}

async fn wait_for(what: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it does not come");
}

async fn assert_round(sled: &Sled, round: u32) {
    let found = sled.scan(b"", None, 1_000).await.unwrap();
    let right = found.iter().all(|entry| entry.value.starts_with(&round.to_be_bytes()));
    assert!(found.len() == 100 && right);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_generations_of_snapshots_are_kept_and_no_journal_that_they_do_not_need() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let sled = small(&data);
    for round in 0..12 {
        churn(&sled, round * 3..round * 3 + 3).await;
        wait_for(|| !data.join("journal/snapshot.new").exists()).await;
    }
    wait_for(|| count(&data, "snapshot") == 2).await;
    assert!(count(&data, "journal") <= 4, "{}", count(&data, "journal"));
    assert_private(&data);
    drop(sled);
    fs::remove_file(data.join("clean")).unwrap();
    fs::remove_dir_all(data.join("store")).unwrap();
    assert_round(&small(&data), 35).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_snapshot_is_replaced_by_the_one_before_and_the_journals_since() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let sled = small(&data);
    let mut round = 0;
    while count(&data, "snapshot") < 2 {
        churn(&sled, round..round + 1).await;
        round += 1;
    }
    drop(sled);
    let history = history::History::list(&data.join("journal")).unwrap();
    for damaged in history.snapshots.iter().rev() {
        fs::remove_file(data.join("clean")).unwrap();
        let mut bytes = fs::read(&damaged.path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&damaged.path, bytes).unwrap();
        if damaged.first == history.snapshots[0].first && history.journals[0].first > 1 {
            let error = refusal(&data);
            assert!(matches!(error, OpenError::SnapshotDamaged { .. }), "{error}");
        } else {
            assert_round(&small(&data), round - 1).await;
        }
    }
}

fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn snapshots(data: &Path) -> Vec<PathBuf> {
    let history = history::History::list(&data.join("journal")).unwrap();
    history.snapshots.into_iter().map(|snapshot| snapshot.path).collect()
}

/// Two that can be used are kept: one that cannot is none of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_snapshot_is_no_generation_and_is_put_aside_where_it_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let sled = open(&data);
    for round in 0..2 {
        churn(&sled, round..round + 1).await;
        super::super::snapshots::make(&sled.shared).unwrap();
    }
    let [good, bad] = snapshots(&data).try_into().unwrap();
    damage(&bad);
    churn(&sled, 2..3).await;
    super::super::snapshots::make(&sled.shared).unwrap();
    let [kept, newest] = snapshots(&data).try_into().unwrap();
    assert_eq!(kept, good);
    assert!(bad.with_extension("snapshot.damaged").exists());
    drop(sled);
    damage(&newest);
    fs::remove_file(data.join("clean")).unwrap();
    let sled = open(&data);
    assert_round(&sled, 2).await;
    assert!(newest.with_extension("snapshot.damaged").exists());
    assert_eq!(snapshots(&data), [kept]);
    // Both that are kept are good again.
    super::super::snapshots::make(&sled.shared).unwrap();
    churn(&sled, 3..4).await;
    super::super::snapshots::make(&sled.shared).unwrap();
    assert_eq!(snapshots(&data).len(), 2);
}

/// The scan is no state that ever was; with the commits that it carries it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_made_while_commits_go_on_is_the_state_after_its_last_commit() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let sled = Arc::new(open(&data));
    churn(&sled, 0..1).await;
    let writing = Arc::clone(&sled);
    // Each commit sets the two counters to one number, at both ends of the key space.
    let mut writers = tokio::task::JoinSet::new();
    writers.spawn(async move {
        for n in 0..2_000_u32 {
            let commit = Commit::new().put(b"\x00", n.to_be_bytes()).put(b"\xff", n.to_be_bytes());
            writing.commit(commit).await.unwrap();
        }
    });
    let mut states = 0;
    while writers.try_join_next().is_none() {
        let shared = Arc::clone(&sled.shared);
        let archive = tokio::task::spawn_blocking(move || {
            let mut out = Vec::new();
            scan::write_archive(&shared, &mut InMemory(&mut out)).unwrap();
            out
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let mut builder = index::Builder::create(&path, 1 << 20).unwrap();
        builder.load(archive.await.unwrap().as_slice(), &path).unwrap();
        builder.finish(0).unwrap();
        let db = db::open_sled(&path, 1 << 20).unwrap();
        let value =
            |key: &[u8]| db.get(layout::tree_key(key)).unwrap().map(|raw| raw[8..].to_vec());
        assert_eq!(value(b"\x00"), value(b"\xff"));
        states += 1;
    }
    assert!(states > 2);
}

/// Where a backup goes whose reader pauses: at the first progress it tells so, and waits.
struct Paused {
    told: mpsc::Sender<()>,
    go_on: mpsc::Receiver<()>,
}

impl std::io::Write for Paused {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Sink for Paused {
    fn progress(&mut self, _: Progress) -> std::io::Result<()> {
        self.told.send(()).unwrap_or_default();
        let gone = |_| std::io::Error::other("the reader went away");
        self.go_on.recv().map_err(gone)
    }
}

type Reader = (mpsc::Sender<()>, tokio::task::JoinHandle<Result<Backup, Error>>);

/// A backup whose reader pauses until it is told to go on, or is dropped.
fn paused_backup(sled: &Arc<Sled>) -> Reader {
    let ((told, hears), (sender, go_on)) = (mpsc::channel(), mpsc::channel());
    let sled = Arc::clone(sled);
    let backup = tokio::task::spawn_blocking(move || sled.back_up(&mut Paused { told, go_on }));
    hears.recv().unwrap();
    (sender, backup)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_pauses_keeps_nobody_from_making_snapshots_and_loses_its_backup() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let sled = Arc::new(small(&data));
    churn(&sled, 0..1).await;
    let (reader, backup) = paused_backup(&sled);
    let mut round = 1;
    while data.join("journal/00000000000000000001.journal").exists() {
        assert!(round < 200, "no journal is removed");
        churn(&sled, round..round + 1).await;
        round += 1;
    }
    reader.send(()).unwrap();
    let error = backup.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("took too long"), "{error}");
}

/// The server is gone, and the backup was the last that held the store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_way_at_the_stop_does_not_make_it_unclean() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let sled = Arc::new(small(&data));
    churn(&sled, 0..1).await;
    let (reader, backup) = paused_backup(&sled);
    drop(sled);
    assert!(matches!(refusal(&data), OpenError::Locked { .. }));
    drop(reader);
    backup.await.unwrap().unwrap_err();
    assert!(small(&data).was_clean());
}
