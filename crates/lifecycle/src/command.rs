//! How jail(8) reads a command: with a character that a shell would understand it goes to /bin/sh,
//! otherwise it is split at white space and executed. A lone `&` at its end puts it into the
//! background.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Characters that make a command the shell's: FreeBSD's `command.c`.
const SHELL: &[u8] = b"!\"$&'()*;<>?[\\]`{|}~";
const WHITE_SPACE: &[u8] = b" \t\x0c\x0b\r\n";

/// A command, ready to be executed. `Display` is how messages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The program and its arguments; never empty.
    pub arguments: Vec<OsString>,
    /// It is started and not waited for.
    pub background: bool,
    /// Who runs it: `exec.system_user` or `exec.jail_user`, if one is given.
    pub user: Option<OsString>,
}

impl CommandLine {
    /// Reads one value of an `exec.*` parameter; `None` when there is nothing in it.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let special = text.iter().position(|byte| SHELL.contains(byte));
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

    /// A command whose words are already apart: the command line's `command=WORD WORD …`.
    pub fn from_words(arguments: Vec<OsString>, background: bool) -> Option<Self> {
        (!arguments.is_empty()).then_some(Self { arguments, background, user: None })
    }

    /// The program.
    pub(crate) fn program(&self) -> &OsStr {
        self.arguments.first().map_or(OsStr::new(""), OsString::as_os_str)
    }

    /// ` as USER`, where a message says so: FreeBSD's run_command().
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
        // The rules: jail(8), "exec.prestart" and FreeBSD's run_command().
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
