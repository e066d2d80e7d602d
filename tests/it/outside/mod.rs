//! What reaches the server from outside, and what no client can make it do.

mod browser;
mod cors;
mod failing;
mod input;
mod names;
mod network;
mod pages;
mod passwords;
mod wire;
