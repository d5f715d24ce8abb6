//! `cargo xtask fuzz` runs this; what it does is in [`fuzz::ifconfig_words`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::ifconfig_words(bytes));
