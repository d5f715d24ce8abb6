//! What must hold of every parser, for any bytes: it answers in bounded time and memory, and its
//! answers agree with each other.
//!
//! Each function is one target. libFuzzer looks for bytes that break a target (`cargo xtask fuzz`),
//! and every run of the tests gives each target all of its seeds. The seeds are in
//! `fuzz/seeds/TARGET`, where libFuzzer also puts the bytes that broke one.

#![allow(clippy::panic, reason = "a panic is how a target says that something does not hold")]

mod jailconf;
mod networds;
mod registry;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub use crate::jailconf::{jail_conf, jail_conf_edit};
pub use crate::networds::{ifconfig_words, route_words};
pub use crate::registry::nested_registry;

/// A target: its name and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 10] = [
    ("jail_conf", jail_conf),
    ("jail_conf_edit", jail_conf_edit),
    ("parameters", parameters),
    ("rc_conf", rc_conf),
    ("devfs_rules", devfs_rules),
    ("fstab", fstab),
    ("json", json),
    ("ifconfig_words", ifconfig_words),
    ("route_words", route_words),
    ("nested_registry", nested_registry),
];

/// Reads the parameters of a command line, one a line: [`jailparam::Set`].
pub fn parameters(bytes: &[u8]) {
    let words: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    let Ok(jail) = ::jailconf::Jail::from_words(&words) else { return };
    match jailparam::Set::import(&jail) {
        Ok(set) => {
            for parameter in jailparam::CATALOGUE {
                let shown = set.value(parameter).map(|value| value.to_string());
                assert!(set.given(parameter).is_none() || shown.is_some());
            }
        }
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in errors {
                assert!(!error.to_string().is_empty());
            }
        }
    }
}

/// Reads rc.conf(5): [`rc::RcConf`]. Every variable of a file that is read can be asked for.
pub fn rc_conf(bytes: &[u8]) {
    let mut conf = rc::RcConf::default();
    if let Err(error) = conf.read(bytes) {
        assert!(!error.to_string().is_empty());
        return;
    }
    for name in ["jail_enable", "jail_list", "jail_conf", "rc_conf_files"] {
        let words = conf.words(name);
        assert!(words.iter().all(|word| !word.contains([' ', '\t', '\n'])));
        if let Err(error) = conf.yes(name) {
            assert!(!error.to_string().is_empty());
        }
    }
}

/// Reads devfs.rules(5): [`devfs::Rulesets`]. The words of `devfs rule show` for a rule are read as
/// the same rule.
pub fn devfs_rules(bytes: &[u8]) {
    let accounts = devfs::Accounts::new(b"root:*:0:0::/:/bin/sh\n", b"wheel:*:0:\n");
    let mut rulesets = devfs::Rulesets::default();
    if let Err(error) = rulesets.read(bytes, &accounts) {
        assert!(!error.to_string().is_empty());
        return;
    }
    for number in rulesets.numbers() {
        let _ = rulesets.expand(number);
        for (number, rule) in rulesets.rules(number) {
            // The number is part of it, because an empty rule, which does nothing to every node,
            // has no other word.
            let shown = format!("{number} {}", rule.show(&accounts));
            // White space other than blanks, such as a form feed, may be part of a pattern.
            let words = shown.split(' ').filter(|word| !word.is_empty());
            let words: Vec<Vec<u8>> = words.map(|word| word.as_bytes().to_vec()).collect();
            // devfs(8) shows no quotes around a pattern with a blank, and U+FFFD for bytes that are
            // not UTF-8: such rules cannot be read again.
            let plain = bytes.is_ascii() && !bytes.iter().any(|byte| b"'\"\\".contains(byte));
            if plain {
                let again = devfs::Rule::parse(&words, &accounts);
                assert_eq!(again.map(|(_, rule)| rule).as_ref(), Ok(rule), "{shown}");
            }
        }
    }
}

/// Reads fstab(5) and the options of its lines: [`::fstab`].
pub fn fstab(bytes: &[u8]) {
    let entries = match ::fstab::parse(bytes) {
        Ok(entries) => entries,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    for entry in entries {
        assert!(entry.line <= bytes.split(|&byte| byte == b'\n').count());
        if let Err(error) = entry.mount() {
            assert_eq!(error.line, entry.line);
            assert!(!error.to_string().is_empty());
        }
    }
}

/// Reads JSON: [`::json`]. A value that was read is written as a text with the same value.
pub fn json(bytes: &[u8]) {
    match ::json::Json::read(bytes) {
        Ok(value) => {
            let again = ::json::Json::read(value.to_string().as_bytes());
            assert_eq!(again.as_ref(), Ok(&value));
        }
        Err(error) => {
            assert!(error.line <= bytes.split(|&byte| byte == b'\n').count());
            assert!(!error.to_string().is_empty());
        }
    }
}

/// Makes a file's name of the bytes that are being tried.
fn path(bytes: &[u8]) -> &std::path::Path {
    std::path::Path::new(OsStr::from_bytes(bytes))
}
