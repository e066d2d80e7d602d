//! `doorkey healthcheck`: one request, so that a container needs no curl.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use super::args::Place;
use super::control::load;
use super::{Error, print};

/// For each step of the request.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn run(place: Place, url: Option<&str>) -> Result<(), Error> {
    let url = match url {
        Some(url) => url.to_owned(),
        None => configured(load(place, None, false)?.config.http.listen)?,
    };
    let (authority, path) = parse(&url).ok_or_else(|| {
        Error::Refused("--url must be like http://127.0.0.1:8080/readyz (plain http)".to_owned())
    })?;
    let status = ask(authority, path).map_err(|error| refused(&url, &error.to_string()))?;
    if status == "200" {
        return Ok(());
    }
    Err(refused(&url, &format!("it answered with the status {}", print::printable(&status))))
}

fn refused(url: &str, why: &str) -> Error {
    Error::Refused(format!("{} is not ready: {why}", print::printable(url)))
}

fn configured(listen: SocketAddr) -> Result<String, Error> {
    if listen.port() == 0 {
        let why = "http.listen has port 0, so nobody knows where it listens: give --url";
        return Err(Error::Refused(why.to_owned()));
    }
    Ok(format!("http://{}/readyz", reachable(listen)))
}

/// The address under which this machine reaches a listener on `bound`.
pub(super) fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V4(_) | IpAddr::V6(_) => bound.ip(),
    };
    SocketAddr::new(ip, bound.port())
}

/// Host with port, and path.
fn parse(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://")?;
    let (authority, path) = rest.find('/').map_or((rest, "/readyz"), |at| rest.split_at(at));
    let plain = url.bytes().all(|b| b.is_ascii_graphic());
    (plain && !authority.is_empty()).then_some((authority, path))
}

/// The status of the answer to a GET.
fn ask(authority: &str, path: &str) -> io::Result<String> {
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
    let named = if has_port { authority.to_owned() } else { format!("{authority}:80") };
    let mut last = io::Error::other("the name has no address");
    for address in named.to_socket_addrs()? {
        match exchange(address, authority, path) {
            Ok(status) => return Ok(status),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn exchange(address: SocketAddr, authority: &str, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let head = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut start = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut start)?;
    let start = String::from_utf8_lossy(&start);
    let status = start.strip_prefix("HTTP/1.1 ");
    status.map(str::to_owned).ok_or_else(|| io::Error::other("it does not speak HTTP"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_plain_http() {
        assert_eq!(parse("http://[::1]:80/readyz"), Some(("[::1]:80", "/readyz")));
        assert_eq!(parse("http://localhost:80"), Some(("localhost:80", "/readyz")));
        for bad in ["https://a/", "a:80", "http://", "http:///x", "http://a/\r\nx", "http://a b/"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_listener_on_every_address_is_reached_on_loopback() {
        for (bound, reached) in [
            ("0.0.0.0:1", "127.0.0.1:1"),
            ("[::]:1", "[::1]:1"),
            ("10.0.0.1:1", "10.0.0.1:1"),
            ("127.0.0.1:1", "127.0.0.1:1"),
        ] {
            assert_eq!(reachable(bound.parse().unwrap()).to_string(), reached);
        }
    }

    #[test]
    fn a_port_that_nobody_knows_is_asked_for() {
        assert!(configured("127.0.0.1:0".parse().unwrap()).is_err());
        let known = configured("0.0.0.0:8080".parse().unwrap()).unwrap();
        assert_eq!(known, "http://127.0.0.1:8080/readyz");
    }
}
