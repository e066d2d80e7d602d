//! doorkey: an auth server in one executable.

pub mod model;
pub mod store;
