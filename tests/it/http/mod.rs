//! The outside, asked as a client would ask it.

pub(crate) mod api_tokens;
mod explain;
mod explain_bodies;
mod explain_logins;
pub(crate) mod forward;
mod inspect;
mod introspect;
mod metadata;
mod metrics;
pub(crate) mod open_metrics;
pub(crate) mod pages;
mod revoke;
pub(crate) mod routes;
mod services;
