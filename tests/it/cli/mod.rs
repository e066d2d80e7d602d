//! The real binary, as short scripts: start, act, look at what came out.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests fail by panicking, and `pub` says what the tests beside may use"
)]

mod accounts;
mod crash;
mod dev;
mod folder;
pub mod harness;
mod log;
mod operate;
mod start;
mod usage;
