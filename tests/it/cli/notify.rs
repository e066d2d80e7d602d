//! The service manager, played by a socket: what it is told, and when.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use rustix::process::Signal;

use super::harness::Place;

/// What comes next, or nothing for a minute.
fn next(socket: &UnixDatagram) -> String {
    socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut text = [0; 64];
    let length = socket.recv(&mut text).unwrap();
    String::from_utf8(text[..length].to_vec()).unwrap()
}

#[test]
fn systemd_is_told_when_the_server_answers_and_when_it_stops() {
    let place = Place::new();
    let path = place.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let place = place.env("NOTIFY_SOCKET", path.to_str().unwrap());
    let mut server = place.serve(&[]);
    assert_eq!(next(&socket), "READY=1");
    server.send("GET /readyz", &[], "").status(200);
    assert_eq!(server.signal(Signal::TERM), 0);
    assert_eq!(next(&socket), "STOPPING=1");
}

#[test]
fn an_abstract_socket_is_as_good_and_a_watchdog_hears_signs_of_life() {
    let place = Place::new();
    let name = format!("doorkey-{}-{}", std::process::id(), place.data().display());
    let address = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    let place = place.env("NOTIFY_SOCKET", &format!("@{name}")).env("WATCHDOG_USEC", "100000");
    let mut server = place.serve(&[]);
    assert_eq!(next(&socket), "READY=1");
    for _ in 0..3 {
        assert_eq!(next(&socket), "WATCHDOG=1");
    }
    assert_eq!(server.signal(Signal::TERM), 0);
    let mut last = next(&socket);
    while last == "WATCHDOG=1" {
        last = next(&socket);
    }
    assert_eq!(last, "STOPPING=1");
}

#[test]
fn a_socket_that_nobody_can_send_to_stops_the_start_or_is_told_of() {
    let wrong = Place::new().env("NOTIFY_SOCKET", "notify");
    wrong.run(&["serve", "--listen", "127.0.0.1:0"]).failed("could not read NOTIFY_SOCKET");
    let place = Place::new();
    let gone = place.path("gone").to_str().unwrap().to_owned();
    let place = place.env("NOTIFY_SOCKET", &gone);
    let mut server = place.serve(&[]);
    assert_eq!(server.signal(Signal::TERM), 0);
    assert!(place.log().contains("the service manager could not be told"), "{}", place.log());
}
