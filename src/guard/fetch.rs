//! The requests to the issuer: HTTP/1.1, one connection each, every size and wait bounded.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CACHE_CONTROL, HOST, HeaderMap};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::BadOptions;
use super::options::Options;
use super::origin::Origin;
use super::tls;

/// Why the issuer gave nothing that can be used.
#[derive(Debug)]
pub(super) enum FetchError {
    /// No connection, a broken one, or an answer that is no HTTP or too long.
    Broken(Box<dyn std::error::Error + Send + Sync>),
    /// It took too long.
    TooSlow,
    /// Another status than 200. Redirects are not followed.
    Status(StatusCode),
    /// The answer is not what it has to be.
    Wrong(&'static str),
    /// Its signature or its times are not good.
    Refused(crate::crypto::Refusal),
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(error) => write!(f, "{error}"),
            Self::TooSlow => f.write_str("no answer in time"),
            Self::Status(status) => write!(f, "the answer is {status}"),
            Self::Wrong(what) => f.write_str(what),
            Self::Refused(refusal) => write!(f, "the answer is not to be trusted: {refusal}"),
        }
    }
}

impl std::error::Error for FetchError {}

fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> FetchError {
    FetchError::Broken(error.into())
}

/// A good answer.
pub(super) struct Answer {
    pub(super) body: Bytes,
    /// `max-age` of `Cache-Control`; `None` when it does not say.
    pub(super) max_age: Option<Duration>,
}

/// Asks one issuer.
pub(super) struct Issuer {
    at: Origin,
    /// `None` for plain HTTP on this machine.
    tls: Option<TlsConnector>,
    timeout: Duration,
}

impl Issuer {
    pub(super) fn new(options: &Options) -> Result<Self, BadOptions> {
        let at = options.reached_at.as_ref().unwrap_or(&options.issuer);
        let at = Origin::parse(at)?;
        let tls = if at.https { Some(tls::connector(&options.roots)?) } else { None };
        Ok(Self { at, tls, timeout: options.fetch_timeout })
    }

    /// What is at `path`, of at most `most` bytes.
    pub(super) async fn get(
        &self,
        path: &str,
        accept: &str,
        most: usize,
    ) -> Result<Answer, FetchError> {
        let request = Request::get(path).header(ACCEPT, accept);
        let request = request.body(Full::default()).map_err(broken)?;
        self.ask(request, most).await
    }

    /// The answer to any request, which needs no `Host`.
    pub(super) async fn ask(
        &self,
        mut request: Request<Full<Bytes>>,
        most: usize,
    ) -> Result<Answer, FetchError> {
        let host = self.at.authority.parse().map_err(broken)?;
        request.headers_mut().insert(HOST, host);
        let answer = self.connect_and_send(request, most);
        tokio::time::timeout(self.timeout, answer).await.map_err(|_| FetchError::TooSlow)?
    }

    async fn connect_and_send(
        &self,
        request: Request<Full<Bytes>>,
        most: usize,
    ) -> Result<Answer, FetchError> {
        let stream =
            TcpStream::connect((self.at.host.as_str(), self.at.port)).await.map_err(broken)?;
        let Some(tls) = &self.tls else { return send(stream, request, most).await };
        let name = ServerName::try_from(self.at.host.clone()).map_err(broken)?;
        let stream = tls.connect(name, stream).await.map_err(broken)?;
        send(stream, request, most).await
    }
}

async fn send<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    request: Request<Full<Bytes>>,
    most: usize,
) -> Result<Answer, FetchError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let exchange = async { read(sender.send_request(request).await.map_err(broken)?, most).await };
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        answer = &mut exchange => answer,
        // What came before the end of the connection is there to be read.
        _ = connection => exchange.await,
    }
}

async fn read(answer: Response<Incoming>, most: usize) -> Result<Answer, FetchError> {
    let status = answer.status();
    if status != StatusCode::OK {
        return Err(FetchError::Status(status));
    }
    let max_age = max_age(answer.headers());
    let body = Limited::new(answer.into_body(), most).collect().await.map_err(broken)?.to_bytes();
    Ok(Answer { body, max_age })
}

/// RFC 9111, 5.2.2.1.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let line = headers.get(CACHE_CONTROL)?.to_str().ok()?;
    let seconds = line.split(',').find_map(|part| part.trim().strip_prefix("max-age="))?;
    seconds.parse().ok().map(Duration::from_secs)
}
