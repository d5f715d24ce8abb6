//! How jail(8) reads a command. A command with a character that is special to the shell is given to
//! /bin/sh; any other is split at white space and executed. A lone `&` at the end puts the command
//! into the background.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Characters for which a command is given to the shell: FreeBSD's `command.c`.
const SHELL: &[u8] = b"!\"$&'()*;<>?[\\]`{|}~";
const WHITE_SPACE: &[u8] = b" \t\x0c\x0b\r\n";

/// A command, ready to be executed. `Display` writes the command as messages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The program and its arguments; never empty.
    pub arguments: Vec<OsString>,
    /// Whether the command is started and not waited for.
    pub background: bool,
    /// The user who runs the command: `exec.system_user` or `exec.jail_user`, if given.
    pub user: Option<OsString>,
}

impl CommandLine {
    /// Reads one value of an `exec.*` parameter; `None` if the value has no word.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let special = text.iter().position(|byte| SHELL.contains(byte));
        // Only as the very last byte: even with a blank behind the `&`, FreeBSD's run_command()
        // gives the line to the shell.
        let background = special.is_some_and(|at| text[at..] == *b"&");
        if special.is_some() && !background {
            let arguments = ["/bin/sh".into(), "-c".into(), OsString::from_vec(text.to_vec())];
            return Some(Self { arguments: arguments.into(), background, user: None });
        }
        let text = if background { &text[..text.len() - 1] } else { text };
        let words = text.split(|byte| WHITE_SPACE.contains(byte)).filter(|word| !word.is_empty());
        let arguments = words.map(|word| OsStr::from_bytes(word).to_owned());
        Self::from_words(arguments.collect(), background)
    }

    /// Takes a command whose words are separate already, as in `command=WORD WORD …` on the command
    /// line; `None` without a word.
    pub fn from_words(arguments: Vec<OsString>, background: bool) -> Option<Self> {
        (!arguments.is_empty()).then_some(Self { arguments, background, user: None })
    }

    /// The program.
    pub(crate) fn program(&self) -> &OsStr {
        self.arguments.first().map_or(OsStr::new(""), OsString::as_os_str)
    }

    /// Writes ` as USER`, or nothing without a user: FreeBSD's run_command().
    pub fn as_user(&self) -> String {
        let user = self.user.as_ref();
        user.map_or_else(String::new, |user| format!(" as {}", user.to_string_lossy()))
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, argument) in self.arguments.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{}", argument.to_string_lossy())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn commands() {
        // The rules are those of jail(8), "exec.prestart", and of FreeBSD's run_command().
        let cases: [(&str, &[&str], bool); 8] = [
            ("/bin/sh /etc/rc",          &["/bin/sh", "/etc/rc"],                 false),
            ("  a\tb\n",                 &["a", "b"],                             false),
            ("ifconfig e0 descr 'x y'",  &["/bin/sh", "-c", "ifconfig e0 descr 'x y'"], false),
            ("a && b",                   &["/bin/sh", "-c", "a && b"],            false),
            ("sleep 5 &",                &["sleep", "5"],                         true),
            ("sleep 5 & ",               &["/bin/sh", "-c", "sleep 5 & "],        false),
            ("a # b",                    &["a", "#", "b"],                        false), // no comment
            ("echo $HOME",               &["/bin/sh", "-c", "echo $HOME"],        false),
        ];
        for (text, arguments, background) in cases {
            let arguments = arguments.iter().map(OsString::from).collect();
            let want = Some(CommandLine { arguments, background, user: None });
            assert_eq!(CommandLine::parse(text.as_bytes()), want, "{text:?}");
        }
        for nothing in ["", " \t", "&"] {
            assert_eq!(CommandLine::parse(nothing.as_bytes()), None, "{nothing:?}");
        }
    }
}
