//! The program of `cargo xtask fuzz` for the target [`fuzz::devfs_rules`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::devfs_rules(bytes));
