//! The catalogue: every parameter of jail(8) in FreeBSD 15, and ours.
//!
//! Types, defaults and access are those of `kern_jail.c`, of the modules' own tables and of
//! jail(8)'s `config.c`. Where a jail on Linux has another value than on FreeBSD when none is
//! given, the default here is that value; the tests list these differences.

use crate::row::{at_creation, live, numbered, pseudo, read_only};
use crate::types::Parameter;

/// FreeBSD's MAXHOSTNAMELEN without its NUL: names of jails.
const NAME: usize = 255;
/// The length of a host name on Linux: `__NEW_UTS_LEN`. FreeBSD allows 255.
const HOST: usize = 64;
/// PATH_MAX of Linux, the larger of both systems', without its NUL.
const PATH: usize = 4095;
/// FreeBSD's OSRELEASELEN is 32; `kern_jail_set()` wants the text shorter than that with its NUL.
const RELEASE: usize = 30;
/// FreeBSD's HOSTUUIDLEN without its NUL.
const UUID: usize = 63;

// The int of FreeBSD's kernel: most of its numbers are one.
const NUMBER: i64 = i32::MAX as i64;

/// Why there is no mac_do(4).
const NO_MAC_DO: &str = "Linux has no mac_do(4): use sudo or doas in the jail";

/// Where a hook finds the commands that it names.
const PATH_OF_HOOKS: &str = "FreeBSD's ifconfig, route, devfs, mount and others come first in PATH, and are meant by \
     FreeBSD's absolute names, such as /sbin/ifconfig";
/// Where a command in the jail finds those that it names.
const PATH_INSIDE: &str = "FreeBSD's ifconfig and route come first in PATH, and are meant by /sbin/ifconfig and \
     /sbin/route";

/// What `mount` and `mount.fstab` can mount.
const MOUNTABLE: &str = "nullfs, tmpfs, procfs, linprocfs, linsysfs, devfs, fdescfs, unionfs, \
    overlay, and what Linux can id-map on a device; seen only in the jail, never on the host; \
    `jail -m` mounts and unmounts lines of nullfs, tmpfs, overlay, devices and read-only unionfs while the jail runs";

/// What mounting a /proc is.
const PROC_VIEW: &str = "`mount -t proc` shows the jail's /proc, with what covers parts of it, at \
                         another place";

/// How a jail has host and domain names of its own.
const UTS: &str = "the jail has a UTS namespace; Linux allows 64 bytes";
/// How the families of addresses are given to a jail.
const FAMILY: &str = "`new` is for the addresses that the jail is given: without any, and with \
    `disable`, no socket of the family can be made";
/// How addresses of the host are given to a jail.
const ADDRESSES: &str = "programs in the kernel hold the jail's sockets to its addresses, and find \
    the jail's listeners, also where the host or another jail listens on the same port; an address \
    that the interface has already is neither added nor removed; of ifconfig's words behind an \
    address alias, broadcast, netmask and prefixlen are taken, and others refused; getifaddrs(3) in the jail shows the host's addresses too; a UDP port is \
    not shared by sockets for all addresses, but where each jail has one address: bind to the \
    addresses; such a socket is connected to nobody, where the jail has several";
/// How the source address is chosen.
const SOURCES: &str = "by the routes that the host has when the jail starts";

/// How the parameters of System V IPC differ.
const OWN_IPC: &str = "a jail has its own by default, where FreeBSD gives it none; Linux shares \
    all three kinds with the host or none; only `disable` and `new` can be changed while the jail \
    runs";
/// Which jails set the clock.
const ONE_CLOCK: &str = "Linux has one clock for all, as FreeBSD has, and asks for a capability over \
    the host: with kletka.userns=inherit alone; who may adjust the clock can also step it";
/// What the parameters of the Linux emulation mean where all programs are Linux's.
const NO_EMULATION: &str = "nothing is emulated: `inherit` and `new` are the same";

