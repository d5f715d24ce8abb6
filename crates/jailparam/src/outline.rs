//! The outline of the list of parameters in the manual: its sections, and what it says of a
//! parameter beyond the row in the catalogue.
//!
//! These sentences stand apart from the catalogue because only the manual has them, which the
//! binary contains as a whole.

/// A section of the list.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    /// What is said before the first parameter.
    pub(crate) text: &'static [&'static str],
    /// The parameters, and what an administrator should know of each.
    pub(crate) rows: &'static [(&'static str, &'static str)],
}

/// What these parameters are on FreeBSD.
const EMULATION: &str =
    "On FreeBSD this belongs to the emulation of Linux for the jail's programs.";

/// All parameters of the catalogue, each once.
pub(crate) static OUTLINE: &[Section] = &[
    Section {
        title: "The jail itself",
        text: &[],
        rows: &[
            (
                "jid",
                "jls(8), jexec(8) and jail(8) take it in place of the name. A number that is given \
                 must be free.",
            ),
            (
                "name",
                "In jail.conf it is the name of the section. On the command line, a jail without a \
                 name is called by its number. A dot separates a jail from the jail that it is in: \
                 `web.cache` is `cache` in `web`. `jail -m jid=3 name=www` calls a jail that runs \
                 by another name, and its section is then the one of that name.",
            ),
            (
                "path",
                "Every process of the jail has it as /, and commands begin in it. A file has an \
                 absolute path here; a path on the command line may be relative to the present \
                 directory.",
            ),
            ("parent", ""),
            ("dying", ""),
            (
                "persist",
                "Without it a jail ends with its last process. A new jail needs `persist`, \
                 `exec.start` or `command`. `jail -m name=web nopersist` lets a jail end that has \
                 no processes.",
            ),
            (
                "children.max",
                "0 forbids the jail to make jails. Jails inside those jails count too, and one of \
                 them can have fewer inside than the outer one. Where there are more jails than a \
                 number that `jail -m` gives, they stay.",
            ),
            ("children.cur", ""),
            ("cpuset.id", ""),
            (
                "securelevel",
                "On FreeBSD a level above 0 takes rights from everybody, root included, such as to \
                 change the flags of files; it can be raised and never lowered.",
            ),
            (
                "enforce_statfs",
                "0 shows all mount points of the machine, 1 those below the jail's root, 2 the root \
                 alone. `allow.mount` needs 0 or 1.",
            ),
            ("osrelease", ""),
            ("osreldate", ""),
            (
                "meta",
                "It has lines of the form `KEY=VALUE`. `meta.KEY` alone reads and sets one of \
                 them: `meta.owner = \"web team\"`. An empty value empties the line, and \
                 `meta.KEY` without a value removes it.",
            ),
            ("env", "It is made of lines as `meta` is. The host can read and change it too."),
            ("mac.label", ""),
            ("mac.do", ""),
            ("mac.do.rules", ""),
            ("mac.do.exec_paths", ""),
            (
                "kletka.userns",
                "Root of the jail is then an unprivileged user of the host, with a number that no \
                 other jail and no user has. The files in the jail keep their owners on the disk, \
                 if the file system can be mounted with other ids. FreeBSD has no such parameter.",
            ),
            (
                "kletka.maxproc",
                "A jail that reaches the number cannot fork until one of its processes ends. A \
                 jail without a limit can take all process numbers of the machine. A new limit \
                 below what runs ends nothing. FreeBSD has no such parameter: there a rule of rctl \
                 does this.",
            ),
        ],
    },
    Section {
        title: "Its host",
        text: &[],
        rows: &[
            (
                "host",
                "On FreeBSD `inherit` shows the machine's own names. To set one of the names below \
                 means `new`.",
            ),
            (
                "host.hostname",
                "What hostname(1) prints in the jail. `allow.set_hostname` says whether the jail \
                 may change it.",
            ),
            ("host.domainname", "What domainname(1) prints in the jail."),
            ("host.hostuuid", ""),
            ("host.hostid", ""),
        ],
    },
    Section {
        title: "The network",
        text: &["With `vnet` a jail has interfaces, addresses, routes and a firewall of its own. \
                 Without it a jail uses those of the host, as far as `ip4` and `ip6` let it. \
                 With `ip4.addr` or `ip6.addr` the jail uses these alone."],
        rows: &[
            (
                "vnet",
                "`vnet;` alone means `new`. The jail then begins with a loopback interface and \
                 nothing else: `vnet.interface` hands interfaces over.",
            ),
            (
                "ip4",
                "`inherit`: all addresses of the host. `disable`: none. FreeBSD's `new` is what \
                 `ip4.addr` makes of it.",
            ),
            (
                "ip4.addr",
                "The list has the form `[interface|]address[/mask] [words]`, with words of \
                 kletka-ifconfig(8). The jail can use these addresses alone, and those with an \
                 interface are added to it at the start and taken away at the end. As on FreeBSD, \
                 127.0.0.1 is the first of them: what listens there alone is reached from outside, \
                 and sees its own clients come from that \
                 address. A jail inside it has at most these.",
            ),
            ("ip4.saddrsel", ""),
            ("ip6", "As `ip4`."),
            ("ip6.addr", "As `ip4.addr`, with a prefix length in place of a mask."),
            ("ip6.saddrsel", ""),
            (
                "kletka.net",
                "`stack`: the jail's sockets are the host's, held to the addresses of the jail. \
                 `ipvlan`: the jail sees its own addresses and no others, and its root cannot \
                 change them; packets pass the host's rules for what comes in and goes out. It needs \
                 an Ethernet interface, or a vlan or bridge, for each address, and the kernel's module \
                 ipvlan. FreeBSD has no such parameter.",
            ),
            (
                "vnet.interface",
                "Only a jail with `vnet` can have them. They are handed over after \
                 `exec.created` and before `exec.start`; a hook may have made them before. An \
                 interface loses its addresses on the way.",
            ),
            ("interface", ""),
            ("ip_hostname", "It is the `-h` of jail(8)."),
        ],
    },
    Section {
        title: "Devices and file systems",
        text: &["What is mounted here is seen in the jail alone, and ends with it. Everything is \
                 mounted as the jail is created: after `exec.prestart`, in the order `mount`, \
                 `mount.fstab`, /dev, and then what `mount` and `mount.fstab` have inside /dev. A mount \
                 point must exist, and lie inside the root of the jail."],
        rows: &[
            (
                "devfs_ruleset",
                "A ruleset says which nodes of /dev the jail sees: see devfs.rules(5). It needs \
                 `mount.devfs`, and is 4 where none is given.",
            ),
            (
                "mount",
                "Each value is one line: `mount += \"/data /home/jails/web/data nullfs ro 0 0\"`. The \
                 mount point is written as the host sees it. See kletka-fstab(5). `jail -m` with \
                 `mount` or `mount.fstab` unmounts what the lines of both do not have any more, and \
                 mounts what they have got: all of it or nothing. What a process uses is not \
                 unmounted. A jail with `allow.mount` keeps what it began with.",
            ),
            ("mount.fstab", "Lines as for `mount`, in a file: `/etc/fstab.$name` is usual."),
            ("mount.devfs", "Most programs want it."),
            ("mount.fdescfs", ""),
            ("mount.procfs", ""),
            ("zfs.dataset", ""),
            ("zfs", ""),
            ("zfs.mount_snapshot", ""),
        ],
    },
    Section {
        title: "Commands",
        text: &[
            "A start runs `exec.prepare`, `exec.prestart`, creates the jail with its mounts, runs \
             `exec.created`, hands over `vnet.interface`, runs `exec.start` and `command`, then \
             `exec.poststart`. A stop runs `exec.prestop`, `exec.stop`, sends SIGTERM to what is \
             left and SIGKILL after `stop.timeout`, removes the jail, takes the interfaces back, \
             then runs `exec.poststop` and `exec.release`.",
            "Each value is one command. A command with a character that means something to sh(1) \
             is run by `/bin/sh -c`; any other is split at blanks and run as it is. A command that \
             ends in `&` runs in the background. A command that fails ends the start or the stop; \
             after the removal of a jail, the other commands run nevertheless.",
            "Commands on the host run in the directory and with the environment of jail(8), and \
             have JNAME, JPATH and, as soon as there is a number, JID in it. Commands in the jail begin \
             in its root.",
        ],
        rows: &[
            ("exec.prepare", "They may make what the jail needs, such as interfaces or its root."),
            ("exec.prestart", ""),
            ("exec.created", "No process of the jail's own runs yet."),
            (
                "exec.start",
                "The usual value is `/bin/sh /etc/rc`, which starts the services that the jail's \
                 rc.conf(5) enables. What it leaves running keeps the jail; a jail in which \
                 nothing is left, and which has no `persist`, ends.",
            ),
            (
                "command",
                "It stands last on the command line of jail(8), and takes all that follows: \
                 `jail -c path=/home/jails/web command=ls -l`. It runs after `exec.start`.",
            ),
            ("exec.poststart", ""),
            ("exec.prestop", ""),
            ("exec.stop", "The usual value is `/bin/sh /etc/rc.shutdown`."),
            (
                "exec.poststop",
                "`jail -C` runs it for a jail that has ended by itself, and so does the failure of \
                 a start.",
            ),
            ("exec.release", "They undo what `exec.prepare` has done."),
            ("exec.clean", "With it, commands do not see the environment of jail(8)."),
            ("exec.jail_user", "Without it, commands run as the jail's root."),
            ("exec.system_jail_user", ""),
            ("exec.system_user", "Without it, they run as the user who runs jail(8): root."),
            ("exec.timeout", ""),
            (
                "exec.consolelog",
                "It must be an absolute path, and is a file of the host. Both standard output and \
                 standard error are written to it.",
            ),
            (
                "exec.fib",
                "It is also the table of commands that jexec(8) runs. In a jail with `vnet`, the \
                 table is one of the jail's own. Without the parameter, a jail has the table that \
                 setfib(1) has given to jail(8).",
            ),
            ("stop.timeout", "See also `exec.stop`, which comes before SIGTERM."),
            (
                "depend",
                "`jail -c web` starts them too. `jail -r db` stops those that depend on `db` \
                 first. A circle is an error.",
            ),
        ],
    },
    Section {
        title: "Permissions",
        text: &["A permission is for root of the jail, unless something else is said. Those that \
                 `jail -m` changes hold for processes that enter the jail from then on."],
        rows: &[
            ("allow.set_hostname", ""),
            (
                "allow.raw_sockets",
                "ping(8) and tcpdump(8) need them. Who has them can forge packets.",
            ),
            (
                "allow.chflags",
                "A file with such a flag cannot be removed from outside either, before the flag is: \
                 `chattr -R -i`.",
            ),
            ("allow.quotas", ""),
            ("allow.socket_af", "Otherwise FreeBSD offers IPv4, IPv6, routing and local sockets."),
            (
                "allow.mlock",
                "What starts the jail, or enters it, gives it the limit that it has itself.",
            ),
            ("allow.reserved_ports", "`allow.noreserved_ports` takes this away."),
            ("allow.read_msgbuf", "dmesg(1) shows them."),
            (
                "allow.unprivileged_proc_debug",
                "Debuggers, and programs that show system calls, do what this permits.",
            ),
            ("allow.unprivileged_parent_tampering", ""),
            (
                "allow.suser",
                "With `allow.nosuser` root of the jail has its files, and nothing more than any \
                 other user has.",
            ),
            (
                "allow.nfsd",
                "An NFS client may reach all of the file system that the jail's root is on, so \
                 the host must keep nothing else there. Init mounts the server's files on \
                 /proc/fs/nfsd; rpc.nfsd(8) and rpc.mountd(8) in the jail use them. The server's \
                 threads are the kernel's: no limit of the jail counts them. They end with the \
                 jail.",
            ),
            (
                "allow.extattr",
                "FreeBSD's namespace `system`. Samba keeps there what Windows says of access.",
            ),
            ("allow.adjtime", ""),
            ("allow.settime", ""),
            ("allow.routing", ""),
            ("allow.setaudit", ""),
            (
                "allow.sysvipc",
                "It is an old name for the three of `sysvmsg`, `sysvsem` and `sysvshm` with \
                 `inherit`.",
            ),
            ("allow.dying", "It is the `-d` of jail(8)."),
            (
                "allow.mount",
                "It allows nothing by itself: a permission for a type of file system must come \
                 with it, such as `allow.mount.tmpfs`, and `enforce_statfs` must be below 2. Each \
                 of those permissions needs `allow.mount` in turn.",
            ),
            ("allow.mount.devfs", ""),
            ("allow.mount.fdescfs", ""),
            ("allow.mount.fusefs", ""),
            ("allow.mount.lindebugfs", ""),
            ("allow.mount.nullfs", ""),
            ("allow.mount.p9fs", ""),
            ("allow.mount.procfs", ""),
            ("allow.mount.linprocfs", ""),
            ("allow.mount.linsysfs", ""),
            ("allow.mount.tmpfs", ""),
            ("allow.mount.zfs", ""),
            ("allow.vmm", ""),
            ("allow.vmm_ppt", ""),
        ],
    },
    Section {
        title: "System V IPC and emulation",
        text: &[],
        rows: &[
            (
                "sysvmsg",
                "`new`: the jail sees its own queues alone. `inherit`: all of the host. `disable`: \
                 none can be made.",
            ),
            ("sysvsem", "As `sysvmsg`."),
            ("sysvshm", "As `sysvmsg`."),
            ("linux", EMULATION),
            ("linux.osname", EMULATION),
            ("linux.osrelease", EMULATION),
            ("linux.oss_version", EMULATION),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::CATALOGUE;

    #[test]
    fn every_parameter_has_one_place() {
        let mut listed: Vec<&str> =
            OUTLINE.iter().flat_map(|section| section.rows).map(|(name, _)| *name).collect();
        let mut known: Vec<&str> = CATALOGUE.iter().map(|parameter| parameter.name).collect();
        listed.sort_unstable();
        known.sort_unstable();
        assert_eq!(listed, known);
    }
}
