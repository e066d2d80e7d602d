//! The issuer's public keys, kept, and tokens verified by them.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use tokio::sync::Mutex;
use warp::http::StatusCode;

use crate::fetch::fetch;
use crate::lists::{Lists, Status};

/// After a failure nobody asks for so long.
const PAUSE: Duration = Duration::from_secs(5);
/// For a key that is not known they are asked for this often at most, whatever tokens say.
const UNKNOWN_PAUSE: Duration = Duration::from_secs(30);
/// Keys that are older are asked for anew, so that one that was withdrawn goes.
const FRESH: Duration = Duration::from_mins(5);
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
    known: RwLock<Known>,
    /// Whoever has it is the only one who asks for keys.
    turn: Mutex<()>,
    lists: Lists,
}

/// The last good answer, and the last try.
#[derive(Debug)]
struct Known {
    set: JwkSet,
    tried: Option<Instant>,
    failed: bool,
}

impl Known {
    fn key(&self, id: &str) -> Result<Jwk, Refused> {
        // Without an answer nobody knows whether there is such a key.
        let missing = if self.failed { Refused::NoKeys } else { Refused::BadToken };
        self.set.find(id).cloned().ok_or(missing)
    }

    /// Whether they have to be asked for again, for whoever needs this one.
    fn is_due(&self, id: &str) -> bool {
        let pause = match self.set.find(id) {
            _ if self.failed => PAUSE,
            Some(_) => FRESH,
            None => UNKNOWN_PAUSE,
        };
        self.tried.is_none_or(|tried| tried.elapsed() >= pause)
    }
}

impl Keys {
    /// Nothing is fetched yet.
    pub(crate) fn of(issuer: String) -> Self {
        let known = Known { set: JwkSet { keys: Vec::new() }, tried: None, failed: false };
        let (known, turn) = (RwLock::new(known), Mutex::default());
        Self { issuer, known, turn, lists: Lists::default() }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The claims of a good token. Without a request, unless its key is new here, the keys are old,
    /// or its status list is over.
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

    /// Who has his key waits for nobody else's answer.
    async fn key(&self, id: &str) -> Result<Jwk, Refused> {
        let found = self.known().key(id).is_ok();
        let turn = if found { self.turn.try_lock().ok() } else { Some(self.turn.lock().await) };
        if turn.is_some() && self.known().is_due(id) {
            self.renew().await;
        }
        self.known().key(id)
    }

    /// Asks for the keys. That counts as a failure until it is done: who goes away meanwhile makes
    /// nobody ask at once.
    async fn renew(&self) {
        self.note(None);
        let published = self.published().await;
        self.note(published);
    }

    /// Takes note of a try, and of the keys that came of it.
    fn note(&self, published: Option<JwkSet>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.tried = Some(Instant::now());
        known.failed = published.is_none();
        if let Some(set) = published {
            known.set = set;
        }
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    async fn published(&self) -> Option<JwkSet> {
        let (status, body) = fetch(&self.issuer, "/.well-known/jwks.json", MOST).await?;
        if status != StatusCode::OK {
            return None;
        }
        let set: JwkSet = serde_json::from_slice(&body).ok()?;
        (!set.keys.is_empty()).then_some(set)
    }
}
