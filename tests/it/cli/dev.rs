//! `doorkey serve --dev`

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use super::harness::{Place, Server};

/// Everything up to the lines to paste, and those.
pub(super) fn read(server: &mut Server) -> (Vec<String>, Vec<String>) {
    let mut said = Vec::new();
    while !said.last().is_some_and(|line: &String| line.contains("by pasting")) {
        said.push(server.line());
        assert_ne!(said.last().unwrap(), "there is no line");
    }
    (said, (0..3).map(|_| server.line()).collect())
}

pub(super) fn data_of(said: &[String]) -> PathBuf {
    said.iter().find_map(|line| line.strip_prefix("data folder: ")).unwrap().into()
}

pub(super) fn account(said: &[String], name: &str) -> String {
    let start = format!("account {name}, password ");
    said.iter().find_map(|line| line.strip_prefix(&start)).unwrap().to_owned()
}

pub(super) fn curl_is_here() -> bool {
    let here = Command::new("curl").arg("--version").output().is_ok();
    if !here {
        eprintln!("SKIPPED: there is no curl on this machine");
    }
    here
}

/// Pastes the lines into a shell; the object that the last one prints.
pub(super) fn run_lines(place: &Place, lines: &[String]) -> Value {
    let mut shell = Command::new("sh");
    shell.arg("-euc").arg(lines.join("\necho\n")).current_dir(place.path("."));
    let output = shell.output().unwrap();
    let (out, err) = (output.stdout, String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && err.is_empty(), "{err}");
    serde_json::from_str(String::from_utf8(out).unwrap().lines().last().unwrap()).unwrap()
}

#[test]
fn the_printed_lines_register_log_in_and_call_a_protected_route() {
    if !curl_is_here() {
        return;
    }
    let place = Place::new();
    let mut server = place.serve(&["--dev"]);
    let (_, lines) = read(&mut server);
    let user = run_lines(&place, &lines);
    assert!(user["username"].as_str().unwrap().starts_with("ann-"), "{user}");
    assert_eq!(user["roles"], serde_json::json!(["user"]));
}

#[test]
fn it_seeds_accounts_with_fresh_passwords_and_cleans_up_after_itself() {
    let place = Place::new();
    let mut server = place.serve(&["--dev"]);
    let (said, _) = read(&mut server);
    assert!(said[0].starts_with("FOR DEVELOPMENT ONLY"), "{said:?}");
    let admin = server.login("admin", &account(&said, "admin")).status(200);
    assert!(admin.cookie().starts_with("refresh="), "the cookie of plain HTTP");
    server.get_as(&admin.token(), "/admin/users").status(200);
    let user = server.login("user", &account(&said, "user")).status(200);
    server.get_as(&user.token(), "/admin/users").status(403);
    let data = data_of(&said);
    let listed = place.run(&["user", "list", "--json", "--data", data.to_str().unwrap()]).json();
    assert_eq!(listed["users"].as_array().unwrap().len(), 2);
    assert_eq!(server.signal(Signal::TERM), 0);
    assert!(!data.exists() && !place.data().exists());
}

#[test]
fn a_named_folder_stays_with_its_accounts() {
    let place = Place::new();
    let mut server = place.serve(&["--dev", "--data", "mine"]);
    let (said, _) = read(&mut server);
    let password = account(&said, "admin");
    assert_eq!(data_of(&said), place.path("mine"));
    assert_eq!(server.signal(Signal::INT), 0);
    let mut server = place.serve(&["--dev", "--data", "mine"]);
    let (said, _) = read(&mut server);
    assert!(!said.iter().any(|line| line.starts_with("account ")), "{said:?}");
    server.login("admin", &password).status(200);
    assert!(Path::new(&data_of(&said)).exists());
}

/// CFG: nothing of development is reachable from outside.
#[test]
fn it_listens_on_loopback_only() {
    let refused = ["serve", "--dev", "--listen", "0.0.0.0:0"];
    Place::new().run(&refused).failed("must be");
}
