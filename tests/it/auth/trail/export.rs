//! An export: whatever one line is made to be, it shows.

use std::time::Duration;

use doorkey::auth::{Expected, Line, TrailFlaw, TrailReport, Verifier};
use serde_json::Value;

use super::{clean, flaws, key, lines, sealed, write};

/// An export as `doorkey audit export` writes it, of a trail whose first seal is too old.
async fn export() -> Vec<String> {
    let (server, _) = sealed(20).await;
    server.advance(Duration::from_hours(24 * 365));
    write(&server, 110).await;
    server.auth.seal().await.unwrap();
    server.auth.sweep().await.unwrap();
    write(&server, 5).await;
    let mut lines = lines(&server).await;
    lines.push(Line::End(lines.len() as u64));
    lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect()
}

/// What `doorkey audit verify --file` makes of it. Who changes the number of lines can write the
/// last one anew, and does here.
fn verified(lines: &[String]) -> TrailReport {
    let mut verifier = Verifier::new(Some(key()), Expected::default());
    for (number, line) in (1..).zip(lines) {
        match serde_json::from_str(line) {
            Ok(Line::End(_)) => verifier.take(Line::End(number - 1)),
            Ok(line) => verifier.take(line),
            Err(_) => verifier.unreadable(number),
        }
    }
    verifier.finish(true)
}

/// Whether a seal or the end of the chain covers what the line says.
fn is_covered(line: &str) -> bool {
    !line.starts_with("{\"unsealed\"") && !line.starts_with("{\"end\"")
}

#[tokio::test]
async fn an_export_verifies_and_names_what_is_not_sealed() {
    let export = export().await;
    let report = verified(&export);
    clean(&report);
    assert_eq!((report.events, report.seals, report.unsealed), (110, 3, 5));
}

#[tokio::test]
async fn a_line_that_is_removed_or_doubled_is_found() {
    let export = export().await;
    for (at, line) in export.iter().enumerate().filter(|(_, line)| is_covered(line)) {
        let mut without = export.clone();
        without.remove(at);
        assert!(verified(&without).total > 0, "without {line}");
        let mut twice = export.clone();
        twice.insert(at, line.clone());
        // The beginning may be said again.
        let is_start = line.starts_with("{\"start\"");
        assert_eq!(verified(&twice).total > 0, !is_start, "twice {line}");
    }
}

#[tokio::test]
async fn lines_that_change_places_are_found() {
    let export = export().await;
    for at in 1..export.len() {
        if is_covered(&export[at - 1]) && is_covered(&export[at]) {
            let mut swapped = export.clone();
            swapped.swap(at - 1, at);
            assert!(verified(&swapped).total > 0, "{} after {}", export[at - 1], export[at]);
        }
    }
    let mut moved = export.clone();
    moved.swap(2, 3);
    assert_eq!(flaws(&verified(&moved)), [TrailFlaw::EventMoved]);
}

/// Every value in every line, one at a time.
#[tokio::test]
async fn a_value_that_is_changed_is_found() {
    let export = export().await;
    let mut changed = 0;
    for (at, line) in export.iter().enumerate().filter(|(_, line)| is_covered(line)) {
        let value: Value = serde_json::from_str(line).unwrap();
        for pointer in leaves(&value, String::new()) {
            let mut value = value.clone();
            alter(value.pointer_mut(&pointer).unwrap());
            let mut other = export.clone();
            other[at] = value.to_string();
            assert!(verified(&other).total > 0, "{pointer} of {line}");
            changed += 1;
        }
    }
    assert!(changed > 1_000, "{changed}");
}

/// Where the values are that hold no others.
fn leaves(value: &Value, at: String) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let below = |(name, value)| leaves(value, format!("{at}/{name}"));
            members.iter().flat_map(below).collect()
        }
        Value::Array(items) => {
            let below = |(index, value)| leaves(value, format!("{at}/{index}"));
            items.iter().enumerate().flat_map(below).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![at],
    }
}

/// Another value of the same kind, where there is one.
fn alter(value: &mut Value) {
    *value = match &*value {
        Value::Number(number) => Value::from(number.as_u64().unwrap() + 1),
        Value::Bool(yes) => Value::from(!yes),
        Value::String(text) if text.ends_with('Z') && text.contains('T') => {
            Value::from("2001-01-01T00:00:00Z")
        }
        Value::String(text) => {
            let first = if text.starts_with('A') { 'B' } else { 'A' };
            Value::from(format!("{first}{}", &text[1..]))
        }
        Value::Null => Value::from("AAAAAAAAAAAAAAAAAAAAAA"),
        Value::Array(_) | Value::Object(_) => panic!("no leaf"),
    };
}

#[tokio::test]
async fn an_export_that_is_cut_off_anywhere_is_found() {
    let export = export().await;
    for end in 0..export.len() {
        assert!(verified(&export[..end]).total > 0, "{end} lines");
    }
}

/// They are counted; those between two seals that could be told from the real ones are bounded.
#[tokio::test]
async fn very_many_inserted_lines_are_counted_and_not_kept() {
    let mut export = export().await;
    let event = export[1].clone();
    export.splice(1..1, std::iter::repeat_n(event, 5_000));
    let report = verified(&export);
    assert!(report.total >= 5_000);
    assert_eq!(report.findings.len(), TrailReport::MOST);
}

/// Nor is what was sealed turned into what was not.
#[tokio::test]
async fn an_export_without_seals_is_found() {
    let unsealed = |line: &String| line.starts_with("{\"unsealed\"");
    let mut export: Vec<String> = export().await.into_iter().filter(unsealed).collect();
    export.push("{\"end\":0}".to_owned());
    assert_eq!(flaws(&verified(&export)), [TrailFlaw::NoEnd]);
}

#[tokio::test]
async fn what_is_no_line_of_an_export_is_found_by_its_number() {
    let mut export = export().await;
    let mut odd = export[4].replace("\"count\":1", "\"count\":1,\"more\":2");
    std::mem::swap(&mut export[4], &mut odd);
    export.insert(9, "not json".to_owned());
    let flaws = flaws(&verified(&export));
    assert_eq!(flaws[..2], [TrailFlaw::Unreadable(5), TrailFlaw::Unreadable(10)]);
}
