//! `cargo xtask fuzz` runs this; what it does is in [`fuzz::route_words`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::route_words(bytes));
