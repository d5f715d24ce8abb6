//! A rule: conditions and actions, as devfs(8) reads and shows them.

use std::fmt;

use crate::accounts::Accounts;
use crate::mode;

/// The length of the longest `path` pattern that devfs takes: `DEVFS_MAXPTRNLEN` without its NUL.
const PATTERN_MAX: usize = 199;

/// What a rule does to the nodes that it matches.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The nodes that are meant: all of these conditions must hold.
    pub when: Conditions,
    /// What happens to these nodes.
    pub then: Actions,
}

/// The conditions of a rule. A rule without conditions matches every node.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// The types of devices, one of which the node must have; empty: any type.
    pub types: Vec<DeviceType>,
    /// The pattern that the path below `/dev` must match.
    pub path: Option<Vec<u8>>,
}

/// The actions of a rule.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Actions {
    /// `hide` or `unhide`.
    pub visibility: Option<Visibility>,
    /// `user`: the number of the owner.
    pub uid: Option<u32>,
    /// `group`: the number of the group.
    pub gid: Option<u32>,
    /// `mode`: the permission bits.
    pub mode: Option<u32>,
    /// `include`: the ruleset whose rules apply too.
    pub include: Option<u16>,
}

/// Whether a node is visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// `hide`.
    Hidden,
    /// `unhide`.
    Visible,
}

/// The types of devices for `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceType {
    /// A disk: a block device on Linux.
    Disk,
    /// Memory: null, zero, mem.
    Mem,
    /// A tape.
    Tape,
    /// A terminal.
    Tty,
}

/// The names that devfs(8) has for the types, in the order in which it shows them.
const TYPES: [(&str, DeviceType); 4] = [
    ("disk", DeviceType::Disk),
    ("mem", DeviceType::Mem),
    ("tape", DeviceType::Tape),
    ("tty", DeviceType::Tty),
];

/// Why a rule was not taken. Its `Display` is the text behind `devfs rule: `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleError {
    /// No word follows `add`.
    Empty,
    /// The last word needs another one behind it.
    MissingArgument(&'static str),
    /// A word is neither a condition nor an action, or it is a condition behind an action.
    UnknownArgument(Vec<u8>),
    /// `type` has a type that does not exist.
    UnknownType(Vec<u8>),
    /// `mode` has neither an octal number nor a mode of chmod(1).
    InvalidMode(Vec<u8>),
    /// `user` or `group` has neither a known name nor a number.
    NotAnInteger(Vec<u8>),
    /// `include` has no ruleset number.
    NotANumber(Vec<u8>),
    /// The pattern is too long. FreeBSD cuts such a pattern, and the cut one would match other
    /// nodes.
    PatternTooLong(Vec<u8>),
    /// `include` names a ruleset that does not exist.
    NoRuleset(u16),
    /// Ruleset 0 takes no rules.
    RulesetZero,
    /// The rule's number is taken.
    RuleExists(u16),
    /// The number of the last rule is too high for another one.
    TooManyRules,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy;
        match self {
            Self::Empty => f.write_str("unexpected end of rulespec"),
            Self::MissingArgument(word) => write!(f, "expecting argument for {word}"),
            Self::UnknownArgument(word) => write!(f, "unknown argument: {}", text(word)),
            Self::UnknownType(word) => write!(f, "unknown type: {}", text(word)),
            Self::InvalidMode(word) => write!(f, "invalid mode: {}", text(word)),
            Self::NotAnInteger(word) => write!(f, "error converting to integer: {}", text(word)),
            Self::NotANumber(word) => write!(f, "error converting to number: {}", text(word)),
            Self::PatternTooLong(word) => {
                write!(f, "pattern longer than {PATTERN_MAX} bytes: {}", text(word))
            }
            Self::NoRuleset(number) => write!(f, "include {number}: no such ruleset"),
            Self::RulesetZero => f.write_str("ruleset 0 is always empty"),
            Self::RuleExists(number) => write!(f, "rule {number} exists already"),
            Self::TooManyRules => f.write_str("no rule number left; number the rules yourself"),
        }
    }
}

impl std::error::Error for RuleError {}

impl Rule {
    /// Reads the words behind `add`: an optional number of the rule, conditions, actions; devfs(8).
    ///
    /// # Errors
    /// A word that devfs(8) would refuse.
    pub fn parse(words: &[Vec<u8>], accounts: &Accounts) -> Result<(Option<u16>, Self), RuleError> {
        let (number, mut rest) = match words {
            [] => return Err(RuleError::Empty),
            // No condition and no action is a number.
            [first, rest @ ..] => match decimal(first) {
                Some(number) => (Some(number), rest),
                None => (None, words),
            },
        };
        // The rule number 0 asks for a free number.
        let number = number.filter(|&number| number != 0);
        let when = conditions(&mut rest)?;
        let then = actions(rest, accounts)?;
        Ok((number, Self { when, then }))
    }

