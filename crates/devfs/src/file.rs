//! The language of `/etc/devfs.rules`: devfs.rules(5), in the way of rc.subr's
//! `devfs_rulesets_from_file`.
//!
//! FreeBSD gives each line to a shell. Here it is read as words: quotes, backslashes, comments and
//! `$name` mean what they mean to a shell, and whatever else a shell would do is refused.

use std::borrow::Cow;
use std::fmt;

use crate::Rulesets;
use crate::accounts::Accounts;
use crate::rule::{Conditions, Rule, RuleError};
use crate::verdict::Beside;

/// A fault of a rules file and its line. Its `Display` is `3: reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line, counted from 1.
    pub line: usize,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    NoNumber(Vec<u8>),
    NoName(Vec<u8>),
    OutsideRuleset,
    Undefined(Vec<u8>),
    Unterminated(char),
    Shell(char),
    NotAdd(Vec<u8>),
    Rule(RuleError),
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy;
        write!(f, "{}: ", self.line)?;
        match &self.kind {
            Kind::NoNumber(line) => write!(f, "cannot extract rule number ({})", text(line)),
            Kind::NoName(line) => write!(f, "cannot extract rule name ({})", text(line)),
            Kind::OutsideRuleset => {
                f.write_str("rule outside of a ruleset; begin one with [name=number]")
            }
            Kind::Undefined(name) => {
                write!(f, "${}: no ruleset of that name is defined above", text(name))
            }
            Kind::Unterminated(quote) => write!(f, "no closing {quote}"),
            Kind::Shell(byte) => write!(f, "`{byte}` is not supported here; put it in quotes"),
            Kind::NotAdd(verb) => {
                write!(f, "{}: not supported in a rules file; only `add` is", text(verb))
            }
            Kind::Rule(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SyntaxError {}

impl Rulesets {
    /// Adds one rules file to these rulesets. A ruleset that the file begins starts empty.
    ///
    /// # Errors
    /// The first line that is wrong; that line and all behind it are not taken.
    pub fn read(&mut self, text: &[u8], accounts: &Accounts) -> Result<(), SyntaxError> {
        let mut current = None;
        let mut lines = text.split(|&byte| byte == b'\n').zip(1..);
        while let Some((first, number)) = lines.next() {
            let mut line = Cow::Borrowed(first);
            // To read(1), which rc.subr reads with, a backslash at the end continues any line: a
            // comment too.
            while is_continued(&line) {
                line.to_mut().pop();
                let Some((more, _)) = lines.next() else { break };
                line.to_mut().extend(more);
            }
            self.read_line(line.trim_ascii(), &mut current, accounts)
                .map_err(|kind| SyntaxError { line: number, kind })?;
        }
        Ok(())
    }

    /// Writes all rulesets as a file that [`Rulesets::restore`] reads. Rulesets without a name get
    /// one of their number.
    pub fn write(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for (&set, rules) in &self.sets {
            let name =
                self.name(set).map_or_else(|| format!("_{set}").into_bytes(), <[u8]>::to_vec);
            text.extend([&b"["[..], &name, format!("={set}]\n").as_bytes()].concat());
            for (number, rule) in rules {
                text.extend(format!("add {number} ").into_bytes());
                text.extend(rule.write());
                text.push(b'\n');
            }
        }
        text
    }

    /// Reads what [`Rulesets::write`] wrote: rulesets may include others that stand below.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn restore(text: &[u8]) -> Result<Self, SyntaxError> {
        let mut rulesets = Self { is_open: true, ..Self::default() };
        rulesets.read(text, &Accounts::default())?;
        rulesets.is_open = false;
        Ok(rulesets)
    }

    fn read_line(
        &mut self,
        line: &[u8],
        current: &mut Option<u16>,
        accounts: &Accounts,
    ) -> Result<(), Kind> {
        // rc.subr's `case` pattern: the bracket may be anywhere behind the first one.
        if line.starts_with(b"[") && line.contains(&b']') {
            let (name, number) = header(line)?;
            self.names.insert(name, number);
            // rc.subr runs `delset` here: the later of two definitions replaces the earlier one.
            self.clear(number);
            *current = Some(number);
            return Ok(());
        }
        let words = self.words(line)?;
        let Some((verb, rule)) = words.split_first() else { return Ok(()) };
        // A file could tell devfs(8) to apply rules to the host's own /dev: `apply`, `delset`.
        if verb != b"add" {
            return Err(Kind::NotAdd(verb.clone()));
        }
        let set = current.ok_or(Kind::OutsideRuleset)?;
        let (number, rule) = Rule::parse(rule, accounts).map_err(Kind::Rule)?;
        self.add(set, number, rule).map_err(Kind::Rule)
    }

    /// Splits a line into words as a shell would.
    fn words(&self, line: &[u8]) -> Result<Vec<Vec<u8>>, Kind> {
        let mut words = Vec::new();
        let mut word: Option<Vec<u8>> = None;
        let mut rest = line;
        while let [byte, after @ ..] = rest {
            rest = after;
            match byte {
                b' ' | b'\t' | b'\r' => words.extend(word.take()),
                // Inside a word, `#` is a letter.
                b'#' if word.is_none() => break,
                b'\'' | b'"' => {
                    rest = self.quoted(*byte, rest, word.get_or_insert_default())?;
                }
                b'\\' => {
                    // Nothing follows at the end of what `devfs rule` was given as one line.
                    if let Some((escaped, after)) = rest.split_first() {
                        word.get_or_insert_default().push(*escaped);
                        rest = after;
                    }
                }
                b'$' => rest = self.variable(rest, word.get_or_insert_default())?,
                // A shell would run commands here: rules are read, never executed.
                b'`' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => {
                    return Err(Kind::Shell(char::from(*byte)));
                }
                _ => word.get_or_insert_default().push(*byte),
            }
        }
        words.extend(word);
        Ok(words)
    }

    /// Reads the rest of a quoted string onto `word`, and answers the text behind it.
    fn quoted<'a>(&self, quote: u8, text: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], Kind> {
        let mut rest = text;
        loop {
            rest = match rest {
                [] => return Err(Kind::Unterminated(char::from(quote))),
                [byte, after @ ..] if *byte == quote => return Ok(after),
                [b'$', after @ ..] if quote == b'"' => self.variable(after, word)?,
                [b'`', ..] if quote == b'"' => return Err(Kind::Shell('`')),
                [b'\\', escaped @ (b'$' | b'`' | b'"' | b'\\'), after @ ..] if quote == b'"' => {
                    word.push(*escaped);
                    after
                }
                [byte, after @ ..] => {
                    word.push(*byte);
                    after
                }
            };
        }
    }

    /// Adds the number of the ruleset `$name` or `${name}` to `word`.
    fn variable<'a>(&self, text: &'a [u8], word: &mut Vec<u8>) -> Result<&'a [u8], Kind> {
        let (name, rest) = match text.strip_prefix(b"{") {
            Some(inside) => {
                let end = inside.iter().position(|&byte| byte == b'}');
                let end = end.ok_or(Kind::Unterminated('}'))?;
                (&inside[..end], &inside[end + 1..])
            }
            None => {
                let end =
                    text.iter().position(|&byte| !byte.is_ascii_alphanumeric() && byte != b'_');
                text.split_at(end.unwrap_or(text.len()))
            }
        };
        if name.is_empty() {
            return Err(Kind::Shell('$'));
        }
        let number = self.number(name).ok_or_else(|| Kind::Undefined(name.to_vec()))?;
        word.extend(number.to_string().bytes());
        Ok(rest)
    }
}

