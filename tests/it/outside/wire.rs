//! The server over a real socket, with a client that writes its bytes itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use doorkey::http::Api;
use doorkey::http::kind::Kind;
use doorkey::http::listen::{Exempt, Handler, Limits, Peer, Unanswered, serve};
use doorkey::model::Rule;
use hyper::body::Incoming;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use warp::http::Request;
use warp::reply::Response;

use crate::harness::{PASSWORD, TestServer};

#[derive(Clone)]
struct Wired(Api);

impl Handler for Wired {
    async fn call(&self, request: Request<Incoming>, peer: Peer) -> Response {
        self.0.handle(request, peer).await
    }

    fn refuse(&self, unanswered: Unanswered, peer: Peer) -> Response {
        self.0.refuse(unanswered.into(), peer)
    }

    fn turned_away(&self, peer: Peer) {
        self.0.turned_away(peer);
    }
}

const LIMITS: Limits = Limits {
    max_connections: 64,
    connections_per_address: 0,
    header_timeout: Duration::from_millis(300),
    idle_timeout: Duration::from_secs(5),
    request_timeout: Duration::from_secs(5),
    shutdown_grace: Duration::from_secs(5),
};

/// A server with the account `ann`, and how to stop it.
struct Running {
    server: TestServer,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn start() -> Running {
    start_with(LIMITS).await
}

#[expect(clippy::disallowed_methods, reason = "a test owns its tasks")]
async fn start_with(limits: Limits) -> Running {
    let server = TestServer::start().await;
    server.account("ann", &["user"]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let exempt: Exempt = Arc::new(|_| false);
    let shutdown = async move {
        let _ = stopped.await;
    };
    let handler = Wired(server.api.clone());
    let task = tokio::spawn(serve(listener, handler, (limits, exempt), shutdown));
    Running { server, address, stop, task }
}

impl Running {
    async fn connect(&self) -> Wire {
        Wire { stream: TcpStream::connect(self.address).await.unwrap(), rest: Vec::new() }
    }
}

/// One connection.
struct Wire {
    stream: TcpStream,
    rest: Vec<u8>,
}

/// What came over it: the head as text, and the body.
#[derive(Debug)]
struct Raw {
    head: String,
    body: Vec<u8>,
}

impl Raw {
    fn status(&self) -> u16 {
        self.head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Wire {
    async fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// More bytes; false at the end of the connection.
    async fn more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let read = tokio::time::timeout(Duration::from_secs(3), self.stream.read(&mut buffer));
        let read = read.await.expect("bytes or an end in time").unwrap_or(0);
        self.rest.extend_from_slice(&buffer[..read]);
        read > 0
    }

    /// The next answer; `None` when the connection ends without one.
    async fn read(&mut self, has_body: bool) -> Option<Raw> {
        let end = loop {
            if let Some(at) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.more().await {
                return None;
            }
        };
        let head = String::from_utf8(self.rest.drain(..end).collect()).unwrap();
        let mut raw = Raw { head, body: Vec::new() };
        let length: usize = raw.header("content-length").unwrap_or("0").parse().unwrap();
        let length = if has_body { length } else { 0 };
        while self.rest.len() < length && self.more().await {}
        raw.body = self.rest.drain(..length).collect();
        Some(raw)
    }

    async fn ask(&mut self, request: &str) -> Raw {
        self.write(request).await;
        self.read(!request.starts_with("HEAD")).await.unwrap()
    }
}

fn login_request() -> String {
    let body = format!(r#"{{"username":"ann","password":"{PASSWORD}"}}"#);
    format!(
        "POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn one_connection_logs_in_refreshes_and_logs_out() {
    let running = start().await;
    let mut wire = running.connect().await;
    let login = wire.ask(&login_request()).await;
    assert_eq!(login.status(), 200, "{login:?}");
    let cookie = login.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-refresh="));
    assert_eq!(login.header("cache-control"), Some("no-store"));
    let body: Value = serde_json::from_slice(&login.body).unwrap();
    assert_eq!(body["session"]["ip"], "127.0.0.1");

    let post = |path: &str| format!("POST {path} HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\n\r\n");
    let refresh = wire.ask(&post("/auth/refresh")).await;
    assert_eq!((refresh.status(), refresh.header("set-cookie")), (200, None));
    let logout = wire.ask(&post("/auth/logout")).await;
    assert_eq!(logout.status(), 204);
    assert!(logout.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(wire.ask(&post("/auth/refresh")).await.status(), 401);
}

/// HTTP-05.
#[tokio::test]
async fn head_is_get_without_the_body() {
    let running = start().await;
    let mut wire = running.connect().await;
    for path in ["/healthz", "/.well-known/jwks.json", "/problems/not_found", "/auth/me", "/no"] {
        let get = wire.ask(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        // What follows on the same connection shows that no byte of a body came.
        let head = wire.ask(&format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        let next = wire.ask("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(next.status(), 200, "{path}");
        assert_eq!(head.status(), get.status(), "{path}");
        assert!(!get.body.is_empty(), "{path}");
        let names = ["content-type", "cache-control", "content-length", "www-authenticate", "etag"];
        for name in names {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
        assert_eq!(head.header("server"), None, "HTTP-08");
    }
}

/// HTTP-02.
#[tokio::test]
async fn too_many_or_too_long_headers_are_431() {
    let running = start().await;
    let fields = |n: usize| {
        let lines = "x-a: 1\r\n".repeat(n);
        format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{lines}\r\n")
    };
    assert_eq!(running.connect().await.ask(&fields(63)).await.status(), 200);
    assert_eq!(running.connect().await.ask(&fields(64)).await.status(), 431);
    let long =
        |n: usize| format!("GET /healthz HTTP/1.1\r\nHost: a\r\ncookie: {}\r\n\r\n", "x".repeat(n));
    assert_eq!(running.connect().await.ask(&long(15 * 1024)).await.status(), 200);
    assert_eq!(running.connect().await.ask(&long(16 * 1024)).await.status(), 431);
}

/// HTTP-03.
#[tokio::test]
async fn a_request_of_two_lengths_is_refused_and_the_connection_closed() {
    let running = start().await;
    for framing in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Content-Length : 5\r\n",
        "Content-Length: +5\r\n",
    ] {
        let mut wire = running.connect().await;
        let request = format!("POST /auth/logout HTTP/1.1\r\nHost: a\r\n{framing}\r\nhello");
        wire.write(&request).await;
        let answer = wire.read(true).await;
        assert!(answer.is_none_or(|raw| raw.status() == 400), "{framing}");
        while wire.more().await {}
    }
}

/// HTTP-01.
#[tokio::test]
async fn a_client_that_sends_its_headers_slowly_is_cut() {
    let running = start().await;
    let mut wire = running.connect().await;
    let begun = std::time::Instant::now();
    wire.write("GET /healthz HTTP/1.1\r\nHost: a\r\n").await;
    let answer = wire.read(true).await;
    assert!(answer.is_none_or(|raw| raw.status() == 408));
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_login_that_is_under_way_when_the_server_stops_is_finished() {
    let running = start().await;
    let mut wire = running.connect().await;
    let mut idle = running.connect().await;
    let request = login_request();
    let (first, last) = request.split_at(request.len() - 10);
    wire.write(first).await;
    // The request is in the handler once a later one on another connection was answered.
    let probe = idle.ask("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(probe.status(), 200);
    tokio::time::sleep(Duration::from_millis(100)).await;

    running.stop.send(()).unwrap();
    while idle.more().await {}
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody new is let in");
    wire.write(last).await;
    let login = wire.read(true).await.unwrap();
    assert_eq!(login.status(), 200);
    assert!(login.header("set-cookie").is_some());
    tokio::time::timeout(Duration::from_secs(3), running.task).await.unwrap().unwrap();
    running.server.anonymous().login("ann", PASSWORD).await.status(200);
}

/// A connection over the limit is closed without a word, and a request that takes too long is
/// given up; both are kept with the rule, under an id that the log or the answer has.
#[tokio::test]
async fn what_the_listener_refuses_is_kept_with_its_rule() {
    let limits =
        Limits { connections_per_address: 1, request_timeout: Duration::from_millis(50), ..LIMITS };
    let running = start_with(limits).await;
    let mut first = running.connect().await;
    first.ask("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(running.connect().await.read(true).await.is_none());
    let all = running.server.api.refusals().all();
    let away = all.iter().find(|refusal| refusal.why.rule() == Rule::ConnectionLimit).unwrap();
    assert_eq!((away.kind, away.ip), (None, Some(running.address.ip())));
    assert!(!away.request_id.is_empty());
    first.write("POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n").await;
    let given_up = first.read(true).await.unwrap();
    assert_eq!(given_up.status(), 503);
    let kept = running.server.api.refusals().of(given_up.header("x-request-id").unwrap());
    assert_eq!((kept[0].why.rule(), kept[0].kind), (Rule::TooSlow, Some(Kind::Unavailable)));
    running.stop.send(()).unwrap();
    running.task.await.unwrap();
}
