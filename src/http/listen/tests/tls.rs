//! The same listener under TLS.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, ClientConfig, HandshakeKind, ProtocolVersion, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::{ONE, TWO, certificate};
use super::*;

/// A running loop under TLS, and its certificate to replace.
struct RunningTls {
    plain: Running,
    served: watch::Sender<Certificate>,
}

async fn start_tls(limits: Limits) -> RunningTls {
    let inner = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = inner.local_addr().unwrap();
    let handler = TestHandler::default();
    let calls = Arc::clone(&handler.calls);
    let served = watch::Sender::new(certificate(ONE));
    let listener = TlsListener::new(inner, served.subscribe());
    let (stop, task) = start_on(listener, handler, limits);
    RunningTls { plain: Running { address, calls, stop, task }, served }
}

/// A client that trusts one certificate and speaks one protocol.
fn client(trusted: &[u8]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    config.with_root_certificates(roots).with_no_client_auth()
}

fn client_of(version: &'static rustls::SupportedProtocolVersion) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ONE.0).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_protocol_versions(&[version]).unwrap();
    config.with_root_certificates(roots).with_no_client_auth()
}

impl RunningTls {
    async fn try_connect(&self, config: ClientConfig) -> io::Result<TlsStream<TcpStream>> {
        self.try_connect_with(Arc::new(config)).await
    }

    async fn try_connect_with(
        &self,
        config: Arc<ClientConfig>,
    ) -> io::Result<TlsStream<TcpStream>> {
        let stream = self.plain.connect().await;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(config).connect(name, stream).await
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        self.try_connect(client(ONE.0)).await.unwrap()
    }

    fn calls(&self) -> usize {
        self.plain.calls.load(Ordering::SeqCst)
    }
}

