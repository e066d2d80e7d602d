//! The issuer's public keys, kept, and tokens verified by them.

use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use tokio::sync::Mutex;
use warp::http::StatusCode;

use crate::fetch::fetch;
use crate::lists::{Lists, Status};

/// Keys that are not known are asked for this often at most, whatever tokens say.
const PAUSE: Duration = Duration::from_secs(10);
/// A set of keys is far smaller.
const MOST: usize = 64 * 1024;

/// What a good token says.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    pub(crate) roles: Vec<String>,
    status: Option<Status>,
}

/// Why a token is not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It is bad.
    BadToken,
    /// The keys, or the list that says whether it is dead, cannot be had.
    NoKeys,
}

/// The keys of one issuer.
#[derive(Debug)]
pub(crate) struct Keys {
    issuer: String,
    known: Mutex<(JwkSet, Option<Instant>)>,
    lists: Lists,
}

impl Keys {
    /// Nothing is fetched yet.
    pub(crate) fn of(issuer: String) -> Self {
        let known = Mutex::new((JwkSet { keys: Vec::new() }, None));
        Self { issuer, known, lists: Lists::default() }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The claims of a good token. Without a request, unless its key is new here or its status list
    /// is over.
    pub(crate) async fn verify(&self, token: &str) -> Result<Claims, Refused> {
        let key = self.signer(token, "at+jwt").await?;
        let key = DecodingKey::from_jwk(&key).map_err(|_| Refused::BadToken)?;
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.issuer]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims: Claims = decode(token, &key, &rules).map_err(|_| Refused::BadToken)?.claims;
        let is_live = self.lists.is_live(claims.status.as_ref(), self).await?;
        if is_live { Ok(claims) } else { Err(Refused::BadToken) }
    }

    /// The key that a JWT of this type names.
    pub(crate) async fn signer(&self, text: &str, typ: &str) -> Result<Jwk, Refused> {
        let header = decode_header(text).map_err(|_| Refused::BadToken)?;
        let is_typed = header.typ.as_deref() == Some(typ);
        let id = header.kid.filter(|_| is_typed).ok_or(Refused::BadToken)?;
        self.key(&id).await
    }

    async fn key(&self, id: &str) -> Result<Jwk, Refused> {
        let mut known = self.known.lock().await;
        let (set, asked) = &mut *known;
        if set.find(id).is_none() && asked.is_none_or(|asked| asked.elapsed() > PAUSE) {
            *set = self.published().await.ok_or(Refused::NoKeys)?;
            *asked = Some(Instant::now());
        }
        set.find(id).cloned().ok_or(Refused::BadToken)
    }

    async fn published(&self) -> Option<JwkSet> {
        let (status, body) = fetch(&self.issuer, "/.well-known/jwks.json", MOST).await?;
        if status != StatusCode::OK {
            return None;
        }
        serde_json::from_slice(&body).ok()
    }
}
