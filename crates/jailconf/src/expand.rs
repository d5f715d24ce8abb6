//! Jails out of sections: wildcard sections merged in, `no` prefixes and `+=` resolved, variables substituted.
//!
//! This is FreeBSD's `load_config()` and `add_param()`, for one jail at a time and only when asked. What a jail gets
//! depends on the order of the files: matching wildcard sections before it, itself, matching ones after it. Variables
//! bind late: the last value wins for all uses in the jail, earlier ones too. A parameter that a value refers to, and
//! that has variables itself, is finished first, and moves in front of the one that needs it.

use std::hash::BuildHasherDefault;

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Subject};
use crate::jail::{Jail, Parameter};
use crate::names::{ByName, JID, NAME, NameId};
use crate::tree::{Assignment, Config, Operator, Piece, Position, Section, Value};

/// What all variables of one jail may put into its values, together. It stops a few lines that double each other from
/// taking all memory.
const MAX_SUBSTITUTED: usize = 16 << 20;

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
        let Some(&section) = self.by_name.get(name) else {
            let message = format!("\"{}\" not found", String::from_utf8_lossy(name));
            let place = self.place_of_files();
            let fault =
                Diagnostic { subject: Subject::Nothing, message, place, source: String::new() };
            return Err(Diagnostics(vec![fault]));
        };
        let Expansion { jail, faults } = self.expand_section(section);
        faults.or(jail)
    }

    /// All jails, in the order of the files.
    pub fn expand_all(&self) -> impl Iterator<Item = Expansion> {
        self.jails.iter().map(|&section| self.expand_section(section))
    }

    fn place_of_files(&self) -> Place {
        match self.files.is_empty() {
            true => Place::command_line(),
            false => self.place(Position { file: 0, line: 1, column: 1 }),
        }
    }

    fn expand_section(&self, index: u32) -> Expansion {
        let section = &self.sections[index as usize];
        let mut merge = Merge::new(self, section);
        let wild = self.patterns.matching(&section.name);
        let (before, after) = wild.split_at(wild.partition_point(|&wild| wild < index));
        for &section in before.iter().chain([&index]).chain(after) {
            for assignment in &self.sections[section as usize].assignments {
                merge.assign(assignment);
            }
        }
        merge.finish_name();
        let order = substitute(&mut merge);
        merge.into_expansion(&order)
    }
}

/// A jail on its way from assignments to parameters.
struct Merge<'c> {
    config: &'c Config,
    section: &'c Section,
    entries: Vec<Entry<'c>>,
    /// The first entry of each name.
    by_name: ByName<usize>,
    /// Two entries have come to have one name: `by_name` does not know all of them.
    ambiguous: bool,
    /// A `name` is set, other than by a variable of that name.
    named: bool,
    substituted: usize,
    faults: Diagnostics,
}

/// A parameter or a variable.
struct Entry<'c> {
    name: NameId,
    variable: bool,
    position: Position,
    values: Vec<State<'c>>,
    /// How many of the values have variables left.
    unfinished: usize,
    /// The first value that may have some.
    cursor: usize,
    /// It is part of a loop or refers to something unknown, and so does all that refers to it.
    bad: bool,
    /// The round in which it was last begun: FreeBSD's `gen`.
    round: u32,
}

/// A value and how far it is.
struct State<'c> {
    text: Vec<u8>,
    /// The pieces that are not in `text` yet; none, or the first of them is a variable.
    rest: &'c [Piece],
    file: u32,
}

impl<'c> State<'c> {
    fn new(config: &'c Config, value: &Value) -> Self {
        let mut state = Self { text: Vec::new(), rest: config.pieces_of(value), file: value.file };
        state.take_text(config);
        state
    }

    fn finished(text: Vec<u8>) -> Self {
        Self { text, rest: &[], file: 0 }
    }

    fn take_text(&mut self, config: &Config) {
        let source = &config.files[self.file as usize].text;
        while let [piece, rest @ ..] = self.rest {
            let Some(text) = config.text_of(source, piece) else { return };
            self.text.extend_from_slice(text);
            self.rest = rest;
        }
    }

    /// Whether anything but the variable that is next makes this value.
    fn has_more(&self, config: &Config) -> bool {
        let source = &config.files[self.file as usize].text;
        let more =
            |piece: &Piece| config.text_of(source, piece).is_none_or(|text| !text.is_empty());
        !self.text.is_empty() || self.rest.iter().skip(1).any(more)
    }
}

