//! Other names for prisons that run: sys/kern/kern_jail.c, `name` of a jail that its jid has found.
//!
//! A prison's record gets the new name first, with the note that this is pending; then the records
//! of the prisons inside, which begin with that name, follow. Which these are, their parents' jids
//! say: so each step can be done twice, and whoever finds the note completes the change.

use crate::error::Error;
use crate::registry::process_id::ProcessId;
use crate::registry::record::Record;
use crate::registry::reservation::check_name;
use crate::registry::{Registry, Survey, is_same};
use crate::title;
use rustix::io::Errno;
use std::os::fd::AsFd;

/// The longest name, with those of the outer jails: FreeBSD's `MAXHOSTNAMELEN`, without its NUL.
const LONGEST: usize = 255;

impl Record {
    /// The whole name of the prison when it is to be called `name`: its own part, with those of the
    /// jails that it is in or without them. Without a name, the prison is called by its jid.
    ///
    /// # Errors
    /// [`Error::OtherParent`]: other jails are before the last dot; [`Error::BadName`].
    pub fn called(&self, name: &str) -> Result<String, Error> {
        let outer = self.name.rsplit_once('.').map(|(outer, _)| outer);
        let own = match name.rsplit_once('.') {
            Some((given, _)) if Some(given) != outer => return Err(Error::OtherParent),
            Some((_, own)) => own,
            None => name,
        };
        let own = if own.is_empty() { self.jid.to_string() } else { own.to_owned() };
        check_name(&own, self.jid)?;
        Ok(outer.map_or_else(|| own.clone(), |outer| format!("{outer}.{own}")))
    }
}

impl Registry {
    /// Writes a record whose prison has another name in the registry.
    ///
    /// # Errors
    /// [`Error::NameTaken`]; [`Error::Call`]: the name, or that of a jail inside, is too long;
    /// [`Error::Died`]; [`Error::Registry`].
    pub(crate) fn rename(&self, record: &Record) -> Result<(), Error> {
        let lock = self.lock_to_write()?;
        let Survey { mut living, unseen, .. } = self.survey(self.look()?.records);
        living.extend(unseen.into_iter().map(|(record, _)| record));
        self.add_those_inside(&mut living);
        if living.iter().any(|other| other.name == record.name && other.jid != record.jid) {
            return Err(Error::NameTaken(record.name.clone()));
        }
        let current = self.read(record.jid)?.filter(|current| is_same(current, record));
        let current = current.ok_or(Error::Died)?;
        let inside = living.iter().filter(|other| other.is_within(&current));
        let longest = inside.map(|inner| inner.name.len() - current.name.len()).max().unwrap_or(0);
        if record.name.len() + longest > LONGEST {
            return Err(Error::Call("jail_set", Errno::NAMETOOLONG.into()));
        }
        self.store_in_place_of(&lock, record, Some(&current.name))
    }

    /// Has the names of the prisons inside that of `outer` begin with its name.
    ///
    /// # Errors
    /// [`Error::Registry`].
    pub(crate) fn rename_inside(&self, outer: &Record) -> Result<(), Error> {
        let lock = self.lock_to_write()?;
        let mut records = self.look()?.records;
        for (before, renamed) in follow(outer, &mut records) {
            self.store_in_place_of(&lock, &renamed, Some(&before))?;
            if let Some(init) = renamed.init.and_then(ProcessId::open) {
                // Where Yama forbids it, ps(1) shows the old name.
                let _ = title::tell(init.as_fd(), &renamed.name);
            }
        }
        Ok(())
    }
}

/// Has the names of all prisons inside `outer` begin with its name. Answers those that have got
/// another name, and the name of before.
pub(super) fn follow(outer: &Record, records: &mut [Record]) -> Vec<(String, Record)> {
    let mut renamed = Vec::new();
    let mut outers = vec![(outer.jid, outer.name.clone())];
    // Each is taken out once, so that records which say that they are in each other end this too.
    let mut others: Vec<&mut Record> = records.iter_mut().collect();
    while let Some((jid, outer)) = outers.pop() {
        let (inside, rest): (Vec<_>, Vec<_>) = others.into_iter().partition(|it| it.parent == jid);
        others = rest;
        for inner in inside {
            let own = inner.name.rsplit('.').next().unwrap_or_default();
            let name = format!("{outer}.{own}");
            outers.push((inner.jid, name.clone()));
            if name != inner.name {
                let before = std::mem::replace(&mut inner.name, name);
                renamed.push((before, inner.clone()));
            }
        }
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn what_a_prison_is_called() {
        let text = |name: &str| format!("jid=7\nname={name}\nparent=3\ninit=1 inode 1\n");
        let numeric = "name cannot be numeric (unless it is the jid); begin it with a letter";
        let other = "cannot change jail's parent; a jail inside stays in the jail that it is in";
        for (is, asked, want) in [
            ("web",     "www",     "www"),
            ("web",     "",        "7"),
            ("web",     "7",       "7"),
            ("web",     "8",       numeric),
            ("web",     "a.b",     other),
            ("web",     "web.b",   other),
            ("a.web",   "www",     "a.www"),
            ("a.web",   "a.www",   "a.www"),
            ("a.web",   "b.www",   other),
            ("a.b.web", "b.www",   other),
            ("a.b.web", "a.b.www", "a.b.www"),
            ("a.web",   "a.",      "a.7"),
            ("web",     "a/b",     "name \"a/b\" cannot be used; begin it with a letter, and put neither / nor control characters in it"),
        ] {
            let record = Record::parse(text(is).as_bytes()).unwrap();
            let got = record.called(asked).unwrap_or_else(|error| error.to_string());
            assert_eq!(got, want, "{is} {asked}");
        }
    }

    #[test]
    fn those_inside_follow_at_any_depth() {
        let record = |jid: u32, name: &str, parent: u32| {
            let text = format!("jid={jid}\nname={name}\nparent={parent}\ninit=1 inode 1\n");
            Record::parse(text.as_bytes()).unwrap()
        };
        let outer = record(2, "new", 0);
        let mut records = [
            record(9, "old.a.b", 4),
            record(2, "old", 0),
            record(4, "old.a", 2),
            record(5, "old.c", 6),
            record(7, "new.d", 2),
            record(10, "old.e", 11),
            record(11, "old.e.f", 10),
        ];
        let renamed = follow(&outer, &mut records);
        let names: Vec<_> = renamed.iter().map(|(old, it)| (old.as_str(), &*it.name)).collect();
        assert_eq!(names, [("old.a", "new.a"), ("old.a.b", "new.a.b")]);
        let names: Vec<_> = records.iter().map(|record| record.name.as_str()).collect();
        assert_eq!(names, ["new.a.b", "old", "new.a", "old.c", "new.d", "old.e", "old.e.f"]);
        assert!(follow(&outer, &mut records).is_empty());
    }
}
