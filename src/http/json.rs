//! JSON request bodies, read strictly: one object, declared as such, each member known and
//! named once. Never into a map or a free value.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use warp::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use warp::http::{HeaderMap, HeaderValue};

use super::kind::Kind;
use super::problem::Problem;
use crate::model::{Denial, Rule};

/// Reads a body into `T`, which must derive `Deserialize` with `deny_unknown_fields`.
///
/// # Errors
/// A [`Problem`] that repeats no value of the body: `unsupported_media_type` unless there is
/// one Content-Type, `application/json`; `malformed_json` for what is not exactly one object
/// with distinct members; `invalid_request` with the member's name for an unknown, missing or
/// ill-typed one (the first that is met).
pub fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Problem> {
    if !is_declared(headers, "application/json") {
        return Err(Problem::new(Kind::UnsupportedMediaType, Rule::MediaType));
    }
    check_object(body)?;
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        refusal(&path, &error.into_inner())
    })
}

/// One Content-Type, this one, with no parameter but `charset=utf-8`, and no compression. For JSON:
/// a form or a text is what a foreign page can send without asking.
pub(super) fn is_declared(headers: &HeaderMap, media: &str) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let declared = types.next().map(HeaderValue::to_str);
    let (Some(Ok(declared)), None) = (declared, types.next()) else { return false };
    let (essence, parameter) = match declared.split_once(';') {
        Some((essence, parameter)) => (essence, Some(parameter.trim_ascii())),
        None => (declared, None),
    };
    let utf8 = |text: &str| {
        text.eq_ignore_ascii_case("charset=utf-8") || text.eq_ignore_ascii_case("charset=\"utf-8\"")
    };
    essence.trim_ascii().eq_ignore_ascii_case(media)
        && parameter.is_none_or(utf8)
        && !headers.contains_key(CONTENT_ENCODING)
}

/// The first pass: the form of the whole, and the names of the members.
fn check_object(body: &[u8]) -> Result<(), Problem> {
    let blank = |b: &&u8| matches!(**b, b' ' | b'\t' | b'\n' | b'\r');
    if str::from_utf8(body).is_err() {
        return Err(malformed("The body is not UTF-8."));
    }
    if body.iter().find(|b| !blank(b)) != Some(&b'{') {
        return Err(malformed("The body does not start with an object."));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let read = deserializer.deserialize_map(Members).and_then(|()| deserializer.end());
    read.map_err(|error| not_json(&error))
}

fn malformed(detail: impl Into<Cow<'static, str>>) -> Problem {
    refused(Rule::JsonForm, detail.into())
}

/// What client and administrator are told alike: it repeats nothing of the body.
fn refused(rule: Rule, detail: Cow<'static, str>) -> Problem {
    let why = Denial::from(rule).with_detail(&detail);
    Problem::new(Kind::MalformedJson, why).detail(detail)
}

fn not_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Data => {
            let twice = format!("A member is named twice at line {line}, column {column}.");
            refused(Rule::JsonTwice, twice.into())
        }
        Category::Syntax | Category::Eof | Category::Io => malformed(format!(
            "The JSON breaks off or is not well formed at line {line}, column {column}."
        )),
    }
}

/// Visits an object and fails at the second member of a name, escapes resolved.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value::<IgnoredAny>()?;
            if !seen.insert(name) {
                return Err(A::Error::custom("a member is named twice"));
            }
        }
        Ok(())
    }
}

/// The second pass's error in words of ours: serde's own may repeat what was sent.
fn refusal(path: &str, error: &serde_json::Error) -> Problem {
    if error.classify() != Category::Data {
        return not_json(error);
    }
    let text = error.to_string();
    let (field, message, rule) = if let Some(rest) = text.strip_prefix("unknown field `") {
        (within(path, unknown_name(rest)), "is not known here", Rule::MemberUnknown)
    } else if let Some(rest) = text.strip_prefix("missing field `") {
        (
            within(path, rest.split('`').next().unwrap_or_default()),
            "is missing",
            Rule::MemberMissing,
        )
    } else if text.starts_with("duplicate field `") {
        return not_json(error);
    } else if text.starts_with("invalid type: ") {
        (path.to_owned(), "has the wrong type", Rule::MemberType)
    } else {
        (path.to_owned(), "is not valid", Rule::MemberValue)
    };
    // The name of a member that is not known is the client's word, and may be anything.
    let why = if rule == Rule::MemberUnknown {
        rule.into()
    } else {
        Denial::from(rule).with_detail(format_args!("{field} {message}"))
    };
    Problem::new(Kind::InvalidRequest, why).field(shortened(field), message)
}

/// The name in front of serde's own words. The last such words are serde's: what the client
/// wrote into the name stands before them.
fn unknown_name(rest: &str) -> &str {
    let end = rest.rfind("`, expected ").or_else(|| rest.rfind("`, there are no fields"));
    end.map_or("", |end| &rest[..end])
}

/// The member `name` of the object at `path`; the path may name the member already.
fn within(path: &str, name: &str) -> String {
    if path == "." || path == name {
        return name.to_owned();
    }
    match path.strip_suffix(name) {
        Some(parent) if parent.ends_with('.') => path.to_owned(),
        Some(_) | None => format!("{path}.{name}"),
    }
}

/// Our names are short; a stranger's is not worth repeating whole.
fn shortened(field: String) -> String {
    const LONGEST: usize = 64;
    if field.chars().count() <= LONGEST { field } else { field.chars().take(LONGEST).collect() }
}

#[cfg(test)]
mod tests;
