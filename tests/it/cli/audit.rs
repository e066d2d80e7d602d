//! `doorkey audit`: the events, an export of them, and whether anybody tampered with either.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use doorkey::model::Clock;
use doorkey::store::engine::{Commit, Engine, Entry};
use doorkey::store::{Sled, SledOptions};
use rustix::process::Signal;
use serde_json::Value;

use super::harness::{Done, PASSWORD, Place, Server};

/// A server with five events. It seals them when it stops, or within seconds.
fn served() -> (Place, Server) {
    let place = Place::open();
    let server = place.serve(&[]);
    server.register("ann");
    server.register("bob");
    for name in ["ann", "bob", "ann"] {
        server.login(name, PASSWORD).status(200);
    }
    (place, server)
}

fn stopped() -> Place {
    let (place, mut server) = served();
    // Refused logins are gathered, and written when it stops.
    server.login("ann", "not the password").status(401);
    assert_eq!(server.signal(Signal::TERM), 0);
    place
}

fn listed(place: &Place, args: &[&str]) -> Vec<Value> {
    let args = [&["audit", "list", "--json"], args].concat();
    place.run(&args).json()["events"].as_array().unwrap().clone()
}

fn verified(place: &Place, args: &[&str]) -> (i32, Value) {
    let done = place.run(&[&["audit", "verify", "--json"], args].concat());
    let report = serde_json::from_str(&done.out);
    (done.code, report.unwrap_or_else(|_| panic!("{}{}", done.out, done.err)))
}

#[track_caller]
fn clean(place: &Place) -> Value {
    let (code, report) = verified(place, &[]);
    assert_eq!((code, &report["total"]), (0, &0.into()), "{report}");
    assert_ne!(report["proven"], false, "{report}");
    report
}

/// Asserts exit code 1, the findings on standard output and their number on standard error.
#[track_caller]
fn found(done: &Done, said: &[&str]) {
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    for said in said {
        assert!(done.out.contains(said), "{said} in {}", done.out);
    }
    let count = format!("doorkey: the audit trail has {} findings", done.out.lines().count());
    assert!(done.err.contains(&count), "{}", done.err);
}

/// Reaches into the store of a stopped server.
fn tamper(data: &Path, change: impl AsyncFnOnce(&dyn Engine)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sled = Sled::open(data, SledOptions::new(Clock::system())).unwrap();
    runtime.block_on(change(&sled));
}

async fn entries(engine: &dyn Engine, prefix: &str) -> Vec<Entry> {
    engine.scan(prefix.as_bytes(), None, 10_000).await.unwrap()
}

#[test]
fn events_are_listed_by_account_kind_and_time() {
    let (place, _server) = served();
    let all = listed(&place, &[]);
    assert_eq!(all.len(), 5, "{all:?}");
    assert!(all.iter().all(|event| event["time"].is_string() && event["count"] == 1));
    assert_eq!(listed(&place, &["--user", "ann"]).len(), 3);
    assert_eq!(listed(&place, &["--user", "bob", "--kind", "logged_in"]).len(), 1);
    assert_eq!(listed(&place, &["--limit", "2"]), all[..2]);
    assert_eq!(listed(&place, &["--limit", "0"]), [] as [Value; 0]);
    assert_eq!(listed(&place, &["--since", "2100-01-01T00:00:00Z"]), [] as [Value; 0]);
    let oldest = all[4]["time"].as_str().unwrap();
    assert_eq!(listed(&place, &["--since", oldest]), all);
    let table = place.run(&["audit", "list"]).done();
    assert!(table.starts_with("TIME ") && table.contains("logged_in"), "{table}");
    place.run(&["audit", "list", "--user", "nobody"]).failed("there is no account nobody");
    place.run(&["audit", "list", "--kind", "nonsense"]).failed("kind: must be a kind of event");
    let id = listed(&place, &["--user", "ann"])[0]["user"].as_str().unwrap().to_owned();
    place.run(&["user", "delete", "ann", "--yes"]).done();
    assert_eq!(listed(&place, &["--user", &id]).len(), 4, "a deleted account has its id");
}

/// The sealer comes by itself; until then events wait, and both are no finding.
#[test]
fn a_running_server_seals_within_seconds_and_its_trail_verifies() {
    let (place, server) = served();
    let start = Instant::now();
    loop {
        let report = clean(&place);
        if report["unsealed"] == 0 && report["events"] == 5 {
            assert_eq!(report["proven"], true);
            break;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "{report}");
        sleep(Duration::from_millis(200));
    }
    server.login("bob", PASSWORD).status(200);
    assert!(place.log().contains("events were sealed"), "{}", place.log());
}

