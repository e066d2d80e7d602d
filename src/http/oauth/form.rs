//! The form that a service sends (RFC 6749, 3.2 and Appendix B): read strictly where two parsers
//! could disagree, and open for parameters that are not known here, as OAuth wants it.

use std::collections::HashSet;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::call::Call;
use crate::http::json::is_declared;
use crate::http::kind::Kind;
use crate::http::openapi::words;
use crate::http::problem::Problem;
use crate::http::query::decode;
use crate::model::{Denial, Rule, Secret};

/// What may prove a service in a body. The header has done so already, and a request proves it in one
/// way only (RFC 6749, 2.3).
const OTHER_PROOFS: [&str; 2] = ["client_secret", "client_assertion"];

/// A token to look at. Other parameters are passed over.
#[derive(Deserialize, ToSchema)]
#[schema(as = TokenForm)]
#[expect(dead_code, reason = "it stands for its schema")]
pub(super) struct Form {
    #[schema(value_type = words::AnyToken)]
    token: String,
    /// Only a hint, and not needed: a token says by its form what it is.
    token_type_hint: Option<String>,
    /// The name of the service once more; that of the header.
    client_id: Option<String>,
}

/// The token that a service sends.
///
/// # Errors
/// `unsupported_media_type`, and `malformed_form` for what is no form, a parameter that comes twice
/// or behind the `?`, another proof than the header's, another service's name, and no token.
pub(super) fn token(call: &Call) -> Result<Secret, Problem> {
    if !is_declared(&call.headers, "application/x-www-form-urlencoded") {
        return Err(Problem::new(Kind::UnsupportedMediaType, Rule::FormMedia));
    }
    if call.query.is_some() {
        return Err(refuse("query", "is no place for parameters"));
    }
    let (mut token, mut seen) = (None, HashSet::new());
    let body = str::from_utf8(&call.body).map_err(|_| refuse("body", "is not UTF-8"))?;
    for pair in body.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name).ok_or_else(|| refuse("body", "is not a form"))?;
        let value = decode(value).ok_or_else(|| refuse("body", "is not a form"))?;
        check(call, &name, &value)?;
        if name == "token" {
            token = Some(value).filter(|value| !value.is_empty());
        }
        if !seen.insert(name) {
            return Err(refuse("body", "has a parameter more than once"));
        }
    }
    token.map(Secret::new).ok_or_else(|| refuse("token", "is missing"))
}

fn refuse(what: &'static str, message: &'static str) -> Problem {
    let why = Denial::from(Rule::FormRefused).with_detail(format_args!("{what} {message}"));
    Problem::new(Kind::MalformedForm, why).field(what, message)
}

/// What a parameter must not say.
fn check(call: &Call, name: &str, value: &str) -> Result<(), Problem> {
    if OTHER_PROOFS.contains(&name) {
        return Err(refuse("body", "has a proof beside the one of the Authorization header"));
    }
    if name == "client_id" && value != call.service()?.id().as_str() {
        return Err(refuse("client_id", "is not that of the Authorization header"));
    }
    Ok(())
}
