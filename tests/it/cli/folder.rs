//! The data folder: who may read it, who holds it, and its master key.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::harness::{PASSWORD, Place, names};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn assert_private(path: &Path) {
    let about = fs::symlink_metadata(path).unwrap();
    let wanted = if about.is_dir() { 0o700 } else { 0o600 };
    assert_eq!(about.permissions().mode() & 0o7777, wanted, "{}", path.display());
    if about.is_dir() {
        for name in names(path) {
            assert_private(&path.join(name));
        }
    }
}

/// KEY-03, STO-01.
#[test]
fn everything_in_the_data_folder_is_for_its_owner_alone() {
    let place = Place::open();
    let server = place.serve(&[]);
    server.register("ann");
    server.login("ann", PASSWORD).status(200);
    let expected = ["control.sock", "journal", "lock", "master.key", "setup-secret", "store"];
    assert_eq!(names(&place.data()), expected);
    assert_private(&place.data());
    drop(server);
    place.user("bob", &[]);
    assert_private(&place.data());
}

#[test]
fn a_second_server_on_the_folder_is_refused_and_the_first_goes_on() {
    let place = Place::new();
    let server = place.serve(&[]);
    let second = ["serve", "--listen", "127.0.0.1:0"];
    place.run(&second).failed("Another doorkey is running on");
    place.user("ann", &[]);
    server.login("ann", PASSWORD).status(200);
}

#[test]
fn the_socket_of_a_killed_server_is_no_obstacle() {
    let place = Place::new();
    place.serve(&[]).kill();
    assert!(place.data().join("control.sock").exists());
    place.user("ann", &[]);
    let server = place.serve(&[]);
    place.user("bob", &[]);
    server.login("ann", PASSWORD).status(200);
    server.login("bob", PASSWORD).status(200);
}

#[test]
fn a_folder_that_others_can_enter_is_refused() {
    let place = Place::new();
    place.user("ann", &[]);
    set_mode(&place.data(), 0o755);
    place.run(&["serve", "--listen", "127.0.0.1:0"]).failed("chmod 700");
    place.run(&["user", "list"]).failed("chmod 700");
}

/// KEY-04.
#[test]
fn without_its_master_key_or_with_a_wrong_one_nothing_starts_and_none_is_made() {
    let (place, other) = (Place::new(), Place::new());
    place.user("ann", &[]);
    other.user("ann", &[]);
    let key = place.data().join("master.key");
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    fs::rename(&key, place.path("kept.key")).unwrap();
    for command in [serve.as_slice(), &["user", "list"]] {
        place.run(command).failed("is missing");
        assert!(!key.exists());
    }
    fs::copy(other.data().join("master.key"), &key).unwrap();
    let wrong = fs::read(&key).unwrap();
    for command in [serve.as_slice(), &["user", "list"]] {
        place.run(command).failed("master key");
        assert_eq!(fs::read(&key).unwrap(), wrong);
    }
    fs::rename(place.path("kept.key"), &key).unwrap();
    set_mode(&key, 0o640);
    place.run(&serve).failed("chmod 600");
    set_mode(&key, 0o600);
    place.serve(&[]).login("ann", PASSWORD).status(200);
}

/// KEY-03.
#[test]
fn the_master_key_can_be_kept_elsewhere() {
    let other = Place::new();
    other.user("ann", &[]);
    let key = other.data().join("master.key");
    let place = Place::new().env("DOORKEY_MASTER_KEY_FILE", key.to_str().unwrap());
    place.user("bob", &[]);
    let server = place.serve(&[]);
    server.login("bob", PASSWORD).status(200);
    assert!(!place.data().join("master.key").exists());
    drop(server);
    fs::remove_file(&key).unwrap();
    place.run(&["user", "list"]).failed("is missing");
    assert!(!key.exists() && !place.data().join("master.key").exists());
}

#[test]
fn a_command_acts_on_the_folder_it_names() {
    let place = Place::new().env("DOORKEY_DATA", "one");
    place.user("ann", &[]);
    let add = ["user", "add", "bob", "--invite", "--data", "two"];
    let done = place.run(&add);
    assert_eq!(done.err, format!("data folder: {}\n", place.path("two").display()));
    done.done();
    for (folder, name) in [("one", "ann"), ("two", "bob")] {
        let users = place.run(&["user", "list", "--json", "--data", folder]).json();
        assert_eq!(users["users"].as_array().unwrap().len(), 1);
        assert_eq!(users["users"][0]["username"], name);
    }
    assert!(!place.data().exists());
}
