//! doorkey: an auth server in one executable.

pub mod auth;
pub mod config;
pub mod crypto;
pub mod http;
pub mod model;
pub mod server;
pub mod store;
