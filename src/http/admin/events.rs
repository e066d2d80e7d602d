//! `/admin/events`: the audit trail, newest first.

use std::sync::Arc;

use serde::Serialize;
use serde::de::IntoDeserializer;
use warp::reply::Response;

use crate::auth::EventFilter;
use crate::http::call::Call;
use crate::http::kind::Kind;
use crate::http::problem::Problem;
use crate::http::query::{self, refuse};
use crate::http::reply::{self, EventBody};
use crate::http::route::{Context, Endpoint, Guard, Route};
use crate::model::{EventKind, UserId};

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    vec![
        context.endpoint(Route::get("/admin/events", Guard::Admin), list),
        context.endpoint(Route::get("/admin/events/{request_id}", Guard::Admin), of_request),
    ]
}

#[derive(Serialize)]
struct Body<'a> {
    events: Vec<EventBody<'a>>,
    next_cursor: Option<&'a str>,
}

async fn list(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let [limit, cursor, user, kind] = call.query(["limit", "cursor", "user", "kind"])?;
    let filter = EventFilter {
        limit: query::limit(limit.as_deref())?,
        cursor,
        user: user.as_deref().map(user_id).transpose()?,
        kind: kind.as_deref().map(event_kind).transpose()?,
    };
    let page = context.auth.events(call.access()?, &filter).await?;
    let events = page.events.iter().map(EventBody::from).collect();
    Ok(reply::ok(&Body { events, next_cursor: page.next_cursor.as_deref() }))
}

async fn of_request(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let request_id = call.part("request_id").ok_or(Kind::NotFound)?;
    let events = context.auth.events_of_request(call.access()?, request_id).await?;
    let events = events.iter().map(EventBody::from).collect();
    Ok(reply::ok(&Body { events, next_cursor: None }))
}

fn user_id(text: &str) -> Result<UserId, Problem> {
    UserId::try_from(text).map_err(|_| refuse("user", "must be the id of a user"))
}

fn event_kind(text: &str) -> Result<EventKind, Problem> {
    let word: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
        text.into_deserializer();
    serde::Deserialize::deserialize(word)
        .map_err(|_| refuse("kind", "must be a kind of event, for example logged_in"))
}
