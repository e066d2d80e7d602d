//! Opening after a stop that was not clean, and after damage.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::*;

/// As a killed process leaves it.
pub(super) fn unclean(data: &Path) {
    fs::remove_file(data.join("clean")).unwrap();
}

pub(super) async fn count(sled: &Sled) -> usize {
    sled.scan(b"", None, 1_000).await.unwrap().len()
}

pub(super) fn journal(data: &Path) -> PathBuf {
    data.join("journal/00000000000000000001.journal")
}

fn overwrite(path: &Path, range: std::ops::RangeFrom<usize>) {
    let mut bytes = fs::read(path).unwrap();
    bytes[range].iter_mut().for_each(|byte| *byte ^= 0x5a);
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_clean_stop_is_marked_and_the_mark_goes_at_the_start() {
    let (_dir, data) = filled().await;
    assert!(data.join("clean").exists());
    let sled = open(&data);
    assert!(sled.was_clean() && !data.join("clean").exists());
    assert_eq!(count(&sled).await, 300);
}

#[tokio::test]
async fn after_an_unclean_stop_the_index_is_made_again_from_the_journal() {
    let (_dir, data) = filled().await;
    unclean(&data);
    fs::remove_dir_all(data.join("store")).unwrap();
    let sled = open(&data);
    assert!(!sled.was_clean());
    assert_eq!(count(&sled).await, 300);
    drop(sled);
    assert!(open(&data).was_clean());
}

#[tokio::test]
async fn the_index_of_before_is_kept_until_the_next_clean_stop() {
    let (_dir, data) = filled().await;
    unclean(&data);
    let sled = open(&data);
    assert!(data.join("store.aside/db").exists());
    assert_private(&data);
    drop(sled);
    assert!(!data.join("store.aside").exists());
}

#[tokio::test]
async fn versions_go_on_rising_after_an_unclean_stop() {
    let (_dir, data) = filled().await;
    let before = open(&data).get(b"9/29").await.unwrap().unwrap().version;
    unclean(&data);
    let sled = open(&data);
    assert_eq!(sled.get(b"9/29").await.unwrap().unwrap().version, before);
    sled.commit(Commit::new().check("9/29", Some(before)).put("9/29", "x")).await.unwrap();
    assert!(sled.get(b"9/29").await.unwrap().unwrap().version > before);
}

#[tokio::test]
async fn the_space_for_another_index_is_known_before_it_is_made() {
    for is_large in [false, true] {
        let (_dir, data) = filled().await;
        if is_large {
            let sled = open(&data);
            for n in 0..40_u32 {
                sled.commit(Commit::new().put(n.to_be_bytes(), vec![1; MAX_VALUE])).await.unwrap();
            }
        }
        let needed = remake::space(&data).unwrap();
        unclean(&data);
        fs::remove_dir_all(data.join("store")).unwrap();
        let without = remake::space(&data).unwrap();
        drop(open(&data));
        let store = files::store_path(&data);
        let made = [files::blobs_path(&store), store].map(|folder| files::files_of(&folder));
        let made = made.into_iter().flat_map(Result::unwrap);
        let taken: u64 = made.map(|path| files::length(&path)).sum();
        assert!(needed > taken && without > taken, "{needed}, {without}: {taken} bytes");
    }
}

type Damage<'a> = &'a dyn Fn(&Path);

/// sled answers damage with errors, with panics and with silence; the mark tells each of them.
#[tokio::test]
async fn a_damaged_index_is_made_again_whatever_was_damaged() {
    let damage: [(&str, Damage); 7] = [
        ("no db", &|store| fs::remove_file(store.join("db")).unwrap()),
        ("empty db", &|store| fs::write(store.join("db"), "").unwrap()),
        ("noise in db", &|store| overwrite(&store.join("db"), 16..)),
        ("one bit in db", &|store| {
            let mut bytes = fs::read(store.join("db")).unwrap();
            bytes[400] ^= 1;
            fs::write(store.join("db"), bytes).unwrap();
        }),
        ("noise in conf", &|store| fs::write(store.join("conf"), "not one").unwrap()),
        // sled panics on such a name.
        ("noise in a name", &|store| {
            fs::write(store.join(OsStr::from_bytes(b"blobs/\xff")), "").unwrap();
        }),
        ("no folder", &|store| fs::remove_dir_all(store).unwrap()),
    ];
    for (what, make) in damage {
        let (_dir, data) = filled().await;
        make(&data.join("store"));
        let sled = open(&data);
        assert!(!sled.was_clean(), "{what}");
        assert_eq!(count(&sled).await, 300, "{what}");
    }
}

#[tokio::test]
async fn a_torn_end_of_the_journal_is_cut_off_and_the_next_commit_takes_its_place() {
    let (_dir, data) = filled().await;
    unclean(&data);
    fs::remove_dir_all(data.join("store")).unwrap();
    let torn = fs::read(journal(&data)).unwrap();
    fs::write(journal(&data), &torn[..torn.len() - 10]).unwrap();
    let sled = open(&data);
    assert_eq!(count(&sled).await, 270);
    sled.commit(Commit::new().put("after", "1")).await.unwrap();
    drop(sled);
    unclean(&data);
    assert_eq!(count(&open(&data)).await, 271);
}

#[tokio::test]
async fn what_was_cut_off_is_kept_beside_the_journal_until_the_next_clean_stop() {
    let (_dir, data) = filled().await;
    unclean(&data);
    let whole = fs::read(journal(&data)).unwrap();
    fs::write(journal(&data), [whole.as_slice(), b"torn"].concat()).unwrap();
    let sled = open(&data);
    assert_eq!(fs::read(journal(&data)).unwrap(), whole);
    let kept = data.join(format!("journal/00000000000000000001.journal.{}.torn", whole.len()));
    assert_eq!(fs::read(&kept).unwrap(), b"torn");
    assert_private(&data);
    drop(sled);
    assert!(!kept.exists());
    let others = data.join("journal/of somebody else.torn");
    fs::write(&others, "x").unwrap();
    drop(open(&data));
    assert!(others.exists());
}

/// The index only ever gets what is durable in the journal.
#[tokio::test]
async fn an_end_that_the_old_index_knows_was_not_torn_but_damaged() {
    let (_dir, data) = filled().await;
    unclean(&data);
    let bytes = fs::read(journal(&data)).unwrap();
    fs::write(journal(&data), &bytes[..bytes.len() - 10]).unwrap();
    let error = refusal(&data);
    assert!(matches!(error, OpenError::JournalDamaged { .. }), "{error}");
}

#[tokio::test]
async fn a_damaged_journal_is_refused_with_the_place_and_the_way_out() {
    let (_dir, data) = filled().await;
    unclean(&data);
    let bytes = fs::read(journal(&data)).unwrap();
    let mut bad = bytes.clone();
    bad[bytes.len() / 2] ^= 1;
    fs::write(journal(&data), &bad).unwrap();
    let error = refusal(&data).to_string();
    for part in ["00000000000000000001.journal", "at byte", "doorkey restore --commit 4 --replace"]
    {
        assert!(error.contains(part), "{error}");
    }
    // A refusal changes nothing.
    assert_eq!(fs::read(journal(&data)).unwrap(), bad);
    fs::write(journal(&data), bytes).unwrap();
    assert_eq!(count(&open(&data)).await, 300);
}

#[tokio::test]
async fn a_store_whose_journals_are_gone_is_no_older_store_and_no_new_one() {
    let (_dir, data) = filled().await;
    fs::remove_dir_all(data.join("journal")).unwrap();
    let error = refusal(&data);
    assert!(error.to_string().contains("journal beside it is missing"), "{error}");
    fs::create_dir(data.join("journal")).unwrap();
    let error = refusal(&data);
    assert!(matches!(error, OpenError::CommitMissing { commit: 1, .. }), "{error}");
}

#[tokio::test]
async fn a_store_of_a_later_format_is_refused() {
    let (_dir, data) = filled().await;
    let mut bytes = Vec::new();
    let (format, role) = (frame::FORMAT + 1, frame::Role::Journal);
    let header = frame::Header { format, role, first: 1, time: Timestamp::EPOCH };
    frame::put_header(&mut bytes, &header);
    fs::write(journal(&data), bytes).unwrap();
    let error = refusal(&data);
    assert!(matches!(error, OpenError::NewerFormat { .. }), "{error}");
    assert!(error.to_string().contains("newer doorkey"), "{error}");
    assert!(data.join("clean").exists(), "a refusal changes nothing");
}

/// STO-08.
#[tokio::test]
async fn a_store_of_the_format_without_a_journal_is_taken_over() {
    let (_dir, data) = filled().await;
    fs::remove_dir_all(data.join("journal")).unwrap();
    unclean(&data);
    let db = db::open_sled(&data.join("store"), options().cache_bytes).unwrap();
    db.insert(layout::FORMAT_KEY, &1_u64.to_be_bytes()).unwrap();
    drop(db);
    let sled = open(&data);
    assert_eq!(count(&sled).await, 300);
    sled.commit(Commit::new().put("new", "1")).await.unwrap();
    drop(sled);
    unclean(&data);
    assert_eq!(count(&open(&data)).await, 301);
}
