//! sysctl(8): shows and changes the values of names. The crate [`sysctl`] knows the names, and
//! which file of Linux each one stands for.

use crate::cli::answer;
use crate::cli::grammar::host::SYSCTL;
use crate::cli::help;
use crate::cli::others;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::process::ExitCode;

use sysctl::{Error, Oid, TABLE, reason};

/// The options of a command line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    all: bool,
    names_only: bool,
    values_only: bool,
    descriptions: bool,
    types: bool,
    ignore_unknown: bool,
    quiet: bool,
    separator: Option<&'static str>,
    /// A file of names and values, as sysctl.conf(5).
    file: Option<String>,
}

/// Why the command line is refused.
#[derive(Debug, PartialEq, Eq)]
enum Usage {
    /// The line asks for nothing, or for things that exclude each other.
    Nothing,
    /// An option that FreeBSD does not have either.
    Illegal(char),
    /// An option without its argument.
    NoArgument(char),
    /// An option of FreeBSD's that has no meaning here.
    Unsupported(char),
}

/// The exit status when the file of `-f` cannot be read: sysexits(3), `EX_NOINPUT`.
const NO_INPUT: u8 = 66;

/// Runs the applet. As on FreeBSD, the exit status is the number of names that failed.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let words: Vec<String> =
        arguments.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let (options, names) = match parse(&words) {
        Ok(parsed) => parsed,
        Err(Usage::Unsupported(letter)) => {
            return answer::fail("sysctl", format_args!("-{letter}: not supported"));
        }
        Err(usage) => {
            match usage {
                Usage::Illegal(letter) => complain!("sysctl: illegal option -- {letter}"),
                Usage::NoArgument(letter) => {
                    complain!("sysctl: option requires an argument -- {letter}");
                }
                _ => {}
            }
            return help::usage(&SYSCTL);
        }
    };
    // What a script of the jail's own system asks for, by Linux's names, is its own program's.
    if prison::is_jailed() && names.iter().any(|word| !is_known(word)) {
        let arguments: Vec<_> = words.iter().map(OsString::from).collect();
        others::become_others("sysctl", &arguments);
    }
    let mut text = String::new();
    let mut failed = 0usize;
    let mut count = |done: Result<(), Error>, place: &str| {
        let error = match done {
            Ok(()) => return,
            // With -i an unknown name is no failure, with -q it is one without a message.
            Err(Error::Unknown(_)) if options.ignore_unknown => return,
            Err(error) => error,
        };
        failed += 1;
        if !(options.quiet && matches!(error, Error::Unknown(_))) {
            complain!("sysctl: {error}{place}{}", hint(&error));
        }
    };
    if options.all && names.is_empty() && options.file.is_none() {
        TABLE.iter().for_each(|oid| count(show(&mut text, oid, &options), ""));
    }
    if let Some(path) = &options.file {
        let lines = match std::fs::read(path) {
            Ok(lines) => String::from_utf8_lossy(&lines).into_owned(),
            Err(error) => {
                complain!("sysctl: {path}: {}", reason(&error));
                return ExitCode::from(NO_INPUT);
            }
        };
        for (number, line) in (1..).zip(lines.lines()) {
            let line = without_comment(line).trim();
            if !line.is_empty() {
                count(one(&mut text, line, &options), &format!(" at line {number}"));
            }
        }
    }
    names.iter().for_each(|name| count(one(&mut text, name, &options), ""));
    answer::print(text);
    ExitCode::from(u8::try_from(failed).unwrap_or(u8::MAX))
}

/// Whether a word of the command line has a name of FreeBSD's that is known here.
fn is_known(word: &str) -> bool {
    let name = word.split(['=', ':']).next().unwrap_or(word).trim_end();
    sysctl::find(name).is_some() || sysctl::below(name).next().is_some()
}

/// Names the name that was meant, behind the message about one that is unknown.
fn hint(error: &Error) -> String {
    let Error::Unknown(name) = error else { return String::new() };
    nearest::hint(nearest::nearest(name, TABLE.iter().map(|oid| oid.name)))
}

/// Answers a line of sysctl.conf(5) up to its `#`. A `#` in quotes or behind a backslash belongs to
/// the value.
fn without_comment(line: &str) -> &str {
    let (mut quote, mut before) = (None, ' ');
    for (at, c) in line.char_indices() {
        match c {
            '#' if quote.is_none() && before != '\\' => return &line[..at],
            '"' | '\'' if quote.is_none() => quote = Some(c),
            c if quote == Some(c) => quote = None,
            _ => {}
        }
        before = c;
    }
    line
}

