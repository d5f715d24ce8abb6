//! The FreeBSD jail system on Linux.
fn main() {}
