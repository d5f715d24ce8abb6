//! Names of parameters and variables: each is kept once, has a number, and knows the names that
//! mean the same.
//!
//! FreeBSD takes two names for one parameter when they are equal but for one `no` at the start of
//! one component: `vnet` and `novnet`, `allow.mount` and `allow.nomount`, but also `noallow.mount`.
//! This holds for every name, known or not, and for variables: `$node` and `$de` are one. The rule
//! is not transitive, so no single name can stand for all of them; each name has a list of its
//! relatives.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// The parameters that jail(8) itself reads, and whose names no variable may have: the table in
/// FreeBSD's `config.c`.
// Not jailparam's catalogue: this table decides only what FreeBSD's parser refuses.
const RESERVED: [&[u8]; 45] = [
    b"jid",
    b"name",
    b"allow.dying",
    b"command",
    b"depend",
    b"exec.clean",
    b"exec.consolelog",
    b"exec.fib",
    b"exec.jail_user",
    b"exec.poststart",
    b"exec.poststop",
    b"exec.prepare",
    b"exec.prestart",
    b"exec.prestop",
    b"exec.release",
    b"exec.created",
    b"exec.start",
    b"exec.stop",
    b"exec.system_jail_user",
    b"exec.system_user",
    b"exec.timeout",
    b"interface",
    b"ip_hostname",
    b"mount",
    b"mount.devfs",
    b"mount.fdescfs",
    b"mount.procfs",
    b"mount.fstab",
    b"stop.timeout",
    b"vnet.interface",
    b"zfs.dataset",
    b"allow.chflags",
    b"allow.mount",
    b"allow.raw_sockets",
    b"allow.set_hostname",
    b"allow.socket_af",
    b"allow.sysvipc",
    b"devfs_ruleset",
    b"host.hostname",
    b"ip4.addr",
    b"ip6.addr",
    b"path",
    b"persist",
    b"securelevel",
    b"vnet",
];

/// The number of a name. Names are numbered in the order of their arrival, those of [`RESERVED`]
/// first.
pub(crate) type NameId = u32;
pub(crate) const JID: NameId = reserved(b"jid");
pub(crate) const NAME: NameId = reserved(b"name");

/// The parameters that are set once and for all.
const IMMUTABLE: [NameId; 2] = [JID, NAME];

/// Finds the number of a reserved name. Any other name does not compile.
const fn reserved(name: &[u8]) -> NameId {
    let mut id = 0;
    while !is_same(RESERVED[id], name) {
        id += 1;
    }
    id as NameId
}

// Slices cannot be compared with `==` in a constant function.
const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// A table by the numbers of names. The numbers count up from 0, so that spreading them is hash
/// enough: nobody can choose them to collide.
pub(crate) type ByName<T> = HashMap<NameId, T, BuildHasherDefault<Spread>>;

