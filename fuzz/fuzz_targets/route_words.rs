//! The program of `cargo xtask fuzz` for the target [`fuzz::route_words`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::route_words(bytes));
