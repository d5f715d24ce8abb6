//! Every target with all of its seeds: those that were written for it, and those that broke it
//! once.

#![allow(clippy::expect_used, reason = "a test that cannot read its seeds has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use fuzz::{TARGETS, Target};

/// FreeBSD's examples of jail.conf(5) are seeds too.
const VECTORS: &str = "../crates/jailconf/tests/vectors";

#[test]
fn every_seed_of_every_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for target in TARGETS {
        let seeds = files_in(&root.join("seeds").join(target.0));
        assert!(!seeds.is_empty(), "{} has no seeds", target.0);
        seeds.iter().for_each(|seed| run(target, seed));
    }
}

#[test]
fn vectors() {
    let cases = files_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join(VECTORS));
    assert!(cases.len() > 200);
    for case in cases.iter().map(|case| case.join("in.conf")).filter(|file| file.exists()) {
        TARGETS
            .iter()
            .filter(|target| target.0.starts_with("jail_conf"))
            .for_each(|&target| run(target, &case));
    }
}

fn run((name, target): Target, file: &Path) {
    // The test shows this line if the target fails.
    println!("{name}: {}", file.display());
    target(&fs::read(file).expect("a seed can be read"));
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is in the repository");
    entries.map(|entry| entry.expect("a folder can be read").path()).collect()
}
