//! What hyper makes of requests that are too big, ambiguous or of another protocol.

use super::*;

fn with_headers(count: usize) -> String {
    use std::fmt::Write as _;
    let mut request = "GET / HTTP/1.1\r\nHost: a\r\n".to_owned();
    for number in 1..count {
        write!(request, "x-{number}: v\r\n").unwrap();
    }
    request + "\r\n"
}

/// HTTP-02.
#[tokio::test]
async fn too_many_or_too_large_headers_are_431() {
    let server = start(LIMITS).await;
    let large =
        |bytes| format!("GET / HTTP/1.1\r\nHost: a\r\nCookie: {}\r\n\r\n", "x".repeat(bytes));
    let long_uri = |bytes| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(bytes));
    for (request, expected) in [
        (with_headers(64), 200),
        (with_headers(65), 431),
        (large(15_000), 200),
        (large(16_400), 431),
        (large(65_536), 431),
        // The gate refuses a URI of over 4 KiB with 414; here only the head's size counts.
        (long_uri(15_000), 200),
        (long_uri(17_000), 431),
    ] {
        let answer = server.exchange(request.as_bytes()).await;
        assert_eq!(status(&answer), Some(expected), "{} bytes", request.len());
    }
}

/// HTTP-04: HTTP/2 in clear is off.
#[tokio::test]
async fn another_protocol_is_not_spoken() {
    let server = start(LIMITS).await;
    for bytes in [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /\r\n\r\n",
        b"GET / HTTP/3.0\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xff\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let answer = server.exchange(bytes).await;
        let shown = String::from_utf8_lossy(bytes);
        assert!(matches!(status(&answer), None | Some(400)), "{shown:?}: {answer}");
    }
    assert_eq!(server.calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_upgrade_is_ignored() {
    let server = start(LIMITS).await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n\
                   Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    assert_eq!(status(&server.exchange(request.as_bytes()).await), Some(200));
}

/// HTTP-08.
#[tokio::test]
async fn no_answer_names_the_software() {
    let server = start(LIMITS).await;
    for request in ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "nonsense\r\n\r\n"] {
        let answer = server.exchange(request.as_bytes()).await.to_ascii_lowercase();
        assert!(answer.starts_with("http/1.1 ") && !answer.contains("server:"), "{answer}");
    }
}
