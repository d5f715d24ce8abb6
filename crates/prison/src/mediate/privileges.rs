//! What init does with the host's rights for root of the jail, besides mounts: each a bit, as init
//! is told at its door.

use crate::confine::rights::Rights;
use crate::error::{Calling, Error};
use crate::permission::Permission;
use crate::tie::way_behind;
use rustix::net::{SendFlags, send};
use std::os::fd::BorrowedFd;

/// The message at init's door that says which of these the jail has from now on.
pub(crate) const PRIVILEGES: u8 = b'p';

/// Some of the privileges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Privileges(pub(crate) u8);

impl Privileges {
    /// `allow.chflags`: files that have neither flag of root's get one.
    pub(crate) const SET_FLAGS: Self = Self(1);
    /// Files that have one lose it, or get the other.
    pub(crate) const CLEAR_FLAGS: Self = Self(2);

    /// `allow.extattr`: attributes of the system.
    pub(crate) const ATTRIBUTES: Self = Self(4);

    /// What a prison with these rights has. Without a listener, or where root has no privileges, it
    /// has nothing.
    pub(crate) fn of(rights: Rights) -> Self {
        let is_served = rights.mediated_mounts && rights.allow.has(Permission::Suser);
        let chflags = is_served && rights.allow.has(Permission::Chflags);
        let given = [
            (Self::SET_FLAGS, chflags),
            (Self::CLEAR_FLAGS, chflags && rights.clears_flags),
            (Self::ATTRIBUTES, is_served && rights.allow.has(Permission::Extattr)),
        ];
        given.into_iter().filter(|(_, has)| *has).fold(Self(0), |all, (one, _)| Self(all.0 | one.0))
    }

    /// Whether all of `some` are among these.
    pub(crate) const fn has(self, some: Self) -> bool {
        self.0 & some.0 == some.0
    }

    /// Has the init behind `pidfd` do this and nothing else from now on.
    ///
    /// # Errors
    /// [`Error::Call`]: Yama forbids it. [`Error::Died`].
    pub(crate) fn tell(self, pidfd: BorrowedFd<'_>) -> Result<(), Error> {
        let door = way_behind(pidfd).calling("pidfd_getfd")?;
        let sent = send(door, &[PRIVILEGES, self.0], SendFlags::NOSIGNAL);
        sent.map(drop).map_err(|_| Error::Died)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::Allow;

    #[test]
    fn what_rights_give() {
        let allow = Allow::NOTHING.with(Permission::Suser).with(Permission::Chflags);
        let rights = Rights { allow, mediated_mounts: true, clears_flags: true, ..Rights::NONE };
        let both = Privileges(Privileges::SET_FLAGS.0 | Privileges::CLEAR_FLAGS.0);
        for (rights, want) in [
            (rights, both),
            (Rights { clears_flags: false, ..rights }, Privileges::SET_FLAGS),
            (Rights { allow: allow.with(Permission::Extattr), ..rights }, Privileges(7)),
            (Rights { mediated_mounts: false, ..rights }, Privileges::default()),
            (Rights { allow: Allow::NOTHING.with(Permission::Suser), ..rights }, Privileges(0)),
            (Rights { allow: Allow::NOTHING.with(Permission::Chflags), ..rights }, Privileges(0)),
        ] {
            assert_eq!(Privileges::of(rights), want, "{rights:?}");
        }
    }
}
