//! doorkey: an auth server in one executable.

pub mod crypto;
pub mod model;
pub mod store;
