//! Verdicts: what a ruleset does to a node, in the order and the depth of FreeBSD's devfs_rule.c.
//!
//! Includes do not nest (`vfs.devfs.rule_depth` is 1): the rules of an included ruleset apply, but
//! its own includes do nothing. `devfsrules_jail` includes `devfsrules_hide_all`; a ruleset that
//! includes `devfsrules_jail` must include `devfsrules_hide_all` too.

use crate::Rulesets;
use crate::glob::matches;
use crate::rule::{Actions, Conditions, DeviceType, Rule, Visibility};

/// A node below `/dev`, as far as rules distinguish nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node<'a> {
    /// The path below `/dev`, without a leading slash: `pts/0`.
    pub path: &'a [u8],
    /// The kind of device, if `type` has a word for it. Directories and links have none.
    pub device: Option<DeviceType>,
}

/// What a jail sees of a node. A field that is `None` keeps the value of the node.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the node is not there.
    pub hidden: bool,
    /// The owner.
    pub uid: Option<u32>,
    /// The group.
    pub gid: Option<u32>,
    /// The permission bits.
    pub mode: Option<u32>,
}

/// What was applied to a /dev beside its ruleset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// A rule: `devfs rule apply`.
    Rule(Rule),
    /// Another ruleset: `devfs rule -s number applyset`.
    Ruleset(u16),
}

/// One rule of an expanded ruleset: its actions apply if all of its conditions hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied<'a> {
    /// The conditions of the include that brought the rule, if one did, and then the rule's own.
    pub when: Vec<&'a Conditions>,
    /// The actions. Their `include` was followed already.
    pub then: &'a Actions,
}

impl Rulesets {
    /// Lists the rules of `ruleset` and of the rulesets that it includes, in the order in which
    /// they apply. Empty for ruleset 0 and for one that does not exist.
    pub fn expand(&self, ruleset: u16) -> Vec<Applied<'_>> {
        self.flat(self.rules(ruleset).map(|(_, rule)| rule))
    }

    /// Lists `rules` and those of the rulesets that they include.
    fn flat<'a>(&'a self, rules: impl Iterator<Item = &'a Rule>) -> Vec<Applied<'a>> {
        let mut flat = Vec::new();
        for rule in rules {
            // A rule's own actions come before those that it includes: devfs_rule_run().
            flat.push(Applied { when: vec![&rule.when], then: &rule.then });
            // `rules`, not `expand`: the includes of an included ruleset do nothing.
            let included = rule.then.include.into_iter().flat_map(|number| self.rules(number));
            flat.extend(included.map(|(_, inner)| Applied {
                when: vec![&rule.when, &inner.when],
                then: &inner.then,
            }));
        }
        flat
    }

    /// Decides what `ruleset` does to `node`.
    pub fn verdict(&self, ruleset: u16, node: Node<'_>) -> Verdict {
        self.filter(ruleset).verdict(node)
    }

    /// Takes `ruleset` to decide about many nodes.
    pub fn filter(&self, ruleset: u16) -> Filter<'_> {
        self.filter_with(ruleset, &[])
    }

    /// Takes `ruleset`, and then what was applied to a /dev beside it.
    pub fn filter_with<'a>(&'a self, ruleset: u16, beside: &'a [Beside]) -> Filter<'a> {
        let mut rules = self.expand(ruleset);
        for one in beside {
            match one {
                Beside::Rule(rule) => rules.extend(self.flat([rule].into_iter())),
                Beside::Ruleset(number) => rules.extend(self.expand(*number)),
            }
        }
        let has_types = rules.iter().flat_map(|rule| &rule.when).any(|when| !when.types.is_empty());
        Filter { rules, has_types }
    }
}

/// A ruleset with all that it includes.
#[derive(Debug, Clone)]
pub struct Filter<'a> {
    rules: Vec<Applied<'a>>,
    has_types: bool,
}

impl Filter<'_> {
    /// Decides what the ruleset does to `node`.
    pub fn verdict(&self, node: Node<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        for rule in &self.rules {
            if rule.when.iter().all(|when| when.hold(node)) {
                verdict.take(rule.then);
            }
        }
        verdict
    }

    /// Whether the ruleset shows `node`.
    pub fn shows(&self, node: Node<'_>) -> bool {
        !self.verdict(node).hidden
    }

    /// The only names that can be shown in a directory, which is `depth` directories below /dev, if
    /// the ruleset says as much: it hides everything first, and then shows nodes by their full
    /// names. `None`: it may show any name.
    pub fn names(&self, depth: usize) -> Option<Vec<&[u8]>> {
        let hides_all = |rule: &Applied<'_>| {
            let has_conditions =
                rule.when.iter().any(|when| when.path.is_some() || !when.types.is_empty());
            !has_conditions && rule.then.visibility == Some(Visibility::Hidden)
        };
        let first = self.rules.iter().rposition(hides_all)?;
        let mut names = Vec::new();
        let shows = |rule: &&Applied<'_>| rule.then.visibility == Some(Visibility::Visible);
        for rule in self.rules[first..].iter().filter(shows) {
            let pattern = rule.when.iter().find_map(|when| when.path.as_deref())?;
            // A pattern matches paths with as many slashes as it has itself, but for those that it
            // escapes or has in brackets.
            let mut parts = pattern.split(|&byte| byte == b'/');
            let (count, last) = (parts.clone().count(), parts.next_back().unwrap_or_default());
            if pattern.iter().any(|byte| b"*?[\\".contains(byte)) {
                let is_elsewhere =
                    count != depth + 1 && !pattern.iter().any(|byte| b"[\\".contains(byte));
                if !is_elsewhere {
                    return None;
                }
            } else if count == depth + 1 && ![&b""[..], b".", b".."].contains(&last) {
                names.push(last);
            }
        }
        Some(names)
    }

    /// Whether a rule asks for the type of a node.
    pub fn has_types(&self) -> bool {
        self.has_types
    }
}

