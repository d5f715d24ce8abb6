//! The ground: what the Linux kernel offers and rustix has no safe wrapper for, and what a program
//! does to its own memory.
//!
//! All of kletka's unsafe code is here, behind functions that are safe to call wherever the
//! compiler can check what they need. Each module is a subject of the kernel's manual: making
//! processes ([`process`], and [`birth`] in another pid namespace), [`child`], [`signal`],
//! [`namespace`], [`mount`], [`descriptor`], [`confine`], [`notify`], [`landlock`], [`interface`]
//! and [`tap`]; and two modules are about memory: [`memory`], the allocator, and [`lean`], a
//! process that lives on without most of its own. Functions take borrowed descriptors and return
//! `io::Result`. Nothing here knows what a jail is.
//!
//! May use: `libc`, `rustix`; system calls.

#![allow(unsafe_code)]

mod call;
mod keys;

pub mod birth;
pub mod bpf;
pub mod child;
pub mod confine;
pub mod descriptor;
pub mod interface;
pub mod landlock;
pub mod lean;
pub mod memory;
pub mod mount;
pub mod namespace;
pub mod notify;
pub mod proc;
pub mod process;
pub mod signal;
pub mod tap;
