//! Files that are compiled in: each is served as it is, under a strong entity tag that is made
//! when the server starts.

use std::hash::{DefaultHasher, Hasher as _};

use bytes::Bytes;
use warp::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use warp::http::{HeaderMap, HeaderValue, StatusCode};
use warp::reply::Response;

use super::doc::{Caching, Doc, inline};
use super::route::{Context, Endpoint, Guard, Route};
use super::shared::{CACHING, share, tagged};

/// JavaScript (RFC 9239).
pub(super) const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Who may use a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Pages of this server.
    Own,
    /// Pages of every site: it is public, and the same for all.
    Everyone,
}

/// A file as it stands in the sources.
#[derive(Debug, Clone, Copy)]
pub(super) struct File {
    /// Where it is served.
    pub(super) path: &'static str,
    /// What it is, for `/openapi.json`.
    pub(super) about: &'static str,
    /// The media type, with its characters.
    pub(super) media: &'static str,
    /// Its bytes, by `include_bytes!`.
    pub(super) bytes: &'static [u8],
    /// Who may use it.
    pub(super) reach: Reach,
    /// What a page may load. `None` for what is no page: nothing.
    pub(super) policy: Option<&'static str>,
}

impl File {
    /// The row that serves it to anyone.
    pub(super) fn endpoint(self, context: &Context) -> Endpoint {
        let doc = Doc::new(self.about)
            .gives_typed(self.media, inline::<String>, (StatusCode::OK, "The file."))
            .caching(Caching::Tagged);
        let tagged = Tagged::new(Bytes::from_static(self.bytes), self.media);
        context.endpoint(Route::get(self.path, Guard::Public).doc(doc), move |_, call| {
            let mut answer = tagged.answer(&call.headers, self.reach);
            if let Some(policy) = self.policy {
                let policy = HeaderValue::from_static(policy);
                answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
            }
            async move { Ok(answer) }
        })
    }
}

/// Bytes that do not change while the server runs, with their entity tag.
#[derive(Debug, Clone)]
pub(super) struct Tagged {
    bytes: Bytes,
    media: &'static str,
    etag: String,
}

impl Tagged {
    /// With the tag that tells these bytes from those of another version or configuration. Nobody
    /// outside chose either, so no cryptographic digest is needed.
    pub(super) fn new(bytes: Bytes, media: &'static str) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(&bytes);
        let etag = format!("\"{:016x}\"", hasher.finish());
        Self { bytes, media, etag }
    }

    /// The bytes, or 304 to who has them.
    pub(super) fn answer(&self, request: &HeaderMap, reach: Reach) -> Response {
        let mut answer = tagged(request, &self.etag, || {
            let mut whole = Response::new(self.bytes.clone().into());
            whole.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.media));
            whole
        });
        match reach {
            Reach::Everyone => share(answer.headers_mut()),
            Reach::Own => {
                answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(CACHING));
            }
        }
        answer
    }
}
