//! What a jailed root may do, as capabilities(7): FreeBSD's prison_priv_check() in Linux's terms.
//!
//! The prison's user namespace already keeps every capability away from the host's objects. The
//! bounding set takes away what FreeBSD refuses a jailed root even over objects of its own.

use crate::confine::rights::Rights;
use crate::permission::Permission;
use crate::spec::Users;
use rustix::io;
use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};

/// Capabilities refused to every jail, as FreeBSD refuses what they permit.
const REFUSED: CapabilitySet = CapabilitySet::SYS_MODULE
    .union(CapabilitySet::SYS_RAWIO)
    .union(CapabilitySet::SYS_BOOT)
    .union(CapabilitySet::SYS_TIME)
    .union(CapabilitySet::SYS_PACCT)
    .union(CapabilitySet::SYS_TTY_CONFIG)
    .union(CapabilitySet::SYSLOG)
    .union(CapabilitySet::WAKE_ALARM)
    .union(CapabilitySet::BLOCK_SUSPEND)
    .union(CapabilitySet::MAC_ADMIN)
    .union(CapabilitySet::MAC_OVERRIDE)
    .union(CapabilitySet::AUDIT_CONTROL)
    .union(CapabilitySet::AUDIT_READ)
    .union(CapabilitySet::MKNOD)
    .union(CapabilitySet::PERFMON)
    .union(CapabilitySet::BPF)
    .union(CapabilitySet::CHECKPOINT_RESTORE)
    .union(CapabilitySet::DAC_READ_SEARCH);

/// Capabilities refused to a jail whose root is the host's: they reach objects that no namespace
/// sets apart.
const REFUSED_ON_HOST: CapabilitySet = CapabilitySet::SYS_ADMIN
    .union(CapabilitySet::SYS_PTRACE)
    .union(CapabilitySet::SYS_RESOURCE)
    .union(CapabilitySet::NET_BROADCAST);

/// The capability that carries a permission out. `None`: [`crate::confine::filter`] carries it out,
/// or for [`Permission::Mount`] the jail's own mount namespace.
const fn of(permission: Permission) -> Option<CapabilitySet> {
    match permission {
        Permission::Chflags => Some(CapabilitySet::LINUX_IMMUTABLE),
        Permission::RawSockets => Some(CapabilitySet::NET_RAW),
        Permission::ReservedPorts => Some(CapabilitySet::NET_BIND_SERVICE),
        Permission::Mount | Permission::Quotas | Permission::SetHostname => None,
    }
}

/// The capabilities that a jail with these rights does not get.
pub(crate) fn refused(rights: Rights) -> CapabilitySet {
    let on_host = rights.users == Users::Host;
    let mut refused = REFUSED;
    refused.set(REFUSED_ON_HOST, on_host);
    // Without a user namespace this capability counts for the host's network, too.
    refused.set(CapabilitySet::NET_ADMIN, on_host && !rights.own_network);
    for &permission in Permission::ALL {
        if let Some(capability) = of(permission) {
            refused.set(capability, !rights.allow.has(permission));
        }
    }
    refused
}

/// Takes `refused` from this process and all that it executes, for ever. The bounding set bounds
/// what execve(2) gives, even to a set-user-id program.
pub(crate) fn bound(refused: CapabilitySet) -> io::Result<()> {
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

    #[test]
    fn permissions_give_capabilities() {
        let rights = |allow, users| Rights {
            allow,
            families: Families { inet: true, inet6: true },
            users,
            own_network: false,
            children: false,
        };
        let default = refused(rights(Allow::default(), Users::Own));
        assert!(default.contains(CapabilitySet::SYS_MODULE | CapabilitySet::NET_RAW));
        assert!(!default.intersects(CapabilitySet::NET_BIND_SERVICE | CapabilitySet::SYS_ADMIN));
        let raw = Allow::default().with(Permission::RawSockets);
        assert!(!refused(rights(raw, Users::Own)).contains(CapabilitySet::NET_RAW));
        let on_host = refused(rights(Allow::default(), Users::Host));
        assert!(on_host.contains(CapabilitySet::SYS_ADMIN | CapabilitySet::NET_ADMIN));
    }
}
