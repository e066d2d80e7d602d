//! `/admin/events`: the audit trail, newest first.

use std::sync::Arc;

use serde::Serialize;
use serde::de::IntoDeserializer;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use crate::auth::EventFilter;
use crate::http::call::Call;
use crate::http::doc::{Doc, Parameter, reference};
use crate::http::kind::Kind;
use crate::http::openapi::words;
use crate::http::problem::Problem;
use crate::http::query::{self, refuse};
use crate::http::reply::RefusalBody;
use crate::http::reply::{self, EventBody};
use crate::http::route::{Context, Endpoint, Guard, Route};
use crate::model::{EventKind, Rule, UserId};

const PARAMETERS: [Parameter; 4] = [
    query::LIMIT,
    query::CURSOR,
    Parameter { name: "user", about: "About this account only.", schema: reference::<words::Id> },
    Parameter { name: "kind", about: "Of this kind only.", schema: reference::<words::EventKind> },
];

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let said = "Events, the newest first.";
    let listing = Doc::new("The audit trail").gives::<Body<'_>>(StatusCode::OK, said);
    let listing = listing.query(&PARAMETERS);
    let said = "Its events, and why it was refused, the newest first.";
    let of_one =
        Doc::new("What is known of one request").gives::<OneBody<'_>>(StatusCode::OK, said);
    let one = Route::get("/admin/events/{request_id}", Guard::Admin).doc(of_one);
    vec![
        context.endpoint(Route::get("/admin/events", Guard::Admin).doc(listing), list),
        context.endpoint(one, of_request),
    ]
}

/// A page of the audit trail.
#[derive(Serialize, ToSchema)]
#[schema(as = EventList)]
struct Body<'a> {
    events: Vec<EventBody<'a>>,
    /// Leads to the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<&'a str>,
}

/// What is known of one request.
#[derive(Serialize, ToSchema)]
#[schema(as = RequestEvents)]
struct OneBody<'a> {
    events: Vec<EventBody<'a>>,
    /// Always null: there is one page.
    #[schema(required = true)]
    next_cursor: Option<&'a str>,
    /// From the last 10,000 of this run of the server. More than one when a proxy used the id
    /// again.
    refusals: Vec<RefusalBody<'a>>,
}

async fn list(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let [limit, cursor, user, kind] = call.query(PARAMETERS.map(|parameter| parameter.name))?;
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
    let request_id = call.part("request_id").unwrap_or_default();
    let events = context.auth.events_of_request(call.access()?, request_id).await?;
    let refusals = context.refusals.of(request_id);
    if events.is_empty() && refusals.is_empty() {
        return Err(Problem::new(Kind::NotFound, Rule::RequestUnknown));
    }
    let events = events.iter().map(EventBody::from).collect();
    let refusals = refusals.iter().map(|refusal| RefusalBody::from(&**refusal)).collect();
    Ok(reply::ok(&OneBody { events, next_cursor: None, refusals }))
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
