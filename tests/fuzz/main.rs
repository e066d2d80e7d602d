//! Fuzzing on stable Rust: everything that reads bytes of strangers or of a disk is fed good
//! input made bad (`mutate.rs`), and has to do more than not panic. The targets are the tests of
//! this binary:
//!
//! | file | what is read |
//! |---|---|
//! | `token.rs` | access tokens, their claims, the Authorization header |
//! | `address.rs` | the addresses of apps |
//! | `cookie.rs` | the Cookie header |
//! | `body.rs` | JSON bodies, of the parser and of every route |
//! | `forwarded.rs` | the headers of proxies |
//! | `config.rs` | `auth.toml` and the variables |
//! | `backup.rs` | backups, in memory and restored to a disk |
//! | `import.rs` | files of accounts |
//! | `record.rs` | every kind of record of the store |
//!
//! A plain `cargo test` runs a fixed number of cases of a fixed seed. The long run gives each
//! target its time, optimised and with overflow checks:
//!
//! ```text
//! DOORKEY_FUZZ_SECONDS=60 cargo test --profile fuzz --test fuzz -- --nocapture
//! ```
//!
//! `DOORKEY_FUZZ_CASES` sets the number of cases of each target instead, `DOORKEY_FUZZ_SEED`
//! another seed. A case that fails is kept in a file, and told with the command that runs it again.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests, their helpers too")]
#![expect(unreachable_pub, reason = "the harness is the API of the tests")]

mod address;
mod backup;
mod body;
#[path = "../durability/chance.rs"]
#[expect(dead_code, reason = "others use more of it")]
mod chance;
mod config;
mod cookie;
mod forwarded;
#[path = "../it/harness.rs"]
#[expect(dead_code, reason = "others use more of it")]
mod harness;
mod import;
mod json;
mod mutate;
mod openapi;
#[path = "../it/cli/harness.rs"]
#[expect(dead_code, reason = "others use more of it")]
mod place;
mod record;
mod run;
mod seeded;
mod token;
#[path = "../it/trace.rs"]
mod trace;
