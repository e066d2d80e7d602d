//! The real binary, as short scripts: start, act, look at what came out.

mod access;
mod accounts;
mod another_machine;
mod audit;
mod backup;
mod backup_stop;
mod clock;
mod crash;
mod deleted;
mod dev;
mod explain;
mod folder;
pub mod harness;
mod import;
mod log;
mod metrics;
mod notify;
mod operate;
mod restore;
mod restored_keys;
mod service;
mod start;
mod tls;
mod unsound;
mod usage;