impl Rule {
    /// Writes the rule as it stands in a file behind `add`, with numbers for users and groups.
    pub fn write(&self) -> Vec<u8> {
        let pattern = self.when.path.as_ref();
        let bare = Self { when: Conditions { path: None, ..self.when.clone() }, ..self.clone() };
        let rest = bare.show(&Accounts::default()).into_bytes();
        let Some(pattern) = pattern else { return rest };
        // Conditions come in any order, before the actions.
        let quoted = pattern.split(|&byte| byte == b'\'').collect::<Vec<_>>().join(&b"'\\''"[..]);
        [&b"path '"[..], &quoted, b"' ", &rest].concat()
    }
}

impl Beside {
    /// Writes what was applied as devfs(8) is told to: `apply` with the rule, or `applyset` with
    /// the number.
    pub fn write(&self) -> Vec<u8> {
        match self {
            Self::Rule(rule) => [b"apply ", &rule.write()[..]].concat(),
            Self::Ruleset(number) => format!("applyset {number}").into_bytes(),
        }
    }

    /// Reads what [`Beside::write`] wrote; `None`: it did not write this.
    pub fn restore(text: &[u8]) -> Option<Self> {
        let words = Rulesets::default().words(text).ok()?;
        match words.split_first()? {
            (verb, rule) if verb == b"apply" => {
                Rule::parse(rule, &Accounts::default()).ok().map(|(_, rule)| Self::Rule(rule))
            }
            (verb, [number]) if verb == b"applyset" => {
                str::from_utf8(number).ok()?.parse().ok().map(Self::Ruleset)
            }
            _ => None,
        }
    }
}

