//! How keys and secrets are made, compared and kept out of reach.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use doorkey::model::Algorithm;

use crate::cli::harness::Place;
use crate::config::refusal;
use crate::harness::TestServer;
use crate::layers::sources;

fn source(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// There is no shared secret to guess.
#[tokio::test]
async fn key_02_no_symmetric_algorithm_can_be_configured_or_used() {
    for name in ["HS256", "HS384", "HS512", "none", "A128KW", "dir", "PBES2-HS256+A128KW"] {
        let said = refusal(&format!("[tokens]\nalgorithm = \"{name}\""));
        assert!(said.contains("must be \"ES256\", \"EdDSA\" or \"RS256\""), "{said}");
    }
    let names = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256].map(Algorithm::name);
    assert_eq!(names, ["ES256", "EdDSA", "RS256"]);
    let jwks = TestServer::start().await.anonymous().get("/.well-known/jwks.json").send().await;
    assert!(!jwks.text().contains("\"k\"") && !jwks.text().contains("oct"), "{}", jwks.text());
}

#[cfg(target_os = "linux")]
#[test]
fn key_06_a_server_that_crashes_leaves_no_core() {
    let place = Place::new();
    let server = place.serve(&[]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{line}");
}

/// Of a process that may be dumped the files below `/proc` are its user's, of another one they
/// are root's. As root both are run for nobody: root's own look alike.
#[cfg(target_os = "linux")]
#[test]
fn key_06_a_server_cannot_be_dumped_or_looked_into() {
    let place = Place::new();
    let is_root = rustix::process::geteuid().is_root();
    let user = if is_root { 65_534 } else { rustix::process::geteuid().as_raw() };
    std::os::unix::fs::chown(place.path(""), Some(user), Some(user)).unwrap();
    let owner = |command: &mut Command, stays: &str| {
        let mut child =
            command.uid(user).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut line).unwrap();
        assert!(line.starts_with(stays), "{line}");
        let files = std::fs::metadata(format!("/proc/{}/environ", child.id())).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        Some(files.uid())
    };
    let mut other = Command::new("sh");
    assert_eq!(owner(other.args(["-c", "echo here; sleep 60"]), "here"), Some(user));
    let mut server = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    let found = owner(server.stderr(Stdio::null()), "doorkey is listening");
    if found.is_none() {
        eprintln!("SKIPPED: nobody may not run the program where it was built");
        return;
    }
    assert_eq!(found, Some(0));
}

/// Where something that was sent is compared with something that is kept.
const COMPARED: &[&str] =
    &["src/model/token.rs", "src/crypto/password/phc.rs", "src/crypto/password/foreign.rs"];

/// Types whose values are secrets: none can be compared, ordered or hashed by accident.
const SECRET: &[(&str, &str)] = &[
    ("Secret", "src/model/secret.rs"),
    ("Password", "src/model/secret.rs"),
    ("TokenSecret", "src/model/token.rs"),
    ("TokenHash", "src/model/token.rs"),
    ("RefreshToken", "src/model/token.rs"),
    ("LinkToken", "src/model/token.rs"),
    ("MasterKey", "src/crypto/seal.rs"),
    ("KeyPair", "src/crypto/keys.rs"),
];

/// What is derived for a type.
fn derived(text: &str, name: &str) -> String {
    let at = ["(", " {"].iter().find_map(|end| text.find(&format!("pub struct {name}{end}")));
    let before = &text[..at.unwrap_or_else(|| panic!("there is no {name}"))];
    let attributes = &before[before.rfind("\n\n").unwrap_or_default()..];
    attributes.lines().filter(|line| line.starts_with("#[derive(")).collect()
}

#[test]
fn key_07_secrets_are_compared_in_constant_time_or_not_at_all() {
    for (name, path) in SECRET {
        let derived = derived(&source(path), name);
        for word in ["PartialEq", "Hash", "Ord"] {
            assert!(!derived.contains(word), "{name} derives {word}");
        }
    }
    for path in COMPARED {
        assert!(source(path).contains("ct_eq("), "{path}");
    }
}

/// Outside of tests nothing else gives random values, nothing seeds them, and no identifier is
/// made of a time.
#[test]
fn key_08_every_secret_comes_from_the_systems_generator() {
    assert!(source("src/crypto/random.rs").contains("getrandom::fill("));
    let mut by_the_system = 0;
    for (path, text) in sources() {
        let path = path.to_string_lossy().into_owned();
        let real = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        if path.contains("/tests") || path.contains("/conformance") {
            continue;
        }
        assert!(!real.contains("Random::seeded("), "{path}");
        by_the_system += real.matches("Random::system()").count();
    }
    assert!(by_the_system > 0);
    let lock = source("Cargo.lock");
    for other in ["uuid", "ulid", "nanoid"] {
        assert!(!lock.contains(&format!("name = \"{other}\"\n")), "{other}");
    }
}
