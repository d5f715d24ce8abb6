//! The integration tests of the binary. Each test runs in a [`sandbox::Sandbox`], a small machine
//! of its own.
//!
//! All tests are one program, so that the harness runs them in parallel and the linker runs once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may fail loudly

mod addresses;
mod allow_mount;
mod attributes;
mod bootstrap;
mod completions;
mod config;
mod devfs;
mod doctor;
mod escapes;
mod fib;
mod file_flags;
mod help;
mod hooks;
mod hosts_files;
mod ifconfig;
mod install;
mod intrusion;
mod jail;
mod jailcmd;
mod jexec;
mod jls;
mod language;
mod launcher;
mod limits;
mod mistakes;
mod mount;
mod nested;
mod net;
mod netif;
mod netstat;
mod package;
mod pages;
mod plan;
mod rc_in_jail;
mod record;
mod remount;
mod rename;
mod rights;
mod roots;
mod route;
mod sandbox;
mod servers;
mod service;
mod session;
mod shapes;
mod shared_network;
mod sysctl;
mod sysrc;
mod together;
mod unwritten;
mod vnet;
