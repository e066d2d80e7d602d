//! The one test binary: everything from outside, each folder a part of the whole.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests, their helpers too")]
#![expect(unreachable_pub, reason = "the harness is the API of the tests")]

mod auth;
mod cli;
mod config;
mod examples;
#[cfg(feature = "guard")]
mod guard;
mod harness;
mod http;
mod layers;
mod main_job;
mod openapi;
mod outside;
mod packaging;
mod proxies;
mod readme;
mod security;
mod trace;
