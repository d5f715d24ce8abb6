//! The securelevel of a jail: jail(8), `securelevel`; security(7).
//!
//! From 1 on a file keeps the flags of root's that it has, from 2 on no disk is written to and the
//! clock is not set, and from 3 on no packet filter is changed. What else a level forbids on
//! FreeBSD no jail can do on Linux, whatever its level: to load a module, to write to the memory of
//! the kernel. A jail has at least the level of the jail that it is in.

use crate::error::Error;
use crate::permission::allowed;
use crate::spec::users;
use jailparam::{Set, param};
use prison::{Allow, Permission, Registry, Spec, Told, Users};
use std::fs;

/// The level at which nothing is forbidden: FreeBSD's "permanently insecure".
const LOWEST: i64 = -1;
/// From this level on a file that has flags of root's keeps them.
const KEEPS_FLAGS: i64 = 1;
/// From this level on no disk is written to.
const KEEPS_DISKS: i64 = 2;
/// From this level on nobody sets the clock. FreeBSD lets it be set forward; Linux does not tell
/// the directions apart.
const KEEPS_CLOCK: i64 = 2;
/// From this level on packet filters stay as they are.
const KEEPS_PACKET_FILTERS: i64 = 3;

/// The level that the parameters give.
pub(crate) fn of(parameters: &Set) -> i64 {
    parameters.int(param::SECURELEVEL).unwrap_or(LOWEST)
}

/// The permissions that the parameters give, without those that their level takes back.
pub(crate) fn allowed_at(parameters: &Set) -> Allow {
    at(of(parameters), allowed(parameters))
}

/// What a level leaves of permissions.
fn at(level: i64, given: Allow) -> Allow {
    Allow::of(|it| given.has(it) && !is_taken(it, level))
}

/// Whether this level takes the permission back.
fn is_taken(permission: Permission, level: i64) -> bool {
    match permission {
        Permission::AdjTime | Permission::SetTime => level >= KEEPS_CLOCK,
        _ => false,
    }
}

/// Whether a jail at this level only reads the disks that it sees.
pub(crate) fn keeps_disks(level: i64) -> bool {
    level >= KEEPS_DISKS
}

/// Whether flags of files may be cleared at this level, and not set alone.
pub(crate) fn permits_clearing_flags(level: i64) -> bool {
    level < KEEPS_FLAGS
}

/// Whether packet filters may be changed at this level.
pub(crate) fn permits_packet_filters(level: i64) -> bool {
    level < KEEPS_PACKET_FILTERS
}

/// Whether a jail with these parameters has to be made anew for `level`: its processes keep a right
/// that the level would take.
pub(crate) fn holds_from_start_alone(parameters: &Set, level: i64) -> bool {
    let before = of(parameters);
    let passes = |bound: i64| before < bound && level >= bound;
    let has_vnet = parameters.jailsys(param::VNET) == jailparam::Jailsys::New;
    let sets_clock = parameters.flag(param::ALLOW_SETTIME) || parameters.flag(param::ALLOW_ADJTIME);
    // Where init changes flags for a jail, it is told the level at once.
    let sets_flags = parameters.flag(param::ALLOW_CHFLAGS) && users(parameters) == Users::Host;
    passes(KEEPS_FLAGS) && sets_flags
        || passes(KEEPS_CLOCK) && sets_clock
        || passes(KEEPS_PACKET_FILTERS) && has_vnet
}

/// The text that tells a jail its level; empty for the level that it has without being told.
pub(crate) fn told(level: i64) -> Vec<u8> {
    if level == LOWEST { Vec::new() } else { level.to_string().into_bytes() }
}

/// Gives `spec`, of a jail with these parameters, the level of the jail that it is in, where that
/// is higher. Answers the level.
///
/// # Errors
/// [`Error::Value`]: the parameters ask for a lower one; [`Error::Prison`].
pub(crate) fn within(registry: &Registry, parameters: &Set, spec: &mut Spec) -> Result<i64, Error> {
    let (own, outers) = (of(parameters), of_outer(registry, spec.name.as_deref())?);
    if own >= outers {
        return Ok(own);
    }
    if parameters.given(param::SECURELEVEL.parameter()).is_some() {
        let why = format!("cannot be lower than {outers}, which the jail around this one has");
        return Err(Error::Value(param::SECURELEVEL.name, why));
    }
    if let Some(dev) = &mut spec.dev {
        dev.keeps_disks = keeps_disks(outers);
    }
    spec.packet_filters &= permits_packet_filters(outers);
    spec.clears_flags &= permits_clearing_flags(outers);
    spec.allow = at(outers, spec.allow);
    spec.parameters.push((param::SECURELEVEL.name.to_owned(), told(outers)));
    Ok(outers)
}

/// The level of the jail that the jail `name` is to be in.
fn of_outer(registry: &Registry, name: Option<&str>) -> Result<i64, Error> {
    let level = |text: &[u8]| std::str::from_utf8(text).ok()?.trim_end().parse().ok();
    let known = match name.and_then(|name| name.rsplit_once('.')) {
        Some((outer, _)) => {
            let outer = registry.find(outer)?;
            outer.and_then(|it| level(it.parameter(param::SECURELEVEL.name)?))
        }
        None if prison::is_jailed() => {
            fs::read(Told::Securelevel.file()).ok().and_then(|text| level(&text))
        }
        None => None,
    };
    Ok(known.unwrap_or(LOWEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(words: &[&str]) -> Set {
        Set::import(&jailconf::Jail::from_words(words).unwrap()).unwrap()
    }

    #[test]
    fn what_a_level_takes() {
        for (level, flags, filters) in [
            (-1, true, true),
            (0, true, true),
            (1, false, true),
            (2, false, true),
            (3, false, false),
        ] {
            let set = set(&["allow.chflags", &format!("securelevel={level}")]);
            assert_eq!(of(&set), level);
            assert!(allowed_at(&set).has(Permission::Chflags));
            assert_eq!(permits_clearing_flags(level), flags, "{level}");
            assert_eq!(permits_packet_filters(level), filters, "{level}");
        }
        let clock = |level| allowed_at(&set(&["allow.settime", level])).has(Permission::SetTime);
        assert!(clock("securelevel=1") && !clock("securelevel=2"));
        assert_eq!((of(&set(&[])), told(-1), told(2)), (-1, Vec::new(), b"2".to_vec()));
    }

    #[test]
    fn what_a_running_jail_cannot_be_raised_to() {
        for (words, level, anew) in [
            (&["vnet"][..], 2, false),
            (&["vnet"], 3, true),
            (&["vnet", "securelevel=3"], 3, false),
            (&["ip4=inherit"], 3, false),
            (&["allow.settime"], 1, false),
            (&["allow.settime"], 2, true),
            (&["allow.chflags"], 1, false),
            (&["allow.chflags", "kletka.userns=inherit"], 0, false),
            (&["allow.chflags", "kletka.userns=inherit"], 1, true),
            (&["allow.chflags", "kletka.userns=inherit", "securelevel=1"], 2, false),
        ] {
            assert_eq!(holds_from_start_alone(&set(words), level), anew, "{words:?} {level}");
        }
    }
}
