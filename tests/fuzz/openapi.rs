//! The document as the tests of `tests/it` read it.

#[path = "../it/openapi/document.rs"]
#[expect(dead_code, reason = "others use more of it")]
mod document;
#[path = "../it/openapi/schema.rs"]
mod schema;

pub use self::document::Document;
