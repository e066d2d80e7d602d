//! `GET /openapi.json`: the whole outside as one document that programs read, made from the
//! route table when somebody asks for it first: making it takes longer than all else of a start.

mod document;
mod headers;
mod refusals;
pub(super) mod words;

use std::sync::{Arc, OnceLock};

use warp::http::StatusCode;
use warp::reply::Response;

use super::Settings;
use super::assets::{Reach, Tagged};
use super::call::Call;
use super::doc::{Caching, Doc};
use super::route::{Context, Endpoint, Guard, Route};

/// The endpoint, about all `others` and itself.
pub(super) fn endpoint(context: &Context, others: &[Endpoint]) -> Endpoint {
    let route = Route::get("/openapi.json", Guard::Public).doc(
        Doc::new("This document")
            .gives::<words::OpenApi>(StatusCode::OK, "OpenAPI 3.1.")
            .caching(Caching::Tagged),
    );
    let rows = others.iter().map(|endpoint| endpoint.route.clone()).chain([route.clone()]);
    let served = Arc::new(Served {
        rows: rows.collect(),
        settings: Arc::clone(&context.settings),
        made: OnceLock::new(),
    });
    context.endpoint(route, move |_, call| {
        let served = Arc::clone(&served);
        async move { Ok(served.answer(&call).await) }
    })
}

/// The document, made once.
struct Served {
    rows: Vec<Route>,
    settings: Arc<Settings>,
    made: OnceLock<Tagged>,
}

impl Served {
    async fn answer(self: Arc<Self>, call: &Call) -> Response {
        if self.made.get().is_none() {
            let served = Arc::clone(&self);
            // Others are answered meanwhile. If the thread fails, it is made below.
            drop(
                tokio::task::spawn_blocking(move || {
                    served.document();
                })
                .await,
            );
        }
        self.document().answer(&call.headers, Reach::Everyone)
    }

    fn document(&self) -> &Tagged {
        self.made.get_or_init(|| {
            let document = document::document(self.rows.iter(), &self.settings);
            let text = serde_json::to_vec(&document).expect("the document is plain data");
            Tagged::new(text.into(), "application/json")
        })
    }
}