/// All parameters, sorted by subject; [`crate::shown`] has the order of jls(8).
///
/// A row reads: when the parameter may be given a value, its name, its type, its default; what it
/// is; how far it does on Linux what it does on FreeBSD. A default of `""` is the empty text; a
/// parameter without a default has no value in a jail that gives none.
#[rustfmt::skip]
pub static CATALOGUE: &[Parameter] = &numbered([
    // What a jail is.
    at_creation("jid").int(0, NUMBER)
        .about("Number of the jail").full("the next free number, unless given"),
    live("name").text(NAME)
        .about("Name of the jail")
        .full("the names of the jails inside begin with it, and change with it"),
    at_creation("path").text(PATH).default("/")
        .about("Directory that is the jail's root")
        .full("an id-mapped clone of the tree, entered by pivot_root: files keep their owners on \
               disk"),
    read_only("parent").int(0, NUMBER).default("0")
        .about("Number of the jail that this one is in")
        .full("0 on the host, and for a jail that was made in the one where jls(8) runs"),
    read_only("dying").bool(false)
        .about("The jail is going away")
        .full("it is being removed, and some of its processes still live"),
    live("persist").bool(false)
        .about("The jail exists without processes")
        .full("its init stays when the last other process ends"),
    live("children.max").int(0, 1000).default("0")
        .about("How many jails may be inside this one")
        .partly("kletka's commands work inside, and the jids of the jails inside are set aside; at \
                 most 1000; a jail that was made with 0 keeps it while it runs, as its processes, \
                 /proc and control group are not made for jails inside; jails that the host makes \
                 inside are not seen by jls(8) inside"),
    read_only("children.cur").int(0, NUMBER).default("0")
        .about("How many jails are inside this one")
        .full("those that it made, those that the host made inside it, and those inside these"),
    read_only("cpuset.id").int(0, NUMBER)
        .about("Number of the jail's set of processors")
        .partly("the jail's number: a cgroup has none of its own"),
    live("securelevel").int(-1, 3).default("-1")
        .about("The jail's kern.securelevel")
        .partly("from 1 on files keep the flags that allow.chflags has set, from 2 on the disks that a ruleset shows are \
                 for reading alone and allow.settime and allow.adjtime give nothing, from 3 on the jail's packet filters \
                 (nftables, iptables, ip_vs by its old calls) stay as they are, traffic control \
                 does not; the rest of what a level forbids no jail can do here; a jail that runs \
                 cannot be raised to a level that would take a right from its processes"),
    live("enforce_statfs").int(0, 2).default("2")
        .about("What the jail sees of mount points")
        .partly("a jail sees its own mounts only, as with 1: 0 cannot show more, and 2 does not \
                 yet hide those below its root"),
    at_creation("osrelease").text(RELEASE)
        .about("What `uname -r` says in the jail")
        .partly("shown by uname(2), sysctl(8) and /proc/sys/kernel/osrelease in the jail, which \
                 with children.max still tell the kernel's; /proc/version always does"),
    at_creation("osreldate").int(1, NUMBER)
        .about("What `uname -K` says in the jail")
        .partly("shown by sysctl(8) in the jail; uname(1) of Linux has no -K"),
    live("meta").text(4095).default("")
        .about("A text of the administrator's, hidden from the jail")
        .full("kept in the registry; `meta.KEY` is a line of it"),
    live("env").text(4095).default("")
        .about("A text of the administrator's, shown to the jail")
        .partly("`env.KEY` is a line of it; the jail reads it as /run/kletka.env, or by \
                 `/run/kletka/bin/sysctl security.jail.env`: once kletka is installed, and if its \
                 root has a /run"),
    live("mac.label").text(1023)
        .about("The jail's MAC label")
        .refused("Linux labels processes by its own security modules, not by jail"),
    live("mac.do").jailsys().only(&["disable"])
        .about("Who may become whom, by mac_do(4)").partly(NO_MAC_DO),
    live("mac.do.rules").text(1023)
        .about("Rules of mac_do(4)").refused(NO_MAC_DO),
    live("mac.do.exec_paths").text(PATH)
        .about("Programs that mac_do(4) trusts").refused(NO_MAC_DO),
    at_creation("kletka.userns").text(7).default("new").only(&["new", "inherit"])
        .about("User ids of the jail: `new` gives it 65,536 of its own")
        .full("`inherit` is without a user namespace: root in the jail is root of the host, with \
               few capabilities; /proc/sys is read-only, and file systems need no id-mapped \
               mounts"),
    live("kletka.maxproc").int(0, NUMBER).default("4096")
        .about("How many processes and threads the jail may have; 0 is no limit")
        .full("the pids controller of cgroup v2, or of v1 where v1 has it; those of the jails inside \
               count too; 4096 is an eighth of the fewest process numbers that a machine has; where \
               nothing can count them, a jail that gives no number has 0"),

    // The host that the jail believes to be.
    live("host").jailsys().default("new")
        .about("Whether the jail has host names and numbers of its own")
        .partly("with `inherit` the jail has the host's as they are when the jail starts, and does \
                 not follow when these change"),
    live("host.hostname").text(HOST).default("")
        .about("Name of the jail's host").full(UTS),
    live("host.domainname").text(HOST).default("")
        .about("NIS domain of the jail's host").full(UTS),
    live("host.hostuuid").text(UUID).default("")
        .about("UUID of the jail's host")
        .partly("the jail's kern.hostuuid, and its /etc/machine-id if its root has this file; cannot \
                 be changed while the jail runs"),
    // Without it a jail has no such number here: the empty default is what jls(8) shows.
    live("host.hostid").int(0, u32::MAX as i64).default("")
        .about("Number of the jail's host")
        .partly("the jail's kern.hostid, and its /etc/hostid if its root has this file; cannot be \
                 changed while the jail runs"),

    // The network.
    at_creation("vnet").jailsys().default("inherit").only(&["new", "inherit"])
        .about("Whether the jail has a network stack of its own")
        .full("`new` is a network namespace, `inherit` the host's"),
    at_creation("ip4").jailsys().default("disable").with_vnet("inherit")
        .about("Whether the jail may use IPv4").full(FAMILY),
    live("ip4.addr").ip4_list()
        .about("IPv4 addresses of the jail, shared with the host")
        .partly(ADDRESSES),
    live("ip4.saddrsel").bool(true)
        .about("The source address depends on the destination").partly(SOURCES),
    at_creation("ip6").jailsys().default("disable").with_vnet("inherit")
        .about("Whether the jail may use IPv6").full(FAMILY),
    live("ip6.addr").ip6_list()
        .about("IPv6 addresses of the jail, shared with the host")
        .partly(ADDRESSES),
    live("ip6.saddrsel").bool(true)
        .about("The source address depends on the destination").partly(SOURCES),
    at_creation("kletka.net").text(6).default("stack").only(&["stack", "ipvlan"])
        .about("How the jail gets its addresses of the host")
        .full("`ipvlan` is a network namespace that is the host's, where the interfaces of the \
               jail's addresses have a second end; IPv4 and IPv6 by unicast; an address is one \
               jail's alone, and not the only one of its interface that the host has; routes that \
               the host has when the jail starts"),
    pseudo("vnet.interface").list()
        .about("Interfaces to move into the jail")
        .full("moved into its network namespace, and back when the jail ends"),
    pseudo("interface").text(15)
        .about("Interface that gets the jail's addresses")
        .full("those without an interface of their own; passed over if the jail has no addresses"),
    pseudo("ip_hostname").bool(false)
        .about("The jail's addresses are those of its host name")
        .full("all that the host's resolver finds, of the families that the jail may have"),

    // Devices and file systems.
    live("devfs_ruleset").int(0, 65535).default("0")
        .about("Ruleset of the jail's /dev")
        .partly("all of devfs.rules(5); 0 gives what 4 does, devfsrules_jail, and never the \
                 whole /dev of the host"),
    pseudo("mount").list()
        .about("Lines of fstab(5) to mount before the jail is created").partly(MOUNTABLE),
    pseudo("mount.fstab").list()
        .about("Files of fstab(5) to mount before the jail is created").partly(MOUNTABLE),
    pseudo("mount.devfs").bool(false)
        .about("Mount a /dev by devfs_ruleset")
        .partly("a tmpfs with the devices, links and directories of the host's /dev that the \
                 ruleset shows; device nodes anywhere else in a jail open nothing; /dev/shm \
                 holds up to a tenth of the machine's memory"),
    pseudo("mount.fdescfs").bool(false)
        .about("Mount a /dev/fd")
        .partly("comes with mount.devfs and not without it, as on every Linux"),
    pseudo("mount.procfs").bool(false)
        .about("Mount a /proc")
        .partly("Linux's proc of the jail's own processes, in every jail whose root has a \
                 directory for it; a root without one is no error"),
    pseudo("zfs.dataset").list()
        .about("ZFS datasets to give to the jail")
        .refused("not supported yet: mount them on the host, below the jail's path"),
    live("zfs").jailsys().only(&["disable"])
        .about("Whether the jail has ZFS parameters of its own")
        .partly("what the host has mounted of ZFS below the jail's path is in the jail, and no more"),
    live("zfs.mount_snapshot").int(0, 1).only(&["0"])
        .about("Whether the jail may look into snapshots")
        .partly("the host's kernel mounts a snapshot, outside of the jail's user ids"),

    // Commands.
    pseudo("exec.prepare").list()
        .about("Commands on the host, before anything else is done").full(PATH_OF_HOOKS),
    pseudo("exec.prestart").list()
        .about("Commands on the host, before the jail is created").full(PATH_OF_HOOKS),
    pseudo("exec.created").list()
        .about("Commands on the host, once the jail is created").full(PATH_OF_HOOKS),
    pseudo("exec.start").list()
        .about("Commands in the jail that start it").full(PATH_INSIDE),
    pseudo("command").list()
        .about("A command in the jail, word by word").full("as exec.start"),
    pseudo("exec.poststart").list()
        .about("Commands on the host, once the jail has started").full(PATH_OF_HOOKS),
    pseudo("exec.prestop").list()
        .about("Commands on the host, before the jail stops").full(PATH_OF_HOOKS),
    pseudo("exec.stop").list()
        .about("Commands in the jail that stop it").full(PATH_INSIDE),
    pseudo("exec.poststop").list()
        .about("Commands on the host, once the jail is removed").full(PATH_OF_HOOKS),
    pseudo("exec.release").list()
        .about("Commands on the host, after all else").full(PATH_OF_HOOKS),
    pseudo("exec.clean").bool(false)
        .about("Commands get a clean environment")
        .partly("HOME, SHELL, TERM, USER and PATH, but the host's commands have JID, JNAME and \
                 JPATH too; Linux has no login classes to add to them"),
    pseudo("exec.jail_user").text(31)
        .about("User of the commands in the jail").full("looked up in the jail's passwd(5)"),
    pseudo("exec.system_jail_user").bool(false)
        .about("exec.jail_user is one of the host's users")
        .full("looked up in the host's passwd(5)"),
    pseudo("exec.system_user").text(31)
        .about("User of the commands on the host")
        .full("looked up in the host's passwd(5) and group(5)"),
    pseudo("exec.timeout").int(0, NUMBER).default("0")
        .about("Seconds that a command may take; 0 is no limit")
        .full("a command that takes longer is killed, and the start or stop fails"),
    pseudo("exec.consolelog").text(PATH)
        .about("File for what the jail's commands print").full("appended to"),
    pseudo("exec.fib").int(0, 65535).default("0")
        .about("Routing table of the jail's processes")
        .partly("0 to 15, which net.fibs says; commands of jexec(8) have it too, and setfib(1) in \
                 the jail cannot choose another"),
    pseudo("stop.timeout").int(0, NUMBER).default("10")
        .about("Seconds from SIGTERM to the end of a jail that stops").full("0 sends no SIGTERM"),
    pseudo("depend").list()
        .about("Jails that must run before this one")
        .full("started before it, and stopped after it"),

    // What a jail may do.
    live("allow.set_hostname").bool(true)
        .about("May set its host name").full("sethostname(2) is let through or refused"),
    live("allow.raw_sockets").bool(false)
        .about("May open raw sockets")
        .partly("a jail with vnet has raw sockets of its own stack anyway, as on FreeBSD, and \
                 packet sockets, as with devfs_ruleset 5 there; on the host's stack (ip4=inherit) \
                 this permits raw sockets with kletka.userns=inherit only, and packet sockets never; \
                 with ip4.addr it permits ping(8) of IPv4 alone, where \
                 net.ipv4.ping_group_range does"),
    live("allow.chflags").bool(false)
        .about("May set system file flags")
        .partly("schg is `chattr +i`, sappnd `chattr +a`, sunlnk has no counterpart; on the files \
                 and directories of the jail's users, of file systems that have such flags; not in \
                 a jail that a jail has made, nor in one with children.max; with \
                 kletka.userns=inherit on all files that the jail sees, and at securelevel 1 on \
                 none"),
    live("allow.quotas").bool(false)
        .about("May set quotas")
        .partly("quotas that the host sets hold in the jail, whose files keep their owners on disk; \
                 quotactl(2) is let through, but Linux wants a capability over the host's file \
                 system for all that changes a quota: set it on the host"),
    live("allow.socket_af").bool(false)
        .about("May open sockets of any family")
        .partly("without it IPv4, IPv6, local and routing sockets, as on FreeBSD; with it a jail with \
                 vnet has CAN too; no other family keeps jails apart: VSOCK reaches the hypervisor, \
                 BLUETOOTH the host's devices, ALG and RXRPC the kernel's ciphers and keys"),
    live("allow.mlock").bool(false)
        .about("May lock memory")
        .full("mlock(2) and its like, as far as RLIMIT_MEMLOCK goes; without it that limit is 0"),
    live("allow.reserved_ports").bool(true)
        .about("May bind ports below 1024")
        .full("root of the jail alone, and with `ip4.addr` or `ip6.addr` a program that has given up \
               root and kept CAP_NET_BIND_SERVICE, as named -u does; on the host's stack by a \
               program in the kernel, for which the host needs cgroup v2"),
    live("allow.read_msgbuf").bool(false)
        .about("May read the kernel's messages")
        .partly("they are the host's, as on FreeBSD; syslog(2) reads them and clears none, where \
                 the host's kernel.dmesg_restrict is 0"),
    live("allow.unprivileged_proc_debug").bool(true)
        .about("Users may debug their processes")
        .partly("without it ptrace(2), process_vm_readv(2) and their like are refused, to root too; \
                 /proc/PID/mem of a user's own processes stays open to that user"),
    live("allow.unprivileged_parent_tampering").bool(false)
        .about("The host's users may touch processes with their uid")
        .partly("a jail's users are other users on the host, unless it has kletka.userns=inherit: then \
                 this is always so, and only then may it be asked for"),
    live("allow.suser").bool(true)
        .about("Root is privileged")
        .full("without it neither root nor a set-user-id program gets any capability, and no jail is \
               made inside"),
    at_creation("allow.nfsd").bool(false)
        .about("May serve NFS")
        .partly("Linux's server, with nfs-utils in the jail, in a jail with vnet and \
                 kletka.userns=inherit whose root is a file system of its own: that one alone \
                 can be exported"),
    live("allow.extattr").bool(false)
        .about("May set extended attributes of the system")
        .partly("`trusted.*` but for the kernel's own, and Samba's `security.NTACL`, on files and \
                 directories of the jail's users; they are read and written by name, and not \
                 listed; not in a jail that a jail has made, nor in one with children.max or \
                 kletka.userns=inherit"),
    live("allow.adjtime").bool(false)
        .about("May adjust the clock").partly(ONE_CLOCK),
    live("allow.settime").bool(false)
        .about("May set the clock").partly(ONE_CLOCK),
    live("allow.routing").bool(false)
        .about("May change the host's routes")
        .partly("with vnet alone, where a jail has routes of its own and changes them anyway: on the \
                 host's stack Linux gives routes together with interfaces and packet filters"),
    live("allow.setaudit").bool(false)
        .about("May set the audit session").refused("Linux audits the host as a whole"),
    live("allow.sysvipc").bool(false)
        .about("May use the host's System V IPC")
        .partly("the System V IPC of such a jail is its own, where FreeBSD gives it the host's; \
                 `allow.nosysvipc` gives none"),
    pseudo("allow.dying").bool(false)
        .about("Does nothing any more")
        .full("deprecated and without effect, as on FreeBSD; jail(8) says so"),
    live("allow.mount").bool(false)
        .about("May mount file systems")
        .partly("with enforce_statfs below 2 and the permission of a file system, as on FreeBSD; \
                 init mounts for the jail, so what the host has mounted stays as it is; a jail \
                 with children.max has a mount namespace of its own instead, where all of what \
                 Linux lets a user namespace mount is allowed together, and cannot be changed \
                 while it runs; a jail with kletka.userns=inherit cannot mount"),
    live("allow.mount.devfs").bool(false)
        .about("May mount devfs")
        .partly("`mount -t devfs` shows the jail's /dev, with what its ruleset shows, at another \
                 place"),
    live("allow.mount.fdescfs").bool(false)
        .about("May mount fdescfs")
        .partly("nothing needs mounting: /dev/fd comes with mount.devfs, and mount(8) succeeds \
                 without an effect"),
    live("allow.mount.fusefs").bool(false)
        .about("May mount FUSE file systems")
        .partly("the ruleset has to show /dev/fuse; no block devices"),
    live("allow.mount.lindebugfs").bool(false)
        .about("May mount lindebugfs").refused("Linux's debugfs tells of the host, and changes it"),
    live("allow.mount.nullfs").bool(false)
        .about("May mount nullfs")
        .full("by `mount --bind` too, of files and of other file systems' parts"),
    live("allow.mount.p9fs").bool(false)
        .about("May mount p9fs")
        .refused("Linux's 9p trusts its server with the host's kernel, and cannot be id-mapped: mount \
                  it on the host, below the path of a jail with kletka.userns=inherit"),
    live("allow.mount.procfs").bool(false)
        .about("May mount procfs").partly(PROC_VIEW),
    live("allow.mount.linprocfs").bool(false)
        .about("May mount linprocfs").partly(PROC_VIEW),
    live("allow.mount.linsysfs").bool(false)
        .about("May mount linsysfs")
        .partly("the jail's /sys, with what covers parts of it, at another place"),
    live("allow.mount.tmpfs").bool(false)
        .about("May mount tmpfs").full("what it holds is the jail's memory"),
    live("allow.mount.zfs").bool(false)
        .about("May mount ZFS")
        .partly("a jail mounts those datasets that zfs.dataset has given it, as on FreeBSD: here none; \
                 what the host has mounted below the jail's path is in the jail"),
    live("allow.vmm").bool(false)
        .about("May use vmm(4)")
        .partly("Linux's vmm(4) is /dev/kvm, with vhost-net and vhost-vsock: with this permission \
                 the jail's /dev has them, whatever the ruleset says, and never without it"),
    live("allow.vmm_ppt").bool(false)
        .about("May give PCI devices to virtual machines")
        .refused("it would hand the host's hardware to the jail"),

    // System V IPC, and the Linux emulation of FreeBSD.
    live("sysvmsg").jailsys().default("new")
        .about("System V message queues").partly(OWN_IPC),
    live("sysvsem").jailsys().default("new")
        .about("System V semaphores").partly(OWN_IPC),
    live("sysvshm").jailsys().default("new")
        .about("System V shared memory").partly(OWN_IPC),
    live("linux").jailsys().only(&["new", "inherit"])
        .about("Whether Linux's programs see a system of their own").partly(NO_EMULATION),
    live("linux.osname").text(64)
        .about("What Linux's programs see as the system's name")
        .partly("/proc/sys/kernel/ostype in the jail, unless it has children.max; uname(2) answers \
                 Linux; cannot be changed while the jail runs"),
    live("linux.osrelease").text(64)
        .about("What Linux's programs see as the system's release")
        .partly("as `osrelease`, and before it, for all programs are Linux's; cannot be changed while \
                 the jail runs"),
    live("linux.oss_version").int(0, NUMBER)
        .about("What Linux's programs see as the version of the sound system")
        .partly("kept, and shown by jls(8); Linux tells no program"),
]);
