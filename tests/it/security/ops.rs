//! What the program is built of and how.

use std::cmp::Ordering;

use super::sources::tests;

const LOCK: &str = include_str!("../../../Cargo.lock");
const MANIFEST: &str = include_str!("../../../Cargo.toml");
const DENY: &str = include_str!("../../../.deny.toml");
const CI: &str = include_str!("../../../.ci/run");

/// The versions below which a crate has a known fault.
const FLOORS: &[(&str, &str)] = &[
    ("jsonwebtoken", "10.4.0"),
    ("h2", "0.4.16"),
    ("time", "0.3.47"),
    ("bytes", "1.11.1"),
    ("crossbeam-epoch", "0.9.20"),
    ("ring", "0.17.12"),
    ("rustls", "0.23.18"),
    ("rustls-webpki", "0.103.13"),
    ("hyper", "1.0.0"),
];

fn numbers(version: &str) -> Vec<u64> {
    let plain = version.split(['-', '+']).next().unwrap();
    plain.split('.').map(|part| part.parse().unwrap()).collect()
}

/// The versions of a crate in the lock file.
fn locked(name: &str) -> Vec<&'static str> {
    let start = format!("name = \"{name}\"\nversion = \"");
    let found = LOCK.match_indices(&start).map(|(at, start)| &LOCK[at + start.len()..]);
    found.map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn ops_01_no_crate_is_older_than_its_last_known_fault() {
    assert_eq!(locked("jsonwebtoken").len(), 1, "the lock file is read");
    for (name, floor) in FLOORS {
        for version in locked(name) {
            let order = numbers(version).cmp(&numbers(floor));
            assert_ne!(order, Ordering::Less, "{name} {version} is below {floor}");
        }
    }
    assert_eq!(locked("rsa"), [""; 0], "RUSTSEC-2023-0071 has no fix");
    // What is flagged and stays has its reason beside it.
    for flagged in ["RUSTSEC-2025-0057", "RUSTSEC-2024-0384"] {
        let line = DENY.lines().find(|line| line.contains(flagged)).unwrap();
        assert!(line.contains("reason = \""), "{line}");
    }
    for part in ["check bans licenses sources", "check advisories", "NOT CHECKED"] {
        assert!(CI.contains(part), "{part}");
    }
}

#[test]
fn ops_02_own_code_is_safe_and_arithmetic_is_checked_in_a_release() {
    let (_, release) = MANIFEST.split_once("[profile.release]").unwrap();
    let release = release.split("\n[").next().unwrap();
    assert!(release.contains("overflow-checks = true") && release.contains("panic = \"unwind\""));
    assert!(MANIFEST.contains("unsafe_code = \"forbid\""));
}

/// Each parser of the row has its target in `tests/fuzz`, the long form is one command, and a
/// plain run does it for a while.
#[test]
fn ops_03_what_reads_bytes_of_strangers_is_fuzzed() {
    let main = include_str!("../../fuzz/main.rs");
    let targets = tests();
    for (file, least) in [
        ("address", 1),
        ("token", 3),
        ("cookie", 1),
        ("body", 2),
        ("forwarded", 2),
        ("config", 2),
        ("backup", 2),
        ("import", 2),
        ("record", 1),
    ] {
        assert!(main.contains(&format!("\nmod {file};\n")), "{file}");
        let path = format!("tests/fuzz/{file}.rs");
        let found = targets.iter().filter(|test| test.file == path && !test.is_ignored).count();
        assert!(found >= least, "{path}: {found}");
    }
    assert!(main.contains("DOORKEY_FUZZ_SECONDS=60 cargo test --profile fuzz --test fuzz"));
    assert!(MANIFEST.contains("name = \"fuzz\"") && MANIFEST.contains("[profile.fuzz]"));
    assert!(CI.contains("\ntests/openapi/fuzz.sh\n"));
}
