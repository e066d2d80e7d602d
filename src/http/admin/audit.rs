//! `/admin/audit`: the audit trail with its seals, page by page, to export or to verify it. The
//! operator's alone: `doorkey audit` is who asks.

use std::sync::Arc;

use serde::Serialize;
use warp::reply::Response;

use crate::auth::Line;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::route::{Context, Endpoint, Guard, Route};

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    vec![context.endpoint(Route::get("/admin/audit", Guard::Operator), page)]
}

#[derive(Serialize)]
struct Body<'a> {
    lines: &'a [Line],
    next_cursor: Option<&'a str>,
}

async fn page(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let [cursor] = call.query(["cursor"])?;
    let page = context.auth.trail(call.access()?, cursor.as_deref()).await?;
    Ok(reply::ok(&Body { lines: &page.lines, next_cursor: page.next_cursor.as_deref() }))
}
