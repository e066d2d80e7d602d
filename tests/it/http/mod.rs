//! The outside, asked as a client would ask it.

mod routes;
mod routes_walk;
