//! The outside, asked as a client would ask it.

mod bearer;
mod forge;
mod keys;
mod keys_at_rest;
mod limits;
mod routes;
mod routes_walk;
mod tokens;
