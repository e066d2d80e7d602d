//! The client behind the proxies: what a client writes itself moves nothing.

use std::net::IpAddr;

use doorkey::http::client_ip::{ForwardedHeader, client_ip, request_id};
use warp::http::{HeaderMap, HeaderValue};

use crate::mutate::Stock;
use crate::run::{Target, Verdict};

const WORDS: &[&str] = &[
    ",",
    ", ",
    "\n",
    ";",
    "for=",
    "For=",
    "by=",
    "proto=https",
    "\"",
    "\\\"",
    "[",
    "]",
    ":80",
    "unknown",
    "_hidden",
    "10.0.0.1",
    "10.1.2.3",
    "192.0.2.7",
    "::1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    "[2001:db8::1]",
    "127.0.0.1",
    "0x7f.1",
    "010.0.0.1",
    "%eth0",
    "\u{e4}",
];
const HEADERS: &[(ForwardedHeader, &str)] = &[
    (ForwardedHeader::XForwardedFor, "x-forwarded-for"),
    (ForwardedHeader::Forwarded, "forwarded"),
    (ForwardedHeader::XRealIp, "x-real-ip"),
];
const PROXY: &str = "10.9.9.9";
const CLIENT: &str = "203.0.113.9";

fn trusted(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(v4) if v4.octets()[0] == 10)
}

fn ask(peer: &str, header: ForwardedHeader, headers: &HeaderMap) -> IpAddr {
    client_ip(peer.parse().unwrap(), headers, header, &trusted).ip
}

/// The lines under this name; `None` when one can stand in no header.
fn lines(name: &'static str, bytes: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|b| *b == b'\n') {
        headers.append(name, HeaderValue::from_bytes(line).ok()?);
    }
    Some(headers)
}

#[test]
fn a_client_moves_its_address_by_no_header_that_it_sends() {
    let seeds = [
        "192.0.2.1, 10.0.0.2, 10.0.0.3",
        "for=192.0.2.1;proto=https, for=\"[2001:db8::1]:80\", for=10.0.0.1",
        "192.0.2.1",
        "for=unknown, for=10.0.0.1\nfor=\"10.0.0.2:443\"",
    ];
    let stock = Stock { seeds: seeds.map(|seed| seed.as_bytes().to_vec()).into(), words: WORDS };
    let name = "a_client_moves_its_address_by_no_header_that_it_sends";
    Target { name, stock, smoke: 100_000 }.run(|bytes| {
        for (header, name) in HEADERS {
            let Some(headers) = lines(name, bytes) else { return Verdict::Refused };
            // A peer that is no proxy speaks for itself.
            assert_eq!(ask(CLIENT, *header, &headers).to_string(), CLIENT);
            let found = ask(PROXY, *header, &headers);
            stands_there(bytes, found);
            appended(*header, name, bytes);
            assert_eq!(request_id(&headers, false), None);
        }
        Verdict::Taken
    });
}

/// The proxy's own address, or one that is written in the header.
fn stands_there(bytes: &[u8], found: IpAddr) {
    let text = String::from_utf8_lossy(bytes);
    let words = text.split(|c: char| !(c.is_ascii_hexdigit() || ".:".contains(c)));
    let written = |word: &str| {
        let bare = word.rsplit_once(':').map_or(word, |(ip, _)| ip);
        [word, bare].iter().any(|w| w.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical() == found))
    };
    let is_peer = found.to_string() == PROXY;
    assert!(is_peer || words.map(str::to_owned).any(|w| written(&w)), "{found} out of {text:?}");
}

/// Whatever the client wrote, the address that a trusted proxy appends is the answer.
fn appended(header: ForwardedHeader, name: &'static str, bytes: &[u8]) {
    let (suffix, line) = match header {
        ForwardedHeader::XForwardedFor => (format!(", {CLIENT}"), CLIENT.to_owned()),
        ForwardedHeader::Forwarded => (format!(", for={CLIENT}"), format!("for={CLIENT}")),
        ForwardedHeader::XRealIp => return,
    };
    let on_the_line = lines(name, &[bytes, suffix.as_bytes()].concat()).unwrap();
    assert_eq!(ask(PROXY, header, &on_the_line).to_string(), CLIENT, "appended to the line");
    let on_its_own = lines(name, &[bytes, b"\n", line.as_bytes()].concat()).unwrap();
    assert_eq!(ask(PROXY, header, &on_its_own).to_string(), CLIENT, "as a line of its own");
    // And a second trusted hop behind it.
    let hop = suffix.replace(CLIENT, "10.0.0.1");
    let two = lines(name, &[bytes, suffix.as_bytes(), hop.as_bytes()].concat()).unwrap();
    assert_eq!(ask(PROXY, header, &two).to_string(), CLIENT, "behind two proxies");
}

#[test]
fn a_request_id_of_a_proxy_is_in_our_alphabet_and_the_only_one() {
    let words =
        &["-", "_", "\n", " ", "\"", "<script>", "\u{e4}", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"];
    let seeds = [&b"abc-DEF_123"[..], b"A"].map(<[u8]>::to_vec).into();
    let name = "a_request_id_of_a_proxy_is_in_our_alphabet_and_the_only_one";
    Target { name, stock: Stock { seeds, words }, smoke: 60_000 }.run(|bytes| {
        let Some(headers) = lines("x-request-id", bytes) else { return Verdict::Refused };
        let Some(id) = request_id(&headers, true) else { return Verdict::Refused };
        assert_eq!(id.as_bytes(), bytes);
        assert!((1..=64).contains(&id.len()));
        assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
        Verdict::Taken
    });
}
