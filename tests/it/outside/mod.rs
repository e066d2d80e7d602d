//! What reaches the server from outside, and what no client can make it do.

mod client;
mod pages;
mod wire;
