//! `cargo xtask fuzz` runs this; what it does is in [`fuzz::jail_conf`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::jail_conf(bytes));