/// Reads options and names, as getopt(3) does.
fn parse(words: &[String]) -> Result<(Options, &[String]), Usage> {
    let mut options = Options::default();
    let mut rest = words;
    while let [word, after @ ..] = rest {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            break;
        };
        rest = after;
        if letters == "-" {
            break;
        }
        for (at, letter) in letters.char_indices() {
            match letter {
                'a' | 'A' | 'X' => options.all = true,
                'd' => options.descriptions = true,
                't' => options.types = true,
                'e' => options.separator = Some("="),
                'f' => {
                    // The argument is the rest of the word, or else the next word.
                    let joined = Some(&letters[at + 1..]).filter(|path| !path.is_empty());
                    let path = joined.or_else(|| {
                        let (next, others) = rest.split_first()?;
                        rest = others;
                        Some(next)
                    });
                    options.file = Some(path.ok_or(Usage::NoArgument('f'))?.to_owned());
                    break;
                }
                'i' => options.ignore_unknown = true,
                'n' => options.values_only = true,
                'N' => options.names_only = true,
                'q' => options.quiet = true,
                // -h groups the digits of numbers, -o and -x show values of other types, which no
                // name here has. -w is of old: the = already says that a value is written.
                'h' | 'o' | 'x' | 'w' => {}
                'b' | 'B' | 'F' | 'l' | 'T' | 'W' => {
                    return Err(Usage::Unsupported(letter));
                }
                other => return Err(Usage::Illegal(other)),
            }
        }
    }
    let is_something = !rest.is_empty() || options.all || options.file.is_some();
    if is_something && !(options.names_only && options.values_only) {
        Ok((options, rest))
    } else {
        Err(Usage::Nothing)
    }
}

/// Shows or sets a name, by `NAME`, `NAME=VALUE` or `NAME:VALUE`. If the name is a node, all names
/// below it are shown.
fn one(text: &mut String, word: &str, options: &Options) -> Result<(), Error> {
    let (name, value) = match word.split_once(['=', ':']) {
        Some((name, value)) => (name.trim_end(), Some(unquoted(value.trim_start()))),
        None => (word.trim_end(), None),
    };
    // -d and -t say what the name is and write nothing, whatever value the word has.
    let value = value.filter(|_| !options.descriptions && !options.types);
    if let Some(oid) = sysctl::find(name) {
        return match value {
            None => show(text, oid, options),
            Some(value) => set(text, oid, value, word, options),
        };
    }
    // No name of this spelling: perhaps the beginning of others.
    let mut found = sysctl::below(name).peekable();
    match (found.peek(), value) {
        (None, _) => Err(Error::Unknown(name.to_owned())),
        (Some(_), Some(_)) => Err(Error::Node(name.to_owned())),
        (Some(_), None) => found.try_for_each(|oid| show(text, oid, options)),
    }
}

/// Answers the value without the quotes around it.
fn unquoted(value: &str) -> &str {
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return value;
    };
    let inside = &value[1..];
    inside.strip_suffix(quote).unwrap_or(inside)
}

fn show(text: &mut String, oid: &Oid, options: &Options) -> Result<(), Error> {
    if options.names_only {
        *text += oid.name;
    } else {
        let value = match options {
            Options { types: true, .. } => oid.type_name().to_owned(),
            Options { descriptions: true, .. } => oid.about.to_owned(),
            _ => oid.read()?,
        };
        label(text, oid, options);
        *text += &value;
    }
    text.push('\n');
    Ok(())
}

/// Sets a value, and shows the old value and, if the kernel has taken it, the new one. `word` is
/// what the command line says.
fn set(
    text: &mut String,
    oid: &Oid,
    value: &str,
    word: &str,
    options: &Options,
) -> Result<(), Error> {
    let value = oid.valid(value)?;
    let old = oid.read()?;
    if options.names_only {
        *text += oid.name;
    } else {
        label(text, oid, options);
        *text += &old;
    }
    // Read back, because the kernel may have taken another value than the one that was written.
    let written = oid.write(&value, word).and_then(|()| oid.read());
    let _ = match &written {
        Ok(_) if options.names_only => writeln!(text, " -> {}", oid.name),
        Ok(new) => writeln!(text, " -> {new}"),
        Err(_) => writeln!(text),
    };
    written.map(|_| ())
}

