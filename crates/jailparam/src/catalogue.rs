//! The catalogue: every parameter of jail(8) in FreeBSD 15, and ours.
//!
//! Types, defaults and access are those of `kern_jail.c`, of the modules' own tables and of jail(8)'s `config.c`. Where
//! a jail on Linux differs when a parameter is not given, the default is what it really has. A list of FreeBSD's
//! facts in the tests says where that is.

use crate::types::Access::{Create, Live, ReadOnly};
use crate::types::Kind::{Bool, Int, Ip4List, Ip6List, Jailsys, List, Text};
use crate::types::Support::{Full, Partly, Refused};
use crate::types::{Parameter, core, pseudo};

/// FreeBSD's MAXHOSTNAMELEN without its NUL: names of jails.
const NAME: usize = 255;
/// A host name of Linux: `__NEW_UTS_LEN`. FreeBSD allows 255.
const HOST: usize = 64;
/// PATH_MAX without its NUL, on both systems' larger one.
const PATH: usize = 4095;
/// FreeBSD's OSRELEASELEN is 32; `kern_jail_set()` wants the text shorter than that with its NUL.
const RELEASE: usize = 30;
/// FreeBSD's HOSTUUIDLEN without its NUL.
const UUID: usize = 63;

const NUMBER: i64 = i32::MAX as i64;

/// Why a jail may not mount these file systems.
const NO_MOUNT: &str =
    "not supported yet: mount it on the host, below the jail's path, before the jail starts";

/// Why mac_do(4) is not there.
const NO_MAC_DO: &str = "Linux has no mac_do(4): use sudo or doas in the jail";

