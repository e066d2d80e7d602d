//! The accept loop over real sockets: a small handler, and clients that write raw bytes.

mod certificate;
mod framing;
mod limits;
mod protocol;
mod shutdown;
mod tls;

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::super::body::read_body;
use super::super::problem::Problem;
use super::*;

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Generous, so that each test narrows only what it is about.
const LIMITS: Limits = Limits {
    max_connections: 64,
    connections_per_address: 0,
    header_timeout: Duration::from_secs(5),
    idle_timeout: Duration::from_secs(5),
    request_timeout: Duration::from_secs(5),
    shutdown_grace: Duration::from_secs(5),
};

/// Answers by path, and counts what it was asked.
#[derive(Clone, Default)]
struct TestHandler {
    calls: Arc<AtomicUsize>,
}

impl Handler for TestHandler {
    async fn call(&self, request: Request<Incoming>, peer: Peer) -> Response {
        self.calls.fetch_add(1, Ordering::SeqCst);
        match request.uri().path() {
            "/panic" => panic!("as the test asked"),
            "/slow" => tokio::time::sleep(millis(150)).await,
            "/never" => std::future::pending().await,
            "/peer" => return Response::new(format!("{peer:?}").into()),
            "/large" => return Response::new(vec![b'x'; 32 * 1024 * 1024].into()),
            "/body" => {
                return match read_body(request.into_body(), 16, millis(100)).await {
                    Ok(body) => Response::new(body.into()),
                    Err(bad) => Problem::from(bad).into_response("test"),
                };
            }
            _ => {}
        }
        Response::new("done".into())
    }

    fn refuse(&self, unanswered: Unanswered, _: Peer) -> Response {
        Problem::from(unanswered).into_response("test")
    }

    fn turned_away(&self, _: Peer) {}
}

/// A running loop, and how to stop it.
struct Running {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn start(limits: Limits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let handler = TestHandler::default();
    let calls = Arc::clone(&handler.calls);
    let (stop, task) = start_on(listener, handler, limits);
    Running { address, calls, stop, task }
}

#[expect(clippy::disallowed_methods, reason = "a test owns its tasks")]
fn start_on<L: Listener + Sync + 'static>(
    listener: L,
    handler: TestHandler,
    limits: Limits,
) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move {
        let _ = stopped.await;
    };
    let exempt: Exempt = Arc::new(|_| false);
    (stop, tokio::spawn(serve(listener, handler, (limits, exempt), shutdown)))
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// What the server says to these bytes until it closes or is silent for a while.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut client = self.connect().await;
        client.write_all(bytes).await.unwrap();
        read_some(&mut client).await
    }
}

/// Everything until the end, a reset, or 300 ms of silence.
async fn read_some(client: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(Ok(read @ 1..)) = tokio::time::timeout(millis(300), client.read(&mut buffer)).await
    {
        text.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// One answer with the body `done`.
async fn ask(client: &mut (impl AsyncRead + AsyncWrite + Unpin), path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.ends_with("done") && !text.ends_with('}') {
        let read = tokio::time::timeout(millis(2_000), client.read(&mut buffer)).await;
        let read = read.expect("an answer in time").unwrap_or(0);
        if read == 0 {
            break;
        }
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    text
}

/// Whether the server closes the connection within this time.
async fn closes_within(client: &mut (impl AsyncRead + Unpin), wait: Duration) -> bool {
    let mut buffer = [0; 4096];
    let closed = async { while matches!(client.read(&mut buffer).await, Ok(1..)) {} };
    tokio::time::timeout(wait, closed).await.is_ok()
}

/// The status of an answer; `None` without one.
fn status(answer: &str) -> Option<u16> {
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}
