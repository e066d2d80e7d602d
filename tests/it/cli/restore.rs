//! `doorkey restore --at`, `store verify` and `store history` on the real binary.

use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use super::harness::{PASSWORD, Place, names};

/// A stopped store with ann in it, the time, and then bob.
fn ann_then_bob() -> (Place, String) {
    let place = Place::new();
    place.user("ann", &[]);
    sleep(Duration::from_millis(1_100));
    let reach = place.run(&["store", "history", "--json"]).json();
    sleep(Duration::from_millis(1_100));
    place.user("bob", &[]);
    (place, reach["to"].as_str().unwrap().to_owned())
}

#[test]
fn a_store_goes_back_to_an_earlier_time_and_the_one_of_before_is_kept() {
    let (place, time) = ann_then_bob();
    let done = place.run(&["restore", "--at", &time, "--replace"]);
    assert!(done.err.contains(&format!("the state of {time}")), "{}", done.err);
    done.done();
    place.run(&["user", "show", "ann"]).done();
    assert_eq!(place.run(&["user", "show", "bob"]).code, 1);
    let kept = names(&place.data()).into_iter().find(|name| name.starts_with("replaced-"));
    assert_eq!(names(&place.data().join(kept.unwrap())), ["clean", "journal", "store"]);
    place.run(&["store", "verify"]).done();
}

/// STO-07, SES-15: what was revoked since cannot be known.
#[test]
fn a_restore_ends_every_session() {
    let place = Place::new().env("DOORKEY_HTTP__PUBLIC_URL", "https://login.example.org");
    place.user("ann", &[]);
    let mut server = place.serve(&[]);
    let login = server.login("ann", PASSWORD).status(200);
    server.signal(rustix::process::Signal::TERM);
    let to = place.run(&["store", "history", "--json"]).json()["to"].clone();
    place.run(&["restore", "--at", to.as_str().unwrap(), "--replace"]).done();
    let server = place.serve(&[]);
    server.post_with_cookie(&login.cookie(), "/auth/refresh").status(401);
    server.get_as(&login.token(), "/auth/me").status(401);
    server.login("ann", PASSWORD).status(200);
}

#[test]
fn a_time_that_is_not_kept_and_a_store_in_the_way_are_refused_and_nothing_changes() {
    let (place, time) = ann_then_bob();
    place.run(&["restore", "--at", &time]).failed("--replace");
    let early = ["restore", "--at", "2001-01-01T00:00:00Z", "--replace"];
    place.run(&early).failed("reaches back to");
    assert_eq!(place.run(&["restore", "--at", "yesterday", "--replace"]).code, 2);
    assert_eq!(place.run(&["restore"]).code, 2);
    place.run(&["user", "show", "bob"]).done();
    let server = place.serve(&[]);
    place.run(&["restore", "--at", &time, "--replace"]).failed("is running");
    place.run(&["store", "verify"]).failed("is running");
    server.kill();
}

#[test]
fn what_is_no_backup_is_refused_and_nothing_changes() {
    let place = Place::new();
    std::fs::write(place.path("noise"), "noise").unwrap();
    place.run(&["restore", "noise"]).failed("no backup of doorkey");
    place.run(&["restore", "missing"]).failed("could not open missing");
    place.run(&["store", "verify"]).failed("there is no store");
    place.user("ann", &[]);
    place.run(&["restore", "noise", "--replace"]).failed("no backup of doorkey");
    place.run(&["user", "show", "ann"]).done();
}

#[test]
fn a_snapshot_restores_an_empty_folder_that_has_the_master_key_or_gives_the_keys_up() {
    let (place, _) = ann_then_bob();
    // A journal is no backup; the store of an earlier format became a snapshot when it was
    // taken over.
    let journal = place.data().join("journal/00000000000000000001.journal");
    let journal = journal.to_str().unwrap();
    place.run(&["restore", journal, "--replace"]).failed("no backup of doorkey");
    let time = place.run(&["store", "history", "--json"]).json()["to"].clone();
    std::fs::remove_file(place.data().join("master.key")).unwrap();
    let at = ["restore", "--at", time.as_str().unwrap(), "--replace"];
    place.run(&at).failed("--without-keys");
    let without = [&at[..], &["--without-keys"]].concat();
    let done = place.run(&without);
    assert!(done.err.contains("every token is void"), "{}", done.err);
    done.done();
    place.serve(&[]).login("ann", PASSWORD).status(200);
}

/// The journals are the store: a lost index is no lost store.
#[test]
fn without_its_index_a_store_is_still_one_for_every_command() {
    let place = Place::new();
    place.user("ann", &[]);
    for command in [&["user", "list"][..], &["clock", "show"], &["export"], &["store", "verify"]] {
        std::fs::remove_dir_all(place.data().join("store")).unwrap();
        place.run(command).done();
    }
    place.run(&["user", "show", "ann"]).done();
}

/// What an earlier version wrote, in a place of its own.
fn fixture(name: &str) -> Place {
    let place = Place::new();
    let file = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut untar = std::process::Command::new("tar");
    untar.args(["xzf", &file]).arg("-C").arg(place.path(""));
    assert!(untar.status().unwrap().success());
    place
}

/// STO-08: the stores that earlier versions wrote, the first one without a journal, the second
/// one with two snapshots and journals.
#[test]
fn the_store_of_every_earlier_format_is_opened_and_loses_nothing() {
    for name in ["store-1.tar.gz", "store-2.tar.gz"] {
        let place = fixture(name);
        let bob = place.run(&["user", "show", "bob", "--json"]).json();
        assert_eq!(bob["email"], json!("bob@example.org"), "{name}");
        place.run(&["store", "verify"]).done();
        place.serve(&[]).login("ann", PASSWORD).status(200);
    }
}

#[test]
fn the_index_of_an_earlier_store_can_be_made_again_from_its_journals() {
    let place = fixture("store-2.tar.gz");
    std::fs::remove_dir_all(place.data().join("store")).unwrap();
    std::fs::remove_file(place.data().join("clean")).unwrap();
    place.serve(&[]).login("ann", PASSWORD).status(200);
    place.run(&["store", "verify"]).done();
}
