//! The program of `cargo xtask fuzz` for the target [`fuzz::ifconfig_words`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::ifconfig_words(bytes));
