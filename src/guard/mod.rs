//! Guards the routes of other people's warp programs with doorkey's tokens.
//!
//! A [`Guard`] verifies access tokens without asking about each: by the issuer's public keys
//! (`/.well-known/jwks.json`), which it fetches and keeps, and by the issuer's Token Status List,
//! which says which sessions have ended. It makes every check of doorkey itself: RFC 9068 and
//! RFC 8725, issuer and audience, times by a [`Clock`].
//!
//! ```no_run
//! use doorkey::guard::{self, Caller, Guard, Options};
//! use doorkey::model::Clock;
//! use warp::Filter as _;
//!
//! # fn main() -> Result<(), guard::BadOptions> {
//! let guard = Guard::new(Options::new("https://login.example.org"), Clock::system())?;
//!
//! let notes = warp::path!("notes")
//!     .and(guard.authenticated())
//!     .map(|caller: Caller| format!("the notes of {}", caller.user));
//! let drafts = warp::path!("drafts")
//!     .and(guard.role("editor"))
//!     .map(|caller: Caller| format!("the drafts for {}", caller.user));
//!
//! let routes = notes.or(drafts).recover(guard::recover);
//! # drop(routes);
//! # Ok(())
//! # }
//! ```
//!
//! `examples/guard/` is a whole program: `cargo run --example guard -- http://127.0.0.1:8080 8090`.
//!
//! # What a client is told
//!
//! | request | answer |
//! |---|---|
//! | without a token | 401 `invalid_token`, `WWW-Authenticate: Bearer realm="doorkey"` |
//! | a token that is forged, expired, of another issuer or audience, of a session that has ended, of a list that the issuer does not have | 401 `invalid_token`, with `error="invalid_token"` |
//! | two Authorization headers, or one that is broken | 400 `malformed_header` |
//! | a good token without the role | 403 `insufficient_scope` |
//! | the issuer cannot be reached and what is kept is too old | 503 `unavailable`, `Retry-After: 5` |
//!
//! The filters *reject* with [`Refused`], as warp's own do, and [`recover`] makes the answers. A
//! rejection in warp means that the next route is tried: put the path before the guard, and do not
//! put a second, less guarded route for the same path and method behind it.
//!
//! # What is kept, and for how long
//!
//! - **Keys**: as long as the issuer says (`max-age`, from 30 s to 5 minutes); fetched anew from half
//!   of that on, behind the requests. A token that names an unknown key makes the guard ask once
//!   more, at most every [`Options::unknown_key_pause`]: so a rotated key is taken without a restart,
//!   and a flood of invented keys is no flood of requests. While the issuer does not answer, the last
//!   good keys serve for [`Options::keep_keys`].
//! - **Status lists**: until they expire (doorkey's `ttl`: the bound after which a logout is known
//!   here), fetched anew from half of that on. The list decides, so it fails closed: when there is
//!   none that is good (unreachable, expired, not signed by the issuer), a token that names it is
//!   answered with 503, and not with 401: the client shall try again, not log in again. A list that
//!   the issuer does not have (404) is one in which no session lives: 401, or the client would try
//!   again for ever. It does not take the place of one that is kept and still counts.
//! - **API tokens** (`dk_pat_…`), with [`Options::introspection`]: the issuer's answer, for at most
//!   30 s ([`Introspection::keep`]). At most 16 questions are under way; a request waits for its turn
//!   and the answer together no longer than [`Options::fetch_timeout`].
//!
//! Keys and each list are fetched by one request at a time. Everything is of bounded size and time;
//! redirects are not followed. What does not verify is never kept in the place of what did. After a
//! failure the issuer is left alone for 5 s: what is kept still counts, and the rest is answered with
//! 503.

mod bearer;
mod caller;
mod fetch;
mod filters;
mod introspect;
mod keys;
mod options;
mod origin;
mod refused;
mod slot;
mod status_list;
mod tls;

use std::fmt;
use std::sync::Arc;

