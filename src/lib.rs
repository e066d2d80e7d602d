//! doorkey: the auth server that a small deployment starts in one minute and trusts for ten
//! years. One executable, an embedded database, no external service.
//!
//! A user logs in with a password. The answer holds a short-lived *access token* (a JWT for the
//! client's memory) and sets a long-lived *refresh token* in an httpOnly cookie. Protected
//! routes take the access token from the Authorization header; the refresh endpoint checks the
//! cookie against the database and gives a new access token, never another refresh token and
//! never a longer session. Other services ask whether a token is good; programs get API tokens of
//! their own, which are good at those services only. Apps that know nothing of tokens stand behind a
//! proxy that asks here before each request (`http/forward.rs`, by the rules of `model/access.rs`).
//!
//! ```text
//!   request ─► http (gate, endpoints) ─► auth (use cases) ─► store (records) ─► engine (sled │ memory)
//!                     │                        │                   │
//!                  Problem                  crypto               model
//! ```
//!
//! # The modules, in the order in which data flows
//!
//! - [`model`]: the words of the field. What a user, a session, a token, a key is, and how each
//!   may change. Pure: no I/O, and time is an argument.
//! - [`config`]: the defaults, `auth.toml`, `DOORKEY_…` variables and flags as one checked tree.
//! - [`http`]: the outside. The accept loop, TLS, one gate for all requests, one route table with
//!   the document made from it (`/openapi.json`), one file for each endpoint, one map from errors to
//!   what a client may learn, with a second renderer for services (`http/oauth`, OAuth 2); the pages for people (`http/pages`: forms that need no script, over
//!   the same use cases, and `/account` and `/console`, whose scripts ask the API); files that are
//!   compiled in: the client for browsers (`client/`), and with `--dev` the demonstration
//!   (`examples/spa/`); and the metrics on a listener of their own.
//! - [`auth`]: the use cases. One file, one verb; each refuses without telling which part was
//!   wrong, and writes its change and its audit event in one commit. `auth/trail` seals the
//!   events afterwards, in a chain that shows tampering; `auth/status_list` tells who verifies
//!   tokens without asking which of them are dead, whatever killed them (`store/ending.rs`).
//! - [`crypto`]: password hashing in a fixed pool, access tokens, signing keys, sealing, and all
//!   randomness.
//! - [`store`]: typed records over an engine of three methods: `get`, `scan` and `commit`, which
//!   checks versions and writes all or nothing, durable on return. It may count changes too, so
//!   that what was made of records can be kept until they change (`auth/seen.rs`).
//! - [`server`]: wires the above and owns the tasks. [`cli`]: the command line, which sends the
//!   admin API's own requests to the running server or to the same use cases in its own process.
//! - [`guard`] (a feature): filters for other people's warp programs, which verify tokens as `auth`
//!   does but offline, by what the server publishes.
//!
//! # Rules that tests hold (`tests/it/layers.rs`)
//!
//! - `model` imports nothing of ours; `crypto` and `store` only `model`; `auth` those three;
//!   `http` only `model`, `auth` and the store's `Error`; `config` only `model`; `guard` only
//!   `model` and `crypto`.
//! - Each third-party crate has one home: warp and hyper in `http` (and `guard`), rustls in
//!   `http/listen` (and `guard`), askama in `http/pages`, prometheus-client in `http/metrics`, sled in
//!   `store/sled`, argon2, jsonwebtoken, flate2 and aws-lc in `crypto`, figment in
//!   `config`, clap in `cli`.
//! - Absence is `Option`; there is one error per layer; `http/refusal.rs` is the only place
//!   where an error becomes an answer.
//!
//! # A request, by file names
//!
//! `http/listen.rs` accepts it, `http/gate.rs` finds its row and checks caller and body,
//! `http/refresh.rs` parses and calls `auth/refresh.rs`, which reads `store/sessions.rs` over
//! `store/sled/`.

pub mod auth;
pub mod cli;
pub mod config;
pub mod crypto;
#[cfg(feature = "guard")]
pub mod guard;
pub mod http;
pub mod model;
pub mod server;
pub mod store;
