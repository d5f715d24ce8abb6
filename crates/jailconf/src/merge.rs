//! The sections of one jail merged: what each assignment changes, `no` prefixes and `+=` resolved.
//!
//! This is FreeBSD's `add_param()`. Which sections a jail has, and in which order, is said by
//! [`crate::expand`].

use crate::diagnostic::{Diagnostic, Diagnostics, Subject};
use crate::entry::Entry;
use crate::names::{ByName, JID, NAME, NameId};
use crate::tree::{Assignment, Config, Operator, Position, Section};

/// A jail on its way from assignments to parameters. The tables of one jail serve for the next one.
pub(crate) struct Merge<'c> {
    pub(crate) config: &'c Config,
    section: u32,
    pub(crate) entries: Vec<Entry<'c>>,
    /// Entries of earlier jails, to be used again.
    spare: Vec<Entry<'c>>,
    /// The first entry of each name.
    by_name: ByName<usize>,
    /// Two entries have come to have one name: `by_name` does not know all of them.
    ambiguous: bool,
    /// A `name` is set, other than by a variable of that name.
    pub(crate) named: bool,
    /// How much variables have put into values.
    pub(crate) substituted: usize,
    pub(crate) faults: Diagnostics,
}

/// Tables of jails that are larger than this are not kept for the next jail: to
/// empty them takes time too.
const KEPT: usize = 256;

impl<'c> Merge<'c> {
    pub(crate) fn new(config: &'c Config) -> Self {
        Self {
            config,
            section: 0,
            entries: Vec::new(),
            spare: Vec::new(),
            by_name: ByName::default(),
            ambiguous: false,
            named: false,
            substituted: 0,
            faults: Diagnostics::default(),
        }
    }

    /// Forgets the jail before, and gives the new one its first parameter.
    pub(crate) fn begin(&mut self, index: u32) -> &'c Section {
        self.section = index;
        self.spare.append(&mut self.entries);
        self.spare.truncate(KEPT);
        if self.by_name.len() > KEPT {
            self.by_name = ByName::default();
        }
        self.by_name.clear();
        (self.ambiguous, self.named, self.substituted) = (false, false, 0);
        let section = &self.config.sections[index as usize];
        self.push_name(if is_number(&section.name) { JID } else { NAME }, section);
        section
    }

    /// Gives the jail the name of its section, as a parameter.
    pub(crate) fn push_name(&mut self, parameter: NameId, section: &Section) {
        let mut entry = self.entry(parameter, false, section.position);
        entry.values.push(section.name.to_vec());
        self.push(entry);
    }

    pub(crate) fn assign(&mut self, assignment: &Assignment) {
        let Assignment { name, variable, operator, position, .. } = *assignment;
        let Some(index) = self.find_related(name) else {
            let mut entry = self.entry(name, variable, position);
            entry.give(self.config, assignment);
            return self.push(entry);
        };
        let entry = &mut self.entries[index];
        if variable != entry.variable {
            return self.variable_is_parameter(name, position);
        }
        if entry.fixed {
            let old = String::from_utf8_lossy(self.config.names.bytes(entry.name));
            return self.fault(position, format!("cannot redefine parameter \"{old}\"."));
        }
        if operator != Operator::Append {
            entry.given.clear();
        }
        entry.give(self.config, assignment);
        entry.position = position;
        let old = std::mem::replace(&mut entry.name, name);
        self.rename(index, old);
    }

    /// A new entry, most often in the memory of an old one.
    fn entry(&mut self, name: NameId, variable: bool, position: Position) -> Entry<'c> {
        let old = self.spare.pop();
        Entry::new(name, variable, position, old)
    }

    fn push(&mut self, mut entry: Entry<'c>) {
        let Entry { name, variable, position, .. } = entry;
        // It stays so by whatever name it is given later.
        entry.fixed = !variable && self.config.names.is_immutable(name);
        let index = self.entries.len();
        self.entries.push(entry);
        self.by_name.entry(name).or_insert(index);
        if variable && self.config.names.is_reserved(name) {
            self.variable_is_parameter(name, position);
        } else {
            self.named |= !variable && self.config.names.means(name, NAME);
        }
    }

    /// Entry `index` had the name `old` until now.
    fn rename(&mut self, index: usize, old: NameId) {
        let name = self.entries[index].name;
        if name == old {
            return;
        }
        if self.by_name.get(&old) == Some(&index) {
            self.by_name.remove(&old);
        }
        let first = self.by_name.entry(name).or_insert(index);
        self.ambiguous |= *first != index;
        *first = (*first).min(index);
    }

    /// The first entry whose name means the same as `name`.
    fn find_related(&self, name: NameId) -> Option<usize> {
        let related = self.config.names.relatives(name);
        if self.ambiguous {
            return self
                .entries
                .iter()
                .position(|entry| entry.name == name || related.contains(&entry.name));
        }
        let same = self.by_name.get(&name);
        same.into_iter()
            .chain(related.iter().filter_map(|name| self.by_name.get(name)))
            .min()
            .copied()
    }

    /// The first entry of exactly this name.
    pub(crate) fn find(&self, name: NameId) -> Option<usize> {
        if self.ambiguous {
            return self.entries.iter().position(|entry| entry.name == name);
        }
        self.by_name.get(&name).copied()
    }

    fn variable_is_parameter(&mut self, name: NameId, position: Position) {
        let name = String::from_utf8_lossy(self.config.names.bytes(name));
        self.fault(
            position,
            format!("variable \"${name}\" cannot have the same name as a parameter."),
        );
    }

    pub(crate) fn fault(&mut self, position: Position, message: String) {
        let subject = Subject::Jail(self.config.name_of(self.section).into());
        let place = self.config.place(position);
        let source = &self.config.files[position.file as usize].text;
        let line_start = (position.at + 1 - position.column) as usize;
        self.faults.push(Diagnostic::in_line(subject, message, place, (source, line_start)));
    }
}

/// Whether strtol(3) reads all of `name` as a number other than 0: then it is a jid.
fn is_number(name: &[u8]) -> bool {
    // isspace(3) takes the vertical tab too.
    let space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let digits = &name[name.iter().take_while(|byte| space(byte)).count()..];
    let digits = digits.strip_prefix(b"-").or(digits.strip_prefix(b"+")).unwrap_or(digits);
    digits.iter().all(u8::is_ascii_digit) && digits.iter().any(|&digit| digit != b'0')
}
