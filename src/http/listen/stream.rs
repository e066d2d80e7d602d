//! A stream that ends by itself when its client keeps the server waiting: before a request,
//! within its headers, or by not taking the answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

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

    fn number(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// The number of the present pause; `None` within a request.
    fn pause(&self) -> Option<u64> {
        Some(self.number()).filter(|number| number.is_multiple_of(2))
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
    answer: Duration,
}

impl Waits {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            idle: limits.idle_timeout,
            header: limits.header_timeout,
            answer: limits.request_timeout,
        }
    }
}

/// The end of a wait within one pause.
#[derive(Clone, Copy)]
struct Deadline {
    pause: u64,
    in_header: bool,
    end: Instant,
}

/// An alarm that may be set late and ring early: whoever waits for another moment by then sets it
/// again. There are two waits to a request and nearly all of them end before their time, so that
/// setting a timer for each would be most of what they cost.
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready at `end` or later.
    fn poll(&mut self, end: Instant, context: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        if sleep.deadline() > end {
            sleep.as_mut().reset(end);
        }
        ready!(sleep.as_mut().poll(context));
        if Instant::now() >= end {
            return Poll::Ready(());
        }
        sleep.as_mut().reset(end);
        sleep.as_mut().poll(context)
    }
}

/// The stream of one connection. A wait that is over reads as the end of the stream, which
/// closes it in order; a stuck write is an error.
pub(super) struct WatchedStream<S> {
    inner: S,
    phase: Phase,
    waits: Waits,
    reading: Option<Deadline>,
    alarm: Alarm,
    writing: Option<Pin<Box<Sleep>>>,
    flushing: Option<Pin<Box<Sleep>>>,
    /// The end of the time that an answer, by the number of its phase, may take in all.
    answering: Option<(u64, Pin<Box<Sleep>>)>,
}

impl<S> WatchedStream<S> {
    pub(super) const fn new(inner: S, phase: Phase, waits: Waits) -> Self {
        let (writing, flushing, answering) = (None, None, None);
        let (reading, alarm) = (None, Alarm(None));
        Self { inner, phase, waits, reading, alarm, writing, flushing, answering }
    }

    /// Starts the wait that is due: the idle one in a new pause, the header's at the first
    /// byte. A running one is left as it is.
    fn wait_for_request(&mut self, pause: u64, got_bytes: bool) -> Deadline {
        let running = self.reading.filter(|it| it.pause == pause && (it.in_header || !got_bytes));
        let wait = if got_bytes { self.waits.header } else { self.waits.idle };
        *self.reading.insert(running.unwrap_or_else(|| Deadline {
            pause,
            in_header: got_bytes,
            end: Instant::now() + wait.min(LONGEST_WAIT),
        }))
    }
}

impl<S> WatchedStream<S> {
    /// What becomes of a step of an answer that its client may take in drops, but not for ever.
    fn within_answer<T>(
        &mut self,
        step: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if step.is_ready() {
            return step;
        }
        let (number, wait) = (self.phase.number(), self.waits.answer);
        let running = self.answering.take().filter(|(of, _)| *of == number);
        let (_, end) =
            self.answering.insert(running.unwrap_or_else(|| (number, Box::pin(sleep(wait)))));
        ready!(end.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// What becomes of a step of writing, which may make no progress for so long.
fn watched<T>(
    wait: &mut Option<Pin<Box<Sleep>>>,
    (step, limit): (Poll<io::Result<T>>, Duration),
    context: &mut Context<'_>,
) -> Poll<io::Result<T>> {
    if step.is_ready() {
        *wait = None;
        return step;
    }
    let wait = wait.get_or_insert_with(|| Box::pin(sleep(limit)));
    ready!(wait.as_mut().poll(context));
    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
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
        if read.is_pending() && this.alarm.poll(deadline.end, context).is_ready() {
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
        let step = watched(&mut this.writing, (written, this.waits.idle), context);
        this.within_answer(step, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write_vectored(context, parts);
        let step = watched(&mut this.writing, (written, this.waits.idle), context);
        this.within_answer(step, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    /// Under TLS what was written may wait here for the client.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.inner).poll_flush(context);
        let step = watched(&mut this.flushing, (flushed, this.waits.idle), context);
        this.within_answer(step, context)
    }

    /// As the flush: a farewell has to be sent.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.inner).poll_shutdown(context);
        let step = watched(&mut this.flushing, (shut, this.waits.idle), context);
        this.within_answer(step, context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn watched<S>(inner: S) -> (WatchedStream<S>, Phase) {
        let phase = Phase::default();
        let [idle, header, answer] = [60, 20, 600].map(Duration::from_millis);
        let waits = Waits { idle, header, answer };
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
