//! Disks that are full, broken, slow or read-only: the real binary on them, with the expected
//! answers (issue 3, STO-06).
//!
//! They need root and `strace`; without them they say SKIPPED. The long form tries a failure of
//! each of the first N calls of every kind:
//! `DOORKEY_FAULT_SWEEP=60 cargo test --test durability faults -- --nocapture`

#![expect(clippy::panic, reason = "a server that does not start says why")]

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::kill::number;
use crate::ledger::Ledger;
use crate::ledger::Outcome::{self, Done, Refused};
use crate::server::{Place, Server};
use crate::tools::{Fault, Mount, can, skipped, with_fault};

/// How long a server may take until it works again once it can.
const MENDED_WITHIN: Duration = Duration::from_secs(5);

/// A mount, or a loud word why this system gives none.
fn mounted(made: Result<Mount, String>) -> Option<Mount> {
    made.inspect_err(|why| skipped(why)).ok()
}

/// A server with some users, sessions and logouts.
fn with_history(place: &Place) -> (Server, Ledger) {
    let server = place.start().unwrap();
    let mut ledger = Ledger::new(server.address, "user");
    for _ in 0..4 {
        assert!(ledger.round().iter().all(|outcome| *outcome == Done));
    }
    (server, ledger)
}

/// Every change is refused and everything else is answered.
fn assert_read_only(ledger: &mut Ledger) {
    for _ in 0..2 {
        assert_eq!([ledger.register(), ledger.login()], [Refused; 2]);
        ledger.logout_is_refused();
        ledger.status("/readyz", 503);
        ledger.reads();
    }
}

fn assert_mends_itself(ledger: &mut Ledger) {
    let started = Instant::now();
    while ledger.register() == Refused {
        assert!(started.elapsed() < MENDED_WITHIN, "it refuses changes for ever");
        thread::sleep(Duration::from_millis(50));
    }
    ledger.status("/readyz", 200);
    ledger.check();
}

/// Everything acknowledged is there after a kill, too.
fn assert_kept(place: &Place, server: Server, ledger: &mut Ledger) {
    server.kill();
    let server = place.start().unwrap();
    ledger.moved(server.address);
    ledger.check();
    assert!(ledger.round().iter().all(|outcome| *outcome == Done));
    assert_no_panic(place);
}

/// sled panics when its file cannot be synced as it is closed. That is caught, and all else is
/// a fault of ours.
fn assert_no_panic(place: &Place) {
    let log = place.log();
    let ours = log.lines().any(|line| line.contains("panicked at") && !line.contains("/sled-"));
    assert!(!ours && !log.contains("unexpected"), "{log}");
}

fn times_in_log(place: &Place, words: &str) -> usize {
    place.log().matches(words).count()
}

fn full_disk(place: &Place, mount: &Mount) {
    let (server, mut ledger) = with_history(place);
    for _ in 0..2 {
        mount.fill();
        assert_read_only(&mut ledger);
        mount.make_space();
        assert_mends_itself(&mut ledger);
    }
    assert_eq!(times_in_log(place, "no change is taken until the disk takes it"), 2);
    assert_kept(place, server, &mut ledger);
}

/// STO-06.
#[test]
fn on_a_full_disk_changes_are_refused_reads_go_on_and_space_mends_it() {
    let place = Place::new();
    if !can(&["mount"]) {
        return;
    }
    let Some(mount) = mounted(Mount::memory(&place.data(), "40m")) else { return };
    full_disk(&place, &mount);
}

/// STO-06.
#[test]
fn on_a_full_disk_with_a_journal_of_its_own_it_is_the_same() {
    let place = Place::new();
    if !can(&["mount", "mkfs.ext4"]) {
        return;
    }
    let Some(mount) = mounted(Mount::ext4(&place.data(), 64 * 1024 * 1024)) else { return };
    full_disk(&place, &mount);
}

