//! The program of `cargo xtask fuzz` for the target [`fuzz::fstab`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::fstab(bytes));
