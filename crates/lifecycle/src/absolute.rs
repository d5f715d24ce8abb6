//! FreeBSD's programs by their absolute names: a hook or a command of the jail that says
//! /sbin/ifconfig means FreeBSD's ifconfig(8), as the Handbook writes it.
//!
//! A Linux host has another program of that name, or none, and whoever else calls it is to find the
//! same as before. So the name is replaced in the command alone, where it stands in the place of a
//! command: as the first word, or in a line for the shell behind whatever begins a command. Scripts
//! that a command calls are read by their shell, and nothing is replaced there.

use crate::command::CommandLine;
use crate::surroundings::Programs;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Where the jail sees the binary.
const BINARY_IN_JAIL: &str = "/run/kletka/kletka";

/// Where a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// On the host: a hook.
    Host,
    /// In the jail.
    Jail,
}

/// The words of `line`, with kletka's programs in the places of FreeBSD's.
pub(crate) fn arguments(
    line: &CommandLine,
    programs: Option<&Programs>,
    at: Where,
) -> Vec<OsString> {
    let Some(programs) = programs else { return line.arguments.clone() };
    let binary = match at {
        Where::Host => programs.root.join("kletka"),
        Where::Jail => BINARY_IN_JAIL.into(),
    };
    let name = |word: &[u8]| (programs.name)(OsStr::from_bytes(word), at);
    match line.arguments.as_slice() {
        [shell, option, text] if shell == "/bin/sh" && option == "-c" => {
            let binary = quoted(&binary);
            let replace = |word: &[u8]| {
                name(word).map(|name| [binary.as_slice(), b" ", name.as_bytes()].concat())
            };
            let text = in_shell(text.as_bytes(), replace);
            vec![shell.clone(), option.clone(), OsString::from_vec(text)]
        }
        [program, rest @ ..] => match name(program.as_bytes()) {
            Some(name) => {
                let ours = [binary.into_os_string(), name.into()];
                ours.into_iter().chain(rest.iter().cloned()).collect()
            }
            None => line.arguments.clone(),
        },
        [] => Vec::new(),
    }
}

/// Whether a command that names this program means one of kletka's.
pub(crate) fn is_ours(program: &Path, programs: Option<&Programs>, at: Where) -> bool {
    programs.is_some_and(|programs| (programs.name)(program.as_os_str(), at).is_some())
}

/// The path as one word of the shell.
fn quoted(path: &Path) -> Vec<u8> {
    let path = path.as_os_str().as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    if path.iter().all(is_plain) {
        return path.to_vec();
    }
    let inner = path.iter().flat_map(|&byte| match byte {
        b'\'' => b"'\\''".to_vec(),
        other => vec![other],
    });
    [b'\''].into_iter().chain(inner).chain([b'\'']).collect()
}

/// Words of the shell behind which a command stands.
const BEFORE_COMMANDS: [&[u8]; 11] =
    [b"!", b"{", b"if", b"then", b"else", b"elif", b"while", b"until", b"do", b"exec", b"time"];

/// Replaces words in the places of commands, in a line of sh(1).
fn in_shell(text: &[u8], replace: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    // Whether the next word is a command, and whether it is the file of a redirection.
    let (mut is_command, mut is_file) = (true, false);
    // Whether this is in double quotes, here and around each parenthesis that is open. What stands
    // in them is no command, unless it is substituted.
    let (mut is_quoted, mut around) = (false, Vec::new());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b' ' | b'\t' => {}
            b'\'' if !is_quoted => {
                let end = text[at + 1..].iter().position(|&byte| byte == b'\'');
                let end = end.map_or(text.len(), |length| at + 1 + length + 1);
                out.extend_from_slice(&text[at..end]);
                (at, is_command) = (end, false);
                continue;
            }
            b'"' => (is_quoted, is_command) = (!is_quoted, false),
            b'(' if !is_quoted || text[..at].ends_with(b"$") => {
                around.push(is_quoted);
                (is_quoted, is_command, is_file) = (false, true, false);
            }
            b')' if !is_quoted => {
                is_quoted = around.pop().unwrap_or(false);
                (is_command, is_file) = (!is_quoted, false);
            }
            b'`' => (is_command, is_file) = (true, false),
            _ if is_quoted && b"\n;|&()<>'".contains(&byte) => {}
            b'\n' | b';' | b'|' | b'&' => (is_command, is_file) = (true, false),
            b'<' | b'>' => is_file = true,
            b'#' if !is_quoted && begins_word(&text[..at]) => {
                let end = text[at..].iter().position(|&byte| byte == b'\n');
                let end = end.map_or(text.len(), |length| at + length);
                out.extend_from_slice(&text[at..end]);
                at = end;
                continue;
            }
            b'\\' => {
                out.push(byte);
                at += 1;
                is_command = false;
            }
            _ => {
                let length =
                    text[at..].iter().position(|byte| b" \t\n;|&()`<>\"'\\".contains(byte));
                let end = length.map_or(text.len(), |length| at + length);
                let word = &text[at..end];
                // A quote behind it continues the word.
                let is_whole = !matches!(text.get(end), Some(b'"' | b'\'' | b'\\'));
                let ours = replace(word).filter(|_| is_command && is_whole && !is_file);
                out.extend_from_slice(ours.as_deref().unwrap_or(word));
                let stays = is_file || BEFORE_COMMANDS.contains(&word) || is_assignment(word);
                (at, is_command, is_file) = (end, is_command && stays, false);
                continue;
            }
        }
        out.extend(text.get(at));
        at += 1;
    }
    out
}

