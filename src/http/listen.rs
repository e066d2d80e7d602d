//! The accept loop and the driving of connections: HTTP/1.1 with every wait bounded. Home of
//! hyper's server; the same loop serves TCP and the control socket.

mod framing;
mod head;
mod listener;
mod slots;
mod stream;
#[cfg(test)]
mod tests;
mod timer;
mod tls;

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::JoinSet;
use warp::http::Request;
use warp::http::header::{CONNECTION, HeaderValue};
use warp::reply::Response;

use self::framing::{CheckedStream, Framing};
pub use self::listener::{Accepted, Listener};
use self::slots::{Slot, Slots};
use self::stream::{Phase, Waits, WatchedStream};
use self::timer::Silent;
pub use self::tls::{BadCertificate, Certificate, TlsListener, Validity};

/// Request line and headers together, in bytes; more is 431 (HTTP-02).
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// Header fields of a request; more is 431.
const MAX_HEADERS: usize = 64;
/// How long to leave the listener alone after it failed, for example for want of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Longer waits count as this one: the end of a very long one is no moment a clock can name.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// Whether an address is exempt from `connections_per_address`, as trusted proxies are.
pub type Exempt = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// What one client, and all together, may take. Every duration must be over zero.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Open connections in all, at least 1; further ones wait unaccepted.
    pub max_connections: usize,
    /// Open connections of one IPv4 address or one IPv6 /64; further ones are closed at once.
    /// 0 is no limit.
    pub connections_per_address: usize,
    /// From the first byte of a request to the end of its headers.
    pub header_timeout: Duration,
    /// How long a connection may be silent before a request. Also how long a client may
    /// refuse to take any byte of an answer.
    pub idle_timeout: Duration,
    /// From the end of the headers to the answer: reading the body and the handler together.
    /// And from the first byte of the answer that its client does not take to the last one.
    pub request_timeout: Duration,
    /// How long open requests may go on after the shutdown began.
    pub shutdown_grace: Duration,
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// An address of the network.
    Tcp(SocketAddr),
    /// A process of this machine, by the user it runs as (told by the kernel).
    Unix {
        /// The user id.
        uid: u32,
    },
}

/// What answers requests. Cloned for every connection.
pub trait Handler: Clone + Send + Sync + 'static {
    /// The answer to a request. Dropped unfinished when the client goes away or the time is up.
    fn call(&self, request: Request<Incoming>, peer: Peer)
    -> impl Future<Output = Response> + Send;

    /// The answer when [`Handler::call`] gave none.
    fn refuse(&self, unanswered: Unanswered, peer: Peer) -> Response;

    /// Takes note that a connection was closed without a word, because its address had too many.
    fn turned_away(&self, peer: Peer);
}

/// Why a request has no answer of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// What was to answer it panicked.
    Panicked,
    /// Its time was up.
    TooSlow,
}

/// Serves until `shutdown` is ready. Then it accepts no more, closes idle connections, lets
/// open requests finish within the grace and cuts off what is left.
pub async fn serve<L: Listener, H: Handler>(
    listener: L,
    handler: H,
    (limits, exempt): (Limits, Exempt),
    shutdown: impl Future<Output = ()>,
) {
    let slots = Slots::new(&limits, exempt);
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            (accepted, peer, slot) = next(&listener, &slots, &handler) => {
                let connection = Connection { handler: handler.clone(), peer, limits };
                connections.spawn(connection.run(accepted, slot, stopped.clone()));
            }
        }
    }
    drop(listener);
    stop.send_replace(true);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.shutdown_grace, finished).await.is_err() {
        tracing::warn!(open = connections.len(), "connections were cut off by the shutdown");
        connections.shutdown().await;
    }
}

/// The next connection there is room for.
async fn next<L: Listener>(
    listener: &L,
    slots: &Slots,
    handler: &impl Handler,
) -> (L::Accepted, Peer, Slot) {
    let mut room = slots.room().await;
    loop {
        match listener.accept().await {
            Ok((accepted, peer)) => match slots.take(peer, room) {
                Ok(slot) => return (accepted, peer, slot),
                Err(unused) => {
                    handler.turned_away(peer);
                    room = unused;
                }
            },
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted for a moment");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A client that left before it was accepted is no reason to pause for the others.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, NotConnected};
    let kinds = [ConnectionAborted, ConnectionRefused, ConnectionReset, NotConnected];
    kinds.contains(&error.kind())
}

struct Connection<H> {
    handler: H,
    peer: Peer,
    limits: Limits,
}

impl<H: Handler> Connection<H> {
    /// Runs the connection to its end; `slot` is free again then.
    async fn run(self, accepted: impl Accepted, slot: Slot, mut stopped: watch::Receiver<bool>) {
        let _slot = slot;
        let wait = self.limits.header_timeout.min(LONGEST_WAIT);
        let established = tokio::select! {
            established = tokio::time::timeout(wait, accepted.establish()) => established,
            // There is no request yet that could be finished.
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        match established {
            Ok(Ok(io)) => self.drive(io, stopped).await,
            Ok(Err(error)) => tracing::debug!(peer = ?self.peer, %error, "no handshake"),
            Err(_elapsed) => tracing::debug!(peer = ?self.peer, "a handshake took too long"),
        }
    }

    /// Answers requests until the client or the server is done.
    async fn drive<S>(self, io: S, mut stopped: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let phase = Phase::default();
        let waits = Waits::new(&self.limits);
        let framing = Framing::new();
        let io = WatchedStream::new(io, phase.clone(), waits);
        let io = TokioIo::new(CheckedStream::new(io, framing.clone()));
        let service = service_fn(|request: Request<Incoming>| {
            let length = request.body().size_hint().exact();
            // At once, not when the answer is polled: hyper may read on before that.
            framing.tell(length);
            let (connection, phase) = (&self, &phase);
            async move {
                let _busy = phase.busy();
                let mut response = connection.answer(request).await;
                if length.is_none() {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            }
        });
        let mut served = pin!(builder().serve_connection(io, service));
        tokio::select! {
            // How a connection ends is the client's affair, not worth a line in the log.
            _ = served.as_mut() => return,
            _ = stopped.wait_for(|stop| *stop) => served.as_mut().graceful_shutdown(),
        }
        let _ = served.await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response {
        // Pinned where they are: the future of a request is large, and to hand it on is to copy it.
        let call = pin!(self.handler.call(request, self.peer));
        let answered = pin!(caught(call));
        match tokio::time::timeout(self.limits.request_timeout, answered).await {
            Ok(Ok(response)) => response,
            Ok(Err(Panicked)) => {
                tracing::error!("a request handler panicked");
                self.handler.refuse(Unanswered::Panicked, self.peer)
            }
            Err(_elapsed) => {
                tracing::warn!("a request took too long");
                self.handler.refuse(Unanswered::TooSlow, self.peer)
            }
        }
    }
}

fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(Silent)
        .header_read_timeout(LONGEST_WAIT)
        .max_buf_size(MAX_HEADER_BYTES)
        .max_header_size(MAX_HEADER_BYTES)
        .max_headers(MAX_HEADERS)
        .half_close(false)
        .keep_alive(true);
    builder
}

/// A future panicked; its message went to the panic hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panicked;

/// The future's value, or that it panicked: one request must not take others with it.
///
/// # Errors
/// [`Panicked`].
pub async fn caught<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // The future is not polled again after a panic, so what it left broken is not seen.
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.map_or(std::task::Poll::Ready(Err(Panicked)), |poll| poll.map(Ok))
    })
    .await
}