fn label(text: &mut String, oid: &Oid, options: &Options) {
    if !options.values_only {
        let _ = write!(text, "{}{}", oid.name, options.separator.unwrap_or(": "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn what_is_said() {
        let ostype = std::env::consts::OS.replace("linux", "Linux");
        for (line, want) in [
            ("kern.ostype",             Ok(format!("kern.ostype: {ostype}\n"))),
            ("-n kern.ostype",          Ok(format!("{ostype}\n"))),
            ("-e kern.ostype",          Ok(format!("kern.ostype={ostype}\n"))),
            ("-N kern.ostype",          Ok("kern.ostype\n".into())),
            ("-N net.link.bridge.pfil", Err("unknown oid 'net.link.bridge.pfil'".to_owned())),
            ("-N kern.ipc",             Ok("kern.ipc.somaxconn\n".into())),
            ("-N net.inet.tcp",         Ok("net.inet.tcp.syncookies\n".into())), // a node
            ("kern.nope",               Err("unknown oid 'kern.nope'".to_owned())),
            ("kern.nope=1",             Err("unknown oid 'kern.nope'".to_owned())),
            ("kern=1",                  Err("oid 'kern' isn't a leaf node".to_owned())),
            ("-d kern.ostype",          Ok("kern.ostype: Name of the operating system\n".into())),
            ("-dn kern.ostype=x",       Ok("Name of the operating system\n".into())),
            ("-t kern.ostype",          Ok("kern.ostype: string\n".into())),
            ("-tn net.fibs=2",          Ok("unsigned integer\n".into())),
            ("-dN kern.ostype",         Ok("kern.ostype\n".into())),
            ("-hoxw kern.ostype",       Ok(format!("kern.ostype: {ostype}\n"))),
            ("net.link.bridge.ipfw=",   Err("empty numeric value".to_owned())),
            ("net.link.bridge.ipfw=no", Err("invalid integer 'no'".to_owned())),
            ("net.link.bridge.ipfw=09", Err("invalid integer '09'".to_owned())),
            ("net.link.bridge.ipfw=--0", Err("invalid integer '--0'".to_owned())),
            ("net.link.bridge.ipfw=0+0", Err("invalid integer '0+0'".to_owned())),
            ("net.link.bridge.ipfw=0x-0", Err("invalid integer '0x-0'".to_owned())),
            ("net.link.bridge.ipfw=+0x+0", Err("invalid integer '+0x+0'".to_owned())),
            ("net.link.bridge.ipfw=+0", Ok("net.link.bridge.ipfw: 0 -> 0\n".into())),
            ("net.link.bridge.ipfw:0x0", Ok("net.link.bridge.ipfw: 0 -> 0\n".into())),
            ("-n net.link.bridge.ipfw=\"00\"", Ok("0 -> 0\n".into())),
            ("-N net.link.bridge.ipfw=0", Ok("net.link.bridge.ipfw -> net.link.bridge.ipfw\n".into())),
            ("kern.ostype=FreeBSD",     Err("oid 'kern.ostype' is read only".to_owned())),
            ("hw.ncpu=64",              Err("oid 'hw.ncpu' is read only".to_owned())),
            ("net.link.bridge.pfil_member=0", Ok("net.link.bridge.pfil_member: 0 -> 0\n".into())),
            ("net.link.bridge.pfil_member=1", Err("net.link.bridge.pfil_member: is always 0 on Linux".to_owned())),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let (options, names) = parse(&words).unwrap();
            let mut text = String::new();
            let done = one(&mut text, &names[0], &options).map_err(|error| error.to_string());
            assert_eq!(done.map(|()| text), want, "{line}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn command_lines() {
        for (line, want) in [
            ("",               Err(Usage::Nothing)),
            ("-n",             Err(Usage::Nothing)),
            ("-nN kern",       Err(Usage::Nothing)),
            ("-z kern.ostype", Err(Usage::Illegal('z'))),
            ("-T kern.ostype", Err(Usage::Unsupported('T'))),
            ("-nf",            Err(Usage::NoArgument('f'))),
            ("-q -fx",         Ok(("x", 0))),
            ("-qf x kern",     Ok(("x", 1))),
            ("-A",             Ok(("", 0))),
            ("-i -- -n",       Ok(("", 1))),
            ("-",              Ok(("", 1))),
        ] {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let got = parse(&words).map(|(options, names)| (options.file.unwrap_or_default(), names.len()));
            assert_eq!(got.as_ref().map(|(file, names)| (file.as_str(), *names)), want.as_ref().map(|it| *it), "{line:?}");
        }
    }

    #[test]
    fn comments() {
        for (line, want) in [
            ("a=1 # one", "a=1 "),
            ("# all of it", ""),
            ("a='#1' # one", "a='#1' "),
            ("a=\"x # y", "a=\"x # y"),
            ("a=\\#1", "a=\\#1"),
        ] {
            assert_eq!(without_comment(line), want);
        }
    }
}
