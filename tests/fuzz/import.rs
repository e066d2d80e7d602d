//! Files of accounts: each line stands for itself, and a refused file leaves nothing.

use doorkey::store::Depth;
use serde_json::{Value, json};

use crate::harness::TestServer;
use crate::json::members;
use crate::mutate::Stock;
use crate::place::Place;
use crate::run::{Target, Verdict};

/// Stands for a number that no other case has, so that names are new.
const NEW: char = '~';
const WORDS: &[&str] = &[
    "\n",
    "\r\n",
    "{",
    "}",
    "\"username\":\"~x\"",
    "\"username\":null",
    "\"roles\":[\"admin\"]",
    "\"roles\":[\"x\"]",
    "\"roles\":[]",
    "\"id\":\"AAAAAAAAAAAAAAAAAAAAAA\"",
    "\"id\":\"../x\"",
    "\"disabled\":true",
    "\"disabled\":1",
    "\"email_verified\":true",
    "\"email\":\"a@b\"",
    "\"password\":\"x\"",
    "$2b$04$",
    "$argon2id$v=19$m=4294967295,t=1,p=1$",
    "$6$rounds=999999999$",
    "$scrypt$ln=63,r=8,p=1$",
    "!",
    "\\u0000",
    "\u{feff}",
    "\u{e4}",
    ",",
    ":",
    "null",
];
const SEEDS: &[&str] = &[
    r#"{"username":"a~","email":"a~@example.org","email_verified":true,"display_name":"Ann","roles":["editor"],"created_at":"2020-02-03T04:05:06Z","password_hash":"$2b$04$URks82M802k./KRYgekvzeJds4zGy5Ptz4u.i7O84insoeq1ERV3O"}"#,
    "{\"username\":\"b~\",\"disabled\":true,\"password_hash\":\"!\"}\n\n{\"username\":\"c~\",\"roles\":[\"user\"]}\n",
    "{\"username\":\"d~\",\"password_hash\":\"$argon2i$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$upMolgTkMlwbVBjdk8MFwkTNVPmQTsViYFz5ZF/pVVg\"}\r\n{\"username\":\"e~\",\"password_hash\":null,\"email\":null}",
];

fn stock() -> Stock {
    Stock { seeds: SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).collect(), words: WORDS }
}

/// The lines as the server gets them.
#[test]
fn each_line_is_imported_or_refused_and_the_store_stays_sound() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(TestServer::start());
    let mut turn = 0_u64;
    let name = "each_line_is_imported_or_refused_and_the_store_stays_sound";
    Target { name, stock: stock(), smoke: 15_000 }.run(|bytes| {
        turn += 1;
        let text = String::from_utf8_lossy(bytes).replace(NEW, &turn.to_string());
        let lines: Vec<&str> =
            text.split('\n').filter(|line| !line.trim().is_empty()).take(16).collect();
        let request = server.operator().post("/admin/import").json(&json!({ "lines": lines }));
        let answer = runtime.block_on(request.send());
        assert!(matches!(answer.status, 200 | 413), "{}", answer.text());
        if answer.status == 413 {
            return Verdict::Refused;
        }
        let report: Value = answer.json();
        let mut refused: Vec<u64> = report["refused"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["index"].as_u64().unwrap())
            .collect();
        refused.dedup();
        let imported = report["imported"].as_u64().unwrap();
        assert_eq!(imported + refused.len() as u64, lines.len() as u64, "{report}");
        for (index, line) in lines.iter().enumerate() {
            let is_object = members(line.as_bytes()).is_some();
            assert!(is_object || refused.contains(&(index as u64)), "{line:?} was imported");
        }
        if turn.is_multiple_of(1_000) {
            let report = runtime.block_on(server.store.check(Depth::Full)).unwrap();
            assert!(report.is_clean(), "{:?}", report.findings);
        }
        if refused.is_empty() { Verdict::Taken } else { Verdict::Refused }
    });
}

/// The real command with the real server.
#[test]
fn a_refused_file_is_told_by_its_lines_and_leaves_nothing() {
    let place = Place::new();
    let _server = place.serve(&[]);
    let accounts = || {
        place.run_into("accounts", &["export", "-"]).done();
        std::fs::read_to_string(place.path("accounts")).unwrap().lines().count()
    };
    let (mut turn, mut before) = (0_u64, accounts());
    let name = "a_refused_file_is_told_by_its_lines_and_leaves_nothing";
    Target { name, stock: stock(), smoke: 50 }.run(|bytes| {
        turn += 1;
        let mut file = Vec::new();
        for byte in bytes {
            match char::from(*byte) {
                NEW => file.extend_from_slice(turn.to_string().as_bytes()),
                _ => file.push(*byte),
            }
        }
        std::fs::write(place.path("users"), &file).unwrap();
        let done = place.run_into("report", &["import", "users", "--json"]);
        assert!(matches!(done.code, 0 | 1) && !done.err.contains("panicked"), "{}", done.err);
        let report = std::fs::read(place.path("report")).unwrap();
        let report: Value = serde_json::from_slice(&report).unwrap();
        let last = file.split(|b| *b == b'\n').count() as u64;
        let refused = report["refused"].as_array().unwrap();
        for refusal in refused {
            let line = refusal["line"].as_u64().unwrap();
            assert!((1..=last).contains(&line) && refusal["reason"] != "", "{refusal}");
        }
        let after = accounts();
        let imported = report["imported"].as_u64().unwrap();
        assert_eq!(done.code == 0, refused.is_empty(), "{report}");
        assert!(refused.is_empty() || imported == 0, "{report}");
        assert_eq!(after as u64, before as u64 + imported, "{report}");
        before = after;
        if refused.is_empty() { Verdict::Taken } else { Verdict::Refused }
    });
}
