//! The outside, asked as a client would ask it.

mod bearer;
mod forge;
mod routes;
mod routes_walk;
mod tokens;
