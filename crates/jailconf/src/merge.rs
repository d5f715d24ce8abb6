//! Merging the sections of one jail: what each assignment changes, with `no` prefixes and `+=`
//! resolved.
//!
//! This is FreeBSD's `add_param()`. Which sections a jail has, and in which order, is decided in
//! [`crate::expand`].

use crate::diagnostic::{Diagnostic, Diagnostics, Subject};
use crate::entry::Entry;
use crate::names::{ByName, JID, NAME, NameId};
use crate::tree::{Assignment, Config, Operator, Position, Section};

/// A jail on its way from assignments to parameters. The tables of one jail are used again for the
/// next one.
pub(crate) struct Merge<'c> {
    pub(crate) config: &'c Config,
    section: u32,
    pub(crate) entries: Vec<Entry<'c>>,
    /// Entries of earlier jails, whose memory is used again.
    spare: Vec<Entry<'c>>,
    /// The first entry of each name.
    by_name: ByName<usize>,
    /// Whether two entries have come to have one name: `by_name` then lacks one of them.
    ambiguous: bool,
    /// Whether a parameter `name` is set; a variable of that name does not count.
    pub(crate) named: bool,
    /// How many bytes variables have put into values.
    pub(crate) substituted: usize,
    pub(crate) faults: Diagnostics,
}

/// Up to how many entries a jail's tables are kept for the next jail: emptying larger ones takes
/// longer than new ones.
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

    /// Forgets the jail before, and gives the new jail its first parameter.
    pub(crate) fn begin(&mut self, index: u32) -> &'c Section {
        self.section = index;
        self.spare.append(&mut self.entries);
        // One jail of many parameters must not slow down all that follow.
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

    /// Gives the jail the name of its section as a parameter.
    pub(crate) fn push_name(&mut self, parameter: NameId, section: &Section) {
        let mut entry = self.entry(parameter, false, section.position);
        entry.values.push(section.name.to_vec());
        self.push(entry);
    }

    /// Applies an assignment to the entry that it concerns, or makes one.
    pub(crate) fn assign(&mut self, assignment: &Assignment) {
        let Assignment { name, variable, operator, position, .. } = *assignment;
        let Some(index) = self.find_related(name) else {
            let mut entry = self.entry(name, variable, position);
            entry.give(self.config, assignment);
            return self.push(entry);
        };
        let entry = &mut self.entries[index];
        // `$path` beside `path`: FreeBSD keeps both kinds in one list, where names are unique.
        if variable != entry.variable {
            return self.variable_is_parameter(name, position);
        }
        if entry.fixed {
            let old = String::from_utf8_lossy(self.config.names.bytes(entry.name));
            // The message names what is there, which may be spelled differently.
            let message = format!("cannot redefine parameter \"{old}\".");
            let advice = match &*old {
                "name" => "the section's name is the jail's",
                _ => "it is given already",
            };
            return self.fault(position, message, Some(advice.to_owned()));
        }
        // A bare name too: it clears the values before it.
        if operator != Operator::Append {
            entry.given.clear();
        }
        entry.give(self.config, assignment);
        entry.position = position;
        // The last spelling is kept, as FreeBSD does: `nopersist` after `persist` turns it off.
        let old = std::mem::replace(&mut entry.name, name);
        self.rename(index, old);
    }

    /// Makes a new entry, most often in the memory of an old one.
    fn entry(&mut self, name: NameId, variable: bool, position: Position) -> Entry<'c> {
        let old = self.spare.pop();
        Entry::new(name, variable, position, old)
    }

    fn push(&mut self, mut entry: Entry<'c>) {
        let Entry { name, variable, position, .. } = entry;
        // Decided once: a later spelling of the name does not change `fixed`.
        entry.fixed = !variable && self.config.names.is_immutable(name);
        let index = self.entries.len();
        self.entries.push(entry);
        self.by_name.entry(name).or_insert(index);
        // Also where the jail has no such parameter: FreeBSD's table of its own parameters decides.
        if variable && self.config.names.is_reserved(name) {
            self.variable_is_parameter(name, position);
        } else {
            self.named |= !variable && self.config.names.means(name, NAME);
        }
    }

    /// Corrects `by_name` for entry `index`, which had the name `old` until now.
    fn rename(&mut self, index: usize, old: NameId) {
        let name = self.entries[index].name;
        if name == old {
            return;
        }
        if self.by_name.get(&old) == Some(&index) {
            self.by_name.remove(&old);
        }
        // Because the rule for `no` is not transitive, the new name can already belong to another
        // entry.
        let first = self.by_name.entry(name).or_insert(index);
        self.ambiguous |= *first != index;
        *first = (*first).min(index);
    }

    /// Finds the first entry whose name means the same as `name`.
    fn find_related(&self, name: NameId) -> Option<usize> {
        let related = self.config.names.relatives(name);
        // Rare, so the slow way will do.
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

    /// Finds the first entry of exactly this name.
    pub(crate) fn find(&self, name: NameId) -> Option<usize> {
        if self.ambiguous {
            return self.entries.iter().position(|entry| entry.name == name);
        }
        self.by_name.get(&name).copied()
    }

    fn variable_is_parameter(&mut self, name: NameId, position: Position) {
        let name = String::from_utf8_lossy(self.config.names.bytes(name));
        let message = format!("variable \"${name}\" cannot have the same name as a parameter.");
        let advice = format!("write {name} = VALUE; for the parameter, or choose another name");
        self.fault(position, message, Some(advice));
    }

    pub(crate) fn fault(&mut self, position: Position, message: String, advice: Option<String>) {
        let subject = Subject::Jail(self.config.name_of(self.section).into());
        let place = self.config.place(position);
        let source = &self.config.files[position.file as usize].text;
        // Columns are counted from 1.
        let line_start = (position.at + 1 - position.column) as usize;
        let mut fault = Diagnostic::in_line(subject, message, place, (source, line_start));
        fault.advice = advice;
        self.faults.push(fault);
    }
}

/// Whether strtol(3) reads all of `name` as a number other than 0: such a name is a jid.
fn is_number(name: &[u8]) -> bool {
    // strtol(3) skips blanks by isspace(3), which takes the vertical tab too.
    let space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let digits = &name[name.iter().take_while(|byte| space(byte)).count()..];
    let digits = digits.strip_prefix(b"-").or(digits.strip_prefix(b"+")).unwrap_or(digits);
    digits.iter().all(u8::is_ascii_digit) && digits.iter().any(|&digit| digit != b'0')
}
