//! `GET /openapi.json`: the whole outside as one document that programs read, made from the
//! route table when the server starts.

mod document;
mod headers;
mod refusals;
pub(super) mod words;

use std::hash::{DefaultHasher, Hasher as _};

use bytes::Bytes;
use warp::http::header::CONTENT_TYPE;
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use super::call::Call;
use super::doc::{Caching, Doc};
use super::route::{Context, Endpoint, Guard, Route};
use super::shared::tagged;

/// The endpoint, about all `others` and itself.
pub(super) fn endpoint(context: &Context, others: &[Endpoint]) -> Endpoint {
    let route = Route::get("/openapi.json", Guard::Public).doc(
        Doc::new("This document")
            .gives::<words::OpenApi>(StatusCode::OK, "OpenAPI 3.1.")
            .caching(Caching::Tagged),
    );
    let rows = others.iter().map(|endpoint| &endpoint.route).chain([&route]);
    let served = Served::new(&document::document(rows, &context.settings));
    context.endpoint(route, move |_, call| {
        let answer = served.answer(&call);
        async move { Ok(answer) }
    })
}

/// The document as it is sent.
#[derive(Clone)]
struct Served {
    text: Bytes,
    etag: String,
}

impl Served {
    fn new(document: &serde_json::Value) -> Self {
        let text = serde_json::to_vec(document).expect("the document is plain data");
        // It tells this text from that of another version or configuration, none of which
        // somebody chose: no cryptographic digest is needed.
        let mut hasher = DefaultHasher::new();
        hasher.write(&text);
        let etag = format!("\"{:016x}\"", hasher.finish());
        Self { text: text.into(), etag }
    }

    fn answer(&self, call: &Call) -> Response {
        tagged(&call.headers, &self.etag, || {
            let mut answer = Response::new(self.text.clone().into());
            let json = HeaderValue::from_static("application/json");
            answer.headers_mut().insert(CONTENT_TYPE, json);
            answer
        })
    }
}
