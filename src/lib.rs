//! doorkey: an auth server in one executable.

pub mod http;
pub mod model;
pub mod store;
