//! The signing keys and their master key, before and after a restore.

use std::fs;

use serde_json::Value;

use super::harness::{PASSWORD, Place, Server, names};

/// The ids of the keys that are served.
fn kids(server: &Server) -> Vec<String> {
    let jwks = server.send("GET /.well-known/jwks.json", &[], "").status(200).json();
    let kid = |key: &Value| key["kid"].as_str().unwrap().to_owned();
    jwks["keys"].as_array().unwrap().iter().map(kid).collect()
}

/// A stopped store with ann in it, a backup of it, the time of its last change, and the only key,
/// which was revoked after that.
fn with_a_revoked_key() -> (Place, String, String) {
    let place = Place::new();
    place.user("ann", &[]);
    let to = place.run(&["store", "history", "--json"]).json()["to"].clone();
    place.run(&["backup", "file"]).done();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let server = place.serve(&[]);
    let [kid] = <[String; 1]>::try_from(kids(&server)).unwrap();
    place.run(&["key", "rotate", "--revoke", &kid]).done();
    assert!(!kids(&server).contains(&kid));
    server.kill();
    (place, to.as_str().unwrap().to_owned(), kid)
}

/// SES-15: nor does what it signed.
#[test]
fn a_key_that_was_revoked_does_not_come_back_with_the_past() {
    for is_backup in [true, false] {
        let (place, time, kid) = with_a_revoked_key();
        let from: &[&str] = if is_backup { &["file"] } else { &["--at", &time] };
        let done = place.run(&[&["restore", "--replace"], from].concat());
        let said = format!("the signing key {kid} is dropped");
        assert!(done.err.contains(&said), "{}", done.err);
        done.done();
        let server = place.serve(&[]);
        assert!(!kids(&server).contains(&kid));
        let token = server.login("ann", PASSWORD).status(200).token();
        server.get_as(&token, "/auth/me").status(200);
    }
}

#[test]
fn a_key_that_is_still_there_stays_and_nothing_is_said_of_it() {
    let (place, ..) = with_a_revoked_key();
    let before = kids(&place.serve(&[]));
    let to = place.run(&["store", "history", "--json"]).json()["to"].clone();
    let done = place.run(&["restore", "--at", to.as_str().unwrap(), "--replace"]);
    assert!(!done.err.contains("signing key"), "{}", done.err);
    done.done();
    assert_eq!(kids(&place.serve(&[])), before);
}

/// What is before a damage tells of keys that were gone by then, and of the others nothing.
#[test]
fn a_damaged_store_tells_as_much_as_can_be_read_of_it() {
    for is_late in [false, true] {
        let (place, time, revoked) = with_a_revoked_key();
        let valid = kids(&place.serve(&[])).remove(0);
        place.run(&["backup", "late"]).done();
        let journal = place.data().join("journal/00000000000000000001.journal");
        let good = fs::metadata(&journal).unwrap().len();
        place.user("bob", &[]);
        place.user("cid", &[]);
        let mut bytes = fs::read(&journal).unwrap();
        bytes[usize::try_from(good).unwrap() + 40] ^= 1;
        fs::write(&journal, bytes).unwrap();
        let (from, said): (&[&str], _) = if is_late {
            (&["late"], format!("`doorkey key rotate --revoke {valid}`"))
        } else {
            (&["--at", &time], format!("the signing key {revoked} is dropped"))
        };
        let done = place.run(&[&["restore", "--replace"], from].concat());
        assert!(done.err.contains(&said), "{}", done.err);
        done.done();
        assert!(!kids(&place.serve(&[])).contains(&revoked));
    }
}

/// Where nothing tells what was revoked since, the operator is told how to.
#[test]
fn in_an_empty_folder_each_key_is_named_with_the_command_that_revokes_it() {
    let (place, _, kid) = with_a_revoked_key();
    let file = place.path("file").to_str().unwrap().to_owned();
    let other = Place::new();
    fs::create_dir(other.data()).unwrap();
    rustix::fs::chmod(other.data(), rustix::fs::Mode::RWXU).unwrap();
    fs::copy(place.data().join("master.key"), other.data().join("master.key")).unwrap();
    let done = other.run(&["restore", &file]);
    assert!(done.err.contains(&format!("`doorkey key rotate --revoke {kid}`")), "{}", done.err);
    done.done();
    let server = other.serve(&[]);
    assert_eq!(kids(&server), [kid.as_str()]);
    server.login("ann", PASSWORD).status(200);
}

/// The master key is in no backup.
#[test]
fn without_the_master_key_a_backup_restores_all_but_the_signing_keys() {
    let place = Place::new();
    place.user("ann", &[]);
    let path = place.path("file");
    let file = path.to_str().unwrap();
    place.run(&["backup", file]).done();
    let key = fs::read(place.data().join("master.key")).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.windows(43).any(|window| window == &key[..43]));
    let other = Place::new();
    other.run(&["restore", file]).failed("or drop the signing keys with --without-keys");
    let left = names(&other.data());
    assert!(!left.contains(&"journal".to_owned()), "{left:?}");
    other.run(&["restore", file, "--without-keys"]).done();
    other.serve(&[]).login("ann", PASSWORD).status(200);
}

/// KEY-04: a wrong one is as lost as a missing one.
#[test]
fn a_lost_master_key_has_a_way_out_that_every_refusal_names() {
    let place = Place::new();
    place.user("ann", &[]);
    place.run(&["backup", "file"]).done();
    let key = place.data().join("master.key");
    let wrong = format!("{}\n", "A".repeat(43));
    for lost in [Some(wrong.as_str()), Some("noise\n"), None] {
        match lost {
            Some(text) => fs::write(&key, text).unwrap(),
            None => fs::remove_file(&key).unwrap(),
        }
        for command in ["serve", "user list"] {
            let args: Vec<&str> = command.split(' ').collect();
            place.run(&args).failed("`doorkey restore FILE --replace --without-keys`");
            place.run(&args).failed("`doorkey restore --at TIME --replace --without-keys`");
        }
        place.run(&["restore", "file", "--replace"]).failed("--without-keys");
    }
    fs::write(&key, wrong).unwrap();
    rustix::fs::chmod(&key, rustix::fs::Mode::RUSR).unwrap();
    place.run(&["restore", "file", "--replace", "--without-keys"]).done();
    place.serve(&[]).login("ann", PASSWORD).status(200);
}

/// Nothing is sealed with it yet.
#[test]
fn a_configured_master_key_that_is_not_there_for_a_new_store_is_to_be_made() {
    let place = Place::new();
    let file = place.path("elsewhere.key");
    let place = place.env("DOORKEY_MASTER_KEY_FILE", file.to_str().unwrap());
    let done = place.run(&["user", "add", "ann", "--invite"]);
    assert!(!done.err.contains("sealed"), "{}", done.err);
    let (_, command) = done.err.split_once('`').unwrap();
    let command = command.split('`').next().unwrap().to_owned();
    done.failed("is not there");
    assert!(std::process::Command::new("sh").args(["-c", &command]).status().unwrap().success());
    place.run(&["user", "add", "ann", "--invite"]).done();
    fs::remove_file(&file).unwrap();
    place.run(&["user", "list"]).failed("are sealed with it");
}
