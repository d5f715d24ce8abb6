//! The tasks of the project: `cargo xtask demo|test|install`.
fn main() {}
