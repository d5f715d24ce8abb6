//! Permissions: jail(8)'s `allow.*` that change what the kernel lets a jail do.
//!
//! One table has the parameter of each permission, and its default. The words of a record, what an
//! inner jail may have, the defaults, what a plan shows and which parameters a front end reads
//! follow from the table. Where a permission is carried out, a `match` has to name every one
//! ([`crate::confine::capability`]). Each can be given and taken at any time, for the processes
//! that enter from then on.

/// The table.
macro_rules! permissions {
    ($($(#[$about:meta])* $name:ident = $parameter:literal, $default:literal;)*) => {
        /// What a jail may be allowed: jail(8), `allow.*`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Permission { $($(#[$about])* $name,)* }

        impl Permission {
            /// Every permission, by name.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The permission's parameter: `allow.mount`.
            #[must_use]
            pub const fn parameter(self) -> &'static str {
                match self { $(Self::$name => $parameter,)* }
            }

            /// Whether a jail has this permission when nothing is said about it, as on FreeBSD.
            #[must_use]
            pub const fn default(self) -> bool {
                match self { $(Self::$name => $default,)* }
            }
        }
    };
}

permissions! {
    /// How fast the clock goes: adjtimex(2).
    AdjTime = "allow.adjtime", false;
    /// Immutable and append-only flags of files.
    Chflags = "allow.chflags", false;
    /// Attributes of files that Linux keeps for the host's root: setxattr(2), `trusted.`.
    Extattr = "allow.extattr", false;
    /// Pages that stay in memory: mlock(2).
    Mlock = "allow.mlock", false;
    /// mount(2) and umount(2). Settled at the creation where the jail mounts in a namespace of its
    /// own: [`crate::confine::rights`].
    Mount = "allow.mount", false;
    /// The jail's /dev at another place too.
    MountDevfs = "allow.mount.devfs", false;
    /// Nothing: a process finds its descriptors in /dev/fd.
    MountFdescfs = "allow.mount.fdescfs", false;
    /// File systems that a program in the jail serves.
    MountFusefs = "allow.mount.fusefs", false;
    /// The jail's /proc at another place too.
    MountLinprocfs = "allow.mount.linprocfs", false;
    /// The jail's /sys at another place too.
    MountLinsysfs = "allow.mount.linsysfs", false;
    /// A directory or a file at another place too.
    MountNullfs = "allow.mount.nullfs", false;
    /// The same as [`Permission::MountLinprocfs`].
    MountProcfs = "allow.mount.procfs", false;
    /// Memory.
    MountTmpfs = "allow.mount.tmpfs", false;
    /// The kernel's NFS server. Settled at the creation: [`crate::files::exports`].
    Nfsd = "allow.nfsd", false;
    /// quotactl(2).
    Quotas = "allow.quotas", false;
    /// Raw sockets of a stack that is not the jail's own: with `vnet` a jail has its own anyway.
    RawSockets = "allow.raw_sockets", false;
    /// The kernel's messages: syslog(2).
    ReadMsgbuf = "allow.read_msgbuf", false;
    /// Ports below 1024.
    ReservedPorts = "allow.reserved_ports", true;
    /// sethostname(2).
    SetHostname = "allow.set_hostname", true;
    /// The time that the clock shows: clock_settime(2).
    SetTime = "allow.settime", false;
    /// Sockets of families that FreeBSD's jails do not have.
    SocketAf = "allow.socket_af", false;
    /// Root has privileges.
    Suser = "allow.suser", true;
    /// Looking into other processes of the same user, and changing them: ptrace(2).
    ProcDebug = "allow.unprivileged_proc_debug", true;
}

impl Permission {
    /// The permission's word in a record: its parameter without `allow.`.
    pub(crate) fn word(self) -> &'static str {
        // Asked for every word of every record: searching for the prefix costs more than the rest.
        let parameter = self.parameter();
        parameter.strip_prefix("allow.").unwrap_or(parameter)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The permissions that a jail has. The default is FreeBSD's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allow(u32);

impl Allow {
    /// No permission at all.
    pub const NOTHING: Self = Self(0);

    /// The permissions for which `has` answers true.
    pub fn of(mut has: impl FnMut(Permission) -> bool) -> Self {
        let given = Permission::ALL.iter().filter(|permission| has(**permission));
        Self(given.fold(0, |all, permission| all | permission.bit()))
    }

    /// Whether `permission` is among them.
    #[must_use]
    pub const fn has(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, permission: Permission) -> Self {
        Self(self.0 | permission.bit())
    }

    /// The permissions that are in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// These, by name.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.has(*permission))
    }
}

impl Default for Allow {
    fn default() -> Self {
        Self::of(Permission::default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_permission_has_a_bit_and_a_word() {
        for &permission in Permission::ALL {
            let alone = Allow::NOTHING.with(permission);
            assert_eq!(alone.iter().collect::<Vec<_>>(), [permission]);
            assert!(permission.parameter().strip_prefix("allow.") == Some(permission.word()));
        }
        let words = Permission::ALL.iter().map(|permission| permission.word());
        assert!(words.is_sorted(), "jail --plan shows them in this order");
    }

    #[test]
    fn defaults_are_freebsds() {
        let some: Vec<_> = Allow::default().iter().collect();
        use Permission::{ProcDebug, ReservedPorts, SetHostname, Suser};
        assert_eq!(some, [ReservedPorts, SetHostname, Suser, ProcDebug]);
    }
}
