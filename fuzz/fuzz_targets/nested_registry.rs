//! The program of `cargo xtask fuzz` for the target [`fuzz::nested_registry`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::nested_registry(bytes));
