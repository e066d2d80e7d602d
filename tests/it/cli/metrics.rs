//! The metrics of a real server: off, or on a port of their own.

#![expect(clippy::float_cmp, reason = "what is counted is a whole number")]

use std::net::{SocketAddr, TcpStream};

use rustix::process::Signal;

use super::harness::{Place, send_to};
use crate::http::open_metrics::parse;

/// Where the log says that they are.
fn address(place: &Place) -> SocketAddr {
    let log = place.log();
    let (_, rest) = log.split_once("metrics are at http://").unwrap_or_else(|| panic!("{log}"));
    rest.split_once("/metrics").unwrap().0.parse().unwrap()
}

/// HTTP-08.
#[test]
fn without_configuration_there_are_none() {
    let place = Place::new();
    let server = place.serve(&[]);
    server.send("GET /metrics", &[], "").status(404);
    assert!(!place.log().contains("metrics"), "{}", place.log());
}

/// HTTP-08.
#[test]
fn they_are_on_their_own_port_and_on_no_other() {
    let place = Place::open().env("DOORKEY_METRICS__LISTEN", "127.0.0.1:0");
    let server = place.serve(&[]);
    let scraped = address(&place);
    assert_ne!(format!("http://{scraped}"), server.url(""));
    server.register("ann");
    server.send("GET /metrics", &[], "").status(404);
    send_to(scraped, "GET /healthz", &[], "").status(404);
    let answer = send_to(scraped, "GET /metrics", &[], "").status(200);
    let samples = parse(&answer.body);
    let line = "doorkey_requests_total{method=\"POST\",route=\"/auth/register\",status=\"201\"}";
    assert_eq!(samples[line], 1.0);
    assert_eq!((samples["doorkey_ready"], samples["doorkey_store_writable"]), (1.0, 1.0));
    if cfg!(target_os = "linux") {
        let memory = samples["process_resident_memory_bytes"];
        assert!(memory > 1e6 && memory < 1e9, "{memory}");
        assert!(samples.contains_key("process_cpu_seconds_total"));
    }
    assert_eq!(send_to(scraped, "HEAD /metrics", &[], "").status(200).body, "");
}

#[test]
fn a_port_that_is_taken_is_a_clear_refusal() {
    let place = Place::new().env("DOORKEY_METRICS__LISTEN", "127.0.0.1:0");
    let _server = place.serve(&[]);
    let other = Place::new().env("DOORKEY_METRICS__LISTEN", &address(&place).to_string());
    let refused = other.run(&["serve", "--listen", "127.0.0.1:0"]);
    refused.failed("choose another metrics.listen");
    assert!(!other.data().exists(), "nothing is made before the port is ours");
}

#[test]
fn who_scrapes_does_not_keep_the_server_from_stopping() {
    let place = Place::new().env("DOORKEY_METRICS__LISTEN", "127.0.0.1:0");
    let mut server = place.serve(&[]);
    let idle = TcpStream::connect(address(&place)).unwrap();
    assert_eq!(server.signal(Signal::TERM), 0);
    drop(idle);
    assert!(TcpStream::connect(address(&place)).is_err());
}
