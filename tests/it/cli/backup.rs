//! `doorkey backup`, `backup verify`, `restore FILE` and backups by the schedule, on the real
//! binary.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::harness::{PASSWORD, Place, Server, names};

/// A place whose server has had an administrator and a user log in.
fn served() -> (Place, Server) {
    let place = Place::new().env("DOORKEY_HTTP__PUBLIC_URL", "https://login.example.org");
    place.user("ann", &["admin", "user"]);
    let server = place.serve(&[]);
    (place, server)
}

#[test]
fn a_backup_of_a_running_server_is_restored_into_an_empty_folder() {
    let (place, server) = served();
    let login = server.login("ann", PASSWORD).status(200);
    let said = place.run(&["backup", "one.backup"]);
    assert!(said.err.contains("one.backup holds the state of"), "{}", said.err);
    said.done();
    place.user("bob", &[]);
    drop(server);

    fs::rename(place.data(), place.path("old")).unwrap();
    fs::DirBuilder::new().mode(0o700).create(place.data()).unwrap();
    fs::copy(place.path("old/master.key"), place.data().join("master.key")).unwrap();
    place.run(&["restore", "one.backup"]).done();
    place.run(&["store", "verify"]).done();
    place.run(&["user", "show", "ann"]).done();
    assert_eq!(place.run(&["user", "show", "bob"]).code, 1, "bob came after the backup");
    let server = place.serve(&[]);
    // The keys are those of before, the sessions are not (STO-07).
    server.post_with_cookie(&login.cookie(), "/auth/refresh").status(401);
    server.get_as(&login.token(), "/auth/me").status(401);
    server.login("ann", PASSWORD).status(200);
}

#[test]
fn a_backup_without_a_server_and_one_to_standard_output_are_as_good() {
    let place = Place::new();
    place.user("ann", &[]);
    place.run(&["backup", "stopped.backup"]).done();
    place.run(&["backup", "verify", "stopped.backup"]).done();
    let server = place.serve(&[]);
    let said = place.run_into("piped.backup", &["backup", "-"]);
    assert!(said.err.contains("the backup is complete"), "{}", said.err);
    said.done();
    place.run(&["backup", "verify", "piped.backup"]).done();
    drop(server);
    place.run(&["restore", "piped.backup", "--replace"]).done();
    place.run(&["user", "show", "ann"]).done();
}

/// STO-01: it is for the owner only, and has its name only when it is whole.
#[test]
fn a_backup_is_private_and_takes_the_place_of_no_other_file() {
    let (place, _server) = served();
    place.run(&["backup", "one.backup"]).done();
    let mode = fs::metadata(place.path("one.backup")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    place.run(&["backup", "one.backup"]).failed("--force");
    place.run(&["backup", "one.backup", "--force"]).done();
    place.run(&["backup", "no/folder/one.backup"]).failed("could not make the file");
    assert_eq!(names(&place.path("")), ["data", "log", "one.backup"]);
    assert_eq!(place.run(&["backup"]).code, 2);
    assert_eq!(place.run(&["backup", "verify"]).code, 2);
}

#[test]
fn a_backup_that_is_damaged_anywhere_is_found_out() {
    let place = Place::new();
    place.user("ann", &[]);
    place.run(&["backup", "good"]).done();
    let good = fs::read(place.path("good")).unwrap();
    for at in (0..good.len()).step_by(good.len() / 20) {
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        for (name, bytes) in [("flipped", flipped.as_slice()), ("cut", &good[..at])] {
            fs::write(place.path(name), bytes).unwrap();
            place.run(&["backup", "verify", name]).failed("the backup cannot be restored");
        }
    }
    place.run(&["restore", "cut", "--replace"]).failed("the backup cannot be used");
    place.run(&["user", "show", "ann"]).done();
    place.run(&["backup", "verify", "missing"]).failed("could not open missing");
}

#[test]
fn verify_says_what_a_backup_holds_and_whether_its_keys_open() {
    let (place, _server) = served();
    place.run(&["backup", "one.backup"]).done();
    let verify = ["backup", "verify", "one.backup", "--json"];
    let found = place.run(&verify).json();
    assert_eq!((&found["records"]["user"], &found["total"]), (&json!(1), &json!(0)));
    assert_eq!(found["signing_keys"], "open");

    let elsewhere = [&verify[..], &["--data", "none"]].concat();
    assert_eq!(place.run(&elsewhere).json()["signing_keys"], "not_tried");
    fs::create_dir(place.path("other")).unwrap();
    let key = place.path("other/master.key");
    fs::write(&key, "A".repeat(43)).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let other = [&verify[..], &["--data", "other"]].concat();
    assert_eq!(place.run(&other).json()["signing_keys"], "closed");
    assert!(!place.path("none").exists() && names(&place.path("other")) == ["master.key"]);
}

/// KEY-06, SES-03: hashes and sealed keys only.
#[test]
fn no_secret_is_in_a_backup_a_snapshot_or_a_journal() {
    let (place, server) = served();
    let login = server.login("ann", PASSWORD).status(200);
    place.run(&["backup", "data/one.backup"]).done();
    let cookie = login.cookie();
    let secret = cookie.rsplit('.').next().unwrap().to_owned();
    let master = fs::read_to_string(place.data().join("master.key")).unwrap();
    let token = login.token();
    for folder in ["data", "data/journal", "data/store"] {
        for name in names(&place.path(folder)) {
            let path = place.path(folder).join(&name);
            if !path.is_file() || name == "master.key" {
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            for secret in [PASSWORD, &secret, master.trim(), &token] {
                let is_there = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
                assert!(!is_there, "a secret is in {}", path.display());
            }
        }
    }
}

fn wait_for(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(30), "it does not come");
        sleep(Duration::from_millis(20));
    }
}