/// HTTP-10.
#[tokio::test]
async fn both_versions_are_spoken_with_http_1_1_behind_them() {
    let server = start_tls(LIMITS).await;
    for (version, expected) in [
        (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
        (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
    ] {
        let mut client = server.try_connect(client_of(version)).await.unwrap();
        assert_eq!(client.get_ref().1.protocol_version(), Some(expected));
        for _ in 0..2 {
            assert_eq!(status(&ask(&mut client, "/").await), Some(200));
        }
    }
}

/// A `ClientHello` of this version and no later one (RFC 5246, 7.4.1.2), with an ephemeral suite,
/// the curve and the signature of the server's key.
fn hello(version: u8) -> Vec<u8> {
    let extensions = [&[0, 10, 0, 4, 0, 2, 0, 23][..], &[0, 13, 0, 4, 0, 2, 4, 3]].concat();
    let suites = [0, 4, 0xc0, 0x2b, 0xc0, 0x09];
    let before = [&[3, version][..], &[7; 32], &[0], &suites, &[1, 0], &[0, 16]].concat();
    let length = u8::try_from(before.len() + extensions.len()).unwrap();
    let record = [0x16, 3, 1, 0, length + 4, 1, 0, 0, length];
    [&record[..], &before, &extensions].concat()
}

/// HTTP-10: SSL 3, TLS 1.0 and 1.1 are answered with the alert `protocol_version`, and the same
/// words for TLS 1.2 with a `ServerHello`.
#[tokio::test]
async fn older_versions_are_refused() {
    let server = start_tls(LIMITS).await;
    for version in [0, 1, 2] {
        let mut client = server.plain.connect().await;
        client.write_all(&hello(version)).await.unwrap();
        let mut alert = Vec::new();
        client.read_to_end(&mut alert).await.unwrap();
        assert!(matches!(alert[..], [0x15, 3, _, 0, 2, 2, 70]), "3.{version}: {alert:?}");
    }
    let mut client = server.plain.connect().await;
    client.write_all(&hello(3)).await.unwrap();
    let mut start = [0; 6];
    client.read_exact(&mut start).await.unwrap();
    assert!(matches!(start, [0x16, 3, 3, _, _, 2]), "{start:?}");
}

/// HTTP-04: ALPN (RFC 7301).
#[tokio::test]
async fn a_client_of_http_2_only_is_refused() {
    let server = start_tls(LIMITS).await;
    for (offered, agreed) in [
        (&[][..], Some(None)),
        (&["h2", "http/1.1"], Some(Some(&b"http/1.1"[..]))),
        (&["http/1.1"], Some(Some(b"http/1.1"))),
        (&["h2"], None),
        (&["http/1.0"], None),
        (&["HTTP/1.1"], None),
    ] {
        let mut config = client(ONE.0);
        config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
        match server.try_connect(config).await {
            Ok(stream) => {
                assert_eq!(Some(stream.get_ref().1.alpn_protocol()), agreed, "{offered:?}");
            }
            Err(error) => {
                assert_eq!(agreed, None, "{offered:?}: {error}");
                let wanted = rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol);
                assert_eq!(error.get_ref().unwrap().to_string(), wanted.to_string());
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_handshake_is_closed_and_reaches_no_handler() {
    let server = start_tls(LIMITS).await;
    for bytes in [
        &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\xff\xff",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        b"\x80\x2e\x01\x00\x02",
        b"\x15\x03\x01\x00\x02\x02\x28",
        &[0; 300],
    ] {
        let mut client = server.plain.connect().await;
        client.write_all(bytes).await.unwrap();
        assert!(closes_within(&mut client, millis(1_000)).await, "{bytes:?}");
    }
    assert_eq!(server.calls(), 0);
    assert_eq!(status(&ask(&mut server.connect().await, "/").await), Some(200));
}

/// HTTP-01.
#[tokio::test]
async fn a_slow_or_silent_handshake_is_cut_and_holds_up_nobody() {
    let wait = millis(500);
    let server = start_tls(Limits { header_timeout: wait, ..LIMITS }).await;
    let begun = std::time::Instant::now();
    let mut stuck = Vec::new();
    for start in [&b""[..], b"\x16", &hello(3)[..20]] {
        let mut client = server.plain.connect().await;
        client.write_all(start).await.unwrap();
        stuck.push(client);
    }
    assert_eq!(status(&ask(&mut server.connect().await, "/").await), Some(200));
    for mut client in stuck {
        assert!(closes_within(&mut client, millis(2_000)).await);
        assert!(begun.elapsed() >= wait, "it had its time");
    }
}

/// HTTP-01: a handshake holds a place like a connection.
#[tokio::test]
async fn handshakes_count_for_their_address_and_for_all() {
    let server = start_tls(Limits { connections_per_address: 2, ..LIMITS }).await;
    let first = server.plain.connect().await;
    let _second = server.connect().await;
    let mut third = server.plain.connect().await;
    assert!(closes_within(&mut third, millis(500)).await);
    drop(first);
    tokio::time::sleep(millis(50)).await;
    assert_eq!(status(&ask(&mut server.connect().await, "/").await), Some(200));

    let limits = Limits { max_connections: 1, header_timeout: millis(150), ..LIMITS };
    let server = start_tls(limits).await;
    let _stuck = server.plain.connect().await;
    let next = tokio::time::timeout(millis(2_000), server.connect()).await;
    next.expect("the place is free when the handshake's time is over");
}

/// HTTP-01: what was watched in clear is watched here.
#[tokio::test]
async fn slow_headers_silence_and_slow_bodies_are_cut_under_tls_too() {
    let waits = Limits { header_timeout: millis(200), idle_timeout: millis(100), ..LIMITS };
    let server = start_tls(waits).await;
    let mut silent = server.connect().await;
    assert!(closes_within(&mut silent, millis(500)).await);
    let mut slow = server.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    assert!(!closes_within(&mut slow, millis(150)).await, "the header's wait, not the idle one");
    assert!(closes_within(&mut slow, millis(500)).await);
    let mut idle = server.connect().await;
    assert_eq!(status(&ask(&mut idle, "/").await), Some(200));
    assert!(closes_within(&mut idle, millis(500)).await);
    let mut body = server.connect().await;
    let half = b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf";
    body.write_all(half).await.unwrap();
    assert_eq!(status(&read_some(&mut body).await), Some(408));
}

/// A record that never becomes whole is no byte of a request: the idle wait ends it.
#[tokio::test]
async fn half_a_record_is_silence() {
    let server = start_tls(Limits { idle_timeout: millis(100), ..LIMITS }).await;
    let client = server.connect().await;
    let (mut raw, _session) = client.into_inner();
    raw.write_all(&[0x17, 3, 3, 1, 0, 9]).await.unwrap();
    assert!(closes_within(&mut raw, millis(600)).await);
}

#[tokio::test]
async fn a_client_that_takes_no_answer_loses_its_connection_under_tls_too() {
    let limits = Limits { idle_timeout: millis(100), max_connections: 1, ..LIMITS };
    let server = start_tls(limits).await;
    let mut greedy = server.connect().await;
    greedy.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    greedy.flush().await.unwrap();
    let next = tokio::time::timeout(millis(3_000), server.connect()).await;
    let mut next = next.expect("the stuck answer was given up");
    assert_eq!(status(&ask(&mut next, "/").await), Some(200));
}

/// HTTP-03: the check stands behind the handshake.
#[tokio::test]
async fn ambiguous_requests_are_refused_and_pipelines_answered_under_tls_too() {
    let server = start_tls(LIMITS).await;
    let mut client = server.connect().await;
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let bad = "GET / HTTP/1.1\nHost: a\n\n";
    client.write_all(format!("{get}{get}{bad}{get}").as_bytes()).await.unwrap();
    let answers = read_some(&mut client).await;
    assert_eq!(answers.matches(" 200 OK").count(), 2, "{answers}");
    assert_eq!(answers.matches(" 400 Bad Request").count(), 1, "{answers}");
    assert_eq!(server.calls(), 2);
}

/// The end of an answer can be told from a cut: there is a `close_notify`.
#[tokio::test]
async fn a_connection_ends_with_a_farewell() {
    let server = start_tls(LIMITS).await;
    let mut client = server.connect().await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // Without it this is an error.
    client.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(b"done"));
}

#[tokio::test]
async fn a_new_certificate_is_for_new_connections() {
    let server = start_tls(LIMITS).await;
    let mut old = server.connect().await;
    server.served.send_replace(certificate(TWO));
    assert!(server.try_connect(client(ONE.0)).await.is_err());
    let mut new = server.try_connect(client(TWO.0)).await.unwrap();
    for stream in [&mut old, &mut new] {
        assert_eq!(status(&ask(stream, "/").await), Some(200));
    }
}

/// What a client may resume lies in this process alone and ends with the certificate.
#[tokio::test]
async fn a_session_is_resumed_until_there_is_a_new_certificate() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let server = start_tls(LIMITS).await;
        let config = Arc::new(client_of(version));
        let kind = async || {
            let mut stream = server.try_connect_with(Arc::clone(&config)).await.unwrap();
            // A ticket comes behind the handshake.
            ask(&mut stream, "/").await;
            stream.get_ref().1.handshake_kind().unwrap()
        };
        assert_eq!(kind().await, HandshakeKind::Full);
        assert_eq!(kind().await, HandshakeKind::Resumed);
        server.served.send_replace(certificate(ONE));
        assert_eq!(kind().await, HandshakeKind::Full);
    }
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_handshakes() {
    let server = start_tls(LIMITS).await;
    let mut stuck = server.plain.connect().await;
    stuck.write_all(b"\x16").await.unwrap();
    tokio::time::sleep(millis(30)).await;
    server.plain.stop.send(()).unwrap();
    tokio::time::timeout(millis(500), server.plain.task).await.unwrap().unwrap();
}
