//! The checklist against the tests: every row has a test by its ID or a written reason, and
//! every test by an ID has its row.

use std::collections::{BTreeMap, BTreeSet};

use super::known::KNOWN;
use super::sources::{Test, rows_in, tests};

const SECURITY: &str = include_str!("../../../docs/security.md");
const CHECKLIST: &str = include_str!("checklist.txt");

/// Rows without a test, and why.
const REASONS: &[(&str, &str)] = &[
    ("SES-20", "Clear-Site-Data is not offered: a logout clears the cookies of the session"),
    (
        "PW-12",
        "there is no pepper: the hashes are in the store, and its backups hold no key to them",
    ),
    ("NET-05", "no list of hosts: nothing is made of the Host header (NET-04)"),
    ("RACE-09", "refresh tokens are never replaced (SES-04), so there is no rotation to race"),
    ("CFG-04", "no unit file is shipped yet; nothing of the server needs root"),
    ("OPS-04", "documents are no code: docs/security.md and SECURITY.md"),
];

/// Clauses of rows that have a test and are not held in full, and what of them is missing.
const OPEN: &[(&str, &str)] = &[
    (
        "SES-13",
        "ending a session of one's own asks for no password again; nobody ends those of all users but by `clock accept` and `restore`",
    ),
    ("OPS-02", "no signature of a release; `.ci/release` puts the list of crates into the binary"),
];

/// Measured and therefore not part of a plain run: its command stands with it.
const MEASURED: &[&str] = &["ENM-02"];

/// A row that counts as a must: it says so, or its feature is there, as of all of OAuth that is
/// listed, and of status lists.
fn must(row: &Row) -> bool {
    let is_there = ["PW-15", "PW-16", "ENM-04", "RACE-08"].contains(&row.id.as_str());
    row.priority == 'M' || is_there || row.id.starts_with("OAU-") || row.id == "STAT-01"
}

struct Row {
    id: String,
    priority: char,
    title: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = CHECKLIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let row = |line: &'static str| {
        let (id, rest) = line.split_once(' ').unwrap();
        let (priority, title) = rest.split_once(' ').unwrap();
        Row { id: id.to_owned(), priority: priority.parse().unwrap(), title }
    };
    lines.map(row).collect()
}

fn ids() -> BTreeSet<String> {
    rows().into_iter().map(|row| row.id).collect()
}

/// The tests by an ID, by that ID.
fn by_row() -> BTreeMap<String, Vec<Test>> {
    let mut found: BTreeMap<String, Vec<Test>> = BTreeMap::new();
    for test in tests().into_iter().filter(Test::is_of_the_checklist) {
        if let Some(row) = test.row() {
            found.entry(row).or_default().push(test);
        }
    }
    found
}

#[test]
fn every_row_has_a_test_by_its_id_or_a_written_reason() {
    let by_row = by_row();
    let mut bare = Vec::new();
    for row in rows() {
        let runs = |test: &&Test| !test.is_ignored || MEASURED.contains(&row.id.as_str());
        let has_test = by_row.get(&row.id).is_some_and(|tests| tests.iter().any(|t| runs(&t)));
        let has_reason = REASONS.iter().any(|(id, _)| *id == row.id);
        assert!(!has_test || !has_reason, "{}: the reason is out of date", row.id);
        let held = has_test || has_reason && !must(&row);
        if !held {
            bare.push(format!("{} {} {}", row.id, row.priority, row.title));
        }
    }
    assert!(bare.is_empty(), "no test and no reason: {bare:#?}");
}

#[test]
fn every_id_that_a_test_names_is_a_row() {
    let ids = ids();
    assert_eq!(ids.len(), rows().len(), "no row comes twice");
    for test in tests() {
        let of_name = test.row().filter(|_| test.is_of_the_checklist());
        for id in of_name.into_iter().chain(rows_in(&test.about)) {
            assert!(ids.contains(&id), "{}: {} names {id}", test.file, test.name);
        }
    }
    for (id, why) in REASONS.iter().chain(OPEN) {
        assert!(ids.contains(*id) && !why.is_empty(), "{id}");
    }
}

/// Whoever reads `docs/security.md` learns of every row that is not held in full, and of no other.
#[test]
fn the_document_names_exactly_the_rows_with_a_reason_and_the_open_ones() {
    let first = |line: &'static str| line.strip_prefix("| ")?.split_once(" |").map(|row| row.0);
    let ids = ids();
    let told: BTreeSet<&str> =
        SECURITY.lines().filter_map(first).filter(|cell| ids.contains(*cell)).collect();
    assert_eq!(told, REASONS.iter().chain(OPEN).map(|(id, _)| *id).collect());
}

/// What went wrong elsewhere, held here by rows, by a test of its own, or by not being there.
#[test]
fn every_known_vulnerability_has_a_row_a_test_or_a_reason() {
    let by_row = by_row();
    let names: Vec<String> = tests().into_iter().map(|test| test.name).collect();
    for (product, id, held) in KNOWN {
        for row in held.rows() {
            assert!(by_row.contains_key(*row), "{product} {id}: {row} has no test");
        }
        let is_held = !held.rows().is_empty() || held.reason().is_some_and(|why| !why.is_empty());
        assert!(is_held, "{product} {id}");
        if let Some(test) = held.test() {
            assert!(names.iter().any(|name| name == test), "{product} {id}: {test}");
        }
    }
}

/// The rows of a part of the checklist, each with its priority.
fn theirs(part: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in part.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        if rows_in(cells[0]) == [cells[0]] {
            let priority = cells.last().unwrap().trim_matches('|').trim();
            found.insert(format!("{} {priority}", cells[0]));
        }
    }
    found
}

/// With the checklist at hand: `DOORKEY_CHECKLIST=FILE cargo test --test it security::table`.
#[test]
#[expect(clippy::disallowed_methods, reason = "the checklist lies outside of the project")]
fn the_list_is_that_of_the_checklist() {
    let Ok(path) = std::env::var("DOORKEY_CHECKLIST") else {
        eprintln!("SKIPPED: DOORKEY_CHECKLIST names no file");
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let (rows_of_it, rest) = text.split_once("### 3.14").unwrap();
    let ours = |later: bool| -> BTreeSet<String> {
        let is_later =
            |row: &Row| ["FWD-", "OAU-", "UI-"].iter().any(|group| row.id.starts_with(group));
        let rows = rows().into_iter().filter(|row| is_later(row) == later);
        rows.map(|row| format!("{} {}", row.id, row.priority)).collect()
    };
    assert_eq!(ours(false), theirs(rows_of_it));
    // Of what comes later those are listed whose feature is there.
    assert!(ours(true).is_subset(&theirs(rest)));
    let (_, known) = rest.split_once("## 5. ").unwrap();
    let (known, _) = known.split_once("\n## ").unwrap();
    for (product, id, _) in KNOWN {
        assert!(known.contains(id), "{product} {id}");
    }
    let lines =
        known.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Product"));
    assert_eq!(lines.count(), KNOWN.len());
}
