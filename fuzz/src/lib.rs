//! What must hold of every parser for any bytes whatever: it answers, in bounded time and memory,
//! and what it says agrees with itself.
//!
//! Each function is one target. libFuzzer looks for bytes that break it (`cargo xtask fuzz`), and
//! every run of the tests gives it all of its seeds: `fuzz/seeds/TARGET`, where libFuzzer
//! also leaves what broke it.

#![allow(clippy::panic, reason = "a panic is how a target says that something does not hold")]

mod jailconf;
mod networds;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub use crate::jailconf::{jail_conf, jail_conf_edit};
pub use crate::networds::{ifconfig_words, route_words};

/// A target: its name, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 9] = [
    ("jail_conf", jail_conf),
    ("jail_conf_edit", jail_conf_edit),
    ("parameters", parameters),
    ("rc_conf", rc_conf),
    ("devfs_rules", devfs_rules),
    ("fstab", fstab),
    ("json", json),
    ("ifconfig_words", ifconfig_words),
    ("route_words", route_words),
];

/// The parameters of a command line, one a line: [`jailparam::Set`].
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

/// rc.conf(5): [`rc::RcConf`]. A file that is read has an answer for every question.
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

/// devfs.rules(5): [`devfs::Rulesets`]. A rule that is shown as devfs(8) shows it is the same
/// rule when it is read again.
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
            // A number alone is a rule too, for every node, that does nothing.
            let shown = format!("{number} {}", rule.show(&accounts));
            // Other white space, such as a form feed, may be part of a pattern.
            let words = shown.split(' ').filter(|word| !word.is_empty());
            let words: Vec<Vec<u8>> = words.map(|word| word.as_bytes().to_vec()).collect();
            // Nothing quotes a space in a pattern, and what is not UTF-8 is shown by a sign for it.
            let plain = bytes.is_ascii() && !bytes.iter().any(|byte| b"'\"\\".contains(byte));
            if plain {
                let again = devfs::Rule::parse(&words, &accounts);
                assert_eq!(again.map(|(_, rule)| rule).as_ref(), Ok(rule), "{shown}");
            }
        }
    }
}

/// fstab(5) and the options of its lines: [`fstab`](::fstab).
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

/// JSON: [`::json`]. What is read is written as a text that says the same.
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

/// A name for a file, out of the bytes that are being tried.
fn path(bytes: &[u8]) -> &std::path::Path {
    std::path::Path::new(OsStr::from_bytes(bytes))
}
