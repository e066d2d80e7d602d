//! The resource servers of `examples/` against the real server: each takes the tokens that it
//! should, refuses the others, and needs the issuer for its public keys and status lists only.

mod keys;
mod lists;

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::cli::harness::{Answer, PASSWORD, Place, Server, send_to};

/// A running example; killed when dropped.
struct Resource {
    child: Child,
    address: SocketAddr,
}

impl Resource {
    fn start(mut command: Command, issuer: &str) -> Self {
        command.args([issuer, "0"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let address = first.trim().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("{first}")).parse().unwrap();
        Self { child, address }
    }

    fn get(&self, path: &str, token: Option<&str>) -> Answer {
        let header = token.map(|token| format!("Authorization: Bearer {token}"));
        self.get_with(path, &header.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn get_with(&self, path: &str, headers: &[&str]) -> Answer {
        send_to(self.address, &format!("GET {path}"), headers, "")
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The token with another signature, and what else nobody should take.
fn bad_tokens(good: &str, stranger: &str) -> Vec<String> {
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{good}") };
    let reversed: String = signature.chars().rev().collect();
    vec![
        format!("{header}.{payload}.{reversed}"),
        format!("{header}.{payload}."),
        // {"alg":"none","typ":"at+jwt"}
        format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{payload}."),
        "x".to_owned(),
        "x.y.z".to_owned(),
        stranger.to_owned(),
    ]
}

/// A token by another issuer, whose keys nobody here has.
fn token_of_a_stranger() -> String {
    let place = Place::new();
    let server = place.serve(&["--dev"]);
    server.register("ann");
    server.login("ann", PASSWORD).token()
}

/// An issuer with an administrator `root` and a user `ann`, and their tokens.
fn issuer(place: &Place) -> (Server, String, String) {
    place.user("root", &["admin", "user"]);
    let server = place.serve(&[]);
    server.register("ann");
    let [root, ann] = ["root", "ann"].map(|name| server.login(name, PASSWORD).token());
    (server, root, ann)
}

/// Node and Python write the header's name otherwise than hyper does.
fn challenge(answer: &Answer) -> Option<&str> {
    answer.header("www-authenticate").or(answer.header("WWW-Authenticate"))
}

/// What all of them do.
fn guards_its_routes(command: Command) {
    let place = Place::open();
    let (server, root, ann) = issuer(&place);
    let id = server.get_as(&ann, "/auth/me").json()["id"].as_str().unwrap().to_owned();
    let resource = Resource::start(command, &server.url(""));
    for path in ["/notes", "/reports"] {
        let nobody = resource.get(path, None).status(401);
        assert_eq!(challenge(&nobody), Some("Bearer"), "{path}");
    }
    let notes = resource.get("/notes", Some(&ann)).status(200).json();
    assert_eq!(notes["owner"], id.as_str());
    let refused = resource.get("/reports", Some(&ann)).status(403);
    assert_eq!(challenge(&refused), Some(r#"Bearer error="insufficient_scope""#));
    resource.get("/reports", Some(&root)).status(200);
    for bad in bad_tokens(&ann, &token_of_a_stranger()) {
        let refused = resource.get("/notes", Some(&bad)).status(401);
        assert_eq!(challenge(&refused), Some(r#"Bearer error="invalid_token""#), "{bad}");
    }
    resource.get_with("/notes", &["Authorization: Basic YTpi"]).status(401);
    resource.get("/nothing", Some(&root)).status(404);
    server.kill();
    resource.get("/notes", Some(&ann)).status(200);
}

/// An issuer that is away is no reason to call a token bad.
fn tells_a_missing_issuer_from_a_bad_token(command: Command) {
    let place = Place::open();
    let (server, _, ann) = issuer(&place);
    let url = server.url("");
    server.kill();
    Resource::start(command, &url).get("/notes", Some(&ann)).status(503);
}

/// A logout is known once the list of before is over, to everyone and of nobody else; and without
/// the issuer nobody is let in for longer than that.
fn knows_of_a_logout(command: Command) {
    let place = Place::open().env("DOORKEY_STATUS__TTL", "10s");
    let (server, root, ann) = issuer(&place);
    let resource = Resource::start(command, &server.url(""));
    for token in [&root, &ann] {
        resource.get("/notes", Some(token)).status(200);
    }
    let bearer = format!("Authorization: Bearer {ann}");
    server.send("DELETE /auth/sessions", &[&bearer], "").status(204);
    let ended = Instant::now();
    while resource.get("/notes", Some(&ann)).code() == 200 {
        assert!(ended.elapsed() < TTL, "the bound is over");
        std::thread::sleep(Duration::from_millis(200));
    }
    let refused = resource.get("/notes", Some(&ann)).status(401);
    assert_eq!(challenge(&refused), Some(r#"Bearer error="invalid_token""#));
    resource.get("/notes", Some(&root)).status(200);
    server.kill();
    let gone = Instant::now();
    while resource.get("/notes", Some(&root)).code() == 200 {
        assert!(gone.elapsed() < TTL, "the last list is over");
        std::thread::sleep(Duration::from_millis(200));
    }
    resource.get("/notes", Some(&root)).status(503);
}

/// The bound of this test's server, and a second for the seconds that it counts in.
const TTL: Duration = Duration::from_secs(11);

/// What the libraries of this language are in; `None` when they are not installed.
fn libraries(name: &str) -> Option<PathBuf> {
    let home = Path::new("target/verifiers").canonicalize().ok()?.join(name);
    if !home.exists() {
        eprintln!("SKIPPED: run tests/verifiers/install.sh for {name}");
        return None;
    }
    Some(home)
}

fn node() -> Option<Command> {
    static COPIED: std::sync::Once = std::sync::Once::new();
    let home = libraries("node")?;
    Command::new("node").arg("--version").output().ok().or_else(|| {
        eprintln!("SKIPPED: node is not on this machine");
        None
    })?;
    // Beside its libraries, where Node looks for them.
    COPIED.call_once(|| {
        for file in std::fs::read_dir("examples/node").unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|end| end == "mjs") {
                std::fs::copy(&file, home.join(file.file_name().unwrap())).unwrap();
            }
        }
    });
    let script = home.join("server.mjs");
    let mut command = Command::new("node");
    command.arg(script);
    Some(command)
}

fn python() -> Option<Command> {
    let mut command = Command::new(libraries("python")?.join("bin/python"));
    command.arg("examples/python/server.py").env("PYTHONDONTWRITEBYTECODE", "1");
    Some(command)
}

/// `cargo test` makes it, `cargo test --test it` does not.
fn rust(name: &str) -> Option<Command> {
    let built = Path::new(env!("CARGO_BIN_EXE_doorkey")).with_file_name("examples");
    let built = built.join(name);
    if !built.exists() {
        eprintln!("SKIPPED: cargo build --example {name}");
        return None;
    }
    Some(Command::new(built))
}

fn guard() -> Option<Command> {
    let mut command = rust("guard")?;
    command.env_remove("GUARD_SERVICE").env_remove("GUARD_SECRET");
    Some(command)
}

#[test]
fn the_node_server_guards_its_routes_offline() {
    let Some(command) = node() else { return };
    guards_its_routes(command);
}

#[test]
fn the_node_server_tells_a_missing_issuer_from_a_bad_token() {
    let Some(command) = node() else { return };
    tells_a_missing_issuer_from_a_bad_token(command);
}

#[test]
fn the_python_server_guards_its_routes_offline() {
    let Some(command) = python() else { return };
    guards_its_routes(command);
}

#[test]
fn the_python_server_tells_a_missing_issuer_from_a_bad_token() {
    let Some(command) = python() else { return };
    tells_a_missing_issuer_from_a_bad_token(command);
}

#[test]
fn the_rust_server_guards_its_routes_offline() {
    let Some(command) = rust("resource-server") else { return };
    guards_its_routes(command);
}

#[test]
fn the_rust_server_tells_a_missing_issuer_from_a_bad_token() {
    let Some(command) = rust("resource-server") else { return };
    tells_a_missing_issuer_from_a_bad_token(command);
}

#[test]
fn the_node_server_knows_of_a_logout_within_the_bound() {
    let Some(command) = node() else { return };
    knows_of_a_logout(command);
}

#[test]
fn the_node_server_leaves_an_issuer_that_fails_alone() {
    let Some(command) = node() else { return };
    keys::leaves_an_issuer_that_fails_alone(command);
}

#[test]
fn the_node_server_goes_on_with_the_keys_that_it_has() {
    let Some(command) = node() else { return };
    keys::goes_on_with_the_keys_that_it_has(command);
}

#[test]
fn the_node_server_takes_no_bad_list() {
    let Some(command) = node() else { return };
    lists::takes_no_bad_list(command);
}

#[test]
fn the_node_server_takes_no_token_without_a_place() {
    let Some(command) = node() else { return };
    lists::takes_no_token_without_a_place(command);
}

#[test]
fn the_python_server_knows_of_a_logout_within_the_bound() {
    let Some(command) = python() else { return };
    knows_of_a_logout(command);
}

#[test]
fn the_python_server_leaves_an_issuer_that_fails_alone() {
    let Some(command) = python() else { return };
    keys::leaves_an_issuer_that_fails_alone(command);
}

#[test]
fn the_python_server_goes_on_with_the_keys_that_it_has() {
    let Some(command) = python() else { return };
    keys::goes_on_with_the_keys_that_it_has(command);
}

#[test]
fn the_python_server_takes_no_bad_list() {
    let Some(command) = python() else { return };
    lists::takes_no_bad_list(command);
}

#[test]
fn the_python_server_takes_no_token_without_a_place() {
    let Some(command) = python() else { return };
    lists::takes_no_token_without_a_place(command);
}

#[test]
fn the_rust_server_knows_of_a_logout_within_the_bound() {
    let Some(command) = rust("resource-server") else { return };
    knows_of_a_logout(command);
}

#[test]
fn the_rust_server_leaves_an_issuer_that_fails_alone() {
    let Some(command) = rust("resource-server") else { return };
    keys::leaves_an_issuer_that_fails_alone(command);
}

#[test]
fn the_rust_server_goes_on_with_the_keys_that_it_has() {
    let Some(command) = rust("resource-server") else { return };
    keys::goes_on_with_the_keys_that_it_has(command);
}

#[test]
fn the_rust_server_takes_no_bad_list() {
    let Some(command) = rust("resource-server") else { return };
    lists::takes_no_bad_list(command);
}

#[test]
fn the_rust_server_takes_no_token_without_a_place() {
    let Some(command) = rust("resource-server") else { return };
    lists::takes_no_token_without_a_place(command);
}

#[test]
fn the_guarded_program_takes_no_bad_list() {
    let Some(command) = guard() else { return };
    lists::takes_no_bad_list(command);
}

/// `doorkey::guard` in a program of its own, as `examples/guard` has it.
#[test]
fn the_guarded_program_lets_everybody_in_at_the_front_and_editors_at_the_back() {
    let Some(command) = guard() else { return };
    let place = Place::open();
    place.user("ed", &["editor"]);
    let (server, _, ann) = issuer(&place);
    let ed = server.login("ed", PASSWORD).token();
    let program = Resource::start(command, &server.url(""));
    program.get("/", None).status(200);
    let nobody = program.get("/notes", None).status(401);
    assert_eq!(challenge(&nobody), Some(r#"Bearer realm="doorkey""#));
    let id = server.get_as(&ann, "/auth/me").json()["id"].as_str().unwrap().to_owned();
    assert_eq!(program.get("/notes", Some(&ann)).status(200).json()["owner"], id.as_str());
    program.get("/drafts", Some(&ann)).status(403);
    program.get("/drafts", Some(&ed)).status(200);
    for bad in bad_tokens(&ann, &token_of_a_stranger()) {
        let refused = program.get("/notes", Some(&bad)).status(401);
        assert_eq!(challenge(&refused), Some(r#"Bearer realm="doorkey", error="invalid_token""#));
    }
}
