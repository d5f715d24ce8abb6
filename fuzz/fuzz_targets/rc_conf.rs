//! The program of `cargo xtask fuzz` for the target [`fuzz::rc_conf`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::rc_conf(bytes));
