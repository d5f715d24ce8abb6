//! `cargo xtask fuzz` runs this; what it does is in [`fuzz::fstab`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::fstab(bytes));
