//! `doorkey backup` and what it is for: another machine with a file and a master key.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;

use super::harness::{PASSWORD, Place, names};

/// A new machine that has the file of a master key.
fn another(master_key: &[u8]) -> Place {
    let place = Place::new();
    let file = place.path("kept.key");
    fs::write(&file, master_key).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    place.env("DOORKEY_MASTER_KEY_FILE", file.to_str().unwrap())
}

/// STO-07, SES-15.
#[test]
fn a_backup_of_a_running_server_restores_an_empty_folder_and_ends_every_session() {
    let place = Place::new().env("DOORKEY_HTTP__PUBLIC_URL", "https://login.example.org");
    place.user("root", &["admin", "user"]);
    place.user("ann", &["editor"]);
    let server = place.serve(&[]);
    let login = server.login("ann", PASSWORD).status(200);
    let path = place.path("file");
    let file = path.to_str().unwrap();
    place.run(&["backup", file]).done();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    place.user("late", &[]);
    let users = |place: &Place| place.run(&["user", "list", "--json"]).json();
    let verified = place.run(&["backup", "verify", file, "--json"]).json();
    assert_eq!((&verified["records"]["user"], &verified["total"]), (&json!(2), &json!(0)));

    let other = another(&fs::read(place.data().join("master.key")).unwrap());
    let other = other.env("DOORKEY_HTTP__PUBLIC_URL", "https://login.example.org");
    let done = other.run(&["restore", file]);
    assert!(done.err.contains("2 accounts; all sessions and API tokens are ended"), "{}", done.err);
    done.done();
    assert_eq!(fs::metadata(other.data()).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(!names(&other.data()).iter().any(|name| name.starts_with("replaced-")));
    other.run(&["store", "verify"]).done();
    other.run(&["restore", file]).failed("--replace");
    place.run(&["user", "delete", "late", "--yes"]).done();
    assert_eq!(users(&other), users(&place));

    let restored = other.serve(&[]);
    restored.post_with_cookie(&login.cookie(), "/auth/refresh").status(401);
    restored.get_as(&login.token(), "/auth/me").status(401);
    restored.login("ann", PASSWORD).status(200);
    let root = restored.login("root", PASSWORD).status(200).token();
    let events = restored.get_as(&root, "/admin/events?kind=restored").status(200).json();
    assert_eq!(events["events"].as_array().unwrap().len(), 1);
    server.post_with_cookie(&login.cookie(), "/auth/refresh").status(200);
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

#[test]
fn a_backup_that_was_cut_off_or_changed_is_none() {
    let place = Place::new();
    place.user("ann", &[]);
    let path = place.path("file");
    place.run(&["backup", "file"]).done();
    let good = fs::read(&path).unwrap();
    for at in [10, good.len() / 3, good.len() / 2, good.len() - 3] {
        let mut changed = good.clone();
        changed[at] ^= 1;
        for bad in [&changed[..], &good[..at]] {
            fs::write(&path, bad).unwrap();
            assert_eq!(place.run(&["backup", "verify", "file"]).code, 1, "{at}");
            place.run(&["restore", "file", "--replace"]).failed("backup");
        }
    }
    place.run(&["user", "show", "ann"]).done();
    place.run(&["backup", "file"]).failed("is there already");
    place.run(&["backup", "file", "--force"]).done();
    place.run(&["backup", "verify", "file"]).done();
}

/// Whether any file in the folder holds the text.
fn holds(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        // A socket cannot be read.
        let bytes = fs::read(&path).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

/// STO-04: the commands of docs/durability.md.
#[test]
fn the_hash_of_a_deleted_user_is_gone_from_the_disk_when_the_store_is_written_anew() {
    let place = Place::new();
    place.user("ann", &[]);
    place.user("bob", &[]);
    let exported = place.run(&["export"]).done();
    let ann = exported.lines().next().unwrap();
    let hash = ann.split("p=1$").nth(1).unwrap().split('"').next().unwrap();
    place.run(&["user", "delete", "ann", "--yes"]).done();
    assert!(holds(&place.data(), hash), "the journal has it still");
    place.run(&["backup", "now"]).done();
    place.run(&["restore", "now", "--replace"]).done();
    for replaced in names(&place.data()).iter().filter(|name| name.starts_with("replaced-")) {
        assert!(holds(&place.data().join(replaced), hash));
        fs::remove_dir_all(place.data().join(replaced)).unwrap();
    }
    assert!(!holds(&place.path(""), hash));
    place.serve(&[]).login("bob", PASSWORD).status(200);
    assert!(!holds(&place.path(""), hash));
}
