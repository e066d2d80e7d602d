//! What one request costs, without a network: a client and a server on one thread, joined by a
//! pipe in memory, so that the same work takes the same instructions each time.
//! `cargo bench --bench request [-- KIND ROUNDS]`; under `valgrind --tool=callgrind` for the
//! instructions of each function. Kinds: `raw` (hyper alone, an answer of the same length), `seen`
//! (a protected route with one token), `new` (another token each time), `refresh`, `healthz`, and
//! without HTTP `sign` and `verify` (a whole token), `signature` and `verification` (nothing
//! but those), `call-seen` and `call-refresh` (the use cases alone), `session` (one by its id), and
//! `problem` (the answer to what is refused).
//!
//! Client and pipe are part of each figure: compare with `raw`.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod common;
#[path = "common/cpu_time.rs"]
#[expect(dead_code, reason = "all of it is done by one thread")]
mod cpu_time;
#[path = "common/outside.rs"]
mod outside;
#[path = "common/signed_in.rs"]
mod signed_in;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use doorkey::crypto::{Issuer, KeyPair, Random, sign, verify};
use doorkey::http::Api;
use doorkey::http::kind::Kind;
use doorkey::http::listen::{self, Accepted, Handler, Limits, Listener, Peer, Unanswered};
use doorkey::http::problem::Problem;
use doorkey::model::{Algorithm, Claims, Clock, Role, Roles, Rule, Secret, Timestamp};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::{Mutex, mpsc};
use warp::http::{Request, Response};

use common::status_kib;
use cpu_time::cpu;
use signed_in::SignedIn;

const ORIGIN: &str = "https://auth.example.org";
const PEER: Peer =
    Peer::Tcp(SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9));
/// Requests that are not counted.
const WARM_UP: u32 = 100;
/// So many tokens are made at least for `new`: two runs of fewer rounds differ by these alone, which
/// is what `benches/instructions.sh` takes for the instructions of one.
const LEAST_NEW: u32 = 10_200;

const KINDS: [&str; 13] = [
    "raw",
    "healthz",
    "seen",
    "new",
    "refresh",
    "sign",
    "signature",
    "verify",
    "verification",
    "call-seen",
    "call-refresh",
    "session",
    "problem",
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let rounds = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(20_000);
    let wanted = |kind: &&str| words.first().is_none_or(|word| word == kind);
    println!("{:<12} {:>10}", "kind", "us of CPU");
    for kind in KINDS.into_iter().filter(wanted) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let took = runtime.expect("a runtime").block_on(run(kind, rounds));
        println!("{kind:<12} {took:>10.2}");
    }
    println!("resident at the end: {} KiB", status_kib("VmRSS:"));
}

/// Microseconds of CPU of a round.
async fn run(kind: &str, rounds: u32) -> f64 {
    match kind {
        "sign" | "signature" | "verify" | "verification" => bare(kind, rounds),
        "call-seen" | "call-refresh" | "session" | "problem" => {
            Box::pin(behind_http(kind, rounds)).await
        }
        "raw" => {
            let (near, far) = duplex(64 * 1024);
            let server = serve_raw(far);
            let requests =
                vec![get("/auth/me", &format!("Authorization: Bearer {}", "x".repeat(600)))];
            tokio::select! {
                () = server => 0.0,
                took = ask(near, &requests, rounds) => took,
            }
        }
        kind => Box::pin(through_doorkey(kind, rounds)).await,
    }
}

