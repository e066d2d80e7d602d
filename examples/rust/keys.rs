//! The issuer's public keys, kept, and tokens verified by them.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use warp::http::header::HOST;
use warp::http::{Request, StatusCode};

/// Keys that are not known are asked for this often at most, whatever tokens say.
const PAUSE: Duration = Duration::from_secs(10);
/// For the issuer's answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// A set of keys is far smaller.
const MOST: usize = 64 * 1024;

/// What a good token says.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    pub(crate) roles: Vec<String>,
}

/// Why a token is not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It is bad.
    BadToken,
    /// The keys cannot be had.
    NoKeys,
}

/// The keys of one issuer.
#[derive(Debug)]
pub(crate) struct Keys {
    issuer: String,
    known: Mutex<(JwkSet, Option<Instant>)>,
}

impl Keys {
    /// Nothing is fetched yet.
    pub(crate) fn of(issuer: String) -> Self {
        Self { issuer, known: Mutex::new((JwkSet { keys: Vec::new() }, None)) }
    }

    /// The claims of a good token. Without a request, unless its key is new here.
    pub(crate) async fn verify(&self, token: &str) -> Result<Claims, Refused> {
        let header = decode_header(token).map_err(|_| Refused::BadToken)?;
        let is_access = header.typ.as_deref() == Some("at+jwt");
        let id = header.kid.filter(|_| is_access).ok_or(Refused::BadToken)?;
        let key = self.key(&id).await?;
        let key = DecodingKey::from_jwk(&key).map_err(|_| Refused::BadToken)?;
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.issuer]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let checked = decode(token, &key, &rules).map_err(|_| Refused::BadToken)?;
        Ok(checked.claims)
    }

    async fn key(&self, id: &str) -> Result<Jwk, Refused> {
        let mut known = self.known.lock().await;
        let (set, asked) = &mut *known;
        if set.find(id).is_none() && asked.is_none_or(|asked| asked.elapsed() > PAUSE) {
            let fetched = timeout(PATIENCE, fetch(&self.issuer)).await;
            *set = fetched.ok().flatten().ok_or(Refused::NoKeys)?;
            *asked = Some(Instant::now());
        }
        set.find(id).cloned().ok_or(Refused::BadToken)
    }
}

/// The keys as the issuer publishes them. Plain HTTP: for an issuer behind TLS, which is every
/// real one, use a client that speaks it.
async fn fetch(issuer: &str) -> Option<JwkSet> {
    let host = issuer.strip_prefix("http://")?;
    let stream = TcpStream::connect(host).await.ok()?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::get("/.well-known/jwks.json").header(HOST, host);
    let request = request.body(Empty::<Bytes>::new()).ok()?;
    let exchange = async {
        let answer = sender.send_request(request).await.ok()?;
        if answer.status() != StatusCode::OK {
            return None;
        }
        let body = Limited::new(answer.into_body(), MOST).collect().await.ok()?;
        serde_json::from_slice(&body.to_bytes()).ok()
    };
    tokio::select! {
        keys = exchange => keys,
        _ = connection => None,
    }
}
