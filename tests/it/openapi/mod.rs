//! `/openapi.json`: what it says is what the server does. The harness holds every answer of
//! every test against it ([`Document::place_of`]).

mod document;
mod no_request;
mod schema;
mod table;
mod walk;
mod walk_pages;
mod walk_refused;

pub use self::document::Document;
