//! The outside, asked as a client would ask it.

mod explain;
mod explain_bodies;
mod explain_logins;
mod inspect;
mod metrics;
pub(crate) mod open_metrics;
pub(crate) mod routes;
