//! The catalogue compared with FreeBSD's own lists: no parameter is missing, and every difference
//! is listed here.

#![allow(clippy::panic, reason = "a parameter that is missing fails the test")]

use jailparam::Access::{Create, Live, ReadOnly};
use jailparam::{Access, CATALOGUE, Kind, Parameter, Role};

/// FreeBSD's types, from `SYSCTL_JAIL_PARAM` and jail(8)'s `intparams`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Type {
    Bool,
    Int,
    Text,
    List,
    Ip4,
    Ip6,
    Jailsys,
}
use Type::{Bool, Int, Ip4, Ip6, Jailsys, List, Text};

fn kind(parameter: &Parameter) -> Type {
    match parameter.kind {
        Kind::Bool => Bool,
        Kind::Int(..) => Int,
        Kind::Text(_) => Text,
        Kind::List => List,
        Kind::Ip4List => Ip4,
        Kind::Ip6List => Ip6,
        Kind::Jailsys => Jailsys,
    }
}

/// The value if none is given; empty if it depends on the machine.
#[derive(Clone, Copy)]
enum Untold {
    Same(&'static str),
    /// Without a network stack of its own, and with one.
    Vnet(&'static str, &'static str),
}
use Untold::{Same, Vnet};

/// Parameters of the prison. jail(8) names them all but those marked; types and access are those of
/// `kern_jail.c` (`SYSCTL_JAIL_PARAM`: `RD`, `RDTUN` which is set at creation only, `RW`), defaults
/// those of `kern_jail_set()`.
#[rustfmt::skip]
const CORE: &[(&str, Type, Access, Untold)] = &[
    ("jid",                         Int,     Create,   Same("")),
    ("parent",                      Int,     ReadOnly, Same("0")),
    ("name",                        Text,    Live,     Same("")),
    ("path",                        Text,    Create,   Same("/")),
    ("securelevel",                 Int,     Live,     Same("-1")),         // prison0's
    ("osreldate",                   Int,     Create,   Same("")),
    ("osrelease",                   Text,    Create,   Same("")),
    ("enforce_statfs",              Int,     Live,     Same("2")),          // JAIL_DEFAULT_ENFORCE_STATFS
    ("devfs_ruleset",               Int,     Live,     Same("0")),          // prison0's
    ("persist",                     Bool,    Live,     Same("false")),
    ("vnet",                        Jailsys, Create,   Same("inherit")),
    ("dying",                       Bool,    ReadOnly, Same("false")),
    ("children.cur",                Int,     ReadOnly, Same("0")),
    ("children.max",                Int,     Live,     Same("0")),
    ("cpuset.id",                   Int,     ReadOnly, Same("")),
    ("host",                        Jailsys, Live,     Same("new")),        // PR_HOST
    ("host.hostname",               Text,    Live,     Same("")),
    ("host.domainname",             Text,    Live,     Same("")),
    ("host.hostuuid",               Text,    Live,     Same("")),
    ("host.hostid",                 Int,     Live,     Same("")),
    ("mac.label",                   Text,    Live,     Same("")),
    // PR_IP4_USER without addresses, which jail_get(2) calls `disable`; a jail with a vnet has
    // no such flag: `inherit`.
    ("ip4",                         Jailsys, Create,   Vnet("disable", "inherit")),
    ("ip4.addr",                    Ip4,     Live,     Same("")),
    ("ip4.saddrsel",                Bool,    Live,     Same("true")),       // _PR_IP_SADDRSEL
    ("ip6",                         Jailsys, Create,   Vnet("disable", "inherit")),
    ("ip6.addr",                    Ip6,     Live,     Same("")),
    ("ip6.saddrsel",                Bool,    Live,     Same("true")),
    ("allow.set_hostname",          Bool,    Live,     Same("true")),       // JAIL_DEFAULT_ALLOW
    ("allow.sysvipc",               Bool,    Live,     Same("false")),
    ("allow.raw_sockets",           Bool,    Live,     Same("false")),
    ("allow.chflags",               Bool,    Live,     Same("false")),
    ("allow.mount",                 Bool,    Live,     Same("false")),
    ("allow.quotas",                Bool,    Live,     Same("false")),
    ("allow.socket_af",             Bool,    Live,     Same("false")),
    ("allow.mlock",                 Bool,    Live,     Same("false")),
    ("allow.reserved_ports",        Bool,    Live,     Same("true")),       // JAIL_DEFAULT_ALLOW
    ("allow.read_msgbuf",           Bool,    Live,     Same("false")),
    ("allow.unprivileged_proc_debug", Bool,  Live,     Same("true")),       // JAIL_DEFAULT_ALLOW
    ("allow.unprivileged_parent_tampering", Bool, Live, Same("false")),
    ("allow.suser",                 Bool,    Live,     Same("true")),       // JAIL_DEFAULT_ALLOW
    ("allow.nfsd",                  Bool,    Live,     Same("false")),
    ("allow.extattr",               Bool,    Live,     Same("false")),
    ("allow.adjtime",               Bool,    Live,     Same("false")),
    ("allow.settime",               Bool,    Live,     Same("false")),
    ("allow.routing",               Bool,    Live,     Same("false")),
    ("allow.setaudit",              Bool,    Live,     Same("false")),
    // kern_jailmeta.c
    ("meta",                        Text,    Live,     Same("")),
    ("env",                         Text,    Live,     Same("")),
    // prison_add_vfs(), for every file system with VFCF_JAIL. jail(8) leaves
    // out lindebugfs and p9fs.
    ("allow.mount.devfs",           Bool,    Live,     Same("false")),
    ("allow.mount.fdescfs",         Bool,    Live,     Same("false")),
    ("allow.mount.fusefs",          Bool,    Live,     Same("false")),
    ("allow.mount.lindebugfs",      Bool,    Live,     Same("false")),
    ("allow.mount.linprocfs",       Bool,    Live,     Same("false")),
    ("allow.mount.linsysfs",        Bool,    Live,     Same("false")),
    ("allow.mount.nullfs",          Bool,    Live,     Same("false")),
    ("allow.mount.p9fs",            Bool,    Live,     Same("false")),
    ("allow.mount.procfs",          Bool,    Live,     Same("false")),
    ("allow.mount.tmpfs",           Bool,    Live,     Same("false")),
    ("allow.mount.zfs",             Bool,    Live,     Same("false")),
    // vmm_dev.c
    ("allow.vmm",                   Bool,    Live,     Same("false")),
    ("allow.vmm_ppt",               Bool,    Live,     Same("false")),
    // linux_mib.c
    ("linux",                       Jailsys, Live,     Same("")),
    ("linux.osname",                Text,    Live,     Same("")),
    ("linux.osrelease",             Text,    Live,     Same("")),
    ("linux.oss_version",           Int,     Live,     Same("")),
    // sysv_msg.c, sysv_sem.c, sysv_shm.c
    ("sysvmsg",                     Jailsys, Live,     Same("disable")),
    ("sysvsem",                     Jailsys, Live,     Same("disable")),
    ("sysvshm",                     Jailsys, Live,     Same("disable")),
    // zfs_vfsops_os.c; jail(8) leaves out `zfs` itself.
    ("zfs",                         Jailsys, Live,     Same("")),
    ("zfs.mount_snapshot",          Int,     Live,     Same("")),
    // mac_do.c; these are in mac_do(4) instead.
    ("mac.do",                      Jailsys, Live,     Same("")),
    ("mac.do.rules",                Text,    Live,     Same("")),
    ("mac.do.exec_paths",           Text,    Live,     Same("")),
];

/// jail(8)'s pseudo-parameters, with the types of `intparams` in `config.c`. One that is neither
/// PF_BOOL nor PF_INT is a list if all of its values are used, and a text if only the last is.
#[rustfmt::skip]
const PSEUDO: &[(&str, Type, &str)] = &[
    ("allow.dying",             Bool, "false"),
    ("command",                 List, ""),
    ("depend",                  List, ""),
    ("exec.clean",              Bool, "false"),
    ("exec.consolelog",         Text, ""),
    ("exec.created",            List, ""),
    ("exec.fib",                Int,  "0"),
    ("exec.jail_user",          Text, ""),
    ("exec.poststart",          List, ""),
    ("exec.poststop",           List, ""),
    ("exec.prepare",            List, ""),
    ("exec.prestart",           List, ""),
    ("exec.prestop",            List, ""),
    ("exec.release",            List, ""),
    ("exec.start",              List, ""),
    ("exec.stop",               List, ""),
    ("exec.system_jail_user",   Bool, "false"),
    ("exec.system_user",        Text, ""),
    ("exec.timeout",            Int,  "0"),
    ("interface",               Text, ""),
    ("ip_hostname",             Bool, "false"),
    ("mount",                   List, ""),
    ("mount.devfs",             Bool, "false"),
    ("mount.fdescfs",           Bool, "false"),
    ("mount.fstab",             List, ""),
    ("mount.procfs",            Bool, "false"),
    ("stop.timeout",            Int,  "10"),          // DEFAULT_STOP_TIMEOUT
    ("vnet.interface",          List, ""),
    ("zfs.dataset",             List, ""),
];

/// The parameters that only kletka has.
const OURS: &[&str] = &["kletka.maxproc", "kletka.net", "kletka.userns"];

/// The differences from FreeBSD, each with the value here; docs/compatibility.md has the reasons.
const DIFFERENT_DEFAULTS: &[(&str, &str)] =
    &[("sysvmsg", "new"), ("sysvsem", "new"), ("sysvshm", "new")];
const DIFFERENT_ACCESS: &[(&str, Access)] = &[("allow.nfsd", Create)];

/// Finds the value beside `name`, or answers `otherwise`.
fn here<T: Copy>(different: &[(&str, T)], name: &str, otherwise: T) -> T {
    different.iter().find(|(known, _)| *known == name).map_or(otherwise, |(_, it)| *it)
}

fn find(name: &str) -> &'static Parameter {
    let found = CATALOGUE.iter().find(|parameter| parameter.name == name);
    found.unwrap_or_else(|| panic!("{name} is missing"))
}

