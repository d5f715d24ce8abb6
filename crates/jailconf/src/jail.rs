//! A jail with its parameters, as jail(8) is about to use them; and the jail of a command line.

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Subject};
use crate::names::same_parameter;

/// A jail: its parameters in jail(8)'s order, with variables substituted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jail {
    /// The name of the jail's section, which may be a number. For a command line: the `name`, or
    /// else the `jid`, or nothing.
    pub name: Vec<u8>,
    /// Where the jail's section begins.
    pub place: Place,
    /// The jail's parameters. The first is `name`, or `jid` if the section's name is a number.
    pub parameters: Vec<Parameter>,
}

/// One parameter of a jail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name as the last statement wrote it: `nopersist` if that came after `persist`.
    pub name: Vec<u8>,
    /// The values; none for a bare `name;`. Of a parameter that is no list, the last value counts.
    pub values: Vec<Vec<u8>>,
    /// Where the last statement of the parameter is.
    pub place: Place,
}

/// Parameters whose value on a command line is split at commas: the table in FreeBSD's `jail.c`.
const LISTS: [&[u8]; 4] = [b"ip4.addr", b"ip6.addr", b"vnet.interface", b"zfs.dataset"];

impl Jail {
    /// Reads the jail of a command line, `jail -c NAME=VALUE … [command=WORD …]`, from the first
    /// such word on.
    ///
    /// `command` takes all words that follow. A repeated parameter gets more values; as everywhere,
    /// the last value counts if the parameter is no list.
    ///
    /// # Errors
    /// `name` or `jid` given twice.
    pub fn from_words(words: &[impl AsRef<[u8]>]) -> Result<Self, Diagnostics> {
        let mut jail =
            Self { name: Vec::new(), place: Place::command_line(), parameters: Vec::new() };
        let mut faults = Diagnostics::default();
        for (index, word) in words.iter().enumerate() {
            let word = word.as_ref();
            let (name, value) = match word.iter().position(|&byte| byte == b'=') {
                Some(equals) => (&word[..equals], Some(&word[equals + 1..])),
                None => (word, None),
            };
            let values: Vec<&[u8]> = match value {
                // Before the rule for `=`: a word of the command may have a `=` of its own.
                _ if name == b"command" => {
                    let rest = words[index + 1..].iter().map(AsRef::as_ref);
                    value.into_iter().chain(rest).collect()
                }
                Some(value) if LISTS.contains(&name) => value.split(|&byte| byte == b',').collect(),
                _ => value.into_iter().collect(),
            };
            jail.add(name, &values, &mut faults);
            if name == b"command" {
                break;
            }
        }
        let name = jail.value(b"name").or(jail.value(b"jid"));
        jail.name = name.unwrap_or_default().to_vec();
        faults.or(jail)
    }

    /// The last value of the parameter `name`, if it has one.
    pub fn value(&self, name: &[u8]) -> Option<&[u8]> {
        let parameter = self.parameters.iter().find(|parameter| parameter.name == name)?;
        parameter.values.last().map(Vec::as_slice)
    }

    fn add(&mut self, name: &[u8], values: &[&[u8]], faults: &mut Diagnostics) {
        let known =
            self.parameters.iter_mut().find(|parameter| same_parameter(&parameter.name, name));
        let Some(known) = known else {
            let values = values.iter().map(|value| value.to_vec()).collect();
            self.parameters.push(Parameter {
                name: name.to_vec(),
                values,
                place: Place::command_line(),
            });
            return;
        };
        // FreeBSD's PF_IMMUTABLE: these two say which jail is meant.
        if [b"name".as_slice(), b"jid"].iter().any(|fixed| same_parameter(&known.name, fixed)) {
            let message =
                format!("cannot redefine parameter \"{}\".", String::from_utf8_lossy(&known.name));
            faults.push(Diagnostic::new(Subject::Nothing, message, Place::command_line()));
            return;
        }
        known.name = name.to_vec();
        // A bare name clears the values before it, as in a file.
        if values.is_empty() {
            known.values.clear();
        }
        known.values.extend(values.iter().map(|value| value.to_vec()));
    }

    /// Writes the jail in one line, as `jail -e SEPARATOR` does: every parameter but `jid`.
    pub fn to_line(&self, separator: &[u8]) -> Vec<u8> {
        let mut line = Vec::new();
        for parameter in self.parameters.iter().filter(|parameter| parameter.name != b"jid") {
            if !line.is_empty() {
                line.extend(separator);
            }
            line.extend(&parameter.name);
            for (index, value) in parameter.values.iter().enumerate() {
                line.push(if index == 0 { b'=' } else { b',' });
                quote(value, &mut line);
            }
        }
        line
    }
}

/// Writes `value`, in quotes where jail(8)'s own rule wants them: that rule has none for a newline
/// or a comma.
fn quote(value: &[u8], out: &mut Vec<u8>) {
    let has = |byte| value.contains(&byte);
    // The order of FreeBSD's quoted_print(): scripts compare its lines.
    let quote = if value.is_empty() || has(b'\'') {
        Some(b'"')
    } else if has(b'"') {
        Some(b'\'')
    } else if has(b' ') || has(b'\t') {
        Some(b'"')
    } else {
        None
    };
    out.extend(quote);
    for &byte in value {
        if byte == b'\\' || Some(byte) == quote {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.extend(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn command_lines() {
        for (words, want) in [
            (&["name=web", "path=/a", "persist"][..],     "name=web|path=/a|persist"),
            (&["path=/a", "path=/b"],                     "path=/a,/b"),
            (&["vnet.interface=a,b", "vnet.interface=c"], "vnet.interface=a,b,c"),
            (&["exec.start=a,b"],                         "exec.start=a,b"),        // not a list: one value
            (&["persist", "nopersist"],                   "nopersist"),
            (&["mount=x", "mount"],                       "mount"),
            (&["path=/", "command=/bin/ls", "-l", "a=b"], "path=/|command=/bin/ls,-l,a=b"),
            (&["path=/", "command", "/bin/ls"],           "path=/|command=/bin/ls"),
            (&["host.hostname="],                         "host.hostname=\"\""),
        ] {
            let jail = Jail::from_words(words).unwrap();
            assert_eq!(String::from_utf8_lossy(&jail.to_line(b"|")), want, "{words:?}");
        }
    }

    #[test]
    fn a_name_is_given_once() {
        let faults = Jail::from_words(&["name=a", "name=b"]).unwrap_err();
        assert_eq!(faults.to_string(), "cannot redefine parameter \"name\".");
        assert_eq!(Jail::from_words(&["jid=7", "path=/"]).unwrap().name, b"7");
    }

    #[test]
    #[rustfmt::skip]
    fn quotes() {
        for (value, want) in [
            ("plain", "plain"), ("", r#""""#), ("a b", r#""a b""#), ("it's", r#""it's""#), (r#"say "x""#, r#"'say "x"'"#),
            (r#"it's "x""#, r#""it's \"x\"""#), (r"a\b", r"a\\b"), ("a,b", "a,b"), ("a\nb", "a\nb"), ("a\tb", "\"a\tb\""),
        ] {
            let mut out = Vec::new();
            quote(value.as_bytes(), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), want);
        }
    }
}
