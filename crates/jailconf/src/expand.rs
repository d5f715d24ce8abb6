//! Jails out of sections: wildcard sections merged in.
//!
//! This is FreeBSD's `load_config()`, for one jail at a time and only when asked. What a jail gets
//! depends on the order of the files: matching wildcard sections before it, itself, matching ones
//! after it. What is merged ([`crate::merge`]) are pieces of files; [`crate::substitute`] makes
//! values of them, and puts variables in.

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Subject};
use crate::jail::{Jail, Parameter};
use crate::merge::Merge;
use crate::names::NAME;
use crate::tree::Config;

/// A jail and what was wrong with it: where something was, the jail has the rest, as
/// FreeBSD's `jail -e` prints it.
#[derive(Clone, Debug)]
pub struct Expansion {
    /// The jail, without the parts that failed.
    pub jail: Jail,
    /// The faults; the jail is to be used only if there are none.
    pub faults: Diagnostics,
}

impl Config {
    /// The jail `name` with all its parameters; if several sections have this
    /// name, the first of them.
    ///
    /// # Errors
    /// All faults of this jail: a variable that is unknown, refers to itself or has a parameter's
    /// name, a list inside a text, `name` or `jid` set again; or that there is no such jail.
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

impl Merge<'_> {
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
        // A jail whose section's name is a number takes it as its name too,
        // unless it has one by now.
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