#[test]
fn a_stop_seals_what_waits_and_a_kill_loses_nothing() {
    let place = stopped();
    let report = clean(&place);
    assert_eq!((&report["events"], &report["unsealed"]), (&6.into(), &0.into()));
    let server = place.serve(&[]);
    server.login("bob", PASSWORD).status(200);
    server.kill();
    let report = clean(&place);
    let count = |member: &str| report[member].as_u64().unwrap();
    assert_eq!(count("events") + count("unsealed"), 7, "{report}");
    // What the command line writes waits for the next server.
    place.run(&["user", "disable", "bob"]).done();
    let unsealed = clean(&place)["unsealed"].as_u64().unwrap();
    assert!(unsealed >= 1);
    let mut server = place.serve(&[]);
    assert_eq!(server.signal(Signal::TERM), 0);
    assert_eq!(clean(&place)["unsealed"], 0);
}

#[test]
fn an_export_verifies_like_the_store_also_where_no_store_is() {
    let (place, mut server) = served();
    place.run(&["audit", "export", "live.jsonl"]).done();
    assert_eq!(verified(&place, &["--file", "live.jsonl"]).0, 0);
    assert_eq!(server.signal(Signal::TERM), 0);
    let done = place.run(&["audit", "export", "trail.jsonl"]);
    assert!(done.err.contains("5 events are in trail.jsonl"), "{}", done.err);
    place.run(&["audit", "export", "trail.jsonl"]).failed("--force");
    place.run(&["audit", "export", "trail.jsonl", "--force"]).done();
    let text = fs::read_to_string(place.path("trail.jsonl")).unwrap();
    assert_eq!(place.run(&["audit", "export"]).done(), text);
    let (code, report) = verified(&place, &["--file", "trail.jsonl"]);
    assert_eq!((code, &report["events"], &report["proven"]), (0, &5.into(), &true.into()));
    let elsewhere = Place::new();
    let done = elsewhere.run_with(&["audit", "verify", "--file", "-"], &text);
    assert!(done.err.contains("the master key is not here"), "{}", done.err);
    assert_eq!(done.done(), "");
    assert!(!elsewhere.data().exists());
}

/// The program of docs/audit-jsonl.md.
#[test]
fn an_export_can_be_verified_without_doorkey() {
    let page = fs::read_to_string("docs/audit-jsonl.md").unwrap();
    let (_, program) = page.split_once("```python\n").unwrap();
    let (program, _) = program.split_once("```").unwrap();
    let place = stopped();
    place.run(&["audit", "export", "trail.jsonl"]).done();
    let run = || {
        let mut python = Command::new("python3");
        python.args(["-c", program]).stdin(File::open(place.path("trail.jsonl")).unwrap());
        python.output()
    };
    let Ok(done) = run() else {
        eprintln!("SKIPPED: there is no python3");
        return;
    };
    let said = String::from_utf8(done.stdout).unwrap();
    let end = clean(&place)["end"].clone();
    let expected = format!("good up to seal {} {}\n", end["number"], end["hash"].as_str().unwrap());
    assert_eq!(said, expected, "{}", String::from_utf8_lossy(&done.stderr));
    let altered = fs::read_to_string(place.path("trail.jsonl")).unwrap();
    fs::write(place.path("trail.jsonl"), altered.replacen("registered", "logged_in", 1)).unwrap();
    assert!(!run().unwrap().status.success());
}

#[test]
fn a_line_of_an_export_that_was_altered_removed_or_inserted_is_named() {
    let place = stopped();
    let text = place.run(&["audit", "export"]).done();
    let lines: Vec<&str> = text.lines().collect();
    let of = |line: &str| serde_json::from_str::<Value>(line).unwrap()["event"].clone();
    let event = of(lines[2]);
    let (id, time) = (event["id"].as_str().unwrap(), event["time"].as_str().unwrap());
    let verify = |lines: &[&str]| {
        place.run_with(&["audit", "verify", "--file", "-"], &format!("{}\n", lines.join("\n")))
    };
    assert_eq!(verify(&lines).done(), "");
    let altered = lines[2].replace("\"count\":1", "\"count\":2");
    let with = [&lines[..2], &[altered.as_str()], &lines[3..]].concat();
    let named = format!("the event {id} of {time} in seal 1");
    found(&verify(&with), &[&format!("{named} was altered")]);
    let without = [&lines[..2], &lines[3..]].concat();
    found(&verify(&without), &[&format!("{named} is missing"), "the export is cut off"]);
    let twice = [&lines[..3], &lines[2..]].concat();
    found(&verify(&twice), &["was inserted among those of seal 1"]);
    found(&verify(&lines[..4]), &["was inserted behind the last seal", "the export is cut off"]);
    found(&verify(&["nonsense"]), &["line 1 is none of an export"]);
}

