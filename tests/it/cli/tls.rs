//! TLS by the real binary: certificate files that change, and `serve --dev --tls`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::dev::{account, curl_is_here, data_of, read, run_lines};
use super::harness::{Answer, PASSWORD, Place, Server};

/// One request to a server whose certificate must be this one and name this host.
fn ask(server: &Server, trusted: &Path, request: &str) -> Result<Answer, std::io::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(trusted).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(server.address()).unwrap());
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(Answer::of(&answer))
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

fn post(path: &str, form: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
}

fn fixture(name: &str) -> PathBuf {
    Path::new("tests/fixtures/tls").join(name)
}

/// Puts a certificate in the place of the configured files.
fn put(place: &Place, certificate: &str, key: &str) {
    for (from, to) in [(certificate, "tls.pem"), (key, "tls.key")] {
        fs::write(place.path(to), fs::read(fixture(from)).unwrap()).unwrap();
        fs::set_permissions(place.path(to), fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// With the files of this certificate configured.
fn with(certificate: &str, key: &str) -> Place {
    let place = Place::new();
    let text = "[http]\npublic_url = \"https://login.example.org\"\n\
                [tls]\ncertificate = \"tls.pem\"\nkey = \"tls.key\"\n";
    fs::write(place.path("auth.toml"), text).unwrap();
    put(&place, certificate, key);
    place
}

/// Tries until it is so, for a while.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_mins(1), "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// HTTP-10, CK-01, BRW-02.
#[test]
fn certificate_files_make_it_https_with_secure_cookies_and_hsts() {
    let place = with("one.pem", "one.key");
    place.user("ann", &["user"]);
    let server = place.serve(&[]);
    let form = format!(r#"{{"username":"ann","password":"{PASSWORD}"}}"#);
    let login = ask(&server, &fixture("one.pem"), &post("/auth/login", &form)).unwrap().status(200);
    let cookie = login.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-refresh=") && cookie.contains("; Secure"), "{cookie}");
    let hsts = login.header("strict-transport-security");
    assert_eq!(hsts, Some("max-age=31536000; includeSubDomains"));
    let metadata = get("/.well-known/oauth-authorization-server");
    let metadata = ask(&server, &fixture("one.pem"), &metadata).unwrap().status(200);
    assert_eq!(metadata.json()["issuer"], "https://login.example.org");
    place.run(&["user", "list"]).done();
    let url = format!("https://{}/readyz", server.address());
    place.run(&["healthcheck", "--url", &url]).done();
    place.run(&["healthcheck", "--url", &url.replace("https", "http")]).failed("is not ready");
}

#[test]
fn the_healthcheck_of_the_configured_listener_speaks_tls() {
    let place = with("one.pem", "one.key");
    let server = place.serve(&[]);
    let place = place.env("DOORKEY_HTTP__LISTEN", &server.address().to_string());
    place.run(&["healthcheck"]).done();
    drop(server);
    place.run(&["healthcheck"]).failed("is not ready");
}

#[test]
fn a_renewed_certificate_is_served_after_sighup_and_a_bad_one_is_not() {
    let place = with("one.pem", "one.key");
    let server = place.serve(&[]);
    let has = |name: &str| ask(&server, &fixture(name), &get("/healthz")).is_ok();
    assert!(has("one.pem") && !has("two.pem"));
    put(&place, "two.pem", "one.key");
    server.send_signal(Signal::HUP);
    eventually("the log names the bad pair", || {
        place.log().contains("the key of another certificate")
    });
    assert!(has("one.pem"), "the old one is served on");
    put(&place, "two.pem", "two.key");
    server.send_signal(Signal::HUP);
    eventually("the new one is served", || has("two.pem"));
    assert!(!has("one.pem"));
}

#[test]
fn changed_files_are_noticed_without_a_signal() {
    let place = with("one.pem", "one.key");
    let server = place.serve(&[]);
    put(&place, "two.pem", "two.key");
    eventually("the new one is served", || {
        ask(&server, &fixture("two.pem"), &get("/healthz")).is_ok()
    });
}

#[test]
fn a_certificate_that_cannot_be_served_stops_the_start_and_the_check() {
    for (certificate, key, mode, said) in [
        ("one.pem", "two.key", 0o600, "tls.key holds the key of another certificate"),
        ("one.key", "one.key", 0o600, "tls.pem holds no certificate"),
        ("one.pem", "encrypted.key", 0o600, "tls.key holds no private key (PEM, not encrypted)"),
        ("one.pem", "one.key", 0o644, "(mode 0644): run chmod 600 on it"),
    ] {
        let place = with(certificate, key);
        fs::set_permissions(place.path("tls.key"), fs::Permissions::from_mode(mode)).unwrap();
        place.run(&["serve", "--listen", "127.0.0.1:0"]).failed(said);
        assert!(!place.data().exists(), "nothing is made");
        place.run(&["config", "check"]).failed(said);
        place.user("ann", &[]);
    }
    let missing = with("one.pem", "one.key");
    fs::remove_file(missing.path("tls.pem")).unwrap();
    missing.run(&["serve"]).failed("tls.pem cannot be read: No such file");
}

#[test]
fn an_expired_certificate_is_a_loud_line_and_served() {
    let place = with("expired.pem", "expired.key");
    let server = place.serve(&[]);
    assert!(
        place.log().contains("ERROR") && place.log().contains("has expired"),
        "{}",
        place.log()
    );
    let url = format!("https://{}/readyz", server.address());
    place.run(&["healthcheck", "--url", &url]).done();
}

#[test]
fn a_certificate_for_another_host_is_told_of() {
    let place = with("rsa.pem", "rsa.key");
    let _server = place.serve(&[]);
    let said = "the TLS certificate does not name the host of http.public_url";
    assert!(place.log().contains(said), "{}", place.log());
}

#[test]
fn development_with_tls_makes_a_certificate_and_keeps_it() {
    let place = Place::new();
    let mut server = place.serve(&["--dev", "--tls", "--data", "mine"]);
    let (said, _) = read(&mut server);
    assert!(said[0].ends_with("the certificate is self-signed."), "{said:?}");
    let data = data_of(&said);
    let (certificate, key) = (data.join("dev-tls.pem"), data.join("dev-tls.key"));
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o7777, 0o600);
    let form = format!(r#"{{"username":"admin","password":"{}"}}"#, account(&said, "admin"));
    let login = ask(&server, &certificate, &post("/auth/login", &form)).unwrap().status(200);
    assert!(login.header("set-cookie").unwrap().starts_with("__Host-refresh="));
    assert_eq!(login.header("strict-transport-security"), None, "it would bind all of localhost");
    let first = fs::read(&certificate).unwrap();
    assert_eq!(server.signal(Signal::TERM), 0);
    let server = place.serve(&["--dev", "--tls", "--data", "mine"]);
    assert_eq!(fs::read(&certificate).unwrap(), first);
    ask(&server, &certificate, &get("/healthz")).unwrap().status(200);
}

#[test]
fn the_printed_lines_of_development_with_tls_do_what_they_say() {
    if !curl_is_here() {
        return;
    }
    let place = Place::new();
    let mut server = place.serve(&["--dev", "--tls"]);
    let (_, lines) = read(&mut server);
    assert!(lines.iter().all(|line| line.contains("https://127.0.0.1:")), "{lines:?}");
    let user = run_lines(&place, &lines);
    assert_eq!(user["roles"], serde_json::json!(["user"]));
}

/// CFG-03.
#[test]
fn a_self_signed_certificate_is_for_development_only() {
    let place = Place::new();
    let refused = place.run(&["serve", "--tls"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("--dev"), "{}", refused.err);
    let with_files = Place::new().env("DOORKEY_TLS__CERTIFICATE", "tls.pem");
    let with_files = with_files.env("DOORKEY_TLS__KEY", "tls.key");
    with_files.run(&["serve", "--dev", "--tls"]).failed("must be left out with --tls");
}

/// HTTP-10.
#[test]
fn plain_http_beyond_this_machine_needs_a_word_and_is_told_of() {
    let url = "https://login.example.org";
    let place = Place::new().env("DOORKEY_HTTP__PUBLIC_URL", url);
    place.run(&["serve", "--listen", "0.0.0.0:0"]).failed("http.plain = \"public\"");
    let place = place.env("DOORKEY_HTTP__PLAIN", "public");
    let server = place.serve_on("0.0.0.0:0", &[]);
    eventually("the log warns", || place.log().contains("listening on plain HTTP beyond"));
    drop(server);
    let tls = with("one.pem", "one.key");
    let _server = tls.serve_on("0.0.0.0:0", &[]);
    assert!(!tls.log().contains("plain HTTP"), "{}", tls.log());
}
