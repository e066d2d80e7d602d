//! doorkey
fn main() {}
