//! `doorkey healthcheck`: one request, so that a container needs no curl.

mod tls;

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use super::args::Place;
use super::control::load;
use super::{Error, print};
use crate::config::Config;

/// For each step of the request.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn run(place: Place, url: Option<&str>) -> Result<(), Error> {
    let url = match url {
        Some(url) => url.to_owned(),
        None => configured(&load(place, None)?.config)?,
    };
    let target = parse(&url).ok_or_else(|| {
        Error::Refused("--url must be like http://127.0.0.1:8080/readyz, or https".to_owned())
    })?;
    let status = ask(&target).map_err(|error| refused(&url, &error.to_string()))?;
    if status == "200" {
        return Ok(());
    }
    Err(refused(&url, &format!("it answered with the status {}", print::printable(&status))))
}

fn refused(url: &str, why: &str) -> Error {
    Error::Refused(format!("{} is not ready: {why}", print::printable(url)))
}

fn configured(config: &Config) -> Result<String, Error> {
    let listen = config.http.listen;
    if listen.port() == 0 {
        let why = "http.listen has port 0, so nobody knows where it listens: give --url";
        return Err(Error::Refused(why.to_owned()));
    }
    let scheme = if config.tls.is_on() { "https" } else { "http" };
    Ok(format!("{scheme}://{}/readyz", reachable(listen)))
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

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
struct Target<'a> {
    tls: bool,
    /// Host with its port, if it is not the usual one.
    authority: &'a str,
    path: &'a str,
}

fn parse(url: &str) -> Option<Target<'_>> {
    let (scheme, rest) = url.split_once("://")?;
    let tls = match scheme {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let (authority, path) = rest.find('/').map_or((rest, "/readyz"), |at| rest.split_at(at));
    let plain = url.bytes().all(|b| b.is_ascii_graphic());
    (plain && !authority.is_empty()).then_some(Target { tls, authority, path })
}

impl Target<'_> {
    /// Host and port; the colons inside the brackets of an IPv6 address are no port's.
    fn host_and_port(&self) -> (&str, &str) {
        let usual = if self.tls { "443" } else { "80" };
        let split = self.authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
        split.unwrap_or((self.authority, usual))
    }
}

/// The status of the answer to a GET.
fn ask(target: &Target<'_>) -> io::Result<String> {
    let (host, port) = target.host_and_port();
    let mut last = io::Error::other("the name has no address");
    for address in format!("{host}:{port}").to_socket_addrs()? {
        match exchange(address, target) {
            Ok(status) => return Ok(status),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn exchange(address: SocketAddr, target: &Target<'_>) -> io::Result<String> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    if !target.tls {
        return status(stream, target);
    }
    let (host, _) = target.host_and_port();
    status(tls::over(stream, host.trim_matches(['[', ']']))?, target)
}

fn status(mut stream: impl Read + Write, target: &Target<'_>) -> io::Result<String> {
    let Target { authority, path, .. } = target;
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
    fn an_address_is_http_or_https() {
        for (url, tls, authority, split) in [
            ("http://[::1]:80/readyz", false, "[::1]:80", ("[::1]", "80")),
            ("http://localhost", false, "localhost", ("localhost", "80")),
            ("https://[::1]", true, "[::1]", ("[::1]", "443")),
            ("https://a:8443/readyz", true, "a:8443", ("a", "8443")),
        ] {
            let target = parse(url).unwrap();
            assert_eq!(target, Target { tls, authority, path: "/readyz" }, "{url}");
            assert_eq!(target.host_and_port(), split, "{url}");
        }
        for bad in ["ftp://a/", "a:80", "http://", "http:///x", "https://a/\r\nx", "http://a b/"] {
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
        let mut config = Config::default();
        config.http.listen = "127.0.0.1:0".parse().unwrap();
        assert!(configured(&config).is_err());
        config.http.listen = "0.0.0.0:8080".parse().unwrap();
        assert_eq!(configured(&config).unwrap(), "http://127.0.0.1:8080/readyz");
        config.tls.self_signed = true;
        assert_eq!(configured(&config).unwrap(), "https://127.0.0.1:8080/readyz");
    }
}
