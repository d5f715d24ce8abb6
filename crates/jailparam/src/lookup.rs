//! Finding parameters by name, and suggesting the name that was meant.

use crate::catalogue::CATALOGUE;
use crate::types::{Kind, Parameter, Role};

/// A parameter, and by which of its names it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The parameter.
    pub parameter: &'static Parameter,
    /// Whether the name was the form that turns it off: `nopersist`, `allow.nomount`.
    pub no: bool,
}

/// Finds the parameter that `name` means.
///
/// The form with `no` exists for boolean parameters, as in libjail: `nopath` and `novnet` are no
/// parameters. It exists for jail(8)'s own parameters too, in front of any component, and says
/// nothing there: `nodepend` is `depend` without a value. `nomount.devfs` alone, which FreeBSD's
/// jail(8) takes for `mount.devfs`, is no parameter here. `meta.KEY` and `env.KEY` are `meta` and
/// `env`.
pub fn find(name: &str) -> Option<Found> {
    if let Some(parameter) = exact(name) {
        return Some(Found { parameter, no: false });
    }
    if let Some(parameter) = turned_off(name) {
        return Some(Found { parameter, no: true });
    }
    if let Some(parameter) = CATALOGUE.iter().find(|parameter| is_emptied(parameter, name)) {
        return Some(Found { parameter, no: false });
    }
    let (base, _key) = name.split_once('.')?;
    let parameter = exact(base).filter(|parameter| parameter.has_keys())?;
    Some(Found { parameter, no: false })
}

fn exact(name: &str) -> Option<&'static Parameter> {
    CATALOGUE.iter().find(|parameter| parameter.name == name)
}

/// Finds the boolean parameter that `name` turns off.
fn turned_off(name: &str) -> Option<&'static Parameter> {
    let (before, last) = name.split_at(name.rfind('.').map_or(0, |dot| dot + 1));
    let parameter = exact(&[before, last.strip_prefix("no")?].concat())?;
    (parameter.kind == Kind::Bool).then_some(parameter)
}

/// Whether `name` is that of a parameter of jail(8)'s own with a `no`: FreeBSD's equalopts().
fn is_emptied(parameter: &Parameter, name: &str) -> bool {
    parameter.is_pseudo() && parameter.kind != Kind::Bool && has_a_no_too_many(parameter, name)
}

/// Suggests the name of which `name` may be a slip of the pen.
pub fn suggest(name: &str) -> Option<String> {
    if let Some(parameter) = CATALOGUE.iter().find(|parameter| has_a_no_too_many(parameter, name)) {
        return Some(parameter.name.to_owned());
    }
    if let Some(parameter) = the_only_one_that_ends_in(name) {
        return Some(parameter.name.to_owned());
    }
    let names = CATALOGUE.iter().map(|parameter| parameter.name.to_owned());
    let names = names.chain(CATALOGUE.iter().filter_map(Parameter::no_name));
    nearest::nearest(name, names)
}

/// Whether `name` is the parameter's name with a `no` that does not exist, such as `novnet`.
fn has_a_no_too_many(parameter: &Parameter, name: &str) -> bool {
    jailconf::same_parameter(parameter.name.as_bytes(), name.as_bytes())
}

/// Finds the parameter of which `name` is the last component: `hostname`. None, if several have it,
/// as `addr`.
fn the_only_one_that_ends_in(name: &str) -> Option<&'static Parameter> {
    let ends = |parameter: &&Parameter| {
        parameter.name.rsplit_once('.').is_some_and(|(_, last)| last == name)
    };
    let mut ending = CATALOGUE.iter().filter(ends);
    ending.next().filter(|_| ending.next().is_none())
}

/// The parameters that `jls -n` shows, in its order: names without a dot first, then by their
/// bytes.
pub fn shown() -> impl Iterator<Item = &'static Parameter> {
    ORDER.iter().map(|&place| &CATALOGUE[place])
}

