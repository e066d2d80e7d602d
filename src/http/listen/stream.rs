//! A stream that ends by itself when its client keeps the server waiting: before a request,
//! within its headers, or by not taking the answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::{LONGEST_WAIT, Limits};

/// Whether a request is being answered: odd while it is. The number grows, so that a wait
/// knows whether it is still about the same pause between requests.
#[derive(Debug, Clone, Default)]
pub(super) struct Phase(Arc<AtomicU64>);

/// A request is being answered as long as this lives.
pub(super) struct Busy(Phase);

impl Phase {
    pub(super) fn busy(&self) -> Busy {
        self.0.fetch_add(1, Ordering::AcqRel);
        Busy(self.clone())
    }

    /// The number of the present pause; `None` within a request.
    fn pause(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Acquire)).filter(|number| number.is_multiple_of(2))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// How long the stream waits for its client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waits {
    idle: Duration,
    header: Duration,
}

impl Waits {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { idle: limits.idle_timeout, header: limits.header_timeout }
    }
}

/// The end of a wait within one pause.
struct Deadline {
    pause: u64,
    in_header: bool,
    sleep: Pin<Box<Sleep>>,
}

/// The stream of one connection. A wait that is over reads as the end of the stream, which
/// closes it in order; a stuck write is an error.
pub(super) struct WatchedStream<S> {
    inner: S,
    phase: Phase,
    waits: Waits,
    reading: Option<Deadline>,
    writing: Option<Pin<Box<Sleep>>>,
}

impl<S> WatchedStream<S> {
    pub(super) const fn new(inner: S, phase: Phase, waits: Waits) -> Self {
        Self { inner, phase, waits, reading: None, writing: None }
    }

    /// Starts the wait that is due: the idle one in a new pause, the header's at the first
    /// byte. A running one is left as it is.
    fn wait_for_request(&mut self, pause: u64, got_bytes: bool) -> &mut Deadline {
        let running =
            self.reading.take().filter(|it| it.pause == pause && (it.in_header || !got_bytes));
        let wait = if got_bytes { self.waits.header } else { self.waits.idle };
        self.reading.insert(running.unwrap_or_else(|| Deadline {
            pause,
            in_header: got_bytes,
            sleep: Box::pin(sleep(wait)),
        }))
    }

    /// What becomes of a write that made this progress.
    fn watch_write<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing = None;
            return written;
        }
        let idle = self.waits.idle;
        let wait = self.writing.get_or_insert_with(|| Box::pin(sleep(idle)));
        ready!(wait.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

fn sleep(wait: Duration) -> Sleep {
    tokio::time::sleep(wait.min(LONGEST_WAIT))
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.inner).poll_read(context, buffer);
        let Some(pause) = this.phase.pause() else {
            this.reading = None;
            return read;
        };
        let got_bytes = buffer.filled().len() > before;
        let deadline = this.wait_for_request(pause, got_bytes);
        if read.is_pending() && deadline.sleep.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write(context, bytes);
        this.watch_write(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write_vectored(context, parts);
        this.watch_write(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn watched<S>(inner: S) -> (WatchedStream<S>, Phase) {
        let phase = Phase::default();
        let waits = Waits { idle: Duration::from_millis(60), header: Duration::from_millis(20) };
        (WatchedStream::new(inner, phase.clone(), waits), phase)
    }

    #[tokio::test]
    async fn a_silent_client_is_gone_after_the_idle_wait() {
        let (near, _far) = tokio::io::duplex(64);
        let (mut stream, _phase) = watched(near);
        let start = Instant::now();
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
        assert!(start.elapsed() >= Duration::from_millis(60));
    }

    #[tokio::test]
    async fn drops_of_a_header_do_not_prolong_its_wait() {
        let (near, mut far) = tokio::io::duplex(64);
        let (mut stream, _phase) = watched(near);
        let drip = async {
            for _ in 0..40 {
                let _ = far.write_all(b"x").await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let read = async {
            let mut total = 0;
            loop {
                match stream.read(&mut [0; 8]).await.unwrap() {
                    0 => return total,
                    n => total += n,
                }
            }
        };
        tokio::select! {
            () = drip => panic!("the drip outlived the header's wait"),
            total = read => assert!(total < 9, "{total}"),
        }
    }

    #[tokio::test]
    async fn within_a_request_the_stream_waits_and_a_new_pause_starts_anew() {
        let (near, mut far) = tokio::io::duplex(64);
        let (mut stream, phase) = watched(near);
        far.write_all(b"x").await.unwrap();
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 1);
        let busy = phase.busy();
        let wait = Duration::from_millis(80);
        assert!(tokio::time::timeout(wait, stream.read(&mut [0; 8])).await.is_err());
        drop(busy);
        let start = Instant::now();
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
        assert!(start.elapsed() >= Duration::from_millis(50), "the idle wait, not the header's");
    }

    #[tokio::test]
    async fn a_client_that_takes_no_answer_is_given_up() {
        let (near, _far) = tokio::io::duplex(4);
        let (mut stream, _phase) = watched(near);
        let error = stream.write_all(b"more than four bytes").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
