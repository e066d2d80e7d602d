//! Which problems a route may answer with: most of them follow from its row.

use std::collections::BTreeMap;

use crate::http::doc::{Cookie, Doc, Sets};
use crate::http::kind::Kind;
use crate::http::route::{Body, Counts, Guard, Route};

/// The problems of a row by their status, in the order of [`Kind::ALL`].
pub(super) fn refusals(row: &Route, doc: &Doc) -> BTreeMap<u16, Vec<Kind>> {
    let mut kinds = vec![Kind::UriTooLong, Kind::Internal, Kind::Busy, Kind::Unavailable];
    kinds.extend_from_slice(of_guard(row.guard));
    if row.body == Body::Form {
        kinds.push(Kind::ForeignOrigin);
    }
    kinds.extend_from_slice(of_body(row.body));
    kinds.extend_from_slice(doc.refuses);
    match row.counts {
        Counts::Nothing => {}
        Counts::Failures | Counts::Services | Counts::Registrations | Counts::ProfileChanges => {
            kinds.push(Kind::TooManyAttempts);
        }
    }
    if row.path.contains('{') {
        kinds.push(Kind::NotFound);
    }
    // What others append to the address of a page is passed over.
    if !doc.query.is_empty() && !matches!(row.guard, Guard::Page | Guard::Forward) {
        kinds.push(Kind::InvalidRequest);
    }
    let reads_cookie = doc.cookie != Cookie::Ignored || row.body == Body::Form;
    if reads_cookie || doc.gives.iter().any(|success| success.sets == Sets::FormCookie) {
        kinds.push(Kind::MalformedHeader);
    }
    let mut by_status: BTreeMap<u16, Vec<Kind>> = BTreeMap::new();
    for kind in Kind::ALL.iter().filter(|kind| kinds.contains(kind)) {
        by_status.entry(kind.row().status.as_u16()).or_default().push(*kind);
    }
    by_status
}

const fn of_guard(guard: Guard) -> &'static [Kind] {
    match guard {
        Guard::Public | Guard::Page => &[],
        Guard::Forward => &[Kind::AccessDenied],
        Guard::Browser => &[Kind::ForeignOrigin],
        Guard::Setup => &[Kind::ForeignOrigin, Kind::NotFound],
        Guard::Service => &[Kind::ForeignOrigin, Kind::MalformedHeader, Kind::InvalidClient],
        Guard::User => &[Kind::MalformedHeader, Kind::InvalidToken],
        Guard::Admin | Guard::Operator => {
            &[Kind::MalformedHeader, Kind::InvalidToken, Kind::InsufficientScope]
        }
    }
}

const fn of_body(body: Body) -> &'static [Kind] {
    match body {
        Body::Ignored => &[],
        Body::Form => &[
            Kind::RequestTimeout,
            Kind::BodyTooLarge,
            Kind::UnsupportedMediaType,
            Kind::InvalidRequest,
        ],
        Body::Json | Body::OptionalJson => &[
            Kind::MalformedJson,
            Kind::RequestTimeout,
            Kind::BodyTooLarge,
            Kind::UnsupportedMediaType,
            Kind::InvalidRequest,
        ],
        Body::Parameters => &[
            Kind::MalformedForm,
            Kind::RequestTimeout,
            Kind::BodyTooLarge,
            Kind::UnsupportedMediaType,
        ],
    }
}
