//! `GET /openapi.json`: the whole outside as one document that programs read, made from the
//! route table when the server starts.

mod document;
mod headers;
mod refusals;
pub(super) mod words;

use warp::http::StatusCode;

use super::assets::{Reach, Tagged};
use super::doc::{Caching, Doc};
use super::route::{Context, Endpoint, Guard, Route};

/// The endpoint, about all `others` and itself.
pub(super) fn endpoint(context: &Context, others: &[Endpoint]) -> Endpoint {
    let route = Route::get("/openapi.json", Guard::Public).doc(
        Doc::new("This document")
            .gives::<words::OpenApi>(StatusCode::OK, "OpenAPI 3.1.")
            .caching(Caching::Tagged),
    );
    let rows = others.iter().map(|endpoint| &endpoint.route).chain([&route]);
    let document = document::document(rows, &context.settings);
    let text = serde_json::to_vec(&document).expect("the document is plain data");
    let served = Tagged::new(text.into(), "application/json");
    context.endpoint(route, move |_, call| {
        let answer = served.answer(&call.headers, Reach::Everyone);
        async move { Ok(answer) }
    })
}
