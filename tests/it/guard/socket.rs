//! A loopback port behind which an issuer answers, or is away, and which counts what it is asked.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use warp::http::Request;
use warp::reply::Response;

/// How many requests came for each path.
type Counts = Arc<Mutex<BTreeMap<String, usize>>>;

/// An open port. Closed when dropped.
pub struct Socket {
    pub origin: String,
    away: Arc<AtomicBool>,
    counts: Counts,
    listener: Option<TcpListener>,
    tls: Option<TlsAcceptor>,
    tasks: JoinSet<()>,
}

impl Socket {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            origin: format!("http://{}", listener.local_addr().unwrap()),
            away: Arc::default(),
            counts: Counts::default(),
            listener: Some(listener),
            tls: None,
            tasks: JoinSet::new(),
        }
    }

    /// The same behind TLS, with this certificate of `tests/fixtures/tls`.
    pub async fn open_tls(name: &str) -> Self {
        let file = |end: &str| format!("tests/fixtures/tls/{name}.{end}");
        let certificate = CertificateDer::from_pem_file(file("pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(file("key")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let mut socket = Self::open().await;
        socket.origin = socket.origin.replace("http:", "https:");
        socket.tls = Some(TlsAcceptor::from(Arc::new(config)));
        socket
    }

    /// Answers with `answer` from now on.
    pub fn serve<F, A>(&mut self, answer: A)
    where
        A: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        let listener = self.listener.take().expect("served once");
        let (away, counts) = (self.away.clone(), self.counts.clone());
        let tls = self.tls.clone();
        self.tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                if !away.load(Ordering::SeqCst) {
                    let (answer, counts, tls) = (answer.clone(), counts.clone(), tls.clone());
                    connections.spawn(async move {
                        match tls {
                            None => drive(stream, answer, counts).await,
                            Some(tls) => {
                                let Ok(stream) = tls.accept(stream).await else { return };
                                drive(stream, answer, counts).await;
                            }
                        }
                    });
                }
            }
        });
    }

    /// Whether connections are closed as soon as they are open.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// How many requests there were for this path.
    pub fn count(&self, path: &str) -> usize {
        self.counts.lock().unwrap().get(path).copied().unwrap_or_default()
    }
}

async fn drive<S, F, A>(stream: S, answer: A, counts: Counts)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    A: Fn(Request<Incoming>) -> F + Send + Sync,
    F: Future<Output = Response> + Send,
{
    let service = service_fn(|request: Request<Incoming>| {
        *counts.lock().unwrap().entry(request.uri().path().to_owned()).or_default() += 1;
        let answered = answer(request);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
}
