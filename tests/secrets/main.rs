//! The secrets of a run of the whole suite, searched for in everything that it wrote: logs of all
//! crates at TRACE, outputs, data folders, records. `tests/secrets.sh` does both; without the run
//! only the tests of the search itself are here.

#![expect(clippy::unwrap_used, reason = "these are tests, their helpers too")]

mod data;
mod register;
mod search;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use self::register::{Register, hex};
use self::search::{Finder, Found, Report, search};

#[expect(clippy::disallowed_methods, reason = "what a test does is not the program's setting")]
fn folder() -> Option<PathBuf> {
    std::env::var_os("DOORKEY_TRACE_SEARCH").map(PathBuf::from)
}

#[test]
fn no_secret_of_the_run_is_in_anything_that_it_wrote() {
    let Some(folder) = folder() else {
        eprintln!("SKIPPED: tests/secrets.sh makes the run that is searched");
        return;
    };
    let mut register = Register::read(&folder);
    data::note_keys(&folder.join("places"), &mut register);
    assert!(register.len() > 500, "the run noted its secrets: {}", register.len());
    let (finder, mut report) = (Finder::new(&register), Report::default());
    for kind in ["logs", "outputs", "places", "records"] {
        let before = report.bytes;
        search(&folder.join(kind), &finder, &mut report);
        let bytes = report.bytes - before;
        eprintln!("{kind}: {bytes} bytes");
        assert!(bytes > 10_000, "{kind} is empty");
    }
    eprintln!(
        "secrets of the run: {} ({}); searched in {} forms, {} files, {} bytes; where they belong: {}; found: {}",
        register.len(),
        register.kinds(),
        finder.forms,
        report.files,
        report.bytes,
        report.at_home,
        report.found.len()
    );
    let first: Vec<&Found> = report.found.iter().take(40).collect();
    assert!(first.is_empty(), "{first:#?}");
}

/// A register with one secret of each kind.
fn register() -> Register {
    let mut register = Register::default();
    register.note("password", b"a quiet old place by the sea");
    register.note("master_key", &[0x9c; 32]);
    register.note("setup_secret", b"setup-setup-setup-setup");
    register.note("link_token", b"linkid.link-link-link-link");
    register.note("public", b"ann@example.org in public");
    register.note("password", b"ann@example.org in public");
    register
}

fn searched(name: &str, bytes: &[u8], mode: u32) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    let mut report = Report::default();
    search(folder.path(), &Finder::new(&register()), &mut report);
    report
}

#[test]
fn a_planted_secret_is_found_in_each_of_its_forms() {
    let password = b"a quiet old place by the sea";
    for form in [
        password.to_vec(),
        hex(password).into_bytes(),
        STANDARD.encode(password).into_bytes(),
        URL_SAFE_NO_PAD.encode([0x9c; 32]).into_bytes(),
        vec![0x9c; 32],
        hex(&[0x9c; 32]).to_uppercase().into_bytes(),
        b"a%20quiet%20old%20place%20by%20the%20sea".to_vec(),
        format!("{password:?}").into_bytes(),
    ] {
        let text = [&b"INFO doorkey: before "[..], &form, b" after\n"].concat();
        let report = searched("log", &text, 0o600);
        assert!(!report.found.is_empty(), "{}", form.escape_ascii());
        assert_eq!(report.found[0].offset, 21, "{}", form.escape_ascii());
    }
}

#[test]
fn what_is_clean_or_was_public_is_not_found() {
    for text in ["a quiet old place by the se", "ann@example.org in public", ""] {
        assert!(searched("log", text.as_bytes(), 0o600).found.is_empty(), "{text}");
    }
}

/// The one place of a secret is its own file, which others cannot read.
#[test]
fn a_secret_is_at_home_in_its_private_file_only() {
    let (key, setup) = (URL_SAFE_NO_PAD.encode([0x9c; 32]), "setup-setup-setup-setup");
    for (name, text, mode, is_home) in [
        ("1-1/data/master.key", key.as_str(), 0o600, true),
        ("1-1/data/master.key", key.as_str(), 0o640, false),
        ("1-1/data/master.key.old", key.as_str(), 0o600, false),
        ("1-1/data/setup-secret", setup, 0o600, true),
        ("1-1/data/setup-secret", setup, 0o604, false),
        ("1-1/data/setup-secret", key.as_str(), 0o600, false),
        ("1-1/log", setup, 0o600, false),
        ("outputs/1-1", setup, 0o600, true),
        ("outputs/1-1", key.as_str(), 0o600, false),
        ("outputs/1-1", "https://a/set-password?token=linkid.link-link-link-link", 0o600, true),
        ("outputs/1-1", "account ann, password a quiet old place by the sea", 0o600, true),
        ("outputs/1-1", "ann has a quiet old place by the sea", 0o600, false),
        ("logs/1-1", "linkid.link-link-link-link", 0o600, false),
    ] {
        let report = searched(name, text.as_bytes(), mode);
        assert_eq!(report.found.is_empty(), is_home, "{name} {mode:o} {text}");
        assert_eq!(report.at_home > 0, is_home, "{name} {mode:o} {text}");
    }
}

#[test]
fn the_private_keys_of_a_kept_data_folder_are_noted() {
    let folder = tempfile::tempdir().unwrap();
    let private = data::planted(&folder.path().join("1-1/data"));
    let mut register = Register::default();
    data::note_keys(folder.path(), &mut register);
    // As text and as bytes.
    assert_eq!(register.count("master_key"), 2);
    assert_eq!(register.count("private_key"), 1);
    fs::write(folder.path().join("log"), &private).unwrap();
    let mut report = Report::default();
    search(folder.path(), &Finder::new(&register), &mut report);
    assert!(report.found.iter().any(|found| found.kind == "private_key"), "{report:?}");
}