/// The disk fills while changes are made, not between two of them.
#[test]
fn a_disk_that_becomes_full_under_load_loses_nothing() {
    let place = Place::new();
    if !can(&["mount"]) {
        return;
    }
    let Some(mount) = mounted(Mount::memory(&place.data(), "40m")) else { return };
    let server = place.start().unwrap();
    let mut ledgers: Vec<Ledger> =
        (0..4).map(|n| Ledger::new(server.address, &format!("user{n}"))).collect();
    let end = Instant::now() + Duration::from_secs(2);
    thread::scope(|scope| {
        for ledger in &mut ledgers {
            scope.spawn(move || {
                while Instant::now() < end {
                    ledger.round();
                }
            });
        }
        while Instant::now() < end {
            mount.fill();
            thread::sleep(Duration::from_millis(150));
            mount.make_space();
            thread::sleep(Duration::from_millis(150));
        }
    });
    assert_mends_itself(&mut ledgers[0]);
    server.kill();
    let server = place.start().unwrap();
    for ledger in &mut ledgers {
        ledger.moved(server.address);
        ledger.check();
    }
    assert_no_panic(&place);
}

#[test]
fn a_start_on_a_full_disk_works_or_says_why_and_works_with_space() {
    let place = Place::new();
    if !can(&["mount"]) {
        return;
    }
    let Some(mount) = mounted(Mount::memory(&place.data(), "40m")) else { return };
    let (server, mut ledger) = with_history(&place);
    server.kill();
    mount.fill();
    match place.start() {
        Ok(server) => {
            ledger.moved(server.address);
            assert_read_only(&mut ledger);
            mount.make_space();
            assert_mends_itself(&mut ledger);
            assert_kept(&place, server, &mut ledger);
        }
        Err(said) => {
            assert!(said.contains("space on the disk"), "{said}");
            mount.make_space();
            let server = place.start().unwrap();
            ledger.moved(server.address);
            assert_mends_itself(&mut ledger);
            assert_kept(&place, server, &mut ledger);
        }
    }
}

#[test]
fn after_a_sync_that_failed_nothing_is_written_until_a_restart() {
    if !can(&["strace"]) {
        return;
    }
    let place = Place::new();
    let (server, mut ledger) = with_history(&place);
    let fault = Fault::inject(server.id(), "fdatasync:error=EIO:when=1", &[]);
    assert_eq!(ledger.register(), Refused);
    drop(fault);
    assert_read_only(&mut ledger);
    assert_eq!(times_in_log(&place, "read-only until a restart"), 1);
    assert_kept(&place, server, &mut ledger);
}

#[test]
fn a_write_that_failed_is_refused_and_the_next_one_succeeds() {
    if !can(&["strace"]) {
        return;
    }
    for error in ["EIO", "ENOSPC", "EDQUOT", "EROFS"] {
        let place = Place::new();
        let (server, mut ledger) = with_history(&place);
        let fault = Fault::inject(server.id(), &format!("pwrite64:error={error}"), &[]);
        assert_read_only(&mut ledger);
        drop(fault);
        assert_mends_itself(&mut ledger);
        assert_kept(&place, server, &mut ledger);
    }
}

/// ext4 makes itself read-only when it finds an error.
#[test]
fn a_disk_that_becomes_read_only_under_the_server_stops_changes_only() {
    let place = Place::new();
    if !can(&["mount", "mkfs.ext4", "findmnt"]) {
        return;
    }
    let Some(mount) = mounted(Mount::ext4(&place.data(), 64 * 1024 * 1024)) else { return };
    let (server, mut ledger) = with_history(&place);
    if let Err(why) = mount.break_down() {
        return skipped(&why);
    }
    assert_read_only(&mut ledger);
    server.kill();
    mount.again();
    let server = place.start().unwrap();
    ledger.moved(server.address);
    ledger.check();
    assert_no_panic(&place);
}

#[test]
fn a_read_only_folder_is_refused_with_a_sentence() {
    let place = Place::new();
    if !can(&["mount"]) {
        return;
    }
    let Some(mount) = mounted(Mount::memory(&place.data(), "40m")) else { return };
    let (server, mut ledger) = with_history(&place);
    server.kill();
    mount.remount("ro").unwrap();
    let said = place.start().map(|_| ()).unwrap_err();
    assert!(said.contains("Read-only file system"), "{said}");
    assert_eq!(place.exit_code(), Some(1));
    mount.remount("rw").unwrap();
    let server = place.start().unwrap();
    ledger.moved(server.address);
    ledger.check();
    assert_kept(&place, server, &mut ledger);
}

