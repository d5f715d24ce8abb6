//! The program of `cargo xtask fuzz` for the target [`fuzz::parameters`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::parameters(bytes));
