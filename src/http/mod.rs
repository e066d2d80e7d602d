//! The outside: HTTP in, use cases called, HTTP out. The only home of warp; hyper lives in
//! [`listen`] and [`body`].

pub mod bearer;
pub mod body;
pub mod client_ip;
pub mod cookie;
pub mod headers;
pub mod json;
pub mod kind;
pub mod listen;
pub mod origin;
pub mod problem;
