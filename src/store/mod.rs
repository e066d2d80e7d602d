//! Records over bytes.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod engine;
mod error;
mod memory;
#[cfg(feature = "sled")]
mod sled;

pub use self::error::Error;
pub use self::memory::Memory;
#[cfg(feature = "sled")]
pub use self::sled::OpenError;
#[cfg(feature = "sled")]
pub use self::sled::Sled;
