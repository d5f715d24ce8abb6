//! How fast a large configuration is read and its jails are expanded: `cargo bench -p jailconf`.
//!
//! The file is made here: jails under a wildcard section, with 8 parameters of their own each;
//! 200,000 jails are 50 MB. The time for each jail has to be the same with 1,000 jails as with
//! 200,000: then no step is quadratic.

use std::cell::Cell;
use std::fmt::Write;
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, bench};
use jailconf::{Config, Loader};

const JAILS: [usize; 4] = [1_000, 10_000, 50_000, 200_000];

fn main() {
    divan::main();
}

/// What all jails have in common, as in the examples of jail.conf(5).
const WILDCARD: &str = "\
# What all jails have in common.
* {
	exec.start = \"/bin/sh /etc/rc\";
	exec.stop = \"/bin/sh /etc/rc.shutdown jail\";
	exec.clean;
	mount.devfs;
	path = \"/jails/$name\";
}
";

/// Writes a configuration of this many jails.
fn file(jails: usize) -> Vec<u8> {
    let mut text = String::from(WILDCARD);
    for number in 0..jails {
        let (high, low) = (number / 250, number % 250 + 1);
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "
# {number}
jail{number:06} {{
	host.hostname = \"j{number:06}.example.org\";
	vnet;
	vnet.interface = epair{number}b;
	$bridge = bridge{high};
	exec.prestart = \"ifconfig $bridge addm epair{number}a\";
	exec.start += \"ifconfig epair{number}b 10.{high}.{low}/24\";
	mount.fstab = /etc/fstab.$name;
	persist;
}}
"
        );
    }
    text.into_bytes()
}

/// A file in memory: the time of the disk is not measured.
struct Read(Cell<Vec<u8>>);

impl Loader for Read {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.take())
    }

    fn glob(&self, _: &[u8]) -> io::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }
}

fn configuration(text: Vec<u8>) -> Config {
    match Config::load(&Read(Cell::new(text)), Path::new("jail.conf")) {
        Ok(config) => config,
        Err(faults) => unreachable!("{faults}"),
    }
}

#[bench(args = JAILS, sample_count = 20)]
fn parse(bencher: Bencher<'_, '_>, jails: usize) {
    let text = file(jails);
    let counted = bencher.counter(BytesCount::of_slice(&text)).counter(ItemsCount::new(jails));
    counted.with_inputs(|| text.clone()).bench_local_values(configuration);
}

#[bench(args = JAILS, sample_count = 20)]
fn parse_and_expand(bencher: Bencher<'_, '_>, jails: usize) {
    let text = file(jails);
    let counted = bencher.counter(BytesCount::of_slice(&text)).counter(ItemsCount::new(jails));
    counted.with_inputs(|| text.clone()).bench_local_values(|text| {
        for expansion in configuration(text).expand_all() {
            black_box(expansion);
        }
    });
}