/// Whether a line goes on in the next one: its last backslash has none before it that quotes it.
fn is_continued(line: &[u8]) -> bool {
    line.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

/// Reads `[name=number]`, whatever follows: the last place at which a number and a bracket stand
/// behind a `=`, as in rc.subr's regular expression.
fn header(line: &[u8]) -> Result<(Vec<u8>, u16), Kind> {
    let no_number = || Kind::NoNumber(line.to_vec());
    let number_at = |equals: usize| {
        let rest = &line[equals + 1..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (rest.get(length) == Some(&b']')).then(|| &rest[..length])
    };
    let equals = (1..line.len()).rev().filter(|&at| line[at] == b'=');
    let found = equals.filter_map(|at| Some((at, number_at(at)?))).next();
    let (equals, digits) = found.ok_or_else(no_number)?;
    let number = str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    let number = number.ok_or_else(no_number)?;
    // FreeBSD makes a shell variable of the name; a name that is none for a variable can only not
    // be included by `$name`.
    let name = &line[1..equals];
    if name.is_empty() {
        return Err(Kind::NoName(line.to_vec()));
    }
    Ok((name.to_vec(), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let accounts = Accounts::default();
        let mut rulesets = Rulesets::default();
        rulesets.read(text.as_bytes(), &accounts).map_err(|error| error.to_string())?;
        let sets: Vec<_> = rulesets.numbers().collect();
        let show = |set| rulesets.rules(set).map(move |(n, rule)| (set, n, rule));
        let lines = sets.into_iter().flat_map(show);
        Ok(lines.map(|(set, n, rule)| format!("{set}: {n} {}", rule.show(&accounts))).collect())
    }

    #[test]
    #[rustfmt::skip]
    fn files() {
        for (text, want) in [
            ("# only a comment\n\n",                                 vec![]),
            ("[a=10]\nadd hide\nadd path null unhide # the sink\n",  vec!["10: 100 hide", "10: 200 path null unhide"]),
            ("[a=10]\n  add 7 path 'pts/*' unhide\n\tadd hide\n",    vec!["10: 7 path pts/* unhide", "10: 107 hide"]),
            ("[a=10]\nadd path \"x y\" hide\nadd path a\\*b hide",   vec!["10: 100 path x y hide", "10: 200 path a*b hide"]),
            ("[a=10]\nadd hide\n[b=11]\nadd include $a\nadd include ${a}\n",
                                               vec!["10: 100 hide", "11: 100 include 10", "11: 200 include 10"]),
            ("[a=10]\nadd hide\n[a=10]\nadd unhide\n",               vec!["10: 100 unhide"]), // the second one replaces the first
            ("[a=10]\nadd path x#y hide\n",                          vec!["10: 100 path x#y hide"]),
            ("[a=10]\nadd path x \\\n  hide\nadd \\\nunhide\\",       vec!["10: 100 path x hide", "10: 200 unhide"]),
            ("[a=10]\nadd path x\\\\ hide\n",                        vec!["10: 100 path x\\ hide"]),
            ("# a comment \\\nthat goes on\n[a=10]\nadd hide\n",     vec!["10: 100 hide"]),
            ("[my-rules=10]\nadd hide\n",                            vec!["10: 100 hide"]),   // no name for a variable, as on FreeBSD
            ("[a=10] # [for tests]\nadd hide\n[b=11]# =x]\nadd include $a", vec!["10: 100 hide", "11: 100 include 10"]),
        ] {
            assert_eq!(read(text), Ok(want.into_iter().map(str::to_owned).collect()), "{text}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn mistakes_are_named_with_their_line() {
        for (text, want) in [
            ("[a]\n",                               "1: cannot extract rule number ([a])"),
            ("[a=x]\n",                             "1: cannot extract rule number ([a=x])"),
            ("[=5]\n",                              "1: cannot extract rule name ([=5])"),
            ("\nadd hide\n",                        "2: rule outside of a ruleset; begin one with [name=number]"),
            ("[a=0]\nadd hide\n",                   "2: ruleset 0 is always empty"),
            ("[a=1]\nadd include $b\n",             "2: $b: no ruleset of that name is defined above"),
            ("[a=1]\nadd include 9\n",              "2: include 9: no such ruleset"),
            ("[a=1]\nadd 5 hide\nadd 5 unhide\n",   "3: rule 5 exists already"),
            ("[a=1]\nadd path 'x unhide\n",         "2: no closing '"),
            ("[a=1]\nadd path `x` unhide\n",        "2: ``` is not supported here; put it in quotes"),
            ("[a=1]\nadd hide; reboot\n",           "2: `;` is not supported here; put it in quotes"),
            ("[a=1]\ndelset\n",                     "2: delset: not supported in a rules file; only `add` is"),
            ("[a=+1]\n",                            "1: cannot extract rule number ([a=+1])"),
            ("[a=]\n",                              "1: cannot extract rule number ([a=])"),
            ("[a=70000]\n",                         "1: cannot extract rule number ([a=70000])"),
            ("[a=1]\nadd path x \\\nhide it\nadd\n",  "2: unknown argument: it"),
            ("[a=1]\nadd 65500 hide\nadd hide\n",   "3: no rule number left; number the rules yourself"),
        ] {
            assert_eq!(read(text), Err(want.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_restored() {
        let text = "[a=10]\nadd include 12\n[it=12]\nadd 7 type disk type tty path \"x y'z*\" hide unhide \
                    user 5 group 6 mode 640\nadd unhide\n";
        let mut rulesets = Rulesets { is_open: true, ..Rulesets::default() };
        rulesets.read(text.as_bytes(), &Accounts::default()).unwrap();
        let written = rulesets.write();
        let restored = Rulesets::restore(&written).unwrap();
        assert_eq!(restored.write(), written);
        assert!(
            restored.rules(12).eq(rulesets.rules(12)) && restored.rules(10).eq(rulesets.rules(10))
        );
        let (_, rule) = rulesets.rules(12).next().unwrap();
        for beside in [Beside::Rule(rule.clone()), Beside::Ruleset(11)] {
            assert_eq!(Beside::restore(&beside.write()), Some(beside));
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let pieces: [&[u8]; 16] = [
            b"add ", b"path ", b"[a=1]\n", b"[", b"]", b"=", b"$", b"{", b"}", b"'", b"\"", b"\\",
            b"\n", b"#", b"\xff", b"9",
        ];
        for a in pieces {
            for b in pieces {
                for c in pieces {
                    let text = [&b"[x=2]\nadd "[..], a, b, c, b" hide"].concat();
                    let mut rulesets = Rulesets::default();
                    let _ = rulesets.read(&text, &Accounts::default());
                    let _ = rulesets.read(&[a, b, c].concat(), &Accounts::default());
                }
            }
        }
    }
}
