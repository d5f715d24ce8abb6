//! What a jailed root may do, as capabilities(7): FreeBSD's prison_priv_check() in Linux's terms.
//!
//! The prison's user namespace already keeps every capability away from the host's objects. The
//! bounding set takes away what FreeBSD refuses a jailed root even over objects of its own.

use crate::confine::rights::Rights;
use crate::permission::Permission;
use crate::spec::Users;
use rustix::io;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, remove_capability_from_bounding_set,
    set_capabilities,
};

/// Capabilities refused to every jail, as FreeBSD refuses what they permit. Two of them permit
/// nothing in a user namespace, and the host's objects without one: `LEASE`, `AUDIT_WRITE`.
const REFUSED: CapabilitySet = CapabilitySet::SYS_MODULE
    .union(CapabilitySet::SYS_RAWIO)
    .union(CapabilitySet::SYS_BOOT)
    .union(CapabilitySet::SYS_PACCT)
    .union(CapabilitySet::SYS_TTY_CONFIG)
    .union(CapabilitySet::SYSLOG)
    .union(CapabilitySet::WAKE_ALARM)
    .union(CapabilitySet::BLOCK_SUSPEND)
    .union(CapabilitySet::MAC_ADMIN)
    .union(CapabilitySet::MAC_OVERRIDE)
    .union(CapabilitySet::AUDIT_CONTROL)
    .union(CapabilitySet::AUDIT_READ)
    .union(CapabilitySet::AUDIT_WRITE)
    .union(CapabilitySet::LEASE)
    .union(CapabilitySet::MKNOD)
    .union(CapabilitySet::PERFMON)
    .union(CapabilitySet::BPF)
    .union(CapabilitySet::CHECKPOINT_RESTORE)
    .union(CapabilitySet::DAC_READ_SEARCH);

/// Capabilities refused to a jail whose root is the host's: they reach objects that no namespace
/// sets apart. In a user namespace they reach the jail's own processes, memory and IPC.
const REFUSED_ON_HOST: CapabilitySet = CapabilitySet::SYS_ADMIN
    .union(CapabilitySet::SYS_PTRACE)
    .union(CapabilitySet::SYS_RESOURCE)
    .union(CapabilitySet::SYS_NICE)
    .union(CapabilitySet::IPC_LOCK)
    .union(CapabilitySet::IPC_OWNER);

/// Capabilities over a network stack: of a jail with `vnet`, over its own.
const NETWORK: CapabilitySet = CapabilitySet::NET_ADMIN.union(CapabilitySet::NET_BROADCAST);

/// Whether these rights include what `permission` permits by way of a capability, and which
/// capability that is. `None`: [`crate::confine::filter`] carries the permission out, or for
/// those to mount init or the jail's own mount namespace, and for [`Permission::Mlock`] a limit:
/// a jail has no capability over memory, as that is the host's.
fn of(permission: Permission, rights: Rights) -> Option<(CapabilitySet, bool)> {
    let given = rights.allow.has(permission);
    match permission {
        Permission::AdjTime | Permission::SetTime => {
            Some((CapabilitySet::SYS_TIME, rights.keeps_time()))
        }
        Permission::Chflags => {
            Some((CapabilitySet::LINUX_IMMUTABLE, rights.keeps_flags_capability()))
        }
        Permission::RawSockets => Some((CapabilitySet::NET_RAW, rights.keeps_raw_sockets())),
        Permission::ReservedPorts => Some((CapabilitySet::NET_BIND_SERVICE, given)),
        Permission::Extattr
        | Permission::Mlock
        | Permission::Mount
        | Permission::MountDevfs
        | Permission::MountFdescfs
        | Permission::MountFusefs
        | Permission::MountLinprocfs
        | Permission::MountLinsysfs
        | Permission::MountNullfs
        | Permission::MountProcfs
        | Permission::MountTmpfs
        | Permission::Nfsd
        | Permission::ProcDebug
        | Permission::Quotas
        | Permission::ReadMsgbuf
        | Permission::SetHostname
        | Permission::SocketAf => None,
        Permission::Suser => Some((CapabilitySet::empty(), given)),
    }
}

/// Whether anything that these rights permit needs `SYS_ADMIN` in the jail's user namespace:
/// sethostname(2), mount(2), attributes of the system, or the namespaces of jails inside.
fn administers(rights: Rights) -> bool {
    let permitted = [Permission::SetHostname, Permission::Mount, Permission::Extattr];
    rights.children || permitted.into_iter().any(|permission| rights.allow.has(permission))
}

/// The capabilities that a jail with these rights does not get.
pub(crate) fn refused(rights: Rights) -> CapabilitySet {
    if !rights.allow.has(Permission::Suser) {
        return CapabilitySet::all();
    }
    let mut refused = REFUSED;
    refused.set(CapabilitySet::SYS_ADMIN, !administers(rights));
    refused.set(NETWORK, !rights.has_vnet());
    for &permission in Permission::ALL {
        if let Some((capability, given)) = of(permission, rights) {
            refused.set(capability, !given);
        }
    }
    // Last: a jail on the host's ids has none of these, whatever it is permitted.
    if rights.users == Users::Host { refused.union(REFUSED_ON_HOST) } else { refused }
}

