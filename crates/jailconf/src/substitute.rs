//! Values out of pieces: variables substituted, in FreeBSD's order.
//!
//! Variables bind late: the last value wins for all uses in the jail, earlier ones too. A parameter
//! that a value refers to, and that has variables itself, is finished first, and moves in front
//! of the one that needs it.

use crate::merge::Merge;
use crate::names::NameId;

/// What all variables of one jail may put into its values, together. It stops a few lines that
/// double each other from taking all memory.
const MAX_SUBSTITUTED: usize = 16 << 20;

/// The order of a jail's entries, as a doubly linked list: FreeBSD's `TAILQ`.
/// The last index is the head.
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

impl Merge<'_> {
    /// Makes the values of all entries. The answer is the order in which they stand then.
    pub(crate) fn substitute(&mut self) -> Vec<usize> {
        let head = self.entries.len();
        let mut variables = false;
        for entry in &mut self.entries {
            entry.unfinished = entry.has_variables();
            variables |= entry.unfinished;
            if !entry.unfinished {
                entry.take_text(self.config);
            }
        }
        if !variables {
            return (0..head).collect();
        }
        let mut order = Order::new(head);
        let mut round = 0;
        let mut entry = order.next[head];
        while entry != head {
            round += 1;
            self.entries[entry].round = round;
            // An entry that another one needs comes first. Then the other one is next in the
            // list, and begins a new round.
            while let Some(needed) = self.finish(entry, round) {
                self.entries[needed].round = round;
                order.move_before(needed, entry);
                entry = needed;
            }
            entry = order.next[entry];
        }
        order.list()
    }

    /// Makes the values of entry `index`, until a variable is met that has variables itself.
    fn finish(&mut self, index: usize, round: u32) -> Option<usize> {
        while let Some(name) = self.entries[index].take_text(self.config) {
            match self.look_up(index, name, round) {
                Ok(needed) if self.entries[needed].unfinished => return Some(needed),
                Ok(value) => self.insert(index, value),
                Err(message) => self.fail(index, round, message),
            }
            self.entries[index].skip_variable();
        }
        self.entries[index].unfinished = false;
        None
    }

    /// The entry that a variable in entry `index` stands for; or why it stands for none.
    fn look_up(&self, index: usize, name: NameId, round: u32) -> Result<usize, Option<String>> {
        let quoted = |id| String::from_utf8_lossy(self.config.names.bytes(id)).into_owned();
        let user = &self.entries[index];
        let has_values = |found: &usize| {
            let entry = &self.entries[*found];
            !entry.values.is_empty() || !entry.given.is_empty()
        };
        let Some(found) = self.find(name).filter(has_values) else {
            let (user, name) = (quoted(user.name), quoted(name));
            return Err(Some(format!("{user}: variable \"{name}\" not found")));
        };
        let entry = &self.entries[found];
        if entry.bad {
            return Err(None);
        }
        if entry.round == round {
            return Err(Some(format!("{}: variable loop", quoted(name))));
        }
        if entry.unfinished {
            return Ok(found);
        }
        if entry.values.len() > 1 && user.has_more(self.config) {
            return Err(Some(format!("{}: array cannot be substituted inline", quoted(user.name))));
        }
        if self.substituted + size(&entry.values) > MAX_SUBSTITUTED {
            let limit = MAX_SUBSTITUTED >> 20;
            return Err(Some(format!(
                "{}: variables make more than {limit} MiB",
                quoted(user.name)
            )));
        }
        Ok(found)
    }

    /// Puts the values of the finished entry `from` where entry `index` is.
    fn insert(&mut self, index: usize, from: usize) {
        let Ok([entry, from]) = self.entries.get_disjoint_mut([index, from]) else { return };
        self.substituted += size(&from.values);
        entry.insert(&from.values);
    }

    /// A variable of entry `index` cannot be substituted: all entries of this round are bad.
    fn fail(&mut self, index: usize, round: u32, message: Option<String>) {
        let position = self.entries[index].position;
        // A variable that is known to be bad has had its message; that this jail is
        // not usable was clear then.
        if let Some(message) = message {
            self.fault(position, message);
        }
        for entry in self.entries.iter_mut().filter(|entry| entry.round == round) {
            entry.bad = true;
        }
    }
}

/// How much memory values take, about: an empty one takes some too.
fn size(values: &[Vec<u8>]) -> usize {
    values.iter().map(|value| value.len() + 1).sum()
}