#[test]
fn every_parameter_of_the_prison() {
    for &(name, want, access, default) in CORE {
        let it = find(name);
        assert_eq!((it.role, kind(it)), (Role::Core, want), "{name}");
        assert_eq!(it.access, here(DIFFERENT_ACCESS, name, access), "{name}");
        let (Same(without) | Vnet(without, _)) = default;
        let (Same(with) | Vnet(_, with)) = default;
        for (vnet, want) in [(false, without), (true, with)] {
            let want = here(DIFFERENT_DEFAULTS, name, want);
            assert_eq!(it.default_of(vnet).unwrap_or_default(), want, "{name}, vnet: {vnet}");
        }
    }
}

#[test]
fn every_pseudo_parameter() {
    for &(name, want, default) in PSEUDO {
        let it = find(name);
        let here = (it.role, kind(it), it.default.unwrap_or_default());
        assert_eq!(here, (Role::Pseudo, want, default), "{name}");
    }
}

#[test]
fn none_that_freebsd_does_not_have() {
    let theirs = CORE.iter().map(|row| row.0).chain(PSEUDO.iter().map(|row| row.0));
    let known: Vec<_> = theirs.chain(OURS.iter().copied()).collect();
    for parameter in CATALOGUE {
        assert!(known.contains(&parameter.name), "{}", parameter.name);
    }
    assert_eq!(known.len(), CATALOGUE.len());
}
