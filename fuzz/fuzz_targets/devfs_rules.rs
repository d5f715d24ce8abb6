//! `cargo xtask fuzz` runs this; what it does is in [`fuzz::devfs_rules`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::devfs_rules(bytes));
