//! `doorkey clock`, and the real binary under a wall clock that is wrong. The clock is turned by
//! libfaketime (`tests/tools.sh` installs it); monotonic time stays the machine's own.

use std::process::Command;

use rustix::process::Signal;
use serde_json::json;

use super::harness::{PASSWORD, Place, Server};

/// A place whose programs read the wall clock from a file.
struct Turned {
    place: Place,
}

impl Turned {
    /// `None`, and a line that says so, where libfaketime is missing.
    fn new(time: &str) -> Option<Self> {
        let asked = Command::new("faketime").args(["-f", "+0", "printenv", "LD_PRELOAD"]).output();
        let Some(asked) = asked.ok().filter(|asked| asked.status.success()) else {
            eprintln!("SKIPPED: there is no faketime; tests/tools.sh installs it");
            return None;
        };
        let library = String::from_utf8(asked.stdout).unwrap().trim().to_owned();
        let place = Place::new();
        let file = place.path("time");
        let place = place
            .env("LD_PRELOAD", &library)
            .env("FAKETIME_TIMESTAMP_FILE", file.to_str().unwrap())
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let turned = Self { place };
        turned.set(time);
        Some(turned)
    }

    /// Turns the clock of all programs of the place, those that run too.
    fn set(&self, time: &str) {
        // Renamed, so that nobody reads half of it.
        let (file, next) = (self.place.path("time"), self.place.path("time.next"));
        std::fs::write(&next, format!("{time}\n")).unwrap();
        std::fs::rename(next, file).unwrap();
    }

    fn serve(&self) -> Server {
        self.place.serve(&[])
    }

    fn state(&self) -> String {
        let clock = self.place.run(&["clock", "show", "--json"]).json();
        clock["state"].as_str().unwrap().to_owned()
    }
}

fn clock_not_set(server: &Server) {
    let refused = server.login("ann", PASSWORD).status(503);
    assert_eq!(refused.json()["code"], "clock_not_set");
    let refused = server.send("GET /readyz", &[], "").status(503);
    assert_eq!(refused.json()["code"], "clock_not_set");
    server.send("GET /healthz", &[], "").status(200);
}

/// KEY-21, LOG-06.
#[test]
fn in_1970_it_starts_issues_nothing_says_so_once_and_recovers_when_the_clock_is_set() {
    for long_ago in ["@1970-01-01 00:00:00", "@2026-10-31 23:00:00"] {
        let Some(turned) = Turned::new(long_ago) else { return };
        let mut server = turned.serve();
        turned.place.user("ann", &[]);
        for _ in 0..3 {
            clock_not_set(&server);
        }
        turned.set("+0");
        server.login("ann", PASSWORD).status(200);
        server.send("GET /readyz", &[], "").status(200);
        assert_eq!(server.signal(Signal::TERM), 0);
        let log = turned.place.log();
        assert_eq!(log.matches("clock_not_set: ").count(), 1, "{log}");
        assert!(!log.contains("panicked"), "{log}");
    }
}

/// KEY-21, KEY-24.
#[test]
fn before_1970_it_says_so_and_does_not_start() {
    let Some(turned) = Turned::new("@1960-01-01 00:00:00") else { return };
    turned.place.run(&["serve", "--listen", "127.0.0.1:0"]).failed("clock is before 1970");
    turned.set("+0");
    turned.place.user("ann", &[]);
    turned.set("@1960-01-01 00:00:00");
    turned.place.run(&["user", "list"]).failed("clock is before 1970");
}

/// KEY-20, LOG-06.
#[test]
fn what_a_running_server_has_called_expired_stays_so_when_the_clock_goes_back() {
    let Some(turned) = Turned::new("+0") else { return };
    let server = turned.serve();
    turned.place.user("ann", &[]);
    let ann = server.login("ann", PASSWORD).status(200);
    turned.set("+1d");
    server.get_as(&ann.token(), "/auth/me").status(401);
    server.post_with_cookie(&ann.cookie(), "/auth/refresh").status(401);
    turned.set("+0");
    server.get_as(&ann.token(), "/auth/me").status(401);
    server.post_with_cookie(&ann.cookie(), "/auth/refresh").status(503);
    clock_not_set(&server);
    let log = turned.place.log();
    let said = ["the wall clock jumped", "clock_not_set: "].map(|what| log.matches(what).count());
    assert_eq!(said, [2, 1], "{log}");
}

