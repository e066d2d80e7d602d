//! API tokens: the issuer says whether one is good (RFC 7662).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Uri};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use super::fetch::{FetchError, Issuer};
use super::options::{Introspection, Options};
use super::slot::PAUSE;
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
    /// For a place and the answer together.
    patience: Duration,
    kept: Mutex<HashMap<[u8; 16], Verdict>>,
    latest: Mutex<Latest>,
    places: Arc<Semaphore>,
}

/// What became of the latest questions.
#[derive(Default)]
struct Latest {
    answered_at: Option<Duration>,
    /// The last failure, unless an answer has come since.
    failed_at: Option<Duration>,
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
            patience: options.fetch_timeout,
            kept: Mutex::default(),
            latest: Mutex::default(),
            places: Arc::new(Semaphore::new(MAX_AT_ONCE)),
        }
    }

    /// Whose API token this is.
    pub(super) async fn check(self: &Arc<Self>, token: &str) -> Result<Caller, Why> {
        PlainApiToken::parse(token).map_err(|_| Why::Inactive)?;
        let key = crypto::fingerprint(&[token.as_bytes()]);
        let caller = match self.known(key) {
            Some(known) => known?,
            None => self.ask_in_time(key, token).await?,
        };
        let now = self.clock.now();
        caller.filter(|caller| now < caller.expires_at).ok_or(Why::Inactive)
    }

    /// What there is to say without asking; `None` when the issuer is to be asked.
    fn known(&self, key: [u8; 16]) -> Option<Result<Option<Caller>, Why>> {
        match self.kept(key) {
            Some(verdict) => Some(Ok(verdict.caller)),
            None => self.is_pausing().then_some(Err(Why::NoAnswer)),
        }
    }

    /// Waiting for a place counts too, so that behind an issuer that is slow no request waits for
    /// all those before it.
    async fn ask_in_time(
        self: &Arc<Self>,
        key: [u8; 16],
        token: &str,
    ) -> Result<Option<Caller>, Why> {
        let asked = tokio::time::timeout(self.patience, self.ask_once(key, token));
        asked.await.map_err(|_| Why::NoAnswer)?
    }

    /// Asks, unless another has, or has failed to, while this waited for a place.
    async fn ask_once(self: &Arc<Self>, key: [u8; 16], token: &str) -> Result<Option<Caller>, Why> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Why::NoAnswer)?;
        if let Some(known) = self.known(key) {
            return known;
        }
        self.begin(key, self.question(token), place).await.map_err(|_| Why::NoAnswer)?
    }

    /// Asks in a task of its own: what comes of it is remembered even when the request that wants it
    /// has gone, and a question that began late is no failure of the issuer.
    #[expect(clippy::disallowed_methods, reason = "the program around has no place for our tasks")]
    fn begin(
        self: &Arc<Self>,
        key: [u8; 16],
        question: Request<Full<Bytes>>,
        place: OwnedSemaphorePermit,
    ) -> JoinHandle<Result<Option<Caller>, Why>> {
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let asked = this.clock.monotonic();
            let answered = this.ask(question).await;
            this.note(asked, answered.is_err());
            if let Ok(caller) = &answered {
                this.keep(key, Verdict { caller: caller.clone(), until: asked + this.keep });
            }
            // Only now: who gets it looks first at what is known.
            drop(place);
            answered.map_err(|error| {
                tracing::warn!(%error, "the issuer could not be asked about an API token");
                Why::NoAnswer
            })
        })
    }

    fn question(&self, token: &str) -> Request<Full<Bytes>> {
        // A parsed API token has letters, digits and _ alone: nothing to encode.
        let body = Full::new(Bytes::from(format!("token={token}")));
        let mut question = Request::new(body);
        *question.method_mut() = Method::POST;
        *question.uri_mut() = Uri::from_static("/oauth/introspect");
        question.headers_mut().insert(AUTHORIZATION, self.authorization.clone());
        question.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
        question
    }

    async fn ask(&self, question: Request<Full<Bytes>>) -> Result<Option<Caller>, FetchError> {
        let answer = self.issuer.ask(question, MAX_BYTES).await?;
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

    fn is_pausing(&self) -> bool {
        let failed_at = self.latest.lock().unwrap_or_else(PoisonError::into_inner).failed_at;
        failed_at.is_some_and(|at| self.clock.monotonic() < at + PAUSE)
    }

    /// Notes what became of a question of the time `asked`. One that failed says nothing of an issuer
    /// that has answered another since.
    fn note(&self, asked: Duration, failed: bool) {
        let now = self.clock.monotonic();
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if !failed {
            *latest = Latest { answered_at: Some(now), failed_at: None };
        } else if latest.answered_at.is_none_or(|answered| answered <= asked) {
            latest.failed_at = Some(now);
        }
    }

    fn kept(&self, key: [u8; 16]) -> Option<Verdict> {
        let now = self.clock.monotonic();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&key).filter(|verdict| now < verdict.until).cloned()
    }

    fn keep(&self, key: [u8; 16], verdict: Verdict) {
        let now = self.clock.monotonic();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.get(&key).is_some_and(|known| known.until > verdict.until) {
            // That was asked later.
            return;
        }
        if kept.len() >= MAX_KEPT {
            kept.retain(|_, verdict| now < verdict.until);
        }
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(key, verdict);
    }
}