impl<'c> Merge<'c> {
    fn new(config: &'c Config, section: &'c Section) -> Self {
        let mut merge = Self {
            config,
            section,
            entries: Vec::with_capacity(32),
            by_name: ByName::with_capacity_and_hasher(32, BuildHasherDefault::default()),
            ambiguous: false,
            named: false,
            substituted: 0,
            faults: Diagnostics::default(),
        };
        let name = if is_number(&section.name) { JID } else { NAME };
        merge.push(name, false, section.position, vec![State::finished(section.name.to_vec())]);
        merge
    }

    /// A jail whose section's name is a number takes it as its name too, unless it has one by now.
    fn finish_name(&mut self) {
        if !self.named {
            self.push(
                NAME,
                false,
                self.section.position,
                vec![State::finished(self.section.name.to_vec())],
            );
        }
    }

    fn assign(&mut self, assignment: &Assignment) {
        let Assignment { name, variable, operator, position, .. } = *assignment;
        let range = assignment.values.start as usize..assignment.values.end as usize;
        let values = self.config.values[range].iter().map(|value| State::new(self.config, value));
        let Some(index) = self.find_related(name) else {
            let values = values.collect();
            return self.push(name, variable, position, values);
        };
        let entry = &mut self.entries[index];
        if variable != entry.variable {
            return self.variable_is_parameter(name, position);
        }
        if !variable && self.config.names.is_immutable(entry.name) {
            let old = String::from_utf8_lossy(self.config.names.bytes(entry.name));
            return self.fault(position, format!("cannot redefine parameter \"{old}\"."));
        }
        if operator != Operator::Append {
            entry.values.clear();
        }
        entry.values.extend(values);
        entry.position = position;
        let old = std::mem::replace(&mut entry.name, name);
        self.rename(index, old);
    }

    fn push(&mut self, name: NameId, variable: bool, position: Position, values: Vec<State<'c>>) {
        let index = self.entries.len();
        let entry = Entry {
            name,
            variable,
            position,
            values,
            unfinished: 0,
            cursor: 0,
            bad: false,
            round: 0,
        };
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
    fn find(&self, name: NameId) -> Option<usize> {
        match self.ambiguous {
            true => self.entries.iter().position(|entry| entry.name == name),
            false => self.by_name.get(&name).copied(),
        }
    }

    fn variable_is_parameter(&mut self, name: NameId, position: Position) {
        let name = String::from_utf8_lossy(self.config.names.bytes(name));
        self.fault(
            position,
            format!("variable \"${name}\" cannot have the same name as a parameter."),
        );
    }

    fn fault(&mut self, position: Position, message: String) {
        let subject = Subject::Jail(self.section.name.clone());
        let place = self.config.place(position);
        self.faults.push(Diagnostic { subject, message, place, source: String::new() });
    }

    fn into_expansion(self, order: &[usize]) -> Expansion {
        let Self { config, section, mut entries, faults, .. } = self;
        let mut parameters = Vec::with_capacity(order.len());
        for &index in order {
            let entry = &mut entries[index];
            if entry.variable {
                continue;
            }
            let values = entry.values.drain(..).map(|state| state.text).collect();
            let name = config.names.bytes(entry.name).to_vec();
            parameters.push(Parameter { name, values, place: config.place(entry.position) });
        }
        let jail =
            Jail { name: section.name.to_vec(), place: config.place(section.position), parameters };
        Expansion { jail, faults }
    }
}

/// Whether strtol(3) reads all of `name` as a number other than 0: then it is a jid.
fn is_number(name: &[u8]) -> bool {
    let digits = name.trim_ascii_start();
    let digits = digits.strip_prefix(b"-").or(digits.strip_prefix(b"+")).unwrap_or(digits);
    digits.iter().all(u8::is_ascii_digit) && digits.iter().any(|&digit| digit != b'0')
}

/// The order of a jail's entries, as a doubly linked list: FreeBSD's `TAILQ`. The last index is the head.
struct Order {
    next: Vec<usize>,
    previous: Vec<usize>,
}

impl Order {
    fn new(count: usize) -> Self {
        let next = (0..=count).map(|index| if index == count { 0 } else { index + 1 }).collect();
        let previous =
            (0..=count).map(|index| if index == 0 { count } else { index - 1 }).collect();
        Self { next, previous }
    }

    fn move_before(&mut self, entry: usize, before: usize) {
        let (next, previous) = (self.next[entry], self.previous[entry]);
        (self.next[previous], self.previous[next]) = (next, previous);
        let previous = self.previous[before];
        (self.next[previous], self.previous[before]) = (entry, entry);
        (self.next[entry], self.previous[entry]) = (before, previous);
    }

