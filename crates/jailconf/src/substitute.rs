//! Making values of pieces, with variables substituted in FreeBSD's order.
//!
//! Variables bind late: the last value counts for all uses in the jail, earlier ones too. When a
//! value refers to a parameter that has variables itself, that parameter is finished first, and
//! moves before the one that needs it.

use crate::merge::Merge;
use crate::names::NameId;

/// How many bytes all variables of one jail may put into its values, together. The limit stops a
/// few lines that double each other from taking all memory.
const MAX_SUBSTITUTED: usize = 16 << 20;

/// A message, and the advice that follows FreeBSD's words.
type Said = (String, Option<String>);

/// The order of a jail's entries as a doubly linked list: FreeBSD's `TAILQ`. The last index is the
/// head.
// A list, not a vector: moving an entry forward takes the same time wherever it is.
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
    /// Makes the values of all entries. Answers the order of the entries after that.
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
        // Most jails of a large file have no variables: their order needs no list.
        if !variables {
            return (0..head).collect();
        }
        let mut order = Order::new(head);
        let mut round = 0;
        let mut entry = order.next[head];
        while entry != head {
            round += 1;
            self.entries[entry].round = round;
            // An entry that is needed moves before the one that needs it, and is made in the same
            // round. The one that needs it is then next in the list, and begins a new round.
            while let Some(needed) = self.finish(entry, round) {
                self.entries[needed].round = round;
                order.move_before(needed, entry);
                entry = needed;
            }
            entry = order.next[entry];
        }
        order.list()
    }

    /// Makes the values of entry `index`, up to a variable whose own values are unfinished. Answers
    /// the entry of that variable.
    fn finish(&mut self, index: usize, round: u32) -> Option<usize> {
        while let Some(name) = self.entries[index].take_text(self.config) {
            match self.look_up(index, name, round) {
                Ok(needed) if self.entries[needed].unfinished => return Some(needed),
                Ok(value) => self.insert(index, value),
                Err(said) => self.fail(index, round, said),
            }
            self.entries[index].skip_variable();
        }
        self.entries[index].unfinished = false;
        None
    }

    /// Finds the entry of a variable in entry `index`; or answers why there is none, without a
    /// message if that was reported before.
    fn look_up(&self, index: usize, name: NameId, round: u32) -> Result<usize, Option<Said>> {
        let quoted = |id| String::from_utf8_lossy(self.config.names.bytes(id)).into_owned();
        let user = &self.entries[index];
        let has_values = |found: &usize| {
            let entry = &self.entries[*found];
            // FreeBSD says of a variable without a value, too, that it was not found.
            !entry.values.is_empty() || !entry.given.is_empty()
        };
        let Some(found) = self.find(name).filter(has_values) else {
            let (user, name) = (quoted(user.name), quoted(name));
            let advice = match self.meant(&name) {
                Some(meant) => format!("did you mean ${meant}?"),
                None => format!("set it by ${name} = VALUE; or write \\$ for a dollar sign"),
            };
            return Err(Some((format!("{user}: variable \"{name}\" not found"), Some(advice))));
        };
        let entry = &self.entries[found];
        // The message was printed when it became bad.
        if entry.bad {
            return Err(None);
        }
        // Begun in this round and not finished: it waits for the entry that asks.
        if entry.round == round {
            return Err(Some((format!("{}: variable loop", quoted(name)), None)));
        }
        if entry.unfinished {
            return Ok(found);
        }
        // A list inside a text has no meaning: `a$list` could be one value or many.
        if entry.values.len() > 1 && user.has_more(self.config) {
            let message = format!("{}: array cannot be substituted inline", quoted(user.name));
            let advice = format!("${} is a list, which can only be a whole value", quoted(name));
            return Err(Some((message, Some(advice))));
        }
        if self.substituted + size(&entry.values) > MAX_SUBSTITUTED {
            let limit = MAX_SUBSTITUTED >> 20;
            let message = format!("{}: variables make more than {limit} MiB", quoted(user.name));
            return Err(Some((message, None)));
        }
        Ok(found)
    }

    /// The entry that a variable may have meant. Names and entries come from the file, so only some
    /// short ones are compared.
    fn meant(&self, name: &str) -> Option<String> {
        const MOST: usize = 64;
        let finished = self.entries.iter().filter(|entry| !entry.values.is_empty()).take(MOST);
        let names = finished.map(|entry| self.config.names.bytes(entry.name));
        let short = names.filter(|name| name.len() <= MOST);
        let short = short.map(|name| String::from_utf8_lossy(name).into_owned());
        if name.len() > MOST { None } else { nearest::nearest(name, short) }
    }

    /// Inserts the values of the finished entry `from` at the point that entry `index` has reached.
    fn insert(&mut self, index: usize, from: usize) {
        let Ok([entry, from]) = self.entries.get_disjoint_mut([index, from]) else { return };
        self.substituted += size(&from.values);
        entry.insert(&from.values);
    }

    /// Notes that a variable of entry `index` cannot be substituted: all entries of this round are
    /// bad.
    fn fail(&mut self, index: usize, round: u32, said: Option<Said>) {
        let position = self.entries[index].position;
        // A bad entry has had its message, which made this jail unusable.
        if let Some((message, advice)) = said {
            self.fault(position, message, advice);
        }
        for entry in self.entries.iter_mut().filter(|entry| entry.round == round) {
            entry.bad = true;
        }
    }
}

/// How much memory the values take, about.
fn size(values: &[Vec<u8>]) -> usize {
    // One more for each: a list of empty values must not be free.
    values.iter().map(|value| value.len() + 1).sum()
}
