//! The proof that nothing acknowledged is lost: the real binary, a mixed load over HTTP, and
//! SIGKILL at any moment.
//!
//! The long form, with its figures printed:
//! `DOORKEY_KILL_ROUNDS=500 cargo test --release --test durability kill -- --nocapture`

#![expect(clippy::unwrap_used, reason = "these are tests, their helpers too")]
#![expect(unreachable_pub, reason = "the shared modules are the API of the tests")]

mod chance;
mod check;
mod client;
mod decide;
mod faults;
mod kill;
mod ledger;
mod load;
mod memory;
mod model;
mod report;
mod server;
mod teeth;
mod tools;
