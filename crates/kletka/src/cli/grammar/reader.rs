//! Reads a command line as far as its grammar goes, before the command itself does.
//!
//! The reader finds out whether help or the version is asked for, at the places where options may
//! stand, and refuses options and verbs that are in no table. Values, and how options go together,
//! are for the command to judge.

use super::table::{Flag, Grammar};
use networds::Language;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// What a command line asks of every command alike.
#[derive(Clone, Copy)]
pub(crate) enum Question {
    /// The help of this command or verb.
    Help(&'static Grammar),
    Version,
}

/// A mistake that needs no command to be found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// A letter that is no option.
    Letter(char),
    /// A word that is no option.
    Option(String),
    /// The value of an option is missing.
    NoValue(String),
    /// A word that is no verb.
    Verb(String),
    /// An operand of a command that takes none.
    Operand(String),
}

/// Reads the words behind the name of a command. Fails with the verb that was understood and with
/// the mistake behind it.
pub(crate) fn read(
    grammar: &'static Grammar,
    words: &[OsString],
) -> Result<Option<Question>, (&'static Grammar, Mistake)> {
    if let Some(language) = grammar.language {
        return in_language(grammar, language, words).map_err(|mistake| (grammar, mistake));
    }
    let mut reader = Reader { grammar, helped: grammar, strict: true };
    let mut rest = words;
    while let [word, after @ ..] = rest {
        rest = after;
        let bytes = word.as_bytes();
        let done = match bytes {
            b"--" => break,
            [b'-', b'-', ..] => reader.long(&word.to_string_lossy(), &mut rest),
            [b'-', _, ..] => reader.letters(&word.to_string_lossy(), &mut rest),
            _ => match word.to_str().and_then(|word| reader.grammar.find(word)) {
                Some(verb) => {
                    reader.enter(verb);
                    continue;
                }
                None if reader.strict && reader.grammar.only_verbs => {
                    Err(Mistake::Verb(word.to_string_lossy().into_owned()))
                }
                None if reader.strict && reader.grammar.takes_none => {
                    Err(Mistake::Operand(word.to_string_lossy().into_owned()))
                }
                None if reader.grammar.permutes => continue,
                None => break,
            },
        };
        match done {
            Ok(Read::On) => {}
            Ok(Read::Stop) => break,
            Ok(Read::Asked(question)) => return Ok(Some(question)),
            Err(mistake) => return Err((reader.grammar, mistake)),
        }
    }
    Ok(None)
}

/// Reads the options of a command whose words `networds` knows, and refuses them likewise.
fn in_language(
    grammar: &'static Grammar,
    language: fn() -> Language,
    words: &[OsString],
) -> Result<Option<Question>, Mistake> {
    let asked = |word: &OsString| match word.as_bytes() {
        b"-h" | b"--help" => Some(Question::Help(grammar)),
        b"--version" => Some(Question::Version),
        _ => None,
    };
    // Hooks run these commands again and again, mostly without options: the tables are made only
    // when they are needed.
    let has_options = words.first().is_some_and(|word| word.as_bytes().starts_with(b"-"));
    if !has_options && words.iter().all(|word| asked(word).is_none()) {
        return Ok(None);
    }
    let language = language();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if let Some(question) = asked(word) {
            return Ok(Some(question));
        }
        let text = word.to_string_lossy();
        let Some(letters) = text.strip_prefix('-').filter(|it| !it.is_empty() && *it != "-") else {
            let mut verbs = language.firsts.entries.iter().flat_map(|entry| &entry.names);
            let is_verb = verbs.any(|verb| *verb == text);
            return Ok(words.next().filter(|_| is_verb).and_then(asked));
        };
        if letters.starts_with('-') {
            return Err(Mistake::Option(text.into_owned()));
        }
        for (at, letter) in letters.char_indices() {
            match language.flags.iter().find(|flag| flag.letter == letter) {
                None if grammar.refused.contains(letter) => return Ok(None),
                None => return Err(Mistake::Letter(letter)),
                Some(flag) if flag.argument.is_none() => {}
                Some(_) if at + letter.len_utf8() < letters.len() => break,
                Some(_) => {
                    words.next().ok_or_else(|| Mistake::NoValue(letter.to_string()))?;
                }
            }
        }
    }
    Ok(None)
}
/// What was found in a word.
enum Read {
    On,
    /// The command itself has to say something about this option.
    Stop,
    Asked(Question),
}

struct Reader {
    grammar: &'static Grammar,
    /// Whose help is meant: the last verb that says how it is called.
    helped: &'static Grammar,
    /// Whether unknown options are refused here.
    strict: bool,
}

impl Reader {
    fn enter(&mut self, verb: &'static Grammar) {
        self.grammar = verb;
        if !verb.forms().is_empty() {
            self.helped = verb;
        }
    }