    /// Shows the rule as `devfs rule show` does behind the number.
    pub fn show(&self, accounts: &Accounts) -> String {
        let mut shown = Vec::new();
        for (name, _) in TYPES.iter().filter(|(_, known)| self.when.types.contains(known)) {
            shown.push(format!("type {name}"));
        }
        if let Some(path) = &self.when.path {
            shown.push(format!("path {}", String::from_utf8_lossy(path)));
        }
        match self.then.visibility {
            Some(Visibility::Hidden) => shown.push("hide".to_owned()),
            Some(Visibility::Visible) => shown.push("unhide".to_owned()),
            None => {}
        }
        shown.extend(self.then.uid.map(|uid| format!("user {}", accounts.user(uid))));
        shown.extend(self.then.gid.map(|gid| format!("group {}", accounts.group(gid))));
        shown.extend(self.then.mode.map(|mode| format!("mode {mode:o}")));
        shown.extend(self.then.include.map(|number| format!("include {number}")));
        shown.join(" ")
    }
}

/// Takes the conditions from the front of `words`.
fn conditions(words: &mut &[Vec<u8>]) -> Result<Conditions, RuleError> {
    let mut when = Conditions::default();
    loop {
        match words.first().map(Vec::as_slice) {
            Some(b"type") => {
                let word = words.get(1).ok_or(RuleError::MissingArgument("type"))?;
                let known = TYPES.iter().find(|(name, _)| name.as_bytes() == word);
                let &(_, device) = known.ok_or_else(|| RuleError::UnknownType(word.clone()))?;
                // A bit of a mask on FreeBSD: a type that is named twice counts once.
                if !when.types.contains(&device) {
                    when.types.push(device);
                }
            }
            Some(b"path") => {
                let word = words.get(1).ok_or(RuleError::MissingArgument("path"))?;
                if word.len() > PATTERN_MAX {
                    return Err(RuleError::PatternTooLong(word.clone()));
                }
                when.path = Some(word.clone());
            }
            _ => return Ok(when),
        }
        *words = &words[2..];
    }
}

fn actions(words: &[Vec<u8>], accounts: &Accounts) -> Result<Actions, RuleError> {
    let mut then = Actions::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut argument = |of| words.next().ok_or(RuleError::MissingArgument(of));
        match word.as_slice() {
            // With both words, whatever their order, the kernel hides first and unhides then: the
            // node is visible.
            b"hide" if then.visibility.is_some() => {}
            b"hide" => then.visibility = Some(Visibility::Hidden),
            b"unhide" => then.visibility = Some(Visibility::Visible),
            b"user" => then.uid = Some(id(argument("user")?, |name| accounts.uid(name))?),
            b"group" => then.gid = Some(id(argument("group")?, |name| accounts.gid(name))?),
            b"mode" => {
                let word = argument("mode")?;
                let mode = mode::parse(word).ok_or_else(|| RuleError::InvalidMode(word.clone()))?;
                then.mode = Some(mode);
            }
            b"include" => {
                let word = argument("include")?;
                then.include =
                    Some(decimal(word).ok_or_else(|| RuleError::NotANumber(word.clone()))?);
            }
            _ => return Err(RuleError::UnknownArgument(word.clone())),
        }
    }
    Ok(then)
}

fn id(word: &[u8], lookup: impl Fn(&[u8]) -> Option<u32>) -> Result<u32, RuleError> {
    // devfs(8) tries names before numbers: a user may be called `42`.
    lookup(word).or_else(|| decimal(word)).ok_or_else(|| RuleError::NotAnInteger(word.to_vec()))
}

/// Reads a decimal number without sign.
fn decimal<T: std::str::FromStr>(word: &[u8]) -> Option<T> {
    let digits = str::from_utf8(word).ok()?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(rule: &str) -> Result<String, String> {
        let accounts = Accounts::new(b"root:x:0:0::/root:/bin/sh\n", b"operator:x:37:\n");
        let words: Vec<_> = rule.split_whitespace().map(|word| word.as_bytes().to_vec()).collect();
        let (number, rule) = Rule::parse(&words, &accounts).map_err(|error| error.to_string())?;
        Ok(format!("{} {}", number.unwrap_or(0), rule.show(&accounts)))
    }

    #[test]
    #[rustfmt::skip]
    fn rules_are_shown_as_they_were_read() {
        for (rule, want) in [
            ("hide",                                  "0 hide"),
            ("unhide hide",                           "0 unhide"), // the kernel hides first and unhides then
            ("500 path speaker mode 666",             "500 path speaker mode 666"),
            ("path snp* mode 0660 group operator",    "0 path snp* group operator mode 660"),
            ("type tty type disk user 1001 unhide",   "0 type disk type tty unhide user 1001"),
            ("path null mode u=rw,go=r",              "0 path null mode 644"),
            ("user root group 5",                     "0 user root group 5"),
            ("include 4",                             "0 include 4"),
        ] {
            assert_eq!(parse(rule).as_deref(), Ok(want), "{rule}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn refusals_are_devfs_own() {
        // sbin/devfs/rule.c, rulespec_intok()
        for (rule, want) in [
            ("",                 "unexpected end of rulespec"),
            ("path",             "expecting argument for path"),
            ("type floppy hide", "unknown type: floppy"),
            ("major 53 hide",    "unknown argument: major"),
            ("hide path x",      "unknown argument: path"), // conditions come first
            ("mode u+y",         "invalid mode: u+y"),
            ("mode 17777",       "invalid mode: 17777"),
            ("user nobody9",     "error converting to integer: nobody9"),
            ("include jail",     "error converting to number: jail"),
            ("include 70000",    "error converting to number: 70000"),
        ] {
            assert_eq!(parse(rule), Err(want.to_owned()), "{rule}");
        }
        assert!(parse(&format!("path {} hide", "x".repeat(200))).is_err());
    }
}