fn ready(server: &Server) -> Value {
    server.send("GET /readyz", &[], "").status(200).json()
}

#[test]
fn the_schedule_makes_a_backup_at_once_and_keeps_the_newest() {
    let place = Place::new().env("DOORKEY_BACKUP__EVERY", "1h").env("DOORKEY_BACKUP__KEEP", "2");
    place.user("ann", &[]);
    let folder = place.data().join("backups");
    fs::create_dir(&folder).unwrap();
    let old = ["doorkey-2026-01-01T00-00-00Z.backup", "doorkey-2026-01-02T00-00-00Z.backup"];
    let future = "doorkey-2126-01-01T00-00-00Z.backup";
    let left = "doorkey-2026-01-03T00-00-00Z.new";
    for name in [old[0], old[1], future, left, "mine.backup", "notes.txt"] {
        fs::write(folder.join(name), "").unwrap();
    }
    let server = place.serve(&[]);
    wait_for(|| !folder.join(old[0]).exists());
    wait_for(|| !folder.join(left).exists());
    let mut kept = names(&folder);
    kept.retain(|name| name.starts_with("doorkey-"));
    assert_eq!((kept.len(), kept[0].as_str()), (2, old[1]));
    let made = format!("data/backups/{}", kept[1]);
    assert!(folder.join("mine.backup").exists() && folder.join("notes.txt").exists());
    place.run(&["backup", "verify", &made]).done();
    assert_eq!(ready(&server), json!({"status": "ready", "backup": "ok"}));
    drop(server);

    // One that is young enough is not made again by a restart.
    let server = place.serve(&[]);
    assert_eq!(ready(&server)["backup"], "ok");
    drop(server);
    assert_eq!(names(&folder).len(), 4);
    place.run(&["restore", &made, "--replace"]).done();
    place.run(&["user", "show", "ann"]).done();
}

#[test]
fn a_schedule_that_fails_says_so_and_the_server_goes_on() {
    let place = Place::new().env("DOORKEY_BACKUP__EVERY", "1h");
    let place = place.env("DOORKEY_BACKUP__FOLDER", "/dev/null/backups");
    place.user("ann", &[]);
    let server = place.serve(&[]);
    wait_for(|| ready(&server)["backup"] == "failing");
    assert!(place.log().contains("a backup by the schedule failed"), "{}", place.log());
    server.login("ann", PASSWORD).status(200);
}

#[test]
fn an_engine_in_memory_has_nothing_to_back_up() {
    let place = Place::new().env("DOORKEY_STORE__ENGINE", "memory");
    let _server = place.serve(&[]);
    place.run(&["backup", "one.backup"]).failed("nothing that could be backed up");
    let place = place.env("DOORKEY_BACKUP__EVERY", "1h");
    place.run(&["serve"]).failed("backup.every");
}