#[test]
fn a_record_of_the_store_that_was_altered_removed_or_inserted_is_named() {
    let place = stopped();
    clean(&place);
    tamper(&place.data(), async |engine| {
        let events = entries(engine, "event/").await;
        let [altered, removed, copied] = [0, 1, 2].map(|at: usize| events[at].clone());
        let value = String::from_utf8(altered.value).unwrap();
        let value = value.replace("\"count\":1", "\"count\":7");
        let inserted = String::from_utf8(copied.key).unwrap();
        let (place, id) = inserted.rsplit_once('/').unwrap();
        let other = "AAAAAAAAAAAAAAAAAAAAAA";
        let copy = String::from_utf8(copied.value).unwrap().replace(id, other);
        let commit = Commit::new().put(altered.key, value).delete(removed.key);
        engine.commit(commit.put(format!("{place}/{other}"), copy)).await.unwrap();
    });
    let done = place.run(&["audit", "verify"]);
    found(&done, &["was altered", "is missing or damaged", "AAAAAAAAAAAAAAAAAAAAAA of 2"]);
    let (code, report) = verified(&place, &[]);
    assert_eq!((code, &report["total"]), (1, &3.into()));
    assert_eq!(report["findings"][0]["seal"], 1);
    // The server works on, and so does the search.
    let server = place.serve(&[]);
    server.login("bob", PASSWORD).status(200);
    assert_eq!(verified(&place, &[]).1["total"], 3);
    // An export keeps what was found.
    place.run(&["audit", "export", "evidence.jsonl"]).done();
    assert_eq!(verified(&place, &["--file", "evidence.jsonl"]).1["total"], 3);
}

/// The end of the chain as it was noted elsewhere, here by the log.
#[test]
fn a_seal_that_was_noted_must_still_be_there() {
    let place = stopped();
    let end = clean(&place)["end"].clone();
    let (number, hash) = (end["number"].as_u64().unwrap(), end["hash"].as_str().unwrap());
    assert!(place.log().contains(hash), "{}", place.log());
    let noted = |number: u64, hash: &str| {
        place.run(&["audit", "verify", "--expect", &format!("{number}:{hash}")])
    };
    let said = noted(number, hash);
    assert!(said.err.contains(&format!("{number}:{hash}")), "{}", said.err);
    said.done();
    found(&noted(number + 1, hash), &["the chain ends before seal"]);
    found(&noted(number, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), &["another hash"]);
    assert_eq!(noted(number, "short").code, 2);
}

/// What a restore cuts off is gone, and that it happened is in the trail.
#[test]
fn a_restored_store_verifies_and_says_what_happened() {
    let (place, mut server) = served();
    assert_eq!(server.signal(Signal::TERM), 0);
    let time = place.run(&["store", "history", "--json"]).json()["to"].clone();
    sleep(Duration::from_millis(1_100));
    let mut server = place.serve(&[]);
    server.login("bob", PASSWORD).status(200);
    assert_eq!(server.signal(Signal::TERM), 0);
    let lost = clean(&place)["end"].clone();
    place.run(&["restore", "--at", time.as_str().unwrap(), "--replace"]).done();
    let report = clean(&place);
    assert!(report["notes"][0].as_str().unwrap().contains("is not sealed yet"), "{report}");
    let mut server = place.serve(&[]);
    assert_eq!(server.signal(Signal::TERM), 0);
    let report = clean(&place);
    let note = report["notes"][0].as_str().unwrap();
    assert!(note.contains(&format!("the state of {}", time.as_str().unwrap())), "{note}");
    // A start that takes longer than a round of sealing makes one more.
    assert!(report["end"]["number"].as_u64() >= lost["number"].as_u64(), "{report}");
    let noted = format!("{}:{}", lost["number"], lost["hash"].as_str().unwrap());
    let done = place.run(&["audit", "verify", "--expect", &noted]);
    found(&done, &["has another hash than was expected"]);
}

/// Nothing can be proven any more of what an earlier key proved; from then on it can.
#[test]
fn a_store_whose_master_key_is_lost_says_where_the_proof_begins_again() {
    let place = stopped();
    let time = place.run(&["store", "history", "--json"]).json()["to"].clone();
    fs::remove_file(place.data().join("master.key")).unwrap();
    let at = ["restore", "--at", time.as_str().unwrap(), "--replace", "--without-keys"];
    place.run(&at).done();
    let mut server = place.serve(&[]);
    assert_eq!(server.signal(Signal::TERM), 0);
    let (code, report) = verified(&place, &[]);
    assert_eq!((code, &report["total"], &report["proven"]), (1, &1.into(), &true.into()));
    let seal = report["findings"][0]["seal"].as_u64().unwrap();
    assert!(place.run(&["audit", "verify"]).out.contains("its master key did not prove"));
    assert_eq!(verified(&place, &["--from", &seal.to_string()]).0, 0);
}

/// STO-08: events of the version without seals.
#[test]
fn the_trail_of_a_store_of_the_first_format_is_sealed_by_the_first_server() {
    let place = Place::new();
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/store-1.tar.gz");
    let mut untar = Command::new("tar");
    untar.args(["xzf", fixture]).arg("-C").arg(place.path(""));
    assert!(untar.status().unwrap().success());
    let events = listed(&place, &[]).len();
    assert!(events > 0);
    let report = clean(&place);
    assert_eq!((&report["unsealed"], &report["end"]), (&events.into(), &Value::Null));
    let mut server = place.serve(&[]);
    assert_eq!(server.signal(Signal::TERM), 0);
    let report = clean(&place);
    assert_eq!((&report["unsealed"], &report["events"]), (&0.into(), &events.into()));
    place.run(&["store", "verify"]).done();
}
