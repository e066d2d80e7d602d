//! Who is calling, when proxies stand between: the address behind the trusted ones.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use warp::http::{HeaderMap, HeaderValue};

/// The one header in which the trusted proxies write the client's address; the others are
/// ignored even when a proxy sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: client, proxy1, proxy2`.
    #[default]
    XForwardedFor,
    /// `Forwarded: for=client` (RFC 7239).
    Forwarded,
    /// `X-Real-IP: client`, a single address.
    XRealIp,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress {
    /// The address, with IPv4 inside IPv6 unwrapped.
    pub ip: IpAddr,
    /// Whether trusted proxies tell it of the client. Else it is the peer's own, or that of a hop
    /// on the way: the header is not there, or what is not a plain address comes before the
    /// client's. Then it must not open what is for its network.
    pub is_told: bool,
}

/// The client's address. It is the peer's own unless the peer is trusted; then `header` is read
/// from the right, over trusted hops, up to the first address that is not trusted. What is no plain
/// address ends the walk at the last good one.
#[must_use]
pub fn client_ip(
    peer: IpAddr,
    headers: &HeaderMap,
    header: ForwardedHeader,
    is_trusted: &dyn Fn(IpAddr) -> bool,
) -> ClientAddress {
    let ip = peer.to_canonical();
    let peer = ClientAddress { ip, is_told: false };
    if !is_trusted(ip) {
        return peer;
    }
    match header {
        ForwardedHeader::XForwardedFor => {
            let hops = elements(headers, "x-forwarded-for").map(plain_address);
            walk(peer, hops, is_trusted)
        }
        ForwardedHeader::Forwarded => {
            let hops = elements(headers, "forwarded").map(forwarded_for);
            walk(peer, hops, is_trusted)
        }
        ForwardedHeader::XRealIp => {
            single(headers, "x-real-ip").and_then(address).map_or(peer, told)
        }
    }
}

/// The request id given by a proxy; `None` unless the peer is a trusted one and the id is one
/// header of 1 to 64 characters of `[A-Za-z0-9_-]`. Then one is made here.
#[must_use]
pub fn request_id(headers: &HeaderMap, trusted: bool) -> Option<&str> {
    let id = single(headers, "x-request-id").filter(|_| trusted)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    ((1..=64).contains(&id.len()) && id.bytes().all(allowed)).then_some(id)
}

const fn told(ip: IpAddr) -> ClientAddress {
    ClientAddress { ip, is_told: true }
}

fn walk(
    peer: ClientAddress,
    hops: impl Iterator<Item = Option<IpAddr>>,
    is_trusted: &dyn Fn(IpAddr) -> bool,
) -> ClientAddress {
    let mut last = peer;
    for hop in hops {
        match hop {
            None => return ClientAddress { is_told: false, ..last },
            Some(client) if !is_trusted(client) => return told(client),
            Some(proxy) => last = told(proxy),
        }
    }
    last
}

/// The list elements of every line of a header, the last one first. Commas inside quotes cut
/// too: a client's unclosed quote must not swallow what the proxy appended.
fn elements<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a [u8]> {
    let lines = headers.get_all(name).iter().rev().map(HeaderValue::as_bytes);
    lines.flat_map(|line| line.rsplit(|b| *b == b',')).map(<[u8]>::trim_ascii)
}

fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut lines = headers.get_all(name).iter();
    let line = lines.next()?;
    if lines.next().is_some() { None } else { line.to_str().ok() }
}

fn plain_address(element: &[u8]) -> Option<IpAddr> {
    address(str::from_utf8(element).ok()?)
}

/// An address without port or zone; the standard library reads no others.
fn address(text: &str) -> Option<IpAddr> {
    text.trim_ascii().parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

/// The `for` of one element of RFC 7239; `None` when there is not exactly one, or it is
/// `unknown`, an obfuscated name or anything else that is no address.
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    let mut node = None;
    for pair in str::from_utf8(element).ok()?.split(';') {
        let (name, value) = pair.split_once('=')?;
        if name.trim_ascii().eq_ignore_ascii_case("for")
            && node.replace(value.trim_ascii()).is_some()
        {
            return None;
        }
    }
    node_address(node?)
}

/// A node of RFC 7239, section 6: `192.0.2.1`, `"192.0.2.1:80"`, `"[2001:db8::1]"`,
/// `"[2001:db8::1]:80"`.
fn node_address(node: &str) -> Option<IpAddr> {
    let Some(quoted) = node.strip_prefix('"') else {
        return node.parse::<Ipv4Addr>().ok().map(IpAddr::V4);
    };
    let inner = quoted.strip_suffix('"')?;
    if let Some(bracketed) = inner.strip_prefix('[') {
        let (ip, port) = bracketed.split_once(']')?;
        let good = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return ip.parse::<Ipv6Addr>().ok().filter(|_| good).map(|ip| ip.to_canonical());
    }
    let ip = match inner.split_once(':') {
        None => inner,
        Some((ip, port)) => is_port(port).then_some(ip)?,
    };
    ip.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
}

fn is_port(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
pub(super) mod tests;
