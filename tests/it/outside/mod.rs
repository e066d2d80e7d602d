//! What reaches the server from outside, and what no client can make it do.

mod client;
mod demo;
mod pages;
mod wire;