#[derive(Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u32(u32::from(byte)));
    }

    fn write_u32(&mut self, id: u32) {
        // 2^64 divided by the golden ratio: consecutive numbers get hashes far apart.
        self.0 = (self.0 ^ u64::from(id)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// All names of a configuration.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    ids: HashMap<Box<[u8]>, NameId>,
    names: Vec<Box<[u8]>>,
    /// For each name, the name that followed it the last time.
    followers: Vec<NameId>,
    /// The name that arrived last.
    last: NameId,
    /// For each name, the names that mean the same parameter, itself among them; empty for the many
    /// names without a relative.
    related: Vec<Box<[NameId]>>,
}

impl Names {
    pub(crate) fn new() -> Self {
        let (ids, names, related) = (HashMap::new(), Vec::new(), Vec::new());
        let mut names = Self { ids, names, followers: Vec::new(), last: 0, related };
        for name in RESERVED {
            names.number(name);
        }
        names
    }

    /// Answers the number of a name. A new name gets a new number.
    pub(crate) fn intern(&mut self, name: &[u8]) -> NameId {
        // Jails are much alike: the name that followed the last time most often follows again, and
        // a comparison is cheaper than a hash.
        let expected = self.followers[self.last as usize];
        if self.bytes(expected) == name {
            self.last = expected;
            return expected;
        }
        let id = self.number(name);
        self.followers[self.last as usize] = id;
        self.last = id;
        id
    }

    fn number(&mut self, name: &[u8]) -> NameId {
        if let Some(&id) = self.ids.get(name) {
            return id;
        }
        let id = self.names.len() as NameId;
        self.ids.insert(name.into(), id);
        self.names.push(name.into());
        self.followers.push(id);
        id
    }

    /// Finds each name's relatives. Called once, when all names have arrived.
    pub(crate) fn relate(&mut self) {
        let related = |name: &[u8]| -> Box<[NameId]> {
            let mut ids: Vec<_> =
                variants(name).filter_map(|name| self.ids.get(name.as_slice()).copied()).collect();
            // Only then is the name itself in the list: a name alone needs no memory.
            if !ids.is_empty() {
                ids.extend(self.ids.get(name));
            }
            ids.into()
        };
        self.related = self.names.iter().map(|name| related(name)).collect();
    }

    pub(crate) fn bytes(&self, id: NameId) -> &[u8] {
        &self.names[id as usize]
    }

    /// Answers the names that mean the same as `id`, itself included; none if it is the only one.
    pub(crate) fn relatives(&self, id: NameId) -> &[NameId] {
        self.related.get(id as usize).map_or(&[], |related| related)
    }

    fn any(&self, id: NameId, mut is: impl FnMut(NameId) -> bool) -> bool {
        is(id) || self.relatives(id).iter().any(|&id| is(id))
    }

    /// Whether a parameter of this name is set once and for all.
    pub(crate) fn is_immutable(&self, id: NameId) -> bool {
        self.any(id, |id| IMMUTABLE.contains(&id))
    }

    /// Whether no variable may have this name.
    pub(crate) fn is_reserved(&self, id: NameId) -> bool {
        self.any(id, |id| (id as usize) < RESERVED.len())
    }

    /// Whether this name means the parameter `name`.
    pub(crate) fn means(&self, id: NameId, name: NameId) -> bool {
        self.any(id, |id| id == name)
    }
}

/// Answers the names that differ from `name` by one `no` at the start of a component.
fn variants(name: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let starts = std::iter::once(0).chain((1..=name.len()).filter(|&at| name[at - 1] == b'.'));
    starts.flat_map(move |at| {
        let (before, component) = name.split_at(at);
        let without = component.strip_prefix(b"no").map(|rest| [before, rest].concat());
        without.into_iter().chain([[before, b"no", component].concat()])
    })
}

/// Whether two names mean one parameter: they are equal, or one of them has one more `no` at the
/// start of one component.
pub fn same_parameter(one: &[u8], other: &[u8]) -> bool {
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    if short.len() + 2 != long.len() {
        return one == other;
    }
    let starts = std::iter::once(0).chain((1..=short.len()).filter(|&at| short[at - 1] == b'.'));
    starts.into_iter().any(|at| {
        long[..at] == short[..at] && long[at..].starts_with(b"no") && long[at + 2..] == short[at..]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn the_no_prefix() {
        for (one, other, want) in [
            ("vnet",        "vnet",          true),
            ("vnet",        "novnet",        true),
            ("allow.mount", "allow.nomount", true),
            ("allow.mount", "noallow.mount", true),  // equalopts(): at any component
            ("notify",      "tify",          true),  // and on any name
            ("novnet",      "nonovnet",      true),
            ("vnet",        "nonovnet",      false), // one `no`, not two
            ("a.nob",       "noa.b",         false),
            ("allow.mount", "allow.chflags", false),
            ("",            "no",            true),
        ] {
            assert_eq!(same_parameter(one.as_bytes(), other.as_bytes()), want, "{one} {other}");
            assert_eq!(same_parameter(other.as_bytes(), one.as_bytes()), want, "{other} {one}");
            let mut names = Names::new();
            let (one, other) = (names.intern(one.as_bytes()), names.intern(other.as_bytes()));
            names.relate();
            assert_eq!(names.means(one, other), want);
        }
    }
}
