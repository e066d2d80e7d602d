//! What the issuer publishes. Plain HTTP: for an issuer behind TLS, which is every real one, use a
//! client that speaks it.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use warp::http::header::HOST;
use warp::http::{Request, StatusCode};

/// For the issuer's answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The status and the body at `path`, of at most `most` bytes; `None` when they cannot be had.
pub(crate) async fn fetch(issuer: &str, path: &str, most: usize) -> Option<(StatusCode, Bytes)> {
    timeout(PATIENCE, ask(issuer, path, most)).await.ok().flatten()
}

async fn ask(issuer: &str, path: &str, most: usize) -> Option<(StatusCode, Bytes)> {
    let host = issuer.strip_prefix("http://")?;
    let stream = TcpStream::connect(host).await.ok()?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::get(path).header(HOST, host);
    let request = request.body(Empty::<Bytes>::new()).ok()?;
    // The sender goes with the exchange, and the connection with the sender.
    let exchange = async move {
        let answer = sender.send_request(request).await.ok()?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), most).collect().await.ok()?;
        Some((status, body.to_bytes()))
    };
    let (answer, _) = tokio::join!(exchange, connection);
    answer
}
