//! Beside the limit: a warp program of one route, as its documentation writes it.
//! `cargo run --release --example hello-warp`

#![expect(clippy::print_stdout, reason = "a program of its own says where it listens")]

use tokio::net::TcpListener;
use warp::Filter as _;

#[tokio::main]
async fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("listening on http://{}", listener.local_addr().expect("an address"));
    let hello = warp::path!("hello" / String).map(|name| format!("Hello, {name}!"));
    warp::serve(hello).incoming(listener).run().await;
}
