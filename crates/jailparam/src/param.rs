//! The handles: one for each parameter that kletka's own code asks for.
//!
//! A handle is the parameter's name in capitals, with `_` for a dot. A misspelled one does not
//! compile:
//!
//! ```compile_fail,E0425
//! jailparam::Set::default().flag(jailparam::param::ALLOW_RAW_SOCKET);
//! ```
//!
//! Neither does one with values of another type, nor a name that is only a text:
//!
//! ```compile_fail,E0308
//! jailparam::Set::default().flag(jailparam::param::PATH);
//! ```
//! ```compile_fail,E0308
//! jailparam::Set::default().flag("allow.raw_sockets");
//! ```
//!
//! [`crate::find`] looks up the names that users write.

use crate::handle::{Bool, Handle, Int, List, Text};
use crate::value::Jailsys;

/// The handles, each with its type and with its name in the catalogue.
macro_rules! handles {
    ($($handle:ident: $type:ty = $name:literal;)*) => {$(
        #[doc = concat!("`", $name, "`.")]
        pub const $handle: $type = Handle::named($name);
    )*

        #[cfg(test)]
        const ALL: &[(&str, &str)] = &[$((stringify!($handle), $name)),*];
    };
}

handles! {
    JID: Int = "jid";
    NAME: Text = "name";
    PATH: Text = "path";
    PARENT: Int = "parent";
    PERSIST: Bool = "persist";
    CHILDREN_MAX: Int = "children.max";
    CHILDREN_CUR: Int = "children.cur";
    CPUSET_ID: Int = "cpuset.id";
    SECURELEVEL: Int = "securelevel";
    OSRELEASE: Text = "osrelease";
    OSRELDATE: Int = "osreldate";
    ENFORCE_STATFS: Int = "enforce_statfs";
    ENV: Text = "env";
    KLETKA_USERNS: Text = "kletka.userns";
    KLETKA_MAXPROC: Int = "kletka.maxproc";

    HOST: Handle<Jailsys> = "host";
    HOST_HOSTNAME: Text = "host.hostname";
    HOST_DOMAINNAME: Text = "host.domainname";
    HOST_HOSTUUID: Text = "host.hostuuid";
    HOST_HOSTID: Int = "host.hostid";

    VNET: Handle<Jailsys> = "vnet";
    VNET_INTERFACE: List = "vnet.interface";
    IP4: Handle<Jailsys> = "ip4";
    IP4_ADDR: List = "ip4.addr";
    IP4_SADDRSEL: Bool = "ip4.saddrsel";
    IP6: Handle<Jailsys> = "ip6";
    IP6_ADDR: List = "ip6.addr";
    IP6_SADDRSEL: Bool = "ip6.saddrsel";
    KLETKA_NET: Text = "kletka.net";
    INTERFACE: Text = "interface";
    IP_HOSTNAME: Bool = "ip_hostname";

    DEVFS_RULESET: Int = "devfs_ruleset";
    MOUNT: List = "mount";
    MOUNT_FSTAB: List = "mount.fstab";
    MOUNT_DEVFS: Bool = "mount.devfs";

    SYSVMSG: Handle<Jailsys> = "sysvmsg";
    SYSVSEM: Handle<Jailsys> = "sysvsem";
    SYSVSHM: Handle<Jailsys> = "sysvshm";

    EXEC_PREPARE: List = "exec.prepare";
    EXEC_PRESTART: List = "exec.prestart";
    EXEC_CREATED: List = "exec.created";
    EXEC_START: List = "exec.start";
    COMMAND: List = "command";
    EXEC_POSTSTART: List = "exec.poststart";
    EXEC_PRESTOP: List = "exec.prestop";
    EXEC_STOP: List = "exec.stop";
    EXEC_POSTSTOP: List = "exec.poststop";
    EXEC_RELEASE: List = "exec.release";
    EXEC_CLEAN: Bool = "exec.clean";
    EXEC_JAIL_USER: Text = "exec.jail_user";
    EXEC_SYSTEM_JAIL_USER: Bool = "exec.system_jail_user";
    EXEC_SYSTEM_USER: Text = "exec.system_user";
    EXEC_TIMEOUT: Int = "exec.timeout";
    EXEC_CONSOLELOG: Text = "exec.consolelog";
    EXEC_FIB: Int = "exec.fib";
    STOP_TIMEOUT: Int = "stop.timeout";
    DEPEND: List = "depend";

    ALLOW_ADJTIME: Bool = "allow.adjtime";
    ALLOW_CHFLAGS: Bool = "allow.chflags";
    ALLOW_DYING: Bool = "allow.dying";
    ALLOW_MOUNT: Bool = "allow.mount";
    ALLOW_MOUNT_DEVFS: Bool = "allow.mount.devfs";
    ALLOW_MOUNT_FDESCFS: Bool = "allow.mount.fdescfs";
    ALLOW_MOUNT_FUSEFS: Bool = "allow.mount.fusefs";
    ALLOW_MOUNT_LINPROCFS: Bool = "allow.mount.linprocfs";
    ALLOW_MOUNT_LINSYSFS: Bool = "allow.mount.linsysfs";
    ALLOW_MOUNT_NULLFS: Bool = "allow.mount.nullfs";
    ALLOW_MOUNT_PROCFS: Bool = "allow.mount.procfs";
    ALLOW_MOUNT_TMPFS: Bool = "allow.mount.tmpfs";
    ALLOW_QUOTAS: Bool = "allow.quotas";
    ALLOW_RAW_SOCKETS: Bool = "allow.raw_sockets";
    ALLOW_READ_MSGBUF: Bool = "allow.read_msgbuf";
    ALLOW_RESERVED_PORTS: Bool = "allow.reserved_ports";
    ALLOW_NFSD: Bool = "allow.nfsd";
    ALLOW_ROUTING: Bool = "allow.routing";
    ALLOW_SET_HOSTNAME: Bool = "allow.set_hostname";
    ALLOW_SETTIME: Bool = "allow.settime";
    ALLOW_SOCKET_AF: Bool = "allow.socket_af";
    ALLOW_SYSVIPC: Bool = "allow.sysvipc";
    ALLOW_UNPRIVILEGED_PARENT_TAMPERING: Bool = "allow.unprivileged_parent_tampering";
    ALLOW_VMM: Bool = "allow.vmm";

    LINUX_OSNAME: Text = "linux.osname";
    LINUX_OSRELEASE: Text = "linux.osrelease";
}

#[test]
fn handles_are_called_as_their_parameters() {
    for (handle, name) in ALL {
        assert_eq!(*handle, name.to_uppercase().replace('.', "_"));
    }
}
