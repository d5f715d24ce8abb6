//! The prison: a jail as the Linux kernel sees it.

#![allow(unsafe_code)]