    fn flag(&self, name: &str) -> Option<&'static Flag> {
        self.grammar.flags.iter().find(|flag| flag.name == name)
    }

    /// Reads a word with two dashes.
    fn long(&mut self, word: &str, rest: &mut &[OsString]) -> Result<Read, Mistake> {
        // libxo(3) also takes a colon before the value.
        let end = word.find(['=', ':']).unwrap_or(word.len());
        let (name, has_value) = (&word[..end], end < word.len());
        let Some(flag) = self.flag(name) else {
            return match word {
                "--help" => Ok(Read::Asked(Question::Help(self.helped))),
                "--version" => Ok(Read::Asked(Question::Version)),
                _ if self.strict => Err(Mistake::Option(name.to_owned())),
                _ => Ok(Read::On),
            };
        };
        self.strict &= !flag.ends;
        if !has_value {
            self.skip_value(flag, rest)?;
        }
        Ok(Read::On)
    }

    /// Reads a word of letters behind one dash, as getopt(3) does.
    fn letters(&mut self, word: &str, rest: &mut &[OsString]) -> Result<Read, Mistake> {
        if word == "-h" && !self.grammar.has_own_h() {
            return Ok(Read::Asked(Question::Help(self.helped)));
        }
        let letters = &word[1..];
        for (at, letter) in letters.char_indices() {
            let Some(flag) = self.flag(&format!("-{letter}")) else {
                return match self.strict {
                    true if self.grammar.refused.contains(letter) => Ok(Read::Stop),
                    true => Err(Mistake::Letter(letter)),
                    false => Ok(Read::On),
                };
            };
            if flag.value.is_some() {
                // The value is the rest of the word, or the next word.
                if at + letter.len_utf8() == letters.len() {
                    self.skip_value(flag, rest)?;
                }
                break;
            }
        }
        Ok(Read::On)
    }

    /// Leaves out the word that is the value of an option.
    fn skip_value(&self, flag: &Flag, rest: &mut &[OsString]) -> Result<(), Mistake> {
        if flag.value.is_none_or(|value| value.is_optional) {
            return Ok(());
        }
        match rest.split_first() {
            Some((_, after)) => *rest = after,
            None if self.strict => {
                return Err(Mistake::NoValue(flag.name.trim_start_matches('-').to_owned()));
            }
            None => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::grammar::{boot, host, jails, network, own};

    /// What was read, in short.
    fn told(grammar: &'static Grammar, line: &str) -> String {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        match read(grammar, &words) {
            Ok(None) => "-".to_owned(),
            Ok(Some(Question::Help(of))) => format!("help {}", of.name),
            Ok(Some(Question::Version)) => "version".to_owned(),
            Err((of, mistake)) => format!("{}: {mistake:?}", of.name),
        }
    }

    #[test]
    #[rustfmt::skip]
    fn options_at_their_places() {
        for (grammar, line, want) in [
            (&jails::JAIL,      "--help",                      "help jail"),
            (&jails::JAIL,      "-qc --help",                  "help jail"),
            (&jails::JAIL,      "-h",                          "-"),           // resolves a host name
            (&jails::JAIL,      "-f --help -c",                "-"),           // a file of this name
            (&jails::JAIL,      "-c command=/bin/ls --help",   "-"),
            (&jails::JAIL,      "-- --help",                   "-"),
            (&jails::JAIL,      "--plan -c --version",         "version"),
            (&jails::JAIL,      "--plan=json -c --plna",       "jail: Option(\"--plna\")"),
            (&jails::JAIL,      "-vx",                         "jail: Letter('x')"),
            (&jails::JAIL,      "-c -f",                       "jail: NoValue(\"f\")"),
            (&jails::JLS,       "--libxo:JP -a --help",        "help jls"),
            (&jails::JLS,       "--libxo json --libxo-check",  "-"),
            (&jails::JLS,       "--libxo",                     "-"),
            (&jails::JLS,       "--diff -x --help",            "help jls"),
            (&jails::JEXEC,     "-h",                          "help jexec"),
            (&jails::JEXEC,     "-lu nobody web ls --help",    "-"),
            (&jails::JEXEC,     "-lunobody --version",         "version"),
            (&network::NETSTAT, "-h",                          "-"),
            (&network::ARP,     "10.0.0.1 --help",             "help arp"),
            (&network::IFCONFIG,"-x",                          "ifconfig: Letter('x')"),
            (&network::IFCONFIG,"-v",                          "-"),           // FreeBSD's
            (&network::IFCONFIG,"-h",                          "help ifconfig"),
            (&network::IFCONFIG,"-g --help",                   "-"),           // a group
            (&network::IFCONFIG,"-lg all --version",           "version"),
            (&network::IFCONFIG,"em0 name --help",             "-"),
            (&network::ROUTE,   "-n --help add",               "help route"),
            (&network::ROUTE,   "add --help",                  "help route"),
            (&network::ROUTE,   "add default --help",          "-"),
            (&boot::SERVICE,    "-h",                          "-"),
            (&boot::SERVICE,    "jail -h",                     "help jail"),
            (&boot::SERVICE,    "jail onestart --help",        "help jail"),
            (&boot::SERVICE,    "jail start web --help",       "-"),
            (&boot::SERVICE,    "-j web nginx --help",         "-"),
            (&boot::SYSRC,      "-h",                          "-"),
            (&boot::SYSRC,      "-L",                          "-"),
            (&host::SYSCTL,     "-y",                          "sysctl: Letter('y')"),
            (&host::DEVFS,      "rule -s 4 show --help",       "help show"),
            (&own::CONFIG,      "chekc",                       "config: Verb(\"chekc\")"),
            (&own::CONFIG,      "get web -h",                  "help get"),
            (&own::CONFIG,      "set web -persist --unset x",  "-"),
            (&own::CONFIG,      "fmt --chek",                  "fmt: Option(\"--chek\")"),
            (&own::NET,         "guard 10 ls --help",          "-"),
            (&own::NET,         "guard --detached 10 ls -x",   "-"),
            (&own::DOCTOR,      "mend",                        "doctor: Operand(\"mend\")"),
            (&own::INSTALL,     "--prefix",                    "install: NoValue(\"prefix\")"),
        ] {
            assert_eq!(told(grammar, line), want, "{} {line}", grammar.name);
        }
    }
}