/// The watchdog's patience is ten seconds.
#[test]
fn a_disk_that_hangs_ends_the_process_with_a_sentence() {
    if !can(&["strace"]) {
        return;
    }
    let place = Place::new();
    let (mut server, mut ledger) = with_history(&place);
    let _fault = Fault::inject(server.id(), "fdatasync:delay_enter=15000000:when=1", &[]);
    let address = server.address;
    thread::spawn(move || Ledger::new(address, "late").register());
    let started = Instant::now();
    let code = server.wait(Duration::from_secs(25));
    assert_eq!(code, Some(1));
    assert!(started.elapsed() >= Duration::from_secs(10), "it was patient");
    assert_eq!(times_in_log(&place, "the disk does not answer: stopping"), 1);
    let server = place.start().unwrap();
    ledger.moved(server.address);
    ledger.check();
    assert_no_panic(&place);
}

/// The calls that fail in a sweep, each with its errors.
const CALLS: [(&str, &[&str]); 6] = [
    ("pwrite64", &["EIO", "ENOSPC"]),
    ("fdatasync", &["EIO"]),
    ("fsync", &["EIO"]),
    ("rename", &["EIO"]),
    ("openat", &["EMFILE"]),
    ("ftruncate", &["EIO"]),
];

/// Every call on the way fails once, under a server that runs and under one that starts.
#[test]
fn a_single_failure_of_any_call_loses_nothing_and_panics_nowhere() {
    if !can(&["strace"]) {
        return;
    }
    let most = number("DOORKEY_FAULT_SWEEP", 2);
    let (mut cases, mut acknowledged) = (0, 0);
    for (call, errors) in CALLS {
        let place = Place::new();
        with_history(&place).0.kill();
        for error in errors {
            for when in 1..=most {
                let what = format!("{call}:error={error}:when={when}");
                acknowledged += fails_while_running(&place, &what);
                acknowledged += fails_while_opening(&place, &what);
                cases += 2;
            }
        }
    }
    eprintln!("{cases} single failures, {acknowledged} changes acknowledged, none lost");
    eprintln!(
        "{{\"test\":\"faults\",\"cases\":{cases},\"acknowledged\":{acknowledged},\"losses\":0}}"
    );
}

/// How many changes were acknowledged, all of them still there at the end.
fn fails_while_running(place: &Place, what: &str) -> usize {
    let server = place.start().unwrap();
    let mut ledger = Ledger::new(server.address, &name(what, "run"));
    let fault = Fault::inject(server.id(), what, &only(place, what));
    let outcomes: Vec<Outcome> = (0..4).flat_map(|_| ledger.round()).collect();
    drop(fault);
    ledger.until_mended();
    ledger.reads();
    finish(place, server, (&mut ledger, what, &outcomes))
}

fn fails_while_opening(place: &Place, what: &str) -> usize {
    let wrapper = with_fault(what, &only(place, what));
    let server = match place.start_under(&wrapper) {
        Ok(server) => server,
        Err(said) => {
            assert!(said.contains("Could not") || said.contains("damaged"), "{what}: {said}");
            assert_eq!(place.exit_code(), Some(1), "{what}: {said}");
            place.start().unwrap_or_else(|said| panic!("{what}: {said}"))
        }
    };
    let mut ledger = Ledger::new(server.address, &name(what, "open"));
    let outcomes: Vec<Outcome> = (0..2).flat_map(|_| ledger.round()).collect();
    ledger.reads();
    finish(place, server, (&mut ledger, what, &outcomes))
}

fn finish(
    place: &Place,
    server: Server,
    (ledger, what, outcomes): (&mut Ledger, &str, &[Outcome]),
) -> usize {
    server.kill();
    let server = place.start().unwrap_or_else(|said| panic!("{what} {outcomes:?}: {said}"));
    ledger.moved(server.address);
    ledger.check();
    server.kill();
    assert_no_panic(place);
    ledger.acknowledged
}

/// Files of other folders are none of the store's business, such as libraries.
fn only(place: &Place, what: &str) -> Vec<PathBuf> {
    const NAMES: [&str; 12] = [
        "",
        "lock",
        "master.key",
        "journal",
        "journal/00000000000000000001.journal",
        "journal/00000000000000000001.journal.new",
        "store",
        "store/db",
        "store.new",
        "store.new/db",
        "store.new/conf",
        "store.new/blobs",
    ];
    let is_open = what.starts_with("openat");
    NAMES.iter().filter(|_| is_open).map(|name| place.data().join(name)).collect()
}

fn name(what: &str, when: &str) -> String {
    let plain = what.replace([':', '='], "-").to_lowercase();
    format!("{plain}-{when}")
}
