//! `cargo xtask fuzz` runs this; what it does is in [`fuzz::rc_conf`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::rc_conf(bytes));
