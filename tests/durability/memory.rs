//! A machine without memory: the real binary under a limit of its address space, with the
//! expected answers (issue 3, PW-08).
//!
//! A limit makes the system refuse memory, as a machine does that promises no more than it has.
//! Where it promises more, Linux ends the process when the memory is used, as SIGKILL does: that
//! is `kill.rs`.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::ledger::Ledger;
use crate::ledger::Outcome::{Done, Refused};
use crate::server::{Place, Server};
use crate::tools::can;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// Less than the 12 MiB of a password hash, and enough for everything else.
const NO_HASH: u64 = 8 * MIB;

/// Lets a running server take so much memory more than it has; `None` lifts the limit.
fn limit(server: &Server, more: Option<u64>) {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    let size: u64 = size.trim().strip_suffix(" kB").unwrap().parse().unwrap();
    let limit = more.map_or("unlimited".to_owned(), |more| format!("{}:", size * KIB + more));
    let mut prlimit = Command::new("prlimit");
    let args = [format!("--pid={}", server.id()), format!("--as={limit}")];
    assert!(prlimit.args(args).status().unwrap().success());
}

/// A place with users, sessions and logouts, and a server that has hashed nothing yet.
fn started_again() -> (Place, Server, Ledger) {
    let place = Place::new();
    let server = place.start().unwrap();
    let mut ledger = Ledger::new(server.address, "user");
    for _ in 0..4 {
        assert!(ledger.round().iter().all(|outcome| *outcome == Done));
    }
    server.kill();
    // One heap for all threads: what others reserve counts as taken.
    let server = place.start_under(&["env", "MALLOC_ARENA_MAX=1"].map(str::to_owned)).unwrap();
    ledger.moved(server.address);
    (place, server, ledger)
}

fn assert_kept(place: &Place, server: Server, ledger: &mut Ledger) {
    server.kill();
    let server = place.start().unwrap();
    ledger.moved(server.address);
    ledger.check();
    assert!(ledger.round().iter().all(|outcome| *outcome == Done));
    assert!(!place.log().contains("panicked"), "{}", place.log());
}

/// PW-08.
#[test]
fn without_memory_for_a_password_it_is_busy_and_all_else_goes_on() {
    if !can(&["prlimit"]) {
        return;
    }
    let (place, server, mut ledger) = started_again();
    ledger.refusal = "busy";
    for _ in 0..2 {
        limit(&server, Some(NO_HASH));
        assert_eq!([ledger.register(), ledger.login()], [Refused; 2]);
        ledger.reads();
        ledger.status("/readyz", 200);
        assert_eq!(ledger.logout(), Done, "it needs no password");
    }
    assert!(place.log().contains("there is no memory for a password hash"), "{}", place.log());
    limit(&server, None);
    assert!(ledger.round().iter().all(|outcome| *outcome == Done));
    ledger.check();
    assert_kept(&place, server, &mut ledger);
}

/// The block of one hash is there, and those of the others are not to be had.
#[test]
fn with_memory_for_one_password_at_a_time_one_after_the_other_is_let_in() {
    if !can(&["prlimit"]) {
        return;
    }
    let (place, server, mut ledger) = started_again();
    assert_eq!(ledger.login(), Done);
    limit(&server, Some(NO_HASH));
    let mut crowd: Vec<Ledger> =
        (0..4).map(|number| Ledger::new(server.address, &format!("crowd{number}"))).collect();
    thread::scope(|scope| {
        for one in &mut crowd {
            one.refusal = "busy";
            scope.spawn(|| {
                for _ in 0..4 {
                    one.round();
                }
            });
        }
    });
    assert!(crowd.iter().map(|one| one.acknowledged).sum::<usize>() > 0);
    limit(&server, None);
    crowd.iter_mut().for_each(Ledger::check);
    assert_kept(&place, server, &mut ledger);
}

/// A start that hangs is left to whoever supervises it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much memory a start may have, from far too little to enough, in MiB of addresses: the
/// allocator reserves 64 for each thread that asks it at a busy moment, and never uses them.
const STARTS: [u64; 10] = [16, 24, 32, 48, 64, 80, 96, 128, 256, 512];

/// Where the allocator itself has nothing left the process ends, as if it was killed.
#[test]
fn a_start_with_too_little_memory_loses_nothing() {
    let (place, server, mut ledger) = started_again();
    server.kill();
    let mut started = 0;
    for mib in STARTS {
        let shell = format!("ulimit -c 0; ulimit -v {}; exec \"$0\" \"$@\"", mib * KIB);
        let wrapper = ["sh".to_owned(), "-c".to_owned(), shell];
        if let Ok(server) = place.start_within(&wrapper, PATIENCE) {
            ledger.moved(server.address);
            // One that had just enough for its start may have nothing left for a request.
            started += usize::from(ledger.answers("/healthz"));
        }
        let server = place.start().unwrap_or_else(|said| panic!("after {mib} MiB: {said}"));
        ledger.moved(server.address);
        ledger.check();
        server.kill();
    }
    assert!((1..STARTS.len()).contains(&started), "{started} of {STARTS:?} are enough");
    let log = place.log();
    let ours = log.lines().find(|line| line.contains("panicked at src/"));
    assert_eq!(ours, None, "{log}");
}
