//! An app that knows nothing of tokens: it tells what reached it, and echoes on a websocket.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// RFC 6455, 1.3.
const WEBSOCKET: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// A final text frame of RFC 6455, 5.2, shorter than 126 bytes.
const TEXT: u8 = 0x81;

/// The running app.
pub struct App {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl App {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let log = log.clone();
                let service = service_fn(move |request| answer(request, log.clone()));
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection.with_upgrades());
            }
        });
        Self { address, seen }
    }

    /// What reached it since the last look, as `GET /path`.
    pub fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn answer(
    mut request: Request<Incoming>,
    log: Arc<Mutex<Vec<String>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let line = format!("{} {}", request.method(), request.uri());
    log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    if let Some(key) = request.headers().get("sec-websocket-key") {
        let accept = accept(key.to_str().unwrap());
        tokio::spawn(echo(hyper::upgrade::on(&mut request)));
        let answer = Response::builder().status(101).header("connection", "upgrade");
        let answer = answer.header("upgrade", "websocket").header("sec-websocket-accept", accept);
        return Ok(answer.body(Full::default()).unwrap());
    }
    let headers: Vec<[String; 2]> = request
        .headers()
        .iter()
        .map(|(name, value)| [name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()])
        .collect();
    let (method, target) = (request.method().to_string(), request.uri().to_string());
    let (length, hash) = read(request.into_body()).await;
    let told = json!({
        "method": method, "target": target, "headers": headers, "length": length, "sha256": hash,
    });
    Ok(Response::new(Full::new(Bytes::from(told.to_string()))))
}

/// The length and the hash of a body; what broke off has none.
async fn read(mut body: Incoming) -> (usize, Option<String>) {
    let (mut length, mut hash) = (0, Context::new(&SHA256));
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return (length, None) };
        if let Some(data) = frame.data_ref() {
            length += data.len();
            hash.update(data);
        }
    }
    (length, Some(URL_SAFE_NO_PAD.encode(hash.finish())))
}

/// The hash as the app tells it.
pub fn sha256(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, bytes))
}

/// What a server answers to the key of a websocket.
pub fn accept(key: &str) -> String {
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{WEBSOCKET}").as_bytes()))
}

/// Sends each text back, until the other side goes.
async fn echo(upgrade: OnUpgrade) {
    let Ok(upgraded) = upgrade.await else { return };
    let mut stream = TokioIo::new(upgraded);
    while let Some(text) = read_text(&mut stream).await {
        let length = u8::try_from(text.len()).unwrap();
        let frame = [&[TEXT, length], text.as_slice()].concat();
        if stream.write_all(&frame).await.is_err() {
            return;
        }
    }
}

/// A client's text frame: short, and masked with zeros or not.
pub async fn read_text(stream: &mut TokioIo<Upgraded>) -> Option<Vec<u8>> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).await.ok()?;
    let [TEXT, length] = head else { return None };
    let mut mask = [0; 4];
    if length & 0x80 != 0 {
        stream.read_exact(&mut mask).await.ok()?;
    }
    let mut text = vec![0; usize::from(length & 0x7f)];
    stream.read_exact(&mut text).await.ok()?;
    Some(text.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect())
}

/// A text as a client sends it.
pub fn masked(text: &str) -> Vec<u8> {
    let (length, mask) = (u8::try_from(text.len()).unwrap(), [7, 11, 13, 17]);
    let body = text.bytes().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    [TEXT, 0x80 | length].into_iter().chain(mask).chain(body).collect()
}
