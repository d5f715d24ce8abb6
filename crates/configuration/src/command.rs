//! Reading the commands of hooks: which programs they run, and what they tell ifconfig(8).
//!
//! A command may be a whole shell script. The parts that are not understood here are skipped, and
//! nothing is said about them: a false alarm is worse than none.

use jailconf::{Jail, Place};
use jailparam::{List, param};
use std::net::IpAddr;

/// The parameters with commands that run on the host, in the order of a start and a stop.
pub(crate) const HOOKS: [List; 7] = [
    param::EXEC_PREPARE,
    param::EXEC_PRESTART,
    param::EXEC_CREATED,
    param::EXEC_POSTSTART,
    param::EXEC_PRESTOP,
    param::EXEC_POSTSTOP,
    param::EXEC_RELEASE,
];

/// The characters that make jail(8) give a command to a shell: FreeBSD's `command.c`, which makes
/// an exception for a lone `&` at the end.
const SHELL: &[u8] = b"!\"$&'()*;<>?[\\]`{|}~";

/// Programs that make neither files nor mounts: after them, a missing file is still missing.
const HARMLESS: [&str; 12] = [
    "ifconfig", "route", "sysctl", "devfs", "echo", "printf", "logger", "true", "false", "jls",
    "sleep", "test",
];

/// One command of a parameter.
pub(crate) struct Command<'j> {
    pub(crate) parameter: List,
    pub(crate) place: &'j Place,
    pub(crate) text: &'j str,
}

/// The commands of `jail` for `parameter`, without those that are not UTF-8.
pub(crate) fn commands(jail: &Jail, parameter: List) -> impl Iterator<Item = Command<'_>> {
    let given = jail.parameters.iter().filter(move |given| parameter.is_called(&given.name));
    given.flat_map(move |given| {
        let texts = given.values.iter().filter_map(|value| str::from_utf8(value).ok());
        texts.map(move |text| Command { parameter, place: &given.place, text })
    })
}

impl<'j> Command<'j> {
    /// Whether jail(8) gives the command to /bin/sh.
    pub(crate) fn is_for_shell(&self) -> bool {
        let special = self.text.bytes().position(|byte| SHELL.contains(&byte));
        special.is_some_and(|at| &self.text[at..] != "&")
    }

    /// The program, if jail(8) executes it itself.
    pub(crate) fn program(&self) -> Option<&'j str> {
        if self.is_for_shell() {
            return None;
        }
        self.text.split_ascii_whitespace().next().filter(|word| *word != "&")
    }

    /// Whether the command may make files, directories or mounts.
    pub(crate) fn may_make_files(&self) -> bool {
        // A redirection makes a file; what a substitution runs is not looked into.
        self.text.contains(['>', '`'])
            || self.simple().any(|words| {
                let name = words.first().map_or("", |word| base_name(word));
                !HARMLESS.contains(&name)
            })
    }

    /// Cuts the command into simple commands, each as its words. A quoted text is one word.
    fn simple(&self) -> impl Iterator<Item = Vec<&'j str>> + use<'j> {
        let mut rest = self.text;
        std::iter::from_fn(move || {
            let mut words = Vec::new();
            while !rest.is_empty() {
                let (end, ends_command) = end_of_word(rest);
                let word = rest[..end].trim_matches(['"', '\'']);
                // A word ends with one byte: a blank or an operator.
                rest = rest.get(end + 1..).unwrap_or_default();
                if !word.is_empty() {
                    words.push(word);
                }
                // An operator of two bytes, such as `&&`, ends an empty command too: that one is
                // none.
                if ends_command && !words.is_empty() {
                    break;
                }
            }
            (!words.is_empty()).then_some(words)
        })
    }

    /// The command lines of ifconfig(8) in it.
    pub(crate) fn ifconfigs(&self) -> Vec<Ifconfig<'j>> {
        // Most commands do not have the word at all: large configurations are searched fast.
        if !self.text.contains("ifconfig") {
            return Vec::new();
        }
        self.simple().filter_map(Ifconfig::read).collect()
    }
}

/// Finds where the first word of `text` ends, and whether its command ends there too.
fn end_of_word(text: &str) -> (usize, bool) {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            (None, b' ' | b'\t') => return (at, false),
            (None, b';' | b'|' | b'&' | b'\n' | b'(' | b')' | b'{' | b'}') => return (at, true),
            _ => {}
        }
    }
    (text.len(), true)
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// One command line of ifconfig(8): the interface, and the words behind it.
pub(crate) struct Ifconfig<'j> {
    pub(crate) interface: &'j str,
    words: Vec<&'j str>,
}

impl<'j> Ifconfig<'j> {
    fn read(mut words: Vec<&'j str>) -> Option<Self> {
        // The word may be anywhere: `if ifconfig …`, `jexec web ifconfig …`.
        let mut at = words.iter().position(|word| base_name(word) == "ifconfig")? + 1;
        while let Some(option) = words.get(at).filter(|word| word.starts_with('-')) {
            // These options have a value: another jail, a format.
            at += if ["-j", "-f", "-g", "-G"].contains(option) { 2 } else { 1 };
        }
        let interface = *words.get(at)?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        // The value of `$IF` is known to the shell only.
        if !interface.bytes().all(is_plain) {
            return None;
        }
        words.drain(..=at);
        Some(Self { interface, words })
    }

    /// Whether the command line creates the interface.
    pub(crate) fn creates(&self) -> bool {
        // `ifconfig epair create` finds a free number itself, and is in nobody's way.
        let numbered = self.interface.ends_with(|c: char| c.is_ascii_digit());
        numbered && self.has("create")
    }

