//! Why kletka's jails differ from what others let through.

/// Calls about which kletka, podman and systemd do not agree, and why kletka does as it does.
#[rustfmt::skip]
pub(crate) const SYSTEM_CALLS: &[(&str, &str)] = &[
    ("clone3",
     "its flags are in memory, where a filter cannot see the namespaces that it would make; C libraries take clone(2)"),
    ("setns pivot_root mount umount2 open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr",
     "as FreeBSD refuses them to a jail; podman leaves them to capabilities that its containers lack"),
    ("sethostname setdomainname",
     "`allow.set_hostname`, which FreeBSD gives by default; the host name is the jail's own"),
    ("add_key request_key keyctl",
     "keys belong to user ids and sessions, not to namespaces"),
    ("io_uring_setup io_uring_enter io_uring_register",
     "its requests do not pass a filter; programs fall back"),
    ("io_pgetevents",
     "as io_getevents(2), with a mask of signals"),
    ("userfaultfd",
     "lets a program stop the kernel in the middle of a copy"),
    ("fanotify_init",
     "tells of files that the permissions of directories hide"),
    ("fanotify_mark",
     "of no use without fanotify_init(2)"),
    ("vmsplice move_pages migrate_pages set_mempolicy_home_node",
     "little used, and often a part of attacks on the kernel's memory; programs go on without them"),
    ("memfd_secret",
     "memory that the host's administrator could not look at"),
    ("modify_ldt",
     "for 16-bit programs alone"),
    ("get_thread_area set_thread_area epoll_ctl_old epoll_wait_old",
     "the kernel has none of these on x86_64"),
    ("reboot syslog",
     "they act on the kernel itself; podman leaves them to capabilities that its containers lack"),
    ("ptrace pidfd_getfd kcmp process_madvise process_mrelease",
     "a jail's root may debug the jail's processes, as on FreeBSD; no other process can be named from inside"),
    ("chroot",
     "as on FreeBSD: the jail's root directory is the root of its mount namespace, which chroot(2) does not change"),
    ("adjtimex clock_adjtime",
     "read the clock's state; to set it, `CAP_SYS_TIME` is missing"),
    ("seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self",
     "a program takes rights from itself"),
    ("pkey_alloc pkey_free pkey_mprotect mincore futex_waitv",
     "a program's own memory and threads"),
];

/// What podman's containers have by default.
pub(crate) const PODMANS: [&str; 11] = [
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

/// Capabilities that some jail has, and why.
#[rustfmt::skip]
pub(crate) const CAPABILITIES: &[(&str, &str)] = &[
    ("CHOWN",            "files of the jail"),
    ("DAC_OVERRIDE",     "files of the jail"),
    ("FOWNER",           "files of the jail"),
    ("FSETID",           "files of the jail"),
    ("KILL",             "processes of the jail"),
    ("SETGID",           "groups of the jail"),
    ("SETUID",           "users of the jail"),
    ("SETPCAP",          "to give up the others"),
    ("NET_BIND_SERVICE", "`allow.reserved_ports`, which FreeBSD gives by default; over a network of the jail's own, or with `inherit`"),
    ("NET_BROADCAST",    "nothing checks it; goes with `NET_ADMIN`"),
    ("NET_ADMIN",        "addresses, routes and firewall of the jail's own network"),
    ("NET_RAW",          "raw sockets of the jail's own network; elsewhere by `allow.raw_sockets`"),
    ("IPC_LOCK",         "bounded by `RLIMIT_MEMLOCK` all the same, which is 0 without `allow.mlock`; a program that has it as a file capability would not start without"),
    ("IPC_OWNER",        "System V IPC, which is the jail's own"),
    ("SYS_CHROOT",       "as on FreeBSD"),
    ("SYS_PTRACE",       "to debug the jail's processes, and to see what ps(1) shows of other users'"),
    ("SYS_ADMIN",        "sethostname(2), or what `allow.mount` and `children.max` give; absent with `allow.noset_hostname` alone"),
    ("SYS_NICE",         "to lower the priority of other users' processes; nothing in a user namespace raises one"),
    ("SYS_RESOURCE",     "limits of the jail's processes; nothing in a user namespace lifts one of the host's"),
    ("SETFCAP",          "packages with file capabilities, which count in the jail alone"),
];

/// Paths that podman covers: pkg/config/default.go of containers/common 0.64. It also names
/// /sys/fs/selinux, which is empty in a jail: nothing is mounted there.
pub(crate) const PODMAN_MASKS: [&str; 12] = [
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
    "/sys/devices/system/cpu/cpu*/thermal_throttle",
];

/// Paths that podman makes read-only.
pub(crate) const PODMAN_READS: [&str; 6] =
    ["/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
