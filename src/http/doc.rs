//! What a row of the route table says of itself, for the document at `/openapi.json`. What
//! follows from the row's guard, body and path is not said again: `openapi/refusals.rs`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use warp::http::StatusCode;

use super::kind::Kind;

/// The named schemas of the document.
pub(super) type Schemas = BTreeMap<String, Value>;

/// Adds a type with all it holds to the named schemas; a reference to it.
pub(super) type Reference = fn(&mut Schemas) -> Value;

/// The refresh cookie of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// It is not looked at.
    Ignored,
    /// It may come.
    Welcome,
    /// Without it the route does nothing.
    Needed,
}

/// A parameter behind the `?`; none of them is ever needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) schema: Reference,
}

/// Whether an answer sets a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sets {
    /// Never.
    Nothing,
    /// The one that ties forms to a browser, where the browser has none.
    FormCookie,
    /// The refresh cookie, or clears it.
    RefreshCookie,
}

/// An answer when all goes well.
#[derive(Debug, Clone)]
pub(super) struct Success {
    pub(super) status: StatusCode,
    pub(super) about: &'static str,
    /// The media types of the body and their schemas; none without a body.
    pub(super) content: Vec<(&'static str, Reference)>,
    pub(super) sets: Sets,
}

/// How long an answer may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caching {
    /// Not at all.
    NoStore,
    /// Some minutes, by anyone.
    Public,
    /// The same, and with an entity tag to ask again by.
    Tagged,
    /// Less than some minutes, which the answer says, and with such a tag.
    Short,
    /// For ever, by anyone, and with such a tag.
    Immutable,
}

impl Caching {
    /// Whether there is an entity tag.
    pub(super) fn is_tagged(self) -> bool {
        matches!(self, Self::Tagged | Self::Short | Self::Immutable)
    }
}

/// What a row says of itself.
#[derive(Debug, Clone)]
pub(super) struct Doc {
    /// What the route does, in a few words.
    pub(super) summary: &'static str,
    /// The body it takes.
    pub(super) takes: Option<Reference>,
    pub(super) gives: Vec<Success>,
    /// The problems that are its own.
    pub(super) refuses: &'static [Kind],
    pub(super) query: &'static [Parameter],
    pub(super) cookie: Cookie,
    pub(super) caching: Caching,
}

impl Doc {
    /// A route that takes nothing, and so far gives nothing.
    pub(super) const fn new(summary: &'static str) -> Self {
        Self {
            summary,
            takes: None,
            gives: Vec::new(),
            refuses: &[],
            query: &[],
            cookie: Cookie::Ignored,
            caching: Caching::NoStore,
        }
    }

    /// With a body of this type: JSON, or the fields of a form where the row takes one.
    pub(super) fn takes<T: ToSchema>(mut self) -> Self {
        self.takes = Some(reference::<T>);
        self
    }

    /// Answers with a JSON body of this type.
    pub(super) fn gives<T: ToSchema>(self, status: StatusCode, about: &'static str) -> Self {
        self.gives_typed("application/json", reference::<T>, (status, about))
    }

    /// Answers with a body of this media type.
    pub(super) fn gives_typed(
        mut self,
        media: &'static str,
        schema: Reference,
        (status, about): (StatusCode, &'static str),
    ) -> Self {
        let content = vec![(media, schema)];
        self.gives.push(Success { status, about, content, sets: Sets::Nothing });
        self
    }

    /// Or with a body of this media type, under the status of the last one.
    pub(super) fn or_typed(mut self, media: &'static str, schema: Reference) -> Self {
        if let Some(success) = self.gives.last_mut() {
            success.content.push((media, schema));
        }
        self
    }

    /// Answers 204.
    pub(super) fn gives_nothing(mut self, about: &'static str) -> Self {
        let status = StatusCode::NO_CONTENT;
        self.gives.push(Success { status, about, content: Vec::new(), sets: Sets::Nothing });
        self
    }

    /// Sends on by 303.
    pub(super) fn sends_on(mut self, about: &'static str) -> Self {
        let status = StatusCode::SEE_OTHER;
        self.gives.push(Success { status, about, content: Vec::new(), sets: Sets::Nothing });
        self
    }

    /// The answers so far set the cookie of the forms where there is none.
    pub(super) fn sets_form_cookie(mut self) -> Self {
        for success in &mut self.gives {
            success.sets = Sets::FormCookie;
        }
        self
    }

    /// Answers 200 with nothing in the body.
    pub(super) fn gives_empty(mut self, about: &'static str) -> Self {
        let status = StatusCode::OK;
        self.gives.push(Success { status, about, content: Vec::new(), sets: Sets::Nothing });
        self
    }

    /// The answers so far set the refresh cookie, or clear it.
    pub(super) fn sets_cookie(mut self) -> Self {
        for success in &mut self.gives {
            success.sets = Sets::RefreshCookie;
        }
        self
    }

    /// Has these problems beside those of its guard, body and path.
    pub(super) const fn refuses(mut self, kinds: &'static [Kind]) -> Self {
        self.refuses = kinds;
        self
    }

    /// Has these parameters behind the `?`.
    pub(super) const fn query(mut self, parameters: &'static [Parameter]) -> Self {
        self.query = parameters;
        self
    }

    /// Looks at the refresh cookie.
    pub(super) const fn cookie(mut self, cookie: Cookie) -> Self {
        self.cookie = cookie;
        self
    }

    /// May be kept.
    pub(super) const fn caching(mut self, caching: Caching) -> Self {
        self.caching = caching;
        self
    }
}

/// [`Reference`] for `T`.
pub(super) fn reference<T: ToSchema>(known: &mut Schemas) -> Value {
    let mut found = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    add(found, known);
    json!({ "$ref": format!("#/components/schemas/{}", T::name()) })
}

/// Apart, so that it is not there once for each type.
fn add(found: Vec<(String, RefOr<Schema>)>, known: &mut Schemas) {
    for (name, schema) in found {
        let schema = serde_json::to_value(schema).expect("a schema is plain data");
        let other = known.insert(name, schema.clone());
        assert!(other.is_none_or(|other| other == schema), "two schemas have one name: {schema}");
    }
}

/// `T` in the place where it is used, for what is used once.
pub(super) fn inline<T: PartialSchema>(_: &mut Schemas) -> Value {
    serde_json::to_value(T::schema()).expect("a schema is plain data")
}
