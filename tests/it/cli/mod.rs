//! The real binary, as short scripts: start, act, look at what came out.

mod accounts;
mod clock;
mod crash;
mod dev;
mod folder;
pub mod harness;
mod log;
mod operate;
mod start;
mod usage;
