//! doorkey: an auth server in one executable.

pub mod config;
pub mod model;
pub mod store;
