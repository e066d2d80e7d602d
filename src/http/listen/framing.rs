//! A look at the head of each request before hyper parses it, for what hyper reads and another
//! parser in front may read otherwise (RFC 9112, 11.2).
//!
//! This is no second parser. Where a head begins follows from hyper's own reading: it is handed
//! one head at a time, tells with the request how long the body is, and gets exactly so many
//! bytes before the next head. A chunked body has no length to tell, so the connection ends
//! after it and nothing behind it is ever read as a request.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::MAX_HEADER_BYTES;
use super::head::{Head, Scan};

/// Read from the client at a time, in bytes.
const CHUNK: usize = 4096;

/// A head that hyper answers with 400 and the end of the connection.
const NO_HEAD: &[u8] = b"\0\r\n\r\n";

/// What the next bytes of the stream are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// A head.
    Head,
    /// Unknown: hyper has a whole head and has not said yet what follows it.
    Untold,
    /// So much of a body.
    Body(u64),
    /// A chunked body, the last one of this connection.
    Chunked,
    /// Nothing that is read any more.
    Refused,
}

/// What hyper says about the bodies, told by the service.
#[derive(Debug, Clone)]
pub(super) struct Framing(Arc<Mutex<Next>>);

impl Framing {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Next::Head)))
    }

    /// Hyper has parsed a head with a body of this length; `None` is a chunked one, after which
    /// the connection must close. Must be said before the body is read.
    pub(super) fn tell(&self, length: Option<u64>) {
        let mut next = self.lock();
        if *next == Next::Untold {
            *next = length.map_or(Next::Chunked, Next::Body);
        }
    }

    fn set(&self, next: Next) {
        *self.lock() = next;
    }

    fn get(&self) -> Next {
        *self.lock()
    }

    /// One word is stored at a time, so a poisoned lock holds a good one.
    fn lock(&self) -> MutexGuard<'_, Next> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stream as hyper may see it. Holds back less than one head and [`CHUNK`].
pub(super) struct CheckedStream<S> {
    inner: S,
    framing: Framing,
    /// What came and was not handed on; the first `cleared` bytes may be.
    held: Vec<u8>,
    cleared: usize,
    scan: Scan,
}

impl<S> CheckedStream<S> {
    pub(super) fn new(inner: S, framing: Framing) -> Self {
        Self { inner, framing, held: Vec::new(), cleared: 0, scan: Scan::default() }
    }

    /// Clears what may be handed on now. An error: hyper asks for more of what is whole.
    fn clear(&mut self) -> io::Result<()> {
        match self.framing.get() {
            Next::Head => self.clear_head(),
            Next::Body(left) => {
                let held = u64::try_from(self.held.len()).unwrap_or(u64::MAX);
                let now = left.min(held);
                self.cleared = usize::try_from(now).unwrap_or(self.held.len());
                let rest = left - now;
                self.framing.set(if rest == 0 { Next::Head } else { Next::Body(rest) });
            }
            Next::Chunked => self.cleared = self.held.len(),
            Next::Untold => return Err(io::ErrorKind::InvalidData.into()),
            Next::Refused => self.held.clear(),
        }
        Ok(())
    }

    fn clear_head(&mut self) {
        match self.scan.go_on(&self.held) {
            Head::Good(length) => {
                self.cleared = length;
                self.scan = Scan::default();
                self.framing.set(Next::Untold);
            }
            // Hyper answers this one with 431.
            Head::Unfinished if self.held.len() > MAX_HEADER_BYTES => {
                self.cleared = self.held.len();
                self.framing.set(Next::Untold);
            }
            Head::Unfinished => {}
            Head::Bad => {
                self.held = NO_HEAD.to_vec();
                self.cleared = NO_HEAD.len();
                self.framing.set(Next::Refused);
            }
        }
    }

    /// Moves cleared bytes to hyper.
    fn hand_on(&mut self, buffer: &mut ReadBuf<'_>) {
        let count = self.cleared.min(buffer.remaining());
        buffer.put_slice(&self.held[..count]);
        self.held.drain(..count);
        self.cleared -= count;
        if self.held.is_empty() {
            // A silent connection holds no memory here.
            self.held = Vec::new();
        }
    }
}

impl<S: AsyncRead + Unpin> CheckedStream<S> {
    /// More from the client; false at its end.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        // Not cleared before it is filled: there are three reads to a request.
        let mut chunk = [MaybeUninit::uninit(); CHUNK];
        let mut buffer = ReadBuf::uninit(&mut chunk);
        ready!(Pin::new(&mut self.inner).poll_read(context, &mut buffer))?;
        self.held.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(!buffer.filled().is_empty()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for CheckedStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if this.cleared == 0 {
                this.clear()?;
            }
            if this.cleared > 0 {
                this.hand_on(buffer);
                return Poll::Ready(Ok(()));
            }
            // The start of a head that ends here is nobody's: hyper sees an end between requests.
            if !ready!(this.poll_more(context))? {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for CheckedStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(context, parts)
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
    use tokio::io::AsyncReadExt as _;

    use super::*;

    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    async fn read(stream: &mut CheckedStream<&[u8]>) -> Vec<u8> {
        let mut buffer = [0; 256];
        let count = stream.read(&mut buffer).await.unwrap();
        buffer[..count].to_vec()
    }

    #[tokio::test]
    async fn one_head_is_handed_on_and_then_exactly_the_body_that_was_told() {
        let bytes = [GET, b"12345", GET].concat();
        let framing = Framing::new();
        let mut stream = CheckedStream::new(&bytes[..], framing.clone());
        assert_eq!(read(&mut stream).await, GET);
        framing.tell(Some(5));
        assert_eq!(read(&mut stream).await, b"12345");
        assert_eq!(read(&mut stream).await, GET);
        framing.tell(Some(0));
        assert_eq!(read(&mut stream).await, b"", "the end");
    }

    #[tokio::test]
    async fn what_was_not_told_is_not_guessed() {
        let bytes = [GET, GET].concat();
        let mut stream = CheckedStream::new(&bytes[..], Framing::new());
        assert_eq!(read(&mut stream).await, GET);
        let error = stream.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn after_a_bad_head_nothing_is_handed_on() {
        let bytes = [b"GET / HTTP/1.1\nHost: a\n\n".as_slice(), GET].concat();
        let mut stream = CheckedStream::new(&bytes[..], Framing::new());
        assert_eq!(read(&mut stream).await, NO_HEAD);
        assert_eq!(read(&mut stream).await, b"");
    }

    #[tokio::test]
    async fn a_silent_stream_holds_no_memory() {
        let framing = Framing::new();
        let mut stream = CheckedStream::new(GET, framing.clone());
        assert_eq!(read(&mut stream).await, GET);
        assert_eq!(stream.held.capacity(), 0);
    }
}
