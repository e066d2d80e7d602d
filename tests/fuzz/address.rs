//! The address that a proxy asks about: what the rules read is what every app reads.

use doorkey::model::Address;

use crate::mutate::Stock;
use crate::run::{Target, Verdict};

const WORDS: &[&str] = &[
    "/", "//", "/./", "/../", "/..", "/.", "..;/", ";", "%2e", "%2E", "%2f", "%2F", "%5c", "%00",
    "%0a", "%25", "%252e", "%c3%a4", "%C3%A4", "%c0%af", "%ff", "%20", "%", "%zz", "\\", "?", "#",
    "@", ":", ":443", ":0", "http://", "https://", "wss://", "a.org", ".", "*", " ", "\t",
    "\u{e4}", "[::1]",
];

#[test]
fn an_address_that_is_taken_is_read_by_every_reader_alike() {
    let seeds = [
        "https://wiki.example.org/",
        "http://localhost:8080/a/b.c/?d=e&f=%20",
        "https://wiki.example.org:8443/caf%C3%A9/%20x?y=//../",
        "https://[::1]:443/x",
    ];
    let seeds = seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
    let name = "an_address_that_is_taken_is_read_by_every_reader_alike";
    let target = Target { name, stock: Stock { seeds, words: WORDS }, smoke: 200_000 };
    target.run(|bytes| {
        let Ok(text) = str::from_utf8(bytes) else { return Verdict::Refused };
        let Ok(address) = Address::parse(text) else { return Verdict::Refused };
        let written = address.to_string();
        assert!(
            written.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\#".contains(&b)),
            "{written}"
        );
        assert_eq!(Address::parse(&written).unwrap().to_string(), written, "{text:?}");
        let path = address.path.as_str();
        assert_eq!(normalised(&decoded(path)), decoded(path), "{text:?} is another path elsewhere");
        assert_eq!(decoded(&decoded(path)), decoded(path), "{text:?} is escaped twice");
        let host = address.host.to_string();
        assert_eq!(written.split('/').nth(2), Some(host.as_str()), "{text:?}");
        Verdict::Taken
    });
}

/// As lenient readers decode: what is no escape stays.
fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let digits = path
            .get(at + 1..at + 3)
            .filter(|digits| bytes[at] == b'%' && digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).unwrap()
}

/// As servers put a path right: backslashes turned, empty and dot segments gone.
fn normalised(path: &str) -> String {
    let turned = path.replace('\\', "/");
    let plain = turned.split('\0').next().unwrap_or_default();
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = plain.split('/').skip(1).collect();
    for (place, segment) in segments.iter().enumerate() {
        let is_last = place + 1 == segments.len();
        match *segment {
            ".." => drop(kept.pop()),
            "." => {}
            "" if !is_last => {}
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}
