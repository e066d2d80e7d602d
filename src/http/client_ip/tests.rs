use super::ForwardedHeader::{Forwarded, XForwardedFor, XRealIp};
use super::*;
use warp::http::HeaderName;

/// `10.0.0.0/8` and `fd00::/8` are the proxies.
fn trusted(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.octets()[0] == 10,
        IpAddr::V6(v6) => v6.octets()[0] == 0xfd,
    }
}

/// A request with these headers.
pub(in crate::http) fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        headers.append(HeaderName::from_static(name), value);
    }
    headers
}

fn ask(peer: &str, header: ForwardedHeader, lines: &[(&'static str, &str)]) -> String {
    client_ip(peer.parse().unwrap(), &headers(lines), header, &trusted).ip.to_string()
}

/// NET-01.
#[test]
fn a_peer_that_is_not_trusted_speaks_for_itself_only() {
    let lie =
        [("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=1.1.1.1"), ("x-real-ip", "1.1.1.1")];
    for header in [XForwardedFor, Forwarded, XRealIp] {
        assert_eq!(ask("203.0.113.9", header, &lie), "203.0.113.9");
        let nobody = |_: IpAddr| false;
        let peer = "10.0.0.1".parse().unwrap();
        let own = ClientAddress { ip: peer, is_told: false };
        assert_eq!(client_ip(peer, &headers(&lie), header, &nobody), own);
    }
}

/// NET-02.
#[test]
fn x_forwarded_for_is_walked_from_the_right_over_trusted_hops() {
    for (lines, expected) in [
        (&["192.0.2.1"][..], "192.0.2.1"),
        (&["6.6.6.6, 192.0.2.1"], "192.0.2.1"),
        (&["6.6.6.6,192.0.2.1,10.0.0.7 ,\t10.0.0.8"], "192.0.2.1"),
        (&["6.6.6.6, 192.0.2.1", "10.0.0.7"], "192.0.2.1"),
        (&["6.6.6.6", "192.0.2.1"], "192.0.2.1"),
        (&["2001:db8::1"], "2001:db8::1"),
        (&["6.6.6.6, ::ffff:192.0.2.1, fd00::1"], "192.0.2.1"),
        (&["10.0.0.6, 10.0.0.7"], "10.0.0.6"),
        (&["\u{e4}, 192.0.2.1"], "192.0.2.1"),
        (&["192.0.2.1, unknown"], "10.0.0.1"),
        (&["192.0.2.1, 10.0.0.7, garbage, 10.0.0.8"], "10.0.0.8"),
        (&["192.0.2.1:4711"], "10.0.0.1"),
        (&["[2001:db8::1]:80"], "10.0.0.1"),
        (&["[2001:db8::1]"], "10.0.0.1"),
        (&["fe80::1%eth0"], "10.0.0.1"),
        (&["192.0.2.01"], "10.0.0.1"),
        (&["3221225985"], "10.0.0.1"),
        (&["192.0.2.1, \u{e4}"], "10.0.0.1"),
        (&["192.0.2.1,"], "10.0.0.1"),
        (&["192.0.2.1", ""], "10.0.0.1"),
        (&[""], "10.0.0.1"),
    ] {
        let lines: Vec<_> = lines.iter().map(|value| ("x-forwarded-for", *value)).collect();
        assert_eq!(ask("10.0.0.1", XForwardedFor, &lines), expected, "{lines:?}");
    }
    assert_eq!(ask("::ffff:10.0.0.1", XForwardedFor, &[]), "10.0.0.1");
}

/// NET-02.
#[test]
fn forwarded_is_read_as_rfc_7239_says() {
    for (line, expected) in [
        ("for=192.0.2.1", "192.0.2.1"),
        ("For=\"192.0.2.1\";proto=https;by=10.0.0.1", "192.0.2.1"),
        ("proto=http; FOR=\"192.0.2.1:4711\"", "192.0.2.1"),
        ("for=\"[2001:db8::1]\"", "2001:db8::1"),
        ("for=\"[2001:db8::1]:4711\"", "2001:db8::1"),
        ("for=\"[::ffff:192.0.2.1]\"", "192.0.2.1"),
        ("for=6.6.6.6, for=192.0.2.1, for=10.0.0.7", "192.0.2.1"),
        // A client's unclosed quote in front of what the proxy wrote.
        ("for=\"6.6.6.6, for=192.0.2.1", "192.0.2.1"),
        ("for=unknown", "10.0.0.1"),
        ("for=_hidden", "10.0.0.1"),
        ("for=\"_gazonk\"", "10.0.0.1"),
        ("by=192.0.2.1", "10.0.0.1"),
        ("192.0.2.1", "10.0.0.1"),
        ("for=192.0.2.1;for=192.0.2.2", "10.0.0.1"),
        ("for=2001:db8::1", "10.0.0.1"),
        ("for=192.0.2.1:80", "10.0.0.1"),
        ("for=\"2001:db8::1\"", "10.0.0.1"),
        ("for=\"[fe80::1%eth0]\"", "10.0.0.1"),
        ("for=\"[2001:db8::1]x\"", "10.0.0.1"),
        ("for=\"[2001:db8::1]:\"", "10.0.0.1"),
        ("for=\"192.0.2.1:123456\"", "10.0.0.1"),
        ("for=\"192.0.2.\\1\"", "10.0.0.1"),
        ("for=\"", "10.0.0.1"),
        ("for=192.0.2.1, for=\"x, for=10.0.0.7", "10.0.0.7"),
    ] {
        assert_eq!(ask("10.0.0.1", Forwarded, &[("forwarded", line)]), expected, "{line:?}");
    }
}

#[test]
fn x_real_ip_is_one_address_or_nothing() {
    let real = |value| ask("10.0.0.1", XRealIp, &[("x-real-ip", value)]);
    assert_eq!(real("192.0.2.1"), "192.0.2.1");
    assert_eq!(real("::ffff:192.0.2.1"), "192.0.2.1");
    for bad in ["192.0.2.1, 6.6.6.6", "192.0.2.1:80", "unknown", "", "\u{e4}"] {
        assert_eq!(real(bad), "10.0.0.1", "{bad:?}");
    }
    let two = [("x-real-ip", "192.0.2.1"), ("x-real-ip", "192.0.2.2")];
    assert_eq!(ask("10.0.0.1", XRealIp, &two), "10.0.0.1");
}

/// FWD-02.
#[test]
fn a_client_that_no_proxy_tells_of_is_nobody() {
    let ask = |header, name, line: Option<&str>| {
        let lines: Vec<_> = line.map(|line| (name, line)).into_iter().collect();
        let peer = "10.0.0.1".parse().unwrap();
        let found = client_ip(peer, &headers(&lines), header, &trusted);
        found.is_told.then(|| found.ip.to_string())
    };
    for (line, expected) in [
        (None, None),
        (Some(""), None),
        (Some("192.0.2.1:4711"), None),
        (Some("192.0.2.1:4711, 10.0.0.7"), None),
        (Some("192.0.2.1"), Some("192.0.2.1")),
        (Some("6.6.6.6, 192.0.2.1, 10.0.0.7"), Some("192.0.2.1")),
        (Some("10.0.0.6, 10.0.0.7"), Some("10.0.0.6")),
    ] {
        let told = ask(XForwardedFor, "x-forwarded-for", line);
        assert_eq!(told.as_deref(), expected, "{line:?}");
    }
    assert_eq!(ask(Forwarded, "forwarded", Some("for=unknown")), None);
    assert_eq!(ask(Forwarded, "forwarded", Some("for=10.0.0.6")).as_deref(), Some("10.0.0.6"));
    assert_eq!(ask(XRealIp, "x-real-ip", Some("192.0.2.1:1")), None);
    assert_eq!(ask(XRealIp, "x-real-ip", Some("192.0.2.1")).as_deref(), Some("192.0.2.1"));
}

/// NET-03.
#[test]
fn only_the_configured_header_counts() {
    let others = [
        ("x_forwarded_for", "6.6.6.6"),
        ("x_real_ip", "6.6.6.6"),
        ("x-forwarded-host", "6.6.6.6"),
        ("x-client-ip", "6.6.6.6"),
    ];
    let all = [
        ("x-forwarded-for", "192.0.2.1"),
        ("forwarded", "for=192.0.2.2"),
        ("x-real-ip", "192.0.2.3"),
    ];
    for (header, ip) in
        [(XForwardedFor, "192.0.2.1"), (Forwarded, "192.0.2.2"), (XRealIp, "192.0.2.3")]
    {
        assert_eq!(ask("10.0.0.1", header, &others), "10.0.0.1");
        assert_eq!(ask("10.0.0.1", header, &all), ip);
    }
}

#[test]
fn a_request_id_is_taken_from_a_trusted_proxy_and_only_in_our_alphabet() {
    let longest = "a".repeat(64);
    for id in ["a", "Z-9_x", &longest] {
        let given = headers(&[("x-request-id", id)]);
        assert_eq!(request_id(&given, true), Some(id));
        assert_eq!(request_id(&given, false), None);
    }
    let too_long = "a".repeat(65);
    for id in ["", "a b", "a\"", "a/b", "\u{e4}", &too_long] {
        assert_eq!(request_id(&headers(&[("x-request-id", id)]), true), None, "{id:?}");
    }
    let two = headers(&[("x-request-id", "a"), ("x-request-id", "a")]);
    assert_eq!(request_id(&two, true), None);
}
