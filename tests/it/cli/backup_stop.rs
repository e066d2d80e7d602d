//! A server that stops while somebody takes a backup of it and reads no further.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use rustix::process::Signal;
use serde_json::json;

use super::harness::Place;

/// More than all buffers between the store and a reader hold.
const USERS: usize = 6_000;

#[test]
fn a_backup_that_nobody_reads_does_not_make_the_stop_of_the_server_unclean() {
    let place = Place::new().env("DOORKEY_HTTP__SHUTDOWN_TIMEOUT", "1s");
    let line = |n: usize| {
        let name = "x".repeat(120);
        json!({"username": format!("user{n}"), "display_name": name}).to_string()
    };
    let lines: Vec<String> = (0..USERS).map(line).collect();
    place.run_with(&["import", "-"], &lines.join("\n")).done();
    let mut server = place.serve(&[]);
    let mut reader = UnixStream::connect(place.data().join("control.sock")).unwrap();
    reader.write_all(b"GET /admin/backup HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut start = [0; 15];
    reader.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    assert_eq!(server.signal(Signal::TERM), 0);
    assert!(place.log().contains("a backup broke off"), "{}", place.log());
    assert!(place.data().join("clean").exists(), "{}", place.log());
}
