//! The first start, the first administrator, and the end in order.

use std::os::unix::fs::PermissionsExt as _;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::harness::{PASSWORD, Place};

/// The form in a printed curl line.
fn form_of(curl: &str) -> Value {
    let (_, form) = curl.split_once(" -d '").unwrap();
    serde_json::from_str(form.strip_suffix('\'').unwrap()).unwrap()
}

/// PW-14.
#[test]
fn the_first_start_prints_the_address_then_the_secret_then_the_curl_line_that_uses_it() {
    let place = Place::new();
    // `serve` asserts that the address comes first.
    let mut server = place.serve(&[]);
    let (said, curl) = (server.line(), server.line());
    let file = place.data().join("setup-secret");
    let secret = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
    assert!(said.contains(&secret) && secret.len() == 32, "{said}");
    assert!(curl.starts_with(&format!("curl -X POST {}", server.url("/auth/setup"))), "{curl}");
    let mut form = form_of(&curl);
    assert_eq!(form["secret"], secret);
    (form["username"], form["password"]) = (json!("root"), json!(PASSWORD));
    server.post("/auth/setup", &form).status(201);
    server.post("/auth/setup", &form).status(404);
    let start = Instant::now();
    while file.exists() && start.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(10));
    }
    assert!(!file.exists());
    let token = server.login("root", PASSWORD).status(200).token();
    server.get_as(&token, "/admin/users").status(200);
}

/// PW-14.
#[test]
fn an_unused_setup_secret_stays_the_same_and_goes_when_the_shell_makes_an_administrator() {
    let place = Place::new();
    let first = place.serve(&[]).line();
    let second = place.serve(&[]).line();
    assert_eq!(first, second);
    place.user("bob", &[]);
    assert!(place.data().join("setup-secret").exists());
    place.user("root", &["admin"]);
    assert!(!place.data().join("setup-secret").exists());
    let mut server = place.serve(&[]);
    assert_eq!(server.signal(Signal::TERM), 0);
    assert_eq!(server.line(), "there is no line");
}

#[test]
fn an_administrator_made_through_the_running_server_clears_the_secret_too() {
    let place = Place::new();
    let server = place.serve(&[]);
    place.user("root", &["admin", "user"]);
    server.login("root", PASSWORD).status(200);
    let start = Instant::now();
    while place.data().join("setup-secret").exists() {
        assert!(start.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_signal_stops_it_in_order() {
    let place = Place::new();
    for signal in [Signal::TERM, Signal::INT] {
        assert_eq!(place.serve(&[]).signal(signal), 0);
        assert!(!place.data().join("control.sock").exists());
    }
}

#[test]
fn a_port_that_is_taken_is_a_clear_refusal() {
    let (place, other) = (Place::new(), Place::new());
    let server = place.serve(&[]);
    let taken = server.url("").replace("http://", "");
    other.run(&["serve", "--listen", &taken]).failed("choose another --listen");
    assert!(!other.data().exists(), "nothing is made before the port is ours");
}

#[test]
fn healthcheck_tells_a_ready_server_from_none() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let url = server.url("/readyz");
    assert_eq!(place.run(&["healthcheck", "--url", &url]).done(), "");
    let configured = Place::new().env("DOORKEY_HTTP__LISTEN", &url[7..url.len() - 7]);
    configured.run(&["healthcheck"]).done();
    place.run(&["healthcheck", "--url", &server.url("/nothing")]).failed("status 404");
    assert_eq!(server.signal(Signal::TERM), 0);
    place.run(&["healthcheck", "--url", &url]).failed("is not ready");
    place.run(&["healthcheck", "--url", "ftp://localhost/"]).failed("or https");
}

#[test]
fn a_store_in_memory_is_reached_through_its_server_alone() {
    let place = Place::new().env("DOORKEY_STORE__ENGINE", "memory");
    let server = place.serve(&[]);
    place.user("ann", &[]);
    server.login("ann", PASSWORD).status(200);
    drop(server);
    place.run(&["user", "add", "bob", "--invite"]).failed("no server runs");
}