/// Whether a new word begins behind `before`.
fn begins_word(before: &[u8]) -> bool {
    before.last().is_none_or(|last| b" \t\n;|&()".contains(last))
}

/// Whether a word of the shell sets a variable for the command that follows.
fn is_assignment(word: &[u8]) -> bool {
    let name = word.iter().position(|&byte| byte == b'=').map(|equals| &word[..equals]);
    name.is_some_and(|name| {
        !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs() -> Programs {
        let root = "/opt/k".into();
        Programs {
            root,
            for_hooks: "/opt/k/bin".into(),
            name: |path, at| match (path.to_str()?, at) {
                ("/sbin/ifconfig", _) => Some("ifconfig"),
                ("/usr/sbin/jexec", Where::Host) => Some("jexec"),
                _ => None,
            },
        }
    }

    #[test]
    #[rustfmt::skip]
    fn names_are_replaced_where_commands_stand() {
        for (command, want) in [
            ("/sbin/ifconfig e0 up",              "K ifconfig e0 up"),
            ("ifconfig e0 up",                    "ifconfig e0 up"),
            ("/usr/bin/ifconfig",                 "/usr/bin/ifconfig"),
            ("echo /sbin/ifconfig",               "echo /sbin/ifconfig"),
            ("/usr/sbin/jexec web true",          "K jexec web true"),
            ("/sbin/ifconfig a; /sbin/ifconfig b&&/sbin/ifconfig c || ! /sbin/ifconfig d | /sbin/ifconfig",
             "K ifconfig a; K ifconfig b&&K ifconfig c || ! K ifconfig d | K ifconfig"),
            ("if /sbin/ifconfig e0; then /sbin/ifconfig e0 destroy; fi", "if K ifconfig e0; then K ifconfig e0 destroy; fi"),
            ("e=$(/sbin/ifconfig epair create) && x=\"$(/sbin/ifconfig)\"", "e=$(K ifconfig epair create) && x=\"$(K ifconfig)\""),
            ("A=1 B=2 /sbin/ifconfig; { /sbin/ifconfig; }", "A=1 B=2 K ifconfig; { K ifconfig; }"),
            ("test -x /sbin/ifconfig && cp /sbin/ifconfig '/sbin/ifconfig'", "test -x /sbin/ifconfig && cp /sbin/ifconfig '/sbin/ifconfig'"),
            ("echo '; /sbin/ifconfig' \"; /sbin/ifconfig \"", "echo '; /sbin/ifconfig' \"; /sbin/ifconfig \""),
            ("> /sbin/ifconfig; >/sbin/ifconfig /sbin/ifconfig x", "> /sbin/ifconfig; >/sbin/ifconfig K ifconfig x"),
            ("/sbin/ifconfig\"x\"; /sbin/ifconfig$x; \\/sbin/ifconfig", "/sbin/ifconfig\"x\"; /sbin/ifconfig$x; \\/sbin/ifconfig"),
            ("echo \"it's; /sbin/ifconfig \"; /sbin/ifconfig", "echo \"it's; /sbin/ifconfig \"; K ifconfig"),
            ("a=\"$(echo \"(x\"; /sbin/ifconfig)\"", "a=\"$(echo \"(x\"; K ifconfig)\""),
            ("echo ${#a} a#b; /sbin/ifconfig",     "echo ${#a} a#b; K ifconfig"),
            ("true # ; /sbin/ifconfig",            "true # ; /sbin/ifconfig"),
            ("'unclosed /sbin/ifconfig",           "'unclosed /sbin/ifconfig"),
            ("/sbin/ifconfig 'e0",                 "K ifconfig 'e0"),
        ] {
            let line = CommandLine::parse(command.as_bytes()).unwrap();
            let got = arguments(&line, Some(&programs()), Where::Host);
            let got = got.iter().filter(|word| *word != "/bin/sh" && *word != "-c");
            let got = got.map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ");
            assert_eq!(got, want.replace('K', "/opt/k/kletka"), "{command}");
            assert_eq!(arguments(&line, None, Where::Host), line.arguments);
        }
    }

    #[test]
    fn a_jail_has_fewer_of_them_and_sees_the_binary_elsewhere() {
        for (command, want) in [
            ("/sbin/ifconfig e0", "/run/kletka/kletka ifconfig e0"),
            ("/usr/sbin/jexec web true", "/usr/sbin/jexec web true"),
        ] {
            let line = CommandLine::parse(command.as_bytes()).unwrap();
            let got = arguments(&line, Some(&programs()), Where::Jail).join(OsStr::new(" "));
            assert_eq!(got, want);
        }
        assert_eq!(quoted(Path::new("/a b/k's")), b"'/a b/k'\\''s'");
    }
}
