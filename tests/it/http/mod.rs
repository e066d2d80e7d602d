//! The outside, asked as a client would ask it.

mod metrics;
pub(crate) mod open_metrics;
pub(crate) mod routes;