use warp::http::HeaderMap;

use self::fetch::Issuer;
use self::introspect::Introspector;
use self::keys::{Keys, Unverified};
use self::origin::Origin;
use self::status_list::Lists;
use crate::crypto;
use crate::model::{Claims, Clock, PlainApiToken};

pub use self::caller::Caller;
pub use self::options::{BadOptions, Introspection, Options, Roots, StatusCheck};
pub use self::refused::{Refused, Why, recover};

/// Verifies the tokens of one issuer. Cheap to clone; the clones share what is kept.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    accepted: crypto::Issuer,
    /// `iss` once more, for answers.
    name: Arc<str>,
    clock: Clock,
    status: StatusCheck,
    keys: Arc<Keys>,
    lists: Lists,
    introspector: Option<Arc<Introspector>>,
}

impl Guard {
    /// A guard that has asked for nothing yet: the first request does.
    ///
    /// # Errors
    /// [`BadOptions`], with a sentence that says what to change.
    pub fn new(options: Options, clock: Clock) -> Result<Self, BadOptions> {
        Origin::parse(&options.issuer)?;
        if options.keep_keys < keys::FRESH {
            return Err(BadOptions::KeysTooShort);
        }
        if options.introspection.as_ref().is_some_and(|i| i.keep > Introspection::LONGEST) {
            return Err(BadOptions::AnswersTooLong);
        }
        let issuer = Arc::new(Issuer::new(&options)?);
        let name: Arc<str> = options.issuer.as_str().into();
        let keys = Arc::new(Keys::new(Arc::clone(&issuer), &options, clock.clone()));
        let lists =
            Lists::new(Arc::clone(&issuer), Arc::clone(&name), Arc::clone(&keys), clock.clone());
        let introspector = options
            .introspection
            .as_ref()
            .map(|asked| Introspector::new(issuer, (&options, asked), clock.clone()))
            .map(Arc::new);
        let accepted = crypto::Issuer { issuer: options.issuer, audience: options.audience };
        let status = options.status;
        Ok(Self(Arc::new(Inner { accepted, name, clock, status, keys, lists, introspector })))
    }

    /// Who sends a request with these headers and this query (the text behind `?`, or nothing): for
    /// programs that do without the filters.
    ///
    /// # Errors
    /// [`Refused`], which has the answer.
    pub async fn check(&self, headers: &HeaderMap, query: &str) -> Result<Caller, Refused> {
        let token = bearer::bearer(headers, query).map_err(|why| self.refused(why))?;
        self.0.verify(token).await.map_err(|why| self.refused(why))
    }

    fn refused(&self, why: Why) -> Refused {
        tracing::debug!(%why, "a request was refused");
        Refused::new(why, Arc::clone(&self.0.name))
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guard({})", self.0.name)
    }
}

impl Inner {
    async fn verify(&self, token: &str) -> Result<Caller, Why> {
        if token.starts_with(PlainApiToken::PREFIX) {
            let introspector = self.introspector.as_ref().ok_or(Why::ApiToken)?;
            return introspector.check(token).await;
        }
        let now = self.clock.now();
        let check =
            |keys: &keys::KeySet| crypto::verify(token, |id| keys.find(id), &self.accepted, now);
        let verified = self.keys.verify(check).await.map_err(|unverified| match unverified {
            Unverified::NoKeys => Why::NoKeys,
            Unverified::Refused(refusal) => Why::Token(refusal),
        })?;
        self.check_status(&verified.claims).await?;
        Ok(Caller::from(verified.claims))
    }

    async fn check_status(&self, claims: &Claims) -> Result<(), Why> {
        match (self.status, claims.status) {
            (StatusCheck::Off, _) | (StatusCheck::WhenPresent, None) => Ok(()),
            (StatusCheck::Required, None) => Err(Why::NoStatus),
            (StatusCheck::Required | StatusCheck::WhenPresent, Some(status)) => {
                self.lists.check(status).await
            }
        }
    }
}
