//! Every program as the kernel's verifier sees it.
#![allow(clippy::unwrap_used, clippy::panic)] // a test may fail loudly

use crate::programs::{OF_A_GROUP, OF_A_NETWORK};
use crate::tables::Table;
use kernel::bpf::{Map, load};
use std::os::fd::{AsFd, AsRawFd};

#[test]
fn the_kernel_takes_every_program() {
    let maps = Table::ALL.map(|table| Map::new(&table.shape()));
    if maps.iter().flatten().count() == 0 {
        println!("skipped: the_kernel_takes_every_program: needs root");
        return;
    }
    let maps = maps.map(Result::unwrap);
    let descriptor = |table: Table| maps[table as usize].as_fd().as_raw_fd();
    for source in OF_A_GROUP.iter().chain([&OF_A_NETWORK]) {
        let code = (source.write)().finish(descriptor);
        let loaded = load(source.hook, source.name, &code);
        assert!(loaded.is_ok(), "{:?}: {}", source.hook, loaded.unwrap_err());
    }
}