    fn has(&self, word: &str) -> bool {
        // The word behind one of these is a text: it may be any word.
        let mut before = self.interface;
        self.words.iter().any(|one| {
            let described = matches!(before, "descr" | "description" | "name");
            before = one;
            *one == word && !described
        })
    }

    /// The words behind each of `keys`.
    fn after<'a>(&'a self, keys: &'a [&str]) -> impl Iterator<Item = &'j str> + 'a {
        let pairs = self.words.windows(2).filter(|pair| keys.contains(&pair[0]));
        pairs.map(|pair| pair[1])
    }

    /// All interfaces that the command line names.
    pub(crate) fn interfaces(&self) -> impl Iterator<Item = &'j str> {
        let members = self.after(&["addm", "deletem", "span", "-span", "vlandev"]);
        std::iter::once(self.interface).chain(members)
    }

    /// The addresses that the interface gets.
    pub(crate) fn addresses(&self) -> Vec<IpAddr> {
        // `ifconfig em0 10.0.0.1` needs no word before the address.
        let first = self.words.first().copied();
        let all = first.into_iter().chain(self.after(&["inet", "inet6", "alias", "add"]));
        let removes = ["-alias", "delete", "remove", "destroy"].iter().any(|word| self.has(word));
        if removes { Vec::new() } else { all.filter_map(address).collect() }
    }

    /// The hardware address that the interface gets.
    pub(crate) fn ether(&self) -> Option<[u8; 6]> {
        self.after(&["ether", "link", "lladdr"]).find_map(ether)
    }
}

/// Reads an address, with or without the length of its prefix.
pub(crate) fn address(word: &str) -> Option<IpAddr> {
    let address = word.split('/').next().unwrap_or(word).parse::<IpAddr>().ok()?;
    // Every jail may have these: nobody else is in the way.
    (!address.is_unspecified() && !address.is_loopback()).then_some(address)
}

fn ether(word: &str) -> Option<[u8; 6]> {
    let mut bytes = [0; 6];
    let mut parts = word.split([':', '-']);
    for byte in &mut bytes {
        *byte = parts.next().and_then(|part| u8::from_str_radix(part, 16).ok())?;
    }
    parts.next().is_none().then_some(bytes)
}

/// Finds the epair that `interface` is, or is an end of: `epair1` of `epair1a`.
pub(crate) fn epair(interface: &str) -> Option<&str> {
    let digits = interface.strip_prefix("epair")?.trim_end_matches(['a', 'b']);
    let end = "epair".len() + digits.len();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && interface.len() - end <= 1).then(|| &interface[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str) -> String {
        let place = Place::command_line();
        let command = Command { parameter: param::EXEC_START, place: &place, text };
        let lines = command.ifconfigs().into_iter().map(|line| {
            let mut said = line.interfaces().collect::<Vec<_>>().join(" ");
            said += if line.creates() { " created" } else { "" };
            said.extend(line.addresses().iter().map(|address| format!(" {address}")));
            said + &line.ether().map_or(String::new(), |bytes| format!(" {bytes:02x?}"))
        });
        lines.collect::<Vec<_>>().join("; ")
    }

    #[test]
    #[rustfmt::skip]
    fn ifconfig_lines() {
        for (text, want) in [
            ("ifconfig epair1 create",                              "epair1 created"),
            ("ifconfig epair create",                               "epair"),         // ifconfig finds a number itself
            ("/sbin/ifconfig bridge1 up addm re0.7 addm epair1a descr 'bridge for destroy'", "bridge1 re0.7 epair1a"),
            ("ifconfig bridge1 deletem epair1a deletem re0.7",      "bridge1 epair1a re0.7"),
            ("ifconfig epair1a destroy",                            "epair1a"),
            ("ifconfig epair1b 192.168.1.240/24 up descr 'x'",      "epair1b 192.168.1.240"),
            ("ifconfig e0b inet6 fd00::7 prefixlen 64",             "e0b fd00::7"),
            ("ifconfig -j web e0b inet 10.0.0.2/24 alias",          "e0b 10.0.0.2"),
            ("ifconfig em0 inet 10.0.0.2 -alias",                   "em0"),
            ("ifconfig lo0 127.0.0.1/8 up",                         "lo0"),
            ("ifconfig e0a ether 02:00:5e:00:00:01",                "e0a [02, 00, 5e, 00, 00, 01]"),
            ("ifconfig a0 up; ifconfig b0 up && true",              "a0; b0"),
            ("ifconfig a0 create || true",                          "a0 created"),
            ("sh -c 'ifconfig a0 create || true'",                  ""),
            ("ifconfig $IF up",                                     ""),
            ("jng bridge web em0",                                  ""),
        ] {
            assert_eq!(reads(text), want, "{text}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn what_makes_files() {
        for (text, want) in [
            ("ifconfig epair1 create", false), ("/sbin/ifconfig a up; sysctl x=1", false), ("echo hello", false),
            ("echo x > /jails/a/file", true), ("echo `mkdir /jails/a`", true), ("echo $(mkdir /jails/a)", true), ("mkdir -p /jails/a", true), ("sh /usr/local/etc/prepare", true),
        ] {
            let place = Place::command_line();
            assert_eq!(Command { parameter: param::EXEC_PREPARE, place: &place, text }.may_make_files(), want, "{text}");
        }
    }

    #[test]
    fn epairs() {
        for (name, want) in [
            ("epair1", Some("epair1")),
            ("epair12a", Some("epair12")),
            ("epair1ab", None),
            ("epair", None),
            ("e0b_web", None),
        ] {
            assert_eq!(epair(name), want, "{name}");
        }
    }
}