/// The names of the capabilities that a jail with these rights has.
pub(crate) fn given(rights: Rights) -> Vec<&'static str> {
    let given = CapabilitySet::all().difference(refused(rights));
    given.iter_names().map(|(name, _)| name).collect()
}

/// Takes `refused` from this process and all that it executes, for ever. The bounding set bounds
/// what execve(2) gives, even to a set-user-id program; but what is inheritable passes by it, and
/// whoever calls kletka may have left something there.
pub(crate) fn bound(refused: CapabilitySet) -> io::Result<()> {
    let own = capabilities(None)?;
    if !own.inheritable.is_empty() {
        set_capabilities(None, CapabilitySets { inheritable: CapabilitySet::empty(), ..own })?;
    }
    for capability in refused.iter() {
        match remove_capability_from_bounding_set(capability) {
            // EINVAL: the kernel is older than the capability.
            Ok(()) | Err(io::Errno::INVAL) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::Allow;
    use crate::spec::Families;

    const SUSER: Allow = Allow::NOTHING.with(Permission::Suser);
    const RIGHTS: Rights = Rights { allow: SUSER, ..Rights::NONE };

    #[test]
    fn what_the_host_s_root_has_in_a_jail() {
        let rights = Rights { users: Users::Host, allow: Allow::default(), ..RIGHTS };
        // What podman gives to a container by default: containers/common, pkg/config/default.go.
        let podmans = [
            "CHOWN",
            "DAC_OVERRIDE",
            "FOWNER",
            "FSETID",
            "KILL",
            "SETGID",
            "SETUID",
            "SETPCAP",
            "NET_BIND_SERVICE",
            "SYS_CHROOT",
            "SETFCAP",
        ];
        assert_eq!(given(rights), podmans);
    }

    #[test]
    #[rustfmt::skip]
    fn permissions_give_capabilities() {
        let allow = |permission| Rights { allow: SUSER.with(permission), ..RIGHTS };
        let inet = Families { inet: true, inet6: false };
        let vnet = Rights { families: inet, own_network: true, ..RIGHTS };
        let shared = Rights { families: inet, ..RIGHTS };
        let empty = Rights { own_network: true, ..RIGHTS };
        let children = Rights { children: true, ..RIGHTS };
        let on_host = Rights { users: Users::Host, ..RIGHTS };
        let network = [CapabilitySet::NET_ADMIN, CapabilitySet::NET_BROADCAST, CapabilitySet::NET_RAW];
        let admin = [CapabilitySet::SYS_ADMIN];
        for (what, rights, capabilities, want) in [
            ("no network",         empty,                               &network[..], false),
            ("the host's network", shared,                              &network,     false),
            ("vnet",               vnet,                                &network,     true),
            ("vnet, inherit",      Rights { users: Users::Host, ..vnet }, &network,   true),
            ("allow.raw_sockets",  allow(Permission::RawSockets),       &network[2..], true),
            ("raw, addresses",     Rights { is_held: true, ..allow(Permission::RawSockets) }, &network[2..], true),
            ("raw, inherit",       Rights { is_held: true, users: Users::Host, ..allow(Permission::RawSockets) }, &network[2..], false),
            ("allow.reserved_ports", allow(Permission::ReservedPorts),  &[CapabilitySet::NET_BIND_SERVICE], true),
            ("allow.chflags",      allow(Permission::Chflags),          &[CapabilitySet::LINUX_IMMUTABLE], true),
            ("chflags, inherit",   Rights { users: Users::Host, ..allow(Permission::Chflags) }, &[CapabilitySet::LINUX_IMMUTABLE], false),
            ("that, clearing",     Rights { users: Users::Host, clears_flags: true, ..allow(Permission::Chflags) }, &[CapabilitySet::LINUX_IMMUTABLE], true),
            ("nothing",            RIGHTS,                              &admin,       false),
            ("allow.set_hostname", allow(Permission::SetHostname),      &admin,       true),
            ("allow.mount",        allow(Permission::Mount),            &admin,       true),
            ("allow.extattr",      allow(Permission::Extattr),          &admin,       true),
            ("children.max",       children,                            &admin,       true),
            ("inherit",            Rights { children: true, ..on_host }, &admin,      false),
            ("allow.settime",      Rights { users: Users::Host, ..allow(Permission::SetTime) }, &[CapabilitySet::SYS_TIME], true),
            ("allow.adjtime",      Rights { users: Users::Host, ..allow(Permission::AdjTime) }, &[CapabilitySet::SYS_TIME], true),
            ("settime, own users", allow(Permission::SetTime),          &[CapabilitySet::SYS_TIME], false),
            ("the clock",          on_host,                             &[CapabilitySet::SYS_TIME], false),
            ("allow.nosuser",      Rights { allow: Allow::NOTHING.with(Permission::SetHostname), ..vnet }, &[CapabilitySet::CHOWN, CapabilitySet::SYS_ADMIN], false),
            ("audit, leases",      vnet, &[CapabilitySet::AUDIT_WRITE, CapabilitySet::LEASE], false),
        ] {
            for &capability in capabilities {
                assert_eq!(!refused(rights).contains(capability), want, "{what}: {capability:?}");
            }
        }
    }
}