fn get(path: &str, header: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: auth.example.org\r\nUser-Agent: bench\r\nAccept: */*\r\n{header}\r\n\r\n").into()
}

/// Sends the requests in turn on one connection, each after the answer to the one before.
async fn ask(mut near: DuplexStream, requests: &[Vec<u8>], rounds: u32) -> f64 {
    let mut answer = vec![0; 16 * 1024];
    let mut one = async |request: &[u8]| {
        near.write_all(request).await.expect("the server reads");
        let mut got = 0;
        loop {
            got += near.read(&mut answer[got..]).await.expect("the server answers");
            let text = &answer[..got];
            let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&text[..end]).to_ascii_lowercase();
            assert!(head.starts_with("http/1.1 200"), "{head}");
            let length =
                head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            let length: usize = length.and_then(|length| length.parse().ok()).expect("a length");
            if got >= end + 4 + length {
                return;
            }
        }
    };
    for request in requests.iter().cycle().take(WARM_UP as usize) {
        one(request).await;
    }
    let before = cpu();
    for request in requests.iter().cycle().skip(WARM_UP as usize).take(rounds as usize) {
        one(request).await;
    }
    cpu().saturating_sub(before).as_secs_f64() * 1e6 / f64::from(rounds)
}

async fn serve_raw(far: DuplexStream) {
    let service = service_fn(|_: Request<Incoming>| async {
        let mut answer = Response::new(Full::new(Bytes::from(vec![b'x'; 240])));
        let json = warp::http::HeaderValue::from_static("application/json");
        answer.headers_mut().insert("content-type", json);
        Ok::<_, Infallible>(answer)
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    let _ = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(far), service).await;
}

/// Connections through a pipe in memory.
struct Pipes(Mutex<mpsc::Receiver<DuplexStream>>);

struct Pipe(DuplexStream);

impl Accepted for Pipe {
    type Io = DuplexStream;

    async fn establish(self) -> io::Result<DuplexStream> {
        Ok(self.0)
    }
}

impl Listener for Pipes {
    type Accepted = Pipe;

    async fn accept(&self) -> io::Result<(Pipe, Peer)> {
        match self.0.lock().await.recv().await {
            Some(pipe) => Ok((Pipe(pipe), PEER)),
            None => std::future::pending().await,
        }
    }
}

#[derive(Clone)]
struct Outside(Api);

impl Handler for Outside {
    async fn call(&self, request: Request<Incoming>, peer: Peer) -> warp::reply::Response {
        self.0.handle(request, peer).await
    }

    fn refuse(&self, _: Unanswered, peer: Peer) -> warp::reply::Response {
        self.0.refuse(Problem::new(Kind::NotFound, Rule::RouteUnknown), peer)
    }

    fn turned_away(&self, _: Peer) {}
}

async fn through_doorkey(kind: &str, rounds: u32) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let begun = SignedIn::begin(&folder.path().join("data"), Clock::system()).await;
    let SignedIn { auth, refresh, .. } = begun;
    let count = if kind == "new" { rounds.max(LEAST_NEW) + WARM_UP } else { 1 };
    let mut requests = Vec::new();
    for _ in 0..count {
        let token = auth.refresh(&refresh).await.expect("a token").access;
        requests.push(match kind {
            "refresh" => format!(
                "POST /auth/refresh HTTP/1.1\r\nHost: auth.example.org\r\nOrigin: {ORIGIN}\r\nUser-Agent: bench\r\nAccept: */*\r\nContent-Length: 0\r\nCookie: __Host-refresh={}\r\n\r\n",
                refresh.to_text().expose()
            ).into(),
            "healthz" => get("/healthz", "X-Nothing: 1"),
            _ => get("/auth/me", &format!("Authorization: Bearer {}", token.text.expose())),
        });
    }
    let (pipes, accept) = mpsc::channel(1);
    let (near, far) = duplex(64 * 1024);
    pipes.send(far).await.expect("the server accepts");
    let api = Outside(Api::new(Arc::new(auth), outside::settings(ORIGIN)));
    let exempt: listen::Exempt = Arc::new(|_| true);
    let pipes = Pipes(Mutex::new(accept));
    let server = listen::serve(pipes, api, (limits(), exempt), std::future::pending());
    tokio::select! {
        () = server => 0.0,
        took = ask(near, &requests, rounds) => took,
    }
}

/// The steps of a request that are ours, one after the other.
async fn behind_http(kind: &str, rounds: u32) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let begun = SignedIn::begin(&folder.path().join("data"), Clock::system()).await;
    let SignedIn { auth, store, refresh, access } = begun;
    let before = cpu();
    for _ in 0..rounds {
        match kind {
            "call-seen" => drop(auth.authenticate(&access).await.expect("it is good")),
            "call-refresh" => drop(auth.refresh(&refresh).await.expect("a live session")),
            "session" => drop(store.sessions().get(refresh.session).await.expect("a store")),
            _ => {
                let problem = Problem::new(Kind::InvalidToken, Rule::RouteUnknown);
                drop(problem.into_response("0123456789abcdef"));
            }
        }
    }
    cpu().saturating_sub(before).as_secs_f64() * 1e6 / f64::from(rounds)
}

fn limits() -> Limits {
    let wait = Duration::from_secs(30);
    Limits {
        max_connections: 1_024,
        connections_per_address: 0,
        header_timeout: wait,
        idle_timeout: wait,
        request_timeout: wait,
        shutdown_grace: wait,
    }
}

/// The token alone.
fn bare(kind: &str, rounds: u32) -> f64 {
    let (key, random) = (KeyPair::generate(Algorithm::Es256).expect("a key"), Random::system());
    let issuer = Issuer { issuer: ORIGIN.to_owned(), audience: ORIGIN.to_owned() };
    let now = Timestamp::from_seconds(1_800_000_000);
    let claims = Claims {
        subject: random.id(),
        session: random.id(),
        id: random.id(),
        issued_at: now,
        expires_at: now.plus(Duration::from_mins(10)),
        auth_time: now,
        epoch: 1,
        roles: Roles::from([Role::user()]),
        status: None,
    };
    let verifying = Arc::new(key.verifying_key());
    // Each another one: of one signature a processor learns the branches.
    let tokens: Vec<Secret> =
        (0..1_000).map(|_| sign(&key, &issuer, &claims).expect("a token")).collect();
    let message = [b'm'; 500];
    let signatures: Vec<Vec<u8>> =
        tokens.iter().map(|_| key.sign(&message).expect("a signature")).collect();
    let find = |_: &_| Some(Arc::clone(&verifying));
    let before = cpu();
    for round in 0..rounds as usize {
        let (token, signature) = (&tokens[round % 1_000], &signatures[round % 1_000]);
        match kind {
            "sign" => drop(sign(&key, &issuer, &claims).expect("a token")),
            "signature" => drop(key.sign(&message).expect("a signature")),
            "verify" => drop(verify(token.expose(), find, &issuer, now).expect("it is good")),
            _ => assert!(verifying.verifies(&message, signature)),
        }
    }
    cpu().saturating_sub(before).as_secs_f64() * 1e6 / f64::from(rounds)
}
