//! The outside, asked as a client would ask it.

pub(crate) mod routes;
