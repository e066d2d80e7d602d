//! The control socket: how the command line reaches a running server, with the operator's
//! authority. A unix socket of mode 0600 in the data folder; the kernel tells whose process is
//! at the other end.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};
use warp::http::header::{CONTENT_TYPE, HOST, HeaderValue};
use warp::http::{Method, Request, Response};

/// The socket's name in the data folder.
const NAME: &str = "control.sock";

/// The longest answer that the command line reads, in bytes.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// How long the command line waits for an answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// Why the control socket could not be made, or a server could not be asked.
#[derive(Debug)]
pub enum ControlError {
    /// The socket could not be made or used.
    Socket(PathBuf, io::Error),
    /// The server hung up, or its answer was no HTTP.
    Broken(String),
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path, error) => {
                write!(f, "the control socket {} does not work: {error}", path.display())
            }
            Self::Broken(why) => write!(f, "the running server did not answer: {why}"),
        }
    }
}

impl std::error::Error for ControlError {}

/// The server's end of the socket; its file goes when this is dropped.
#[derive(Debug)]
pub struct ControlSocket {
    path: PathBuf,
}

impl ControlSocket {
    /// Makes the socket in the data folder, over one that a killed server has left. Whoever
    /// calls holds the folder's lock, so nobody else serves there, and the process' umask and
    /// the folder's mode keep others out from the first moment.
    ///
    /// # Errors
    /// [`ControlError::Socket`] when the system refuses.
    pub fn bind(data: &Path) -> Result<(Self, UnixListener), ControlError> {
        let path = data.join(NAME);
        let failed = |error| ControlError::Socket(path.clone(), error);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            Err(_) | Ok(()) => {}
        }
        let listener = UnixListener::bind(&path).map_err(failed)?;
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, private).map_err(failed)?;
        Ok((Self { path }, listener))
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // The next server replaces it anyway.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// What a server answered.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body, JSON or empty.
    pub body: Bytes,
}

/// The request that the command line makes: an admin route with a JSON body or none.
///
/// # Errors
/// [`ControlError::Broken`] for a path that is none.
pub fn request(
    method: Method,
    path: &str,
    body: Option<Vec<u8>>,
) -> Result<Request<Full<Bytes>>, ControlError> {
    let mut builder = Request::builder().method(method).uri(path).header(HOST, "doorkey");
    if body.is_some() {
        builder = builder.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let body = Full::new(Bytes::from(body.unwrap_or_default()));
    builder.body(body).map_err(|error| ControlError::Broken(error.to_string()))
}

/// Asks the server that runs on the data folder; `None` when none does.
///
/// # Errors
/// [`ControlError`] when one runs and does not answer.
pub async fn ask(
    data: &Path,
    request: Request<Full<Bytes>>,
) -> Result<Option<Reply>, ControlError> {
    let Some(stream) = connect(data).await? else { return Ok(None) };
    let answered = in_time(exchange(stream, request, read)).await?;
    answered.map(Some)
}

/// The connection to the server that runs on the data folder; `None` when none does.
async fn connect(data: &Path) -> Result<Option<UnixStream>, ControlError> {
    let path = data.join(NAME);
    match UnixStream::connect(&path).await {
        Ok(stream) => Ok(Some(stream)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            Ok(None)
        }
        Err(error) => Err(ControlError::Socket(path, error)),
    }
}

/// As [`ask`], for an answer of any length: a success is handed out piece by piece, and the
/// reply has no body then.
///
/// # Errors
/// [`ControlError`] when a server runs and does not answer, or its answer breaks off; whatever
/// `each` fails with.
pub async fn download<E: From<ControlError>>(
    data: &Path,
    request: Request<Full<Bytes>>,
    each: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<Option<Reply>, E> {
    let Some(stream) = connect(data).await? else { return Ok(None) };
    exchange(stream, request, async |answer| pieces(answer, each).await).await.map(Some)
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, ControlError> {
    let late = |_| ControlError::Broken("it took too long".to_owned());
    tokio::time::timeout(PATIENCE, work).await.map_err(late)
}

async fn exchange<E: From<ControlError>>(
    stream: UnixStream,
    request: Request<Full<Bytes>>,
    take: impl AsyncFnOnce(Response<Incoming>) -> Result<Reply, E>,
) -> Result<Reply, E> {
    let broken = |error: hyper::Error| ControlError::Broken(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let talk = async {
        let answer = in_time(sender.send_request(request)).await?.map_err(broken)?;
        take(answer).await
    };
    tokio::select! {
        reply = talk => reply,
        // Keeps the connection going until the answer is there.
        ended = connection => Err(E::from(ControlError::Broken(match ended {
            Ok(()) => "it closed the connection".to_owned(),
            Err(error) => error.to_string(),
        }))),
    }
}

/// Hands out the body of a success piece by piece; the reply has the body of anything else.
///
/// # Errors
/// [`ControlError::Broken`] when the body breaks off; whatever `each` fails with.
pub async fn pieces<B, E>(
    answer: Response<B>,
    mut each: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<Reply, E>
where
    B: hyper::body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    E: From<ControlError>,
{
    let status = answer.status().as_u16();
    if status >= 400 {
        return Ok(read(answer).await?);
    }
    let mut body = std::pin::pin!(answer.into_body());
    while let Some(frame) = in_time(body.frame()).await? {
        let frame = frame.map_err(|error| ControlError::Broken(error.into().to_string()))?;
        if let Ok(piece) = frame.into_data() {
            each(&piece)?;
        }
    }
    Ok(Reply { status, body: Bytes::new() })
}

/// The status and the whole body of an answer.
///
/// # Errors
/// [`ControlError::Broken`] when the body breaks off or is larger than any answer of ours.
pub async fn read<B>(answer: Response<B>) -> Result<Reply, ControlError>
where
    B: hyper::body::Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
    let body = body.map_err(|error| ControlError::Broken(error.to_string()))?.to_bytes();
    Ok(Reply { status, body })
}