const CORE_COUNT: usize = {
    let (mut count, mut place) = (0, 0);
    while place < CATALOGUE.len() {
        count += is_core(place) as usize;
        place += 1;
    }
    count
};

/// Their places in the catalogue, in that order. Sorted when this is compiled, because every start
/// reads them.
static ORDER: [usize; CORE_COUNT] = {
    let mut order = [0; CORE_COUNT];
    let (mut count, mut place) = (0, 0);
    while place < CATALOGUE.len() {
        if is_core(place) {
            // By insertion: a constant function has no `sort`.
            let mut at = count;
            while at > 0 && is_before(CATALOGUE[place].name, CATALOGUE[order[at - 1]].name) {
                order[at] = order[at - 1];
                at -= 1;
            }
            order[at] = place;
            count += 1;
        }
        place += 1;
    }
    order
};

const fn is_core(place: usize) -> bool {
    matches!(CATALOGUE[place].role, Role::Core)
}

/// Whether the order of `jls -n` has `one` before `other`.
const fn is_before(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if has_dot(one) != has_dot(other) {
        return has_dot(other);
    }
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at < other.len() && (at == one.len() || one[at] < other[at])
}

const fn has_dot(name: &[u8]) -> bool {
    let mut at = 0;
    while at < name.len() && name[at] != b'.' {
        at += 1;
    }
    at < name.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn names() {
        for (name, want) in [
            ("persist",         Some(("persist", false))),
            ("nopersist",       Some(("persist", true))),
            ("allow.nomount",   Some(("allow.mount", true))),
            ("allow.mount.nozfs", Some(("allow.mount.zfs", true))),
            ("noallow.mount",   None),                       // libjail: before the last component only
            ("nopath",          None),                       // a text cannot be turned off
            ("novnet",          None),                       // nor can a jailsys: `vnet = inherit` does that
            ("mount.nodevfs",   Some(("mount.devfs", true))),
            ("nodepend",        Some(("depend", false))),    // jail(8)'s own: emptied
            ("exec.nostart",    Some(("exec.start", false))),
            ("noexec.start",    Some(("exec.start", false))),
            ("mount.nofstab",   Some(("mount.fstab", false))),
            ("nomount",         Some(("mount", false))),
            ("nomount.devfs",   None),                       // on FreeBSD it is on
            ("meta.owner",      Some(("meta", false))),
            ("path.x",          None),
        ] {
            let found = find(name).map(|found| (found.parameter.name, found.no));
            assert_eq!(found, want, "{name}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn suggestions() {
        for (name, want) in [
            ("pth",                Some("path")),
            ("hostname",           Some("host.hostname")),
            ("fstab",              Some("mount.fstab")),
            ("addr",               None),                // of ip4 or of ip6?
            ("saddrsel",           None),
            ("mount.devsf",        Some("mount.devfs")),
            ("allow.nomout",       Some("allow.nomount")),
            ("persists",           Some("persist")),
            ("jd",                 Some("jid")),
            ("x",                  None),
            ("",                   None),
            ("host.hostnmae",      Some("host.hostname")),
            ("exec.pre_start",     Some("exec.prestart")),
            ("allow.raw_socket",   Some("allow.raw_sockets")),
            ("novnet",             Some("vnet")),
            ("ip4.address",        Some("ip4.addr")),
            ("completely.unknown", None),
        ] {
            assert_eq!(suggest(name).as_deref(), want, "{name}");
        }
    }

    #[test]
    fn the_order_of_jls() {
        let names: Vec<_> = shown().map(|parameter| parameter.name).collect();
        assert!(names.is_sorted_by_key(|name| (name.contains('.'), *name)));
        assert_eq!(names[..3], ["devfs_ruleset", "dying", "enforce_statfs"]);
        let (first_dotted, last) =
            (names.iter().position(|name| name.contains('.')).unwrap(), names.len() - 1);
        assert_eq!((names[first_dotted], names[last]), ("allow.adjtime", "zfs.mount_snapshot"));
    }
}
