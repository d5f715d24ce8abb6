//! Jails out of sections: wildcard sections merged in, `no` prefixes and `+=` resolved.
//!
//! This is FreeBSD's `load_config()` and `add_param()`, for one jail at a time and only when asked. What a jail gets
//! depends on the order of the files: matching wildcard sections before it, itself, matching ones after it. What is
//! merged are pieces of files; [`crate::substitute`] makes values of them, and puts variables in.

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Subject};
use crate::jail::{Jail, Parameter};
use crate::names::{ByName, JID, NAME, NameId};
use crate::substitute::Entry;
use crate::tree::{Assignment, Config, Operator, Position, Section};

/// A jail and what was wrong with it: where something was, the jail has the rest, as FreeBSD's `jail -e` prints it.
#[derive(Clone, Debug)]
pub struct Expansion {
    /// The jail, without the parts that failed.
    pub jail: Jail,
    /// The faults; the jail is to be used only if there are none.
    pub faults: Diagnostics,
}

impl Config {
    /// The jail `name` with all its parameters; if several sections have this name, the first of them.
    ///
    /// # Errors
    /// All faults of this jail: a variable that is unknown, refers to itself or has a parameter's name, a list inside a
    /// text, `name` or `jid` set again; or that there is no such jail.
    pub fn expand(&self, name: &[u8]) -> Result<Jail, Diagnostics> {
        let Some(section) = self.first_of(name) else {
            let message = format!("\"{}\" not found", String::from_utf8_lossy(name));
            let fault = Diagnostic::new(Subject::Nothing, message, self.place_of_files());
            return Err(Diagnostics(vec![fault]));
        };
        let Expansion { jail, faults } = Merge::new(self).expand(section);
        faults.or(jail)
    }

    /// All jails, in the order of the files.
    pub fn expand_all(&self) -> impl Iterator<Item = Expansion> {
        let mut merge = Merge::new(self);
        self.jails.iter().map(move |&section| merge.expand(section))
    }

    fn place_of_files(&self) -> Place {
        match self.files.first() {
            None => Place::command_line(),
            Some(file) => Place { file: file.name.clone(), line: 1, column: 1 },
        }
    }
}

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
    named: bool,
    /// How much variables have put into values.
    pub(crate) substituted: usize,
    faults: Diagnostics,
}

/// Tables of jails that are larger than this are not kept for the next jail: to empty them takes time too.
const KEPT: usize = 256;

impl<'c> Merge<'c> {
    fn new(config: &'c Config) -> Self {
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

    fn expand(&mut self, index: u32) -> Expansion {
        let section = self.begin(index);
        let wild = self.config.patterns.matching(&section.name);
        let (before, after) = wild.split_at(wild.partition_point(|&wild| wild < index));
        for &section in before.iter().chain([&index]).chain(after) {
            let section = &self.config.sections[section as usize];
            for assignment in self.config.assignments_of(section) {
                self.assign(assignment);
            }
        }
        // A jail whose section's name is a number takes it as its name too, unless it has one by now.
        if !self.named {
            self.push_name(NAME, section);
        }
        let order = self.substitute();
        let jail = Jail {
            name: section.name.to_vec(),
            place: self.config.place(section.position),
            parameters: self.parameters(&order),
        };
        Expansion { jail, faults: std::mem::take(&mut self.faults) }
    }

    /// Forgets the jail before, and gives the new one its first parameter.
    fn begin(&mut self, index: u32) -> &'c Section {
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
    fn push_name(&mut self, parameter: NameId, section: &Section) {
        let mut entry = self.entry(parameter, false, section.position);
        entry.values.push(section.name.to_vec());
        self.push(entry);
    }

    fn assign(&mut self, assignment: &Assignment) {
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

    /// The entries that are parameters, as they stand in `order`.
    fn parameters(&mut self, order: &[usize]) -> Vec<Parameter> {
        let mut parameters = Vec::with_capacity(order.len());
        for &index in order {
            let entry = &mut self.entries[index];
            if !entry.variable {
                let name = self.config.names.bytes(entry.name).to_vec();
                let values = std::mem::take(&mut entry.values);
                let place = self.config.place(entry.position);
                parameters.push(Parameter { name, values, place });
            }
        }
        parameters
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
