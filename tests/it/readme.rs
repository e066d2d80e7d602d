//! The README does what it says: its walk-through and its snippets are run as they stand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::cli::harness::{PASSWORD, Place, Server};

#[path = "../verifiers/verify.rs"]
mod verify;

fn readme() -> String {
    fs::read_to_string("README.md").unwrap()
}

/// The lines of the fenced block that follows `marker`.
fn block(marker: &str) -> String {
    let text = readme();
    let (_, rest) = text.split_once(marker).unwrap_or_else(|| panic!("no {marker}"));
    let (_, rest) = rest.split_once("```").unwrap();
    let (_, rest) = rest.split_once('\n').unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// Whether `actual` is `expected`, in which each `…` stands for any text of one line.
fn is_like(expected: &str, actual: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = actual.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// `curl` is what the walk is about; a machine without it cannot walk.
fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok();
    if !found {
        eprintln!("SKIPPED: {tool} is not on this machine");
    }
    found
}

/// A `$ command` and the lines it prints.
type Step = (String, Vec<String>);

fn steps(walk: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in walk.lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push((command.to_owned(), Vec::new())),
            (None, Some((_, printed))) => printed.push(line.to_owned()),
            (None, None) => panic!("output before the first command: {line}"),
        }
    }
    steps
}

#[test]
fn the_walk_through_works_to_the_letter() {
    if !has("curl") {
        return;
    }
    let place = Place::new();
    let server = place.serve(&["--dev"]);
    let walk = block("<!-- walk -->").replace("http://127.0.0.1:8080", &server.url(""));
    let steps = steps(&walk);
    assert!(steps.len() >= 9);
    // One shell for all, as a person has: a line of its own marks where each step ends.
    let script: String =
        steps.iter().map(|(command, _)| format!("{command}\nprintf '\\n--\\n'\n")).collect();
    let folder = tempfile::tempdir().unwrap();
    let ran = Command::new("sh").arg("-c").arg(script).current_dir(&folder).output().unwrap();
    let printed = String::from_utf8(ran.stdout).unwrap();
    let answers: Vec<&str> = printed.split("\n--\n").collect();
    for ((command, expected), answer) in steps.iter().zip(answers) {
        let (expected, answer) = (expected.join("\n"), answer.trim());
        assert!(is_like(&expected, answer), "$ {command}\nREADME: {expected}\nactual: {answer}");
    }
}

#[test]
fn the_pattern_of_the_walk_is_no_wildcard_for_everything() {
    assert!(is_like(r#"{"a":"…","b":1}"#, r#"{"a":"xyz","b":1}"#));
    assert!(is_like("204", "204"));
    for (expected, actual) in [("204", "2040"), ("204", ""), ("{…,1}", "{x,2}"), ("", "x")] {
        assert!(!is_like(expected, actual), "{expected} {actual}");
    }
}

/// Saves a snippet where its libraries are; `None` when they are not installed.
fn snippet(name: &str, libraries: &str) -> Option<PathBuf> {
    let home = Path::new("target/verifiers").canonicalize().ok()?.join(libraries);
    if !home.exists() {
        eprintln!("SKIPPED: run tests/verifiers/install.sh for {libraries}");
        return None;
    }
    let path = home.join(name);
    fs::write(&path, block(&format!("<!-- {name} -->"))).unwrap();
    Some(path)
}

/// The id of a new account, and an access token of it.
fn registered(server: &Server) -> (String, String) {
    server.register("verity");
    let login = server.login("verity", PASSWORD).status(200);
    let body: Value = login.json();
    (body["user"]["id"].as_str().unwrap().to_owned(), login.token())
}

/// The program prints the subject and the roles for a good token, and fails for a broken one.
fn verifies(server: &Server, run: &mut dyn FnMut() -> Command) {
    let (id, token) = registered(server);
    let issuer = server.url("");
    let good = run().env("ISSUER", &issuer).env("TOKEN", &token).output().unwrap();
    let printed = String::from_utf8_lossy(&good.stdout).into_owned();
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    assert!(printed.contains(&id) && printed.contains("user"), "{printed}");
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut other: String = signature.chars().rev().collect();
    other.insert_str(0, &format!("{signed}."));
    let bad = run().env("ISSUER", &issuer).env("TOKEN", other).output().unwrap();
    assert!(!bad.status.success());
}

#[test]
fn the_node_snippet_verifies_a_token() {
    let Some(path) = snippet("verify.mjs", "node").filter(|_| has("node")) else { return };
    let place = Place::new();
    verifies(&place.serve(&["--dev"]), &mut || {
        let mut command = Command::new("node");
        command.arg(&path);
        command
    });
}

#[test]
fn the_python_snippet_verifies_a_token() {
    let Some(path) = snippet("verify.py", "python") else { return };
    let python = path.parent().unwrap().join("bin/python");
    let place = Place::new();
    verifies(&place.serve(&["--dev"]), &mut || {
        let mut command = Command::new(&python);
        command.arg(&path);
        command
    });
}

#[test]
fn the_rust_snippet_is_the_file_that_is_compiled_and_verifies_a_token() {
    let shown = block("Rust, with the crate `jsonwebtoken`");
    assert_eq!(shown, fs::read_to_string("tests/verifiers/verify.rs").unwrap());
    let place = Place::new();
    let server = place.serve(&["--dev"]);
    let (id, token) = registered(&server);
    let issuer = server.url("");
    let jwks = server.send("GET /.well-known/jwks.json", &[], "").status(200);
    let jwks = serde_json::from_str(&jwks.body).unwrap();
    let claims = verify::verify(&jwks, &issuer, &token).unwrap();
    assert_eq!((claims.sub, claims.roles), (id, vec!["user".to_owned()]));
    assert!(verify::verify(&jwks, "https://other.example", &token).is_none());
}