/// KEY-20, KEY-22: off for a month, online for a moment, and back in 1970.
#[test]
fn what_a_server_has_called_expired_stays_so_in_its_next_run() {
    let Some(turned) = Turned::new("+0") else { return };
    let mut server = turned.serve();
    turned.place.user("ann", &[]);
    let ann = server.login("ann", PASSWORD).status(200);
    server.get_as(&ann.token(), "/auth/me").status(200);
    server.signal(Signal::TERM);
    for time in ["+30d", "@1970-01-01 00:00:00", "@1970-01-01 00:00:00"] {
        turned.set(time);
        let mut server = turned.serve();
        server.get_as(&ann.token(), "/auth/me").status(401);
        server.signal(Signal::TERM);
    }
    turned.set("+0");
    assert_eq!(turned.state(), "behind", "until 16 minutes of this clock have passed");
    turned.place.run(&["clock", "accept"]).done();
    let server = turned.serve();
    server.get_as(&ann.token(), "/auth/me").status(401);
    server.login("ann", PASSWORD).status(200);
}

/// KEY-20, KEY-22.
#[test]
fn the_mark_outlives_a_restart_and_the_operator_puts_it_back() {
    let Some(turned) = Turned::new("+400d") else { return };
    turned.place.user("ann", &[]);
    let said = turned.place.run(&["clock", "accept"]).done();
    assert!(said.starts_with("the mark went from 2026-11-01T00:00:0"), "{said}");
    turned.set("+0");
    assert_eq!(turned.state(), "behind");
    let server = turned.serve();
    clock_not_set(&server);

    turned.set("+400d");
    let ann = server.login("ann", PASSWORD).status(200);
    turned.set("+0");
    let said = turned.place.run(&["clock", "accept"]).done();
    assert!(said.ends_with("the sessions of 1 accounts ended\n"), "{said}");
    server.post_with_cookie(&ann.cookie(), "/auth/refresh").status(401);
    server.get_as(&ann.token(), "/auth/me").status(401);
    let ann = server.login("ann", PASSWORD).status(200);
    server.post_with_cookie(&ann.cookie(), "/auth/refresh").status(200);
    server.kill();
    assert_eq!(turned.state(), "set");
}

/// KEY-20, KEY-21.
#[test]
fn with_trust_in_the_mark_a_device_without_a_clock_lets_users_in() {
    let Some(Turned { place }) = Turned::new("@1970-01-01 00:00:10") else { return };
    let turned = Turned { place: place.env("DOORKEY_CLOCK__TRUST_MARK", "true") };
    let server = turned.serve();
    turned.place.user("ann", &[]);
    server.login("ann", PASSWORD).status(200);
    server.send("GET /readyz", &[], "").status(200);
}

/// KEY-20, KEY-21: a restore is judged by the known time, as everything is.
#[test]
fn a_restore_in_1970_happens_at_the_time_that_the_store_knows() {
    let Some(turned) = Turned::new("+0") else { return };
    let place = &turned.place;
    place.user("root", &["admin"]);
    place.run(&["backup", "file"]).done();
    let before = place.run(&["clock", "show", "--json"]).json()["effective"].clone();
    turned.set("@1970-01-01 00:00:00");
    place.run(&["store", "verify"]).done();
    place.run(&["restore", "file", "--replace"]).done();
    let to = place.run(&["store", "history", "--json"]).json()["to"].clone();
    assert!(to.as_str().unwrap() >= &before.as_str().unwrap()[..16], "{to} {before}");
    turned.set("+0");
    let server = turned.serve();
    let token = server.login("root", PASSWORD).status(200).token();
    let events = server.get_as(&token, "/admin/events?kind=restored").status(200).json();
    let time = events["events"][0]["time"].as_str().unwrap().to_owned();
    assert!(time.as_str() >= &before.as_str().unwrap()[..16], "{time} {before}");
    server.kill();
    turned.set("@1960-01-01 00:00:00");
    place.run(&["restore", "file", "--replace"]).failed("clock is before 1970");
    place.run(&["store", "verify"]).failed("clock is before 1970");
}

#[test]
fn the_clock_is_shown_to_people_and_programs() {
    let place = Place::new();
    place.user("ann", &[]);
    let shown = place.run(&["clock", "show"]).done();
    assert!(shown.starts_with("WALL"), "{shown}");
    assert!(shown.lines().nth(1).unwrap().ends_with("yes"), "{shown}");
    assert_eq!(place.run(&["clock", "show", "--json"]).json()["issuing"], json!(true));
    place.run(&["clock", "accept"]).done();
    assert_eq!(place.run(&["clock", "show", "--json"]).json()["state"], "set");
    assert_eq!(place.run(&["clock", "set"]).code, 2);
}
