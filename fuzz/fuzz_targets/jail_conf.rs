//! The program of `cargo xtask fuzz` for the target [`fuzz::jail_conf`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::jail_conf(bytes));
