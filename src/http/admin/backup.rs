//! `GET /admin/backup`: the whole store as one checksummed file. The operator's alone.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::sync::mpsc;
use warp::Reply as _;
use warp::http::HeaderValue;
use warp::http::header::CONTENT_TYPE;
use warp::reply::Response;

use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::route::{Context, Endpoint, Guard, Route};

/// How many bytes are sent at once, and how many such pieces wait for a slow reader.
const PIECE: usize = 64 * 1024;
const WAITING: usize = 4;

pub(super) fn endpoint(context: &Context) -> Endpoint {
    context.endpoint(Route::get("/admin/backup", Guard::Operator), backup)
}

async fn backup(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let job = context.auth.back_up(call.access()?, &call.client).await?;
    let (sender, pieces) = mpsc::channel(WAITING);
    let request_id = call.request_id().to_owned();
    tokio::task::spawn_blocking(move || {
        let mut out = Pieces { sender, waiting: BytesMut::new() };
        match job.run(&mut out) {
            Ok(backup) => tracing::info!(
                request.id = request_id,
                records = backup.records,
                "the store was backed up"
            ),
            Err(error) => {
                tracing::error!(request.id = request_id, %error, "a backup broke off");
                // Without this piece the answer would look complete.
                let _ = out.sender.blocking_send(Err(io::Error::other("the backup broke off")));
            }
        }
    });
    let mut response = warp::reply::stream(Answer(pieces)).into_response();
    let media = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(CONTENT_TYPE, media);
    Ok(response)
}

type Piece = io::Result<Bytes>;

/// Gathers what is written into pieces, and waits while the reader is slow.
struct Pieces {
    sender: mpsc::Sender<Piece>,
    waiting: BytesMut,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = self.waiting.split().freeze();
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the reader went away");
        if piece.is_empty() { Ok(()) } else { self.sender.blocking_send(Ok(piece)).map_err(gone) }
    }
}

/// The pieces as the body of an answer.
struct Answer(mpsc::Receiver<Piece>);

impl Stream for Answer {
    type Item = Piece;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Option<Piece>> {
        self.0.poll_recv(context)
    }
}
