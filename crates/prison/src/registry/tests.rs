//! The registry with many prisons, in a directory of its own: what the index says of them.

use super::*;
use crate::registry::process_id::Mark;

/// A registry of its own, with so many prisons that live as long as this test, and one that has
/// ended.
fn registry(name: &str, count: u32) -> Registry {
    let directory = std::env::temp_dir().join(format!("kletka-{name}.{}", std::process::id()));
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(directory.join("jails")).unwrap();
    let (place, viewpoint) = (Place::Host, Viewpoint::own());
    let registry = Registry { directory, place, viewpoint, left_out: RefCell::default() };
    (1..=count).for_each(|jid| registry.by_hand(&registry.living(jid, &format!("j{jid}"))));
    registry.by_hand(&registry.one_that_ended(count + 1, "ended"));
    registry
}

impl Drop for Registry {
    fn drop(&mut self) {
        if self.directory.starts_with(std::env::temp_dir()) {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

impl Registry {
    fn living(&self, jid: u32, name: &str) -> Record {
        let (boot, namespace) = self.viewpoint.recorded().unwrap();
        Record {
            jid,
            name: name.into(),
            ids: Ids { first: 0x1000_0000 + jid * 0x1_0000 },
            init: Some(ProcessId::own().unwrap()),
            boot,
            pid_namespace: Some(namespace),
            ..Record::empty()
        }
    }

    fn one_that_ended(&self, jid: u32, name: &str) -> Record {
        let init = ProcessId { mark: Mark::Inode(1), ..ProcessId::own().unwrap() };
        Record { init: Some(init), ..self.living(jid, name) }
    }

    /// Writes as an older kletka does, which knows no index.
    fn by_hand(&self, record: &Record) {
        fs::write(self.records().join(NEW), record.to_bytes()).unwrap();
        fs::rename(self.records().join(NEW), self.file(record.jid)).unwrap();
    }

    fn is_right(&self) -> bool {
        self.read_index(|_, _| Some(())).is_some()
    }

    /// The jid that this name leads to, and whether the index has told it.
    fn jid_of(&self, name: &str) -> (Option<u32>, bool) {
        let told = self.by_index(name);
        let found = self.find(name).unwrap().map(|record| record.jid);
        if let Some(told) = &told {
            assert_eq!(told.as_ref().map(|record| record.jid), found, "{name}");
        }
        (found, told.is_some())
    }

    fn reserve_one(&self, spec: &Spec) -> Result<Record, Error> {
        self.reserve(spec, Rights::NONE, |_| Ok(())).map(|(record, ..)| record)
    }
}

fn spec(name: &str) -> Spec {
    Spec { name: Some(name.into()), users: Users::Own, ..Spec::default() }
}

/// Whatever changes the records, a name leads to the same prison with and without the index,
/// and the next command that makes a prison has the index right again.
#[test]
fn the_index_follows_the_records() {
    let registry = registry("follows", FEW as u32 + 8);
    assert_eq!(registry.jid_of("j7"), (Some(7), false));
    registry.clear_dead().unwrap();
    assert_eq!(registry.jid_of("j7"), (Some(7), true));
    assert_eq!(registry.jid_of("ended"), (None, true));
    let changes: [(&str, &dyn Fn()); 6] = [
        ("an older kletka starts one", &|| registry.by_hand(&registry.living(90, "old"))),
        ("an older kletka removes one", &|| fs::remove_file(registry.file(90)).unwrap()),
        ("a command is killed before a change", &|| {
            let lock = registry.lock_to_write().unwrap();
            registry.index(&lock.0).unwrap().begin().unwrap();
        }),
        ("and in the middle of one", &|| {
            let lock = registry.lock_to_write().unwrap();
            let killed = || Err(io::ErrorKind::Other.into());
            let changed = || {
                registry.by_hand(&registry.living(91, "half"));
                Ok(())
            };
            registry.change(&lock, changed, |_, _| killed()).unwrap();
        }),
        ("the machine loses power while the line is written", &|| {
            let lock = registry.lock_to_write().unwrap();
            lock.0.write_all_at(&[0; 64], 40).unwrap();
        }),
        ("the links are gone", &|| {
            fs::remove_dir_all(registry.directory.join("index/names")).unwrap();
            registry.by_hand(&registry.living(92, "more"));
        }),
    ];
    for (what, change) in changes {
        change();
        assert!(!registry.is_right(), "{what}");
        for name in ["j7", "old", "half", "more", "none"] {
            registry.jid_of(name);
        }
        registry.clear_dead().unwrap();
        assert!(registry.is_right(), "{what}");
        for name in ["j7", "old", "half", "more", "none"] {
            assert!(registry.jid_of(name).1, "{what}: {name}");
        }
    }
    assert_eq!(registry.jid_of("old"), (None, true));
    assert_eq!(registry.jid_of("half"), (Some(91), true));
}

/// By the index a prison gets what it would get after a look at all.
#[test]
fn what_is_chosen_is_the_same() {
    let [indexed, read] = ["indexed", "read"].map(|name| registry(name, FEW as u32 + 8));
    indexed.clear_dead().unwrap();
    read.clear_dead().unwrap();
    let taken = |registry: &Registry, spec: &Spec| match registry.reserve_one(spec) {
        Ok(it) => format!("{} {} {}", it.jid, it.name, it.ids.first),
        Err(error) => error.to_string(),
    };
    let removed = |jid: u32| {
        for registry in [&indexed, &read] {
            let record = registry.read(jid).unwrap().unwrap();
            registry.remove_record(&registry.lock_to_write().unwrap(), &record).unwrap();
        }
    };
    let specs = [
        spec("a"),
        spec("b"),
        spec("a"),
        spec("j7"),
        spec("12"),
        Spec { jid: Some(7), ..spec("c") },
        Spec { jid: Some(80), ..spec("d") },
        Spec { users: Users::Host, ..spec("e") },
        Spec { name: None, ..spec("") },
        spec("g"),
    ];
    for (at, spec) in specs.iter().enumerate() {
        // An index that is wrong has the records read.
        let lock = read.lock_to_write().unwrap();
        read.index(&lock.0).unwrap().begin().unwrap();
        drop(lock);
        assert_eq!(taken(&indexed, spec), taken(&read, spec), "{spec:?}");
        assert!(indexed.is_right(), "{spec:?}");
        removed(at as u32 + 3);
    }
}

/// Of many prisons, what the dead have left is cleared too, a part by each command.
#[test]
fn the_dead_are_cleared_in_turn() {
    let registry = registry("turns", 3 * FEW as u32);
    registry.clear_dead().unwrap();
    for jid in 200..200 + 2 * FEW as u32 {
        let lock = registry.lock_to_write().unwrap();
        registry.store(&lock, &registry.one_that_ended(jid, &format!("dead{jid}"))).unwrap();
    }
    assert!(registry.is_right());
    for _ in 0..=5 * FEW as usize / SOME {
        registry.clear_dead().unwrap();
    }
    assert_eq!(registry.look().unwrap().records.len(), 3 * FEW as usize);
    for directory in ["index/names", "index/ids"] {
        let links = fs::read_dir(registry.directory.join(directory)).unwrap();
        assert_eq!(links.count(), 3 * FEW as usize, "{directory}");
    }
    // A name that a dead one has is free at once.
    let dead = registry.one_that_ended(300, "dead");
    registry.store(&registry.lock_to_write().unwrap(), &dead).unwrap();
    let record = registry.reserve_one(&spec("dead")).unwrap();
    let found = registry.by_index("dead").flatten();
    assert_eq!(found.map(|found| found.jid), Some(record.jid));
}
