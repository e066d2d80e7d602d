//! Records over bytes.

pub mod engine;
mod error;

pub use error::Error;
