//! Stores that open and break their own rules: what mends itself, and what a restore is for.

use std::fs;
use std::path::Path;

use doorkey::model::Clock;
use doorkey::store::engine::{Commit, Engine as _};
use doorkey::store::{Sled, SledOptions};
use serde_json::{Value, json};

use super::harness::Place;

/// A stopped store with ann in it, and a record that is none, in the journal too.
fn with_noise_under(key: &str) -> Place {
    let place = Place::new();
    place.user("ann", &[]);
    let sled = Sled::open(&place.data(), SledOptions::new(Clock::system())).unwrap();
    let commit = sled.commit(Commit::new().put(key, "noise"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(commit).unwrap();
    place
}

/// A stopped store with ann in it, and a record that is in the index only. The mark of the clean
/// stop fits: sled lost or made up something by itself.
fn with_noise_in_the_index() -> Place {
    let place = Place::new();
    place.user("ann", &[]);
    let store = place.data().join("store");
    let db = sled::Config::new().path(&store).flush_every_ms(None).open().unwrap();
    db.insert(b"\x01nonsense", b"\0\0\0\0\0\0\0\x01noise").unwrap();
    db.flush().unwrap();
    drop(db);
    // sled's own threads let go of the file a moment later.
    while fs::File::open(store.join("db")).unwrap().try_lock().is_err() {
        std::thread::yield_now();
    }
    let path = place.data().join("clean");
    let mut mark: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    mark["index"] = fingerprints(&store);
    fs::write(path, mark.to_string()).unwrap();
    place
}

fn fingerprints(store: &Path) -> Value {
    let mut found: Vec<(String, Vec<u8>)> = fs::read_dir(store)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    found.sort();
    let print = |(name, bytes): &(String, Vec<u8>)| json!({"name": name, "bytes": bytes.len(), "crc": crc32fast::hash(bytes)});
    found.iter().map(print).collect()
}

#[test]
fn an_index_that_is_wrong_after_a_clean_stop_is_made_again_at_the_start() {
    let place = with_noise_in_the_index();
    let mut server = place.serve(&[]);
    server.signal(rustix::process::Signal::TERM);
    assert!(place.log().contains("making the index again"), "{}", place.log());
    place.run(&["store", "verify"]).done();
    place.run(&["user", "show", "ann"]).done();
}

#[test]
fn a_verify_that_finds_the_index_wrong_leaves_it_to_the_next_start() {
    let place = with_noise_in_the_index();
    let told = place.run(&["store", "verify"]);
    assert!(told.out.contains("is in the index and not in the journal"), "{}", told.out);
    assert!(!place.data().join("clean").exists());
    assert!(told.code == 1 && told.err.contains("the next start makes it again"), "{}", told.err);
    place.run(&["store", "verify"]).done();
}

#[test]
fn a_store_that_is_unsound_in_its_journal_is_refused_each_time_with_the_way_out() {
    let place = with_noise_under("nonsense");
    for _ in 0..2 {
        place.run(&["user", "list"]).failed("doorkey restore");
    }
    let told = place.run(&["store", "verify"]);
    assert!(told.code == 1 && told.err.contains("doorkey restore"), "{}", told.err);
    assert!(!told.err.contains("the next start"), "{}", told.err);
}

/// SES-15: all of them are dropped anyway.
#[test]
fn a_finding_about_what_a_restore_ends_is_no_reason_against_it() {
    let place = with_noise_under("session/noise");
    place.run(&["user", "list"]).failed("the store is damaged");
    let to = place.run(&["store", "history", "--json"]).json()["to_commit"].to_string();
    place.run(&["restore", "--commit", &to, "--replace"]).done();
    place.run(&["user", "show", "ann"]).done();
    place.run(&["store", "verify"]).done();
}
