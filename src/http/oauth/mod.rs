//! `/oauth/…`: for registered services, in the form of OAuth 2: a form in, JSON out, errors as
//! RFC 6749 writes them.

mod form;
mod introspect;
mod revoke;

use super::route::{Context, Endpoint};

/// Where services ask about tokens.
pub(super) const INTROSPECT: &str = "/oauth/introspect";
/// Where services revoke tokens.
pub(super) const REVOKE: &str = "/oauth/revoke";

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    vec![introspect::endpoint(context), revoke::endpoint(context)]
}