    fn list(&self) -> Vec<usize> {
        let head = self.next.len() - 1;
        let mut list = Vec::with_capacity(head);
        let mut entry = self.next[head];
        while entry != head {
            list.push(entry);
            entry = self.next[entry];
        }
        list
    }
}

/// Substitutes all variables of all entries. The answer is the order in which they stand then.
fn substitute(merge: &mut Merge<'_>) -> Vec<usize> {
    let head = merge.entries.len();
    let mut variables = false;
    for entry in &mut merge.entries {
        entry.unfinished = entry.values.iter().filter(|value| !value.rest.is_empty()).count();
        variables |= entry.unfinished > 0;
    }
    if !variables {
        return (0..head).collect();
    }
    let mut order = Order::new(head);
    let mut round = 0;
    let mut entry = order.next[head];
    while entry != head {
        round += 1;
        merge.entries[entry].round = round;
        // An entry that another one needs comes first. Then the other one is next in the list, and begins a new round.
        while let Some(needed) = merge.substitute(entry, round) {
            merge.entries[needed].round = round;
            order.move_before(needed, entry);
            entry = needed;
        }
        entry = order.next[entry];
    }
    order.list()
}

impl Merge<'_> {
    /// Substitutes the variables of entry `index`, until one is met that has variables itself.
    fn substitute(&mut self, index: usize, round: u32) -> Option<usize> {
        while self.entries[index].unfinished > 0 {
            let entry = &self.entries[index];
            let cursor = entry.cursor;
            let Some(&Piece::Variable(name)) = entry.values[cursor].rest.first() else {
                self.entries[index].cursor += 1;
                continue;
            };
            match self.look_up(index, name, round) {
                Ok(needed) if self.entries[needed].unfinished > 0 => return Some(needed),
                Ok(value) => self.insert(index, value),
                Err(message) => self.fail(index, round, message),
            }
            let entry = &mut self.entries[index];
            let state = &mut entry.values[cursor];
            state.rest = &state.rest[1..];
            state.take_text(self.config);
            entry.unfinished -= usize::from(state.rest.is_empty());
        }
        None
    }

    /// The entry that a variable in entry `index` stands for; or why it stands for none.
    fn look_up(&self, index: usize, name: NameId, round: u32) -> Result<usize, Option<String>> {
        let quoted = |id| String::from_utf8_lossy(self.config.names.bytes(id)).into_owned();
        let user = &self.entries[index];
        let Some(found) = self.find(name).filter(|&found| !self.entries[found].values.is_empty())
        else {
            return Err(Some(format!(
                "{}: variable \"{}\" not found",
                quoted(user.name),
                quoted(name)
            )));
        };
        let entry = &self.entries[found];
        if entry.bad {
            return Err(None);
        }
        if entry.round == round {
            return Err(Some(format!("{}: variable loop", quoted(name))));
        }
        if entry.unfinished > 0 {
            return Ok(found);
        }
        if entry.values.len() > 1 && user.values[user.cursor].has_more(self.config) {
            return Err(Some(format!("{}: array cannot be substituted inline", quoted(user.name))));
        }
        let size: usize = entry.values.iter().map(|value| value.text.len() + 1).sum();
        if self.substituted + size > MAX_SUBSTITUTED {
            let limit = MAX_SUBSTITUTED >> 20;
            return Err(Some(format!(
                "{}: variables make more than {limit} MiB",
                quoted(user.name)
            )));
        }
        Ok(found)
    }

    /// Puts the values of the finished entry `from` where entry `index` is: the first into the text, the others behind
    /// it as values of their own.
    fn insert(&mut self, index: usize, from: usize) {
        let texts: Vec<Vec<u8>> =
            self.entries[from].values.iter().map(|value| value.text.clone()).collect();
        self.substituted += texts.iter().map(|text| text.len() + 1).sum::<usize>();
        let entry = &mut self.entries[index];
        let mut texts = texts.into_iter();
        let first = texts.next().unwrap_or_default();
        entry.values[entry.cursor].text.extend(first);
        let behind = entry.cursor + 1;
        entry.values.splice(behind..behind, texts.map(State::finished));
    }

    /// A variable of entry `index` cannot be substituted: all entries of this round are bad.
    fn fail(&mut self, index: usize, round: u32, message: Option<String>) {
        let position = self.entries[index].position;
        // A variable that is known to be bad has had its message; that this jail is not usable was clear then.
        if let Some(message) = message {
            self.fault(position, message);
        }
        for entry in self.entries.iter_mut().filter(|entry| entry.round == round) {
            entry.bad = true;
        }
    }
}