impl Conditions {
    /// Whether the conditions hold for `node`.
    fn hold(&self, node: Node<'_>) -> bool {
        let of_type =
            self.types.is_empty() || node.device.is_some_and(|device| self.types.contains(&device));
        of_type && self.path.as_ref().is_none_or(|pattern| matches(pattern, node.path))
    }
}

impl Verdict {
    /// Applies the actions of one rule: a later one replaces an earlier one.
    fn take(&mut self, actions: &Actions) {
        if let Some(visibility) = actions.visibility {
            self.hidden = visibility == Visibility::Hidden;
        }
        self.uid = actions.uid.or(self.uid);
        self.gid = actions.gid.or(self.gid);
        self.mode = actions.mode.or(self.mode);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Accounts, DEFAULT_RULES, JAIL};

    fn rulesets(own: &str) -> Rulesets {
        let accounts = Accounts::default();
        let mut rulesets = Rulesets::default();
        rulesets.read(DEFAULT_RULES, &accounts).unwrap();
        rulesets.read(own.as_bytes(), &accounts).unwrap();
        rulesets
    }

    fn visible(rulesets: &Rulesets, ruleset: u16, path: &str) -> bool {
        !rulesets.verdict(ruleset, Node { path: path.as_bytes(), device: None }).hidden
    }

    #[test]
    #[rustfmt::skip]
    fn default_rulesets() {
        let rulesets = rulesets("");
        for (ruleset, path, want) in [
            (0, "mem",     true),  // no ruleset: everything
            (1, "null",    false),
            (4, "null",    true),
            (4, "urandom", true),
            (4, "mem",     false),
            (4, "kmsg",    false),
            (4, "sda1",    false),
            (4, "pts",     true),
            (4, "pts/3",   true),
            (4, "tty",     true),
            (4, "ttyS0",   false), // the host's serial line; a pseudo-terminal on FreeBSD
            (4, "tty1",    false),
            (4, "zfs",     true),
            (4, "fuse",    false), // needs allow.mount.fusefs on FreeBSD
            (4, "pf",      false),
            (5, "pf",      true),
            (5, "zfs",     true),
            (5, "net/tun", true),
        ] {
            assert_eq!(visible(&rulesets, ruleset, path), want, "{ruleset} {path}");
        }
    }

    /// The article's ruleset, and its warning: an include inside an included ruleset does nothing.
    #[test]
    fn includes_do_not_nest() {
        let article = "[devfsrules_jail_zvol=11]
add include $devfsrules_hide_all
add include $devfsrules_unhide_basic
add include $devfsrules_unhide_login
add include $devfsrules_jail
add path 'cam' unhide
add path 'cam/ctl' unhide
add path 'zvol' unhide
add path 'zvol/over8k' unhide
add path 'zvol/over8k/volgames*' unhide
[careless=12]
add include $devfsrules_jail
";
        let rulesets = rulesets(article);
        for (ruleset, path, want) in [
            (11, "cam/ctl", true),
            (11, "zvol/over8k/volgames1", true),
            (11, "zvol/over8k/other", false),
            (11, "null", true),
            (11, "zfs", true),
            (11, "sda", false),
            (12, "sda", true), // hide_all, two includes away, did not act
        ] {
            assert_eq!(visible(&rulesets, ruleset, path), want, "{ruleset} {path}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn what_can_be_shown() {
        let rulesets = rulesets("[a=20]\nadd hide\nadd path x unhide\nadd path 'd/*' unhide\nadd path d/e/f unhide\n
            [b=21]\nadd path x unhide\n[c=22]\nadd hide\nadd unhide\n[d=23]\nadd hide\nadd path 'a[/]b' unhide\nadd path x hide\n
            [e=24]\nadd type disk hide\nadd path x unhide\n");
        for (ruleset, depth, want) in [
            (20, 0, Some(vec!["x"])),
            (20, 1, None),
            (20, 2, Some(vec!["f"])),
            (20, 3, Some(vec![])),
            (21, 0, None), // nothing is hidden
            (22, 0, None),
            (23, 0, None),
            (24, 0, None),
            (1,  0, Some(vec![])),
        ] {
            let want = want.map(|names| names.iter().map(|name| name.as_bytes()).collect::<Vec<_>>());
            assert_eq!(rulesets.filter(ruleset).names(depth), want, "{ruleset} {depth}");
        }
        let filter = rulesets.filter(JAIL);
        assert!(filter.names(0).unwrap().contains(&&b"null"[..]));
    }

    #[test]
    fn conditions_and_the_last_word() {
        let rulesets = rulesets(
            "[base=20]\nadd path 'd*' mode 600\n
             [mine=21]\nadd type disk hide\nadd type tty path 'd*' include $base\nadd path da0 unhide user 7 mode 640\n",
        );
        let verdict =
            |path: &str, device| rulesets.verdict(21, Node { path: path.as_bytes(), device });
        assert_eq!(
            verdict("da0", Some(DeviceType::Disk)),
            Verdict { hidden: false, uid: Some(7), gid: None, mode: Some(0o640) }
        );
        assert!(verdict("db0", Some(DeviceType::Disk)).hidden);
        assert!(!verdict("db0", None).hidden, "a link has no type");
        assert_eq!(verdict("dcons", Some(DeviceType::Tty)).mode, Some(0o600));
        assert_eq!(verdict("ttyd", Some(DeviceType::Tty)).mode, None);
    }
}
