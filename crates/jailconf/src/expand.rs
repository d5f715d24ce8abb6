//! Expansion: from sections to jails, with wildcard sections merged in.
//!
//! This is FreeBSD's `load_config()`, for one jail at a time and only on demand. The result depends
//! on the order of the files: first come the matching wildcard sections before the jail, then the
//! jail's own section, then the matching ones after it. [`crate::merge`] merges pieces of files;
//! [`crate::substitute`] makes values of the pieces and inserts variables.

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Subject};
use crate::jail::{Jail, Parameter};
use crate::merge::Merge;
use crate::names::NAME;
use crate::tree::Config;

/// A jail and its faults. A part with a fault is left out, and the rest is there, as in FreeBSD's
/// `jail -e`.
#[derive(Clone, Debug)]
pub struct Expansion {
    /// The jail, without the parts that failed.
    pub jail: Jail,
    /// The faults. A jail that has any must not be started.
    pub faults: Diagnostics,
}

impl Config {
    /// Expands the jail `name` with all its parameters. If several sections have this name, the
    /// first one counts.
    ///
    /// # Errors
    /// All faults of this jail: an unknown variable, one that refers to itself or has a parameter's
    /// name, a list inside a text, `name` or `jid` set again. Or there is no such jail.
    pub fn expand(&self, name: &[u8]) -> Result<Jail, Diagnostics> {
        let Some(section) = self.first_of(name) else {
            let message = format!("\"{}\" not found", String::from_utf8_lossy(name));
            let mut fault = Diagnostic::new(Subject::Nothing, message, Place::command_line());
            fault.advice = self
                .files
                .first()
                .map(|file| format!("no section of {} has this name", file.name.display()));
            return Err(Diagnostics(vec![fault]));
        };
        let Expansion { jail, faults } = Merge::new(self).expand(section);
        faults.or(jail)
    }

    /// Expands all jails, in the order of the files.
    pub fn expand_all(&self) -> impl Iterator<Item = Expansion> {
        let mut merge = Merge::new(self);
        self.jails.iter().map(move |&section| merge.expand(section))
    }
}

impl Merge<'_> {
    fn expand(&mut self, index: u32) -> Expansion {
        let section = self.begin(index);
        let wild = self.config.patterns.matching(&section.name);
        // Sections are numbered in file order, and `matching` sorts them: those below `index` come
        // before.
        let (before, after) = wild.split_at(wild.partition_point(|&wild| wild < index));
        for &section in before.iter().chain([&index]).chain(after) {
            let section = &self.config.sections[section as usize];
            for assignment in self.config.assignments_of(section) {
                self.assign(assignment);
            }
        }
        // A section whose name is a number has set `jid`. The number becomes the jail's name too,
        // as its last parameter, unless the files give a name.
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

    /// Takes the parameters, without the variables, in this `order`.
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