/// All parameters. Those of one subject stand together; [`crate::shown`] has the order of jls(8).
#[rustfmt::skip]
pub static CATALOGUE: &[Parameter] = &[
    // What a jail is.
    core("jid", Int(0, NUMBER), Create, "", "Number of the jail",
        Full("the next free number, unless given")),
    core("name", Text(NAME), Create, "", "Name of the jail",
        Partly("cannot be changed while the jail runs")),
    core("path", Text(PATH), Create, "/", "Directory that is the jail's root",
        Full("an id-mapped clone of the tree, entered by pivot_root: files keep their owners on disk")),
    core("parent", Int(0, NUMBER), ReadOnly, "0", "Number of the jail that this one is in",
        Full("0 on the host, and for a jail that was made in the one where jls(8) runs")),
    core("dying", Bool, ReadOnly, "false", "The jail is going away",
        Full("it is being removed, and some of its processes still live")),
    core("persist", Bool, Live, "false", "The jail exists without processes",
        Full("its init stays when the last other process ends")),
    core("children.max", Int(0, 1000), Create, "0", "How many jails may be inside this one",
        Partly("kletka's commands work inside, and the jids of the jails inside are set aside; at most 1000; cannot be \
                changed while the jail runs; jails that the host makes inside are not seen by jls(8) inside")),
    core("children.cur", Int(0, NUMBER), ReadOnly, "0", "How many jails are inside this one",
        Full("those that it made, those that the host made inside it, and those inside these")),
    core("cpuset.id", Int(0, NUMBER), ReadOnly, "", "Number of the jail's set of processors",
        Partly("the jail's number: a cgroup has none of its own")),
    core("securelevel", Int(-1, 3), Live, "-1", "The jail's kern.securelevel",
        Refused("not supported yet: no securelevel is enforced")),
    core("enforce_statfs", Int(0, 2), Live, "2", "What the jail sees of mount points",
        Partly("a jail sees its own mounts only, as with 1: 0 cannot show more, and 2 does not yet hide those below its root")),
    core("osrelease", Text(RELEASE), Create, "", "What `uname -r` says in the jail",
        Refused("not supported yet: a jail sees the release of the kernel")),
    core("osreldate", Int(1, NUMBER), Create, "", "What `uname -K` says in the jail",
        Refused("Linux has no such number")),
    core("meta", Text(4095), Live, "", "A text of the administrator's, hidden from the jail",
        Full("kept in the registry; `meta.KEY` is a line of it")),
    core("env", Text(4095), Live, "", "A text of the administrator's, shown to the jail",
        Partly("`env.KEY` is a line of it; the jail reads it as /run/kletka.env, or by `/run/kletka/bin/sysctl security.jail.env`: once kletka is installed, and if its root has a /run")),
    core("mac.label", Text(1023), Live, "", "The jail's MAC label",
        Refused("Linux labels processes by its own security modules, not by jail")),
    core("mac.do", Jailsys, Live, "", "Who may become whom, by mac_do(4)", Refused(NO_MAC_DO)),
    core("mac.do.rules", Text(1023), Live, "", "Rules of mac_do(4)", Refused(NO_MAC_DO)),
    core("mac.do.exec_paths", Text(PATH), Live, "", "Programs that mac_do(4) trusts", Refused(NO_MAC_DO)),
    core("kletka.userns", Text(7), Create, "new", "User ids of the jail: `new` gives it 65,536 of its own",
        Full("`inherit` is without a user namespace: root in the jail is root of the host, with few capabilities; \
              /proc/sys is read-only, and file systems need no id-mapped mounts")).only(&["new", "inherit"]),

    // The host that it believes to be.
    core("host", Jailsys, Live, "new", "Whether the jail has a host name of its own",
        Partly("a jail always has its own")).only(&["new"]),
    core("host.hostname", Text(HOST), Live, "", "Name of the jail's host",
        Full("the jail has a UTS namespace; Linux allows 64 bytes")),
    core("host.domainname", Text(HOST), Live, "", "NIS domain of the jail's host",
        Full("the jail has a UTS namespace; Linux allows 64 bytes")),
    core("host.hostuuid", Text(UUID), Live, "", "UUID of the jail's host",
        Refused("not supported yet: a jail has the /etc/machine-id of its tree")),
    core("host.hostid", Int(0, u32::MAX as i64), Live, "", "Number of the jail's host",
        Refused("not supported yet: a jail has the /etc/hostid of its tree")),

    // The network.
    core("vnet", Jailsys, Create, "inherit", "Whether the jail has a network stack of its own",
        Full("`new` is a network namespace, `inherit` the host's")).only(&["new", "inherit"]),
    core("ip4", Jailsys, Create, "disable", "Whether the jail may use IPv4",
        Partly("`new` comes with shared addresses; until then a jail has all the host's addresses, none, or vnet"))
        .only(&["disable", "inherit"]).with_vnet("inherit"),
    core("ip4.addr", Ip4List, Live, "", "IPv4 addresses of the jail, shared with the host",
        Refused("not supported yet: use vnet, or ip4=inherit for all the host's addresses")),
    core("ip4.saddrsel", Bool, Live, "true", "The source address depends on the destination",
        Refused("not supported yet: comes with ip4.addr")),
    core("ip6", Jailsys, Create, "disable", "Whether the jail may use IPv6",
        Partly("`new` comes with shared addresses; until then a jail has all the host's addresses, none, or vnet"))
        .only(&["disable", "inherit"]).with_vnet("inherit"),
    core("ip6.addr", Ip6List, Live, "", "IPv6 addresses of the jail, shared with the host",
        Refused("not supported yet: use vnet, or ip6=inherit for all the host's addresses")),
    core("ip6.saddrsel", Bool, Live, "true", "The source address depends on the destination",
        Refused("not supported yet: comes with ip6.addr")),
    pseudo("vnet.interface", List, "", "Interfaces to move into the jail",
        Full("moved into its network namespace, and back when the jail ends")),
    pseudo("interface", Text(15), "", "Interface that gets the jail's addresses",
        Refused("not supported yet: comes with ip4.addr and ip6.addr")),
    pseudo("ip_hostname", Bool, "false", "The jail's addresses are those of its host name",
        Refused("not supported yet: comes with ip4.addr and ip6.addr")),

    // Devices and file systems.
    core("devfs_ruleset", Int(0, 65535), Live, "0", "Ruleset of the jail's /dev",
        Partly("rulesets of the administrator's come later; 0 and 4 both mean devfsrules_jail")).only(&["0", "4"]),
    pseudo("mount", List, "", "Lines of fstab(5) to mount before the jail is created",
        Partly("nullfs, tmpfs, procfs, linprocfs, linsysfs, devfs, fdescfs, unionfs, overlay, and what Linux can id-map on a device; \
                seen only in the jail, never on the host")),
    pseudo("mount.fstab", List, "", "Files of fstab(5) to mount before the jail is created",
        Partly("nullfs, tmpfs, procfs, linprocfs, linsysfs, devfs, fdescfs, unionfs, overlay, and what Linux can id-map on a device; \
                seen only in the jail, never on the host")),
    pseudo("mount.devfs", Bool, "false", "Mount a /dev by devfs_ruleset",
        Partly("a tmpfs with the nodes of devfsrules_jail; device nodes anywhere else in a jail open nothing")),
    pseudo("mount.fdescfs", Bool, "false", "Mount a /dev/fd",
        Partly("comes with mount.devfs and not without it, as on every Linux")),
    pseudo("mount.procfs", Bool, "false", "Mount a /proc",
        Partly("Linux's proc of the jail's own processes, in every jail whose root has a directory for it; a root without one is no error")),
    pseudo("zfs.dataset", List, "", "ZFS datasets to give to the jail",
        Refused("not supported yet")),
    core("zfs", Jailsys, Live, "", "Whether the jail has ZFS parameters of its own",
        Refused("not supported yet")),
    core("zfs.mount_snapshot", Int(0, 1), Live, "", "Whether the jail may look into snapshots",
        Refused("not supported yet")),

    // Commands.
    pseudo("exec.prepare", List, "", "Commands on the host, before anything else is done",
        Full("FreeBSD's ifconfig, route, devfs, mount and others come first in PATH")),
    pseudo("exec.prestart", List, "", "Commands on the host, before the jail is created",
        Full("FreeBSD's ifconfig, route, devfs, mount and others come first in PATH")),
    pseudo("exec.created", List, "", "Commands on the host, once the jail is created",
        Full("FreeBSD's ifconfig, route, devfs, mount and others come first in PATH")),
    pseudo("exec.start", List, "", "Commands in the jail that start it",
        Full("FreeBSD's ifconfig and route come first in PATH")),
    pseudo("command", List, "", "A command in the jail, word by word",
        Full("as exec.start")),
    pseudo("exec.poststart", List, "", "Commands on the host, once the jail has started",
        Full("FreeBSD's ifconfig, route, devfs, mount and others come first in PATH")),
    pseudo("exec.prestop", List, "", "Commands on the host, before the jail stops",
        Full("FreeBSD's ifconfig, route, devfs, mount and others come first in PATH")),
    pseudo("exec.stop", List, "", "Commands in the jail that stop it",
        Full("FreeBSD's ifconfig and route come first in PATH")),
    pseudo("exec.poststop", List, "", "Commands on the host, once the jail is removed",
        Full("FreeBSD's ifconfig, route, devfs, mount and others come first in PATH")),
    pseudo("exec.release", List, "", "Commands on the host, after all else",
        Full("FreeBSD's ifconfig, route, devfs, mount and others come first in PATH")),
    pseudo("exec.clean", Bool, "false", "Commands get a clean environment",
        Partly("HOME, SHELL, TERM, USER and PATH, but the host's commands have JID, JNAME and JPATH too; Linux has no login classes to add to them")),
    pseudo("exec.jail_user", Text(31), "", "User of the commands in the jail",
        Full("looked up in the jail's passwd(5)")),
    pseudo("exec.system_jail_user", Bool, "false", "exec.jail_user is one of the host's users",
        Full("looked up in the host's passwd(5)")),
    pseudo("exec.system_user", Text(31), "", "User of the commands on the host",
        Full("looked up in the host's passwd(5) and group(5)")),
    pseudo("exec.timeout", Int(0, NUMBER), "0", "Seconds that a command may take; 0 is no limit",
        Full("a command that takes longer is killed, and the start or stop fails")),
    pseudo("exec.consolelog", Text(PATH), "", "File for what the jail's commands print",
        Full("appended to")),
    pseudo("exec.fib", Int(0, 65535), "0", "Routing table of the jail's commands",
        Refused("not supported yet: Linux routes by rules, not by process")),
    pseudo("stop.timeout", Int(0, NUMBER), "10", "Seconds from SIGTERM to the end of a jail that stops",
        Full("0 sends no SIGTERM")),
    pseudo("depend", List, "", "Jails that must run before this one",
        Full("started before it, and stopped after it")),

    // What a jail may do.
    core("allow.set_hostname", Bool, Live, "true", "May set its host name",
        Full("sethostname(2) is let through or refused")),
    core("allow.raw_sockets", Bool, Live, "false", "May open raw sockets",
        Partly("CAP_NET_RAW over a network stack of its own: on the host's (ip4=inherit) they stay refused, unless kletka.userns=inherit")),
    core("allow.chflags", Bool, Live, "false", "May set system file flags",
        Partly("Linux's flags (chattr) need a capability over the host's file system: they stay refused")),
    core("allow.quotas", Bool, Live, "false", "May set quotas",
        Partly("quotactl(2) is let through, but Linux wants a capability over the host's file system for all that changes a quota: that stays refused")),
    core("allow.socket_af", Bool, Live, "false", "May open sockets of any family",
        Refused("not supported yet")),
    core("allow.mlock", Bool, Live, "false", "May lock memory",
        Refused("not supported yet: RLIMIT_MEMLOCK of the host holds")),
    core("allow.reserved_ports", Bool, Live, "true", "May bind ports below 1024",
        Partly("CAP_NET_BIND_SERVICE over a network stack of its own: on the host's (ip4=inherit) they stay refused, unless kletka.userns=inherit")),
    core("allow.read_msgbuf", Bool, Live, "false", "May read the kernel's messages",
        Refused("they are the host's: Linux has none per jail")),
    core("allow.unprivileged_proc_debug", Bool, Live, "true", "Users may debug their processes",
        Refused("not supported yet: always allowed")),
    core("allow.unprivileged_parent_tampering", Bool, Live, "false", "The host's users may touch processes with their uid",
        Refused("the jail's users are other users on the host")),
    core("allow.suser", Bool, Live, "true", "Root is privileged",
        Refused("not supported yet: always so")),
    core("allow.nfsd", Bool, Live, "false", "May serve NFS",
        Refused("not supported yet: use a server that runs in user space, such as nfs-ganesha")),
    core("allow.extattr", Bool, Live, "false", "May set extended attributes of the system",
        Refused("`trusted.*` attributes need a capability over the host's file system")),
    core("allow.adjtime", Bool, Live, "false", "May adjust the clock",
        Refused("there is one clock for all: run the time server on the host")),
    core("allow.settime", Bool, Live, "false", "May set the clock",
        Refused("there is one clock for all: run the time server on the host")),
    core("allow.routing", Bool, Live, "false", "May change the host's routes",
        Refused("not supported yet: use vnet, where the jail's routes are its own")),
    core("allow.setaudit", Bool, Live, "false", "May set the audit session",
        Refused("Linux audits the host as a whole")),
    core("allow.sysvipc", Bool, Live, "false", "May use the host's System V IPC",
        Refused("not supported yet: a jail has its own System V IPC")),
    pseudo("allow.dying", Bool, "false", "Does nothing any more",
        Full("deprecated and without effect, as on FreeBSD; jail(8) says so")),
    core("allow.mount", Bool, Create, "false", "May mount file systems",
        Partly("with enforce_statfs below 2 and allow.mount.nullfs or tmpfs, as on FreeBSD; cannot be changed while \
                the jail runs; what the host has mounted stays as it is")),
    core("allow.mount.devfs", Bool, Live, "false", "May mount devfs", Refused(NO_MOUNT)),
    core("allow.mount.fdescfs", Bool, Live, "false", "May mount fdescfs",
        Partly("nothing needs mounting: /dev/fd comes with mount.devfs")),
    core("allow.mount.fusefs", Bool, Live, "false", "May mount FUSE file systems", Refused(NO_MOUNT)),
    core("allow.mount.lindebugfs", Bool, Live, "false", "May mount lindebugfs",
        Refused("Linux's debugfs tells of the host, and changes it")),
    core("allow.mount.nullfs", Bool, Create, "false", "May mount nullfs",
        Partly("what Linux lets the root of a user namespace mount: binds, tmpfs, overlays; these together")),
    core("allow.mount.p9fs", Bool, Live, "false", "May mount p9fs", Refused(NO_MOUNT)),
    core("allow.mount.procfs", Bool, Live, "false", "May mount procfs", Refused(NO_MOUNT)),
    core("allow.mount.linprocfs", Bool, Live, "false", "May mount linprocfs", Refused(NO_MOUNT)),
    core("allow.mount.linsysfs", Bool, Live, "false", "May mount linsysfs", Refused(NO_MOUNT)),
    core("allow.mount.tmpfs", Bool, Create, "false", "May mount tmpfs",
        Partly("what Linux lets the root of a user namespace mount: binds, tmpfs, overlays; these together")),
    core("allow.mount.zfs", Bool, Live, "false", "May mount ZFS", Refused(NO_MOUNT)),
    core("allow.vmm", Bool, Live, "false", "May use vmm(4)",
        Refused("not supported yet: Linux's is /dev/kvm, a matter of devfs_ruleset")),
    core("allow.vmm_ppt", Bool, Live, "false", "May give PCI devices to virtual machines",
        Refused("it would hand the host's hardware to the jail")),

    // System V IPC, and the Linux emulation of FreeBSD.
    core("sysvmsg", Jailsys, Live, "new", "System V message queues",
        Partly("a jail always has its own, where FreeBSD gives it none; `disable` and `inherit` come later")).only(&["new"]),
    core("sysvsem", Jailsys, Live, "new", "System V semaphores",
        Partly("a jail always has its own, where FreeBSD gives it none; `disable` and `inherit` come later")).only(&["new"]),
    core("sysvshm", Jailsys, Live, "new", "System V shared memory",
        Partly("a jail always has its own, where FreeBSD gives it none; `disable` and `inherit` come later")).only(&["new"]),
    core("linux", Jailsys, Live, "", "Parameters of the Linux emulation",
        Refused("nothing is emulated: this is Linux")),
    core("linux.osname", Text(64), Live, "", "System name of the Linux emulation",
        Refused("nothing is emulated: this is Linux")),
    core("linux.osrelease", Text(64), Live, "", "Release of the Linux emulation",
        Refused("nothing is emulated: this is Linux")),
    core("linux.oss_version", Int(0, NUMBER), Live, "", "Sound system version of the Linux emulation",
        Refused("nothing is emulated: this is Linux")),
];
