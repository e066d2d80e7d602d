//! Who is calling as proxies tell it, or nobody: for rules that open something to a network.

use std::net::IpAddr;

use warp::http::HeaderMap;

use super::{ForwardedHeader, address, elements, forwarded_for, plain_address, single};

/// The client's address in the words of trusted proxies alone; `None` where they do not tell it: the
/// header is not there, or what is not a plain address comes before the client's.
#[must_use]
pub fn told_client(
    headers: &HeaderMap,
    header: ForwardedHeader,
    is_trusted: &dyn Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    match header {
        ForwardedHeader::XForwardedFor => {
            told(elements(headers, "x-forwarded-for").map(plain_address), is_trusted)
        }
        ForwardedHeader::Forwarded => {
            told(elements(headers, "forwarded").map(forwarded_for), is_trusted)
        }
        ForwardedHeader::XRealIp => single(headers, "x-real-ip").and_then(address),
    }
}

fn told(
    hops: impl Iterator<Item = Option<IpAddr>>,
    is_trusted: &dyn Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let mut last = None;
    for hop in hops {
        last = Some(hop?);
        if last.is_some_and(|ip| !is_trusted(ip)) {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::super::tests::{headers, trusted};
    use super::ForwardedHeader::{Forwarded, XForwardedFor, XRealIp};
    use super::*;

    /// FWD-02.
    #[test]
    fn a_client_that_no_proxy_tells_of_is_nobody() {
        let ask = |header, name, line: Option<&str>| {
            let lines: Vec<_> = line.map(|line| (name, line)).into_iter().collect();
            told_client(&headers(&lines), header, &trusted).map(|ip| ip.to_string())
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
}
