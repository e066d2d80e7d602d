//! Records over bytes.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod engine;
mod error;
mod memory;

pub use self::error::Error;
pub use self::memory::Memory;
