//! The real binary, as short scripts: start, act, look at what came out.

mod accounts;
mod audit;
mod clock;
mod crash;
mod dev;
mod folder;
pub mod harness;
mod import;
mod log;
mod operate;
mod restore;
mod start;
mod usage;
