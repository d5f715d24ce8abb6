//! `cargo xtask fuzz` runs this; what it does is in [`fuzz::parameters`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::parameters(bytes));
