//! API tokens: the issuer says whether one is good (RFC 7662).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::fetch::{FetchError, Issuer};
use super::options::{Introspection, Options};
use super::{Caller, Why};
use crate::crypto;
use crate::model::{Clock, PlainApiToken, Roles, Timestamp, UserId};

/// The most answers that are kept, and the most questions at a time.
const MAX_KEPT: usize = 4096;
const MAX_AT_ONCE: usize = 16;
const MAX_BYTES: usize = 16 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

/// Asks, and keeps the answers for a short time.
pub(super) struct Introspector {
    issuer: Arc<Issuer>,
    clock: Clock,
    /// `iss` and `aud` of what is accepted.
    expected: (String, String),
    authorization: HeaderValue,
    keep: Duration,
    kept: Mutex<HashMap<[u8; 16], Verdict>>,
    places: Semaphore,
}

/// What the issuer said, and until when that counts.
#[derive(Clone)]
struct Verdict {
    caller: Option<Caller>,
    until: Duration,
}

/// Of RFC 7662, 2.2, what decides here.
#[derive(Deserialize)]
struct Answer {
    active: bool,
    iss: Option<String>,
    aud: Option<String>,
    sub: Option<UserId>,
    roles: Option<Roles>,
    iat: Option<Timestamp>,
    exp: Option<Timestamp>,
}

impl Introspector {
    pub(super) fn new(
        issuer: Arc<Issuer>,
        (options, asked): (&Options, &Introspection),
        clock: Clock,
    ) -> Self {
        let pair = STANDARD.encode(format!("{}:{}", asked.service, asked.secret.expose()));
        let value = HeaderValue::try_from(format!("Basic {pair}"));
        let mut authorization = value.expect("base64 is fit for a header");
        authorization.set_sensitive(true);
        Self {
            issuer,
            clock,
            expected: (options.issuer.clone(), options.audience.clone()),
            authorization,
            keep: asked.keep,
            kept: Mutex::default(),
            places: Semaphore::new(MAX_AT_ONCE),
        }
    }

    /// Whose API token this is.
    pub(super) async fn check(&self, token: &str) -> Result<Caller, Why> {
        PlainApiToken::parse(token).map_err(|_| Why::Inactive)?;
        let key = crypto::fingerprint(&[token.as_bytes()]);
        let caller = match self.kept(key) {
            Some(verdict) => verdict.caller,
            None => self.ask_once(key, token).await?,
        };
        let now = self.clock.now();
        caller.filter(|caller| now < caller.expires_at).ok_or(Why::Inactive)
    }

    /// Asks, unless another has while this waited for a place.
    async fn ask_once(&self, key: [u8; 16], token: &str) -> Result<Option<Caller>, Why> {
        let _place = self.places.acquire().await.map_err(|_| Why::NoAnswer)?;
        if let Some(verdict) = self.kept(key) {
            return Ok(verdict.caller);
        }
        let asked = self.clock.monotonic();
        let caller = self.ask(token).await.map_err(|error| {
            tracing::warn!(%error, "the issuer could not be asked about an API token");
            Why::NoAnswer
        })?;
        self.keep(key, Verdict { caller: caller.clone(), until: asked + self.keep });
        Ok(caller)
    }

    async fn ask(&self, token: &str) -> Result<Option<Caller>, FetchError> {
        // A parsed API token has letters, digits and _ alone: nothing to encode.
        let body = Full::new(Bytes::from(format!("token={token}")));
        let request = Request::post("/oauth/introspect")
            .header(AUTHORIZATION, self.authorization.clone())
            .header(CONTENT_TYPE, FORM)
            .body(body)
            .map_err(|_| FetchError::Wrong("the request is none"))?;
        let answer = self.issuer.ask(request, MAX_BYTES).await?;
        let answer: Answer = serde_json::from_slice(&answer.body)
            .map_err(|_| FetchError::Wrong("the answer is no introspection"))?;
        if !answer.active {
            return Ok(None);
        }
        self.caller(answer).map(Some).ok_or(FetchError::Wrong("the answer is of another issuer"))
    }

    fn caller(&self, answer: Answer) -> Option<Caller> {
        let (iss, aud) = (answer.iss?, answer.aud?);
        if (iss, aud) != self.expected {
            return None;
        }
        Some(Caller {
            user: answer.sub?,
            roles: answer.roles?,
            session: None,
            signed_in_at: None,
            issued_at: answer.iat?,
            expires_at: answer.exp?,
        })
    }

    fn kept(&self, key: [u8; 16]) -> Option<Verdict> {
        let now = self.clock.monotonic();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&key).filter(|verdict| now < verdict.until).cloned()
    }

    fn keep(&self, key: [u8; 16], verdict: Verdict) {
        let now = self.clock.monotonic();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.retain(|_, verdict| now < verdict.until);
        }
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(key, verdict);
    }
}
