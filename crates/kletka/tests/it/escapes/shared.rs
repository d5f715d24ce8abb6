//! Attempts on what the host and its jails share or hand over: terminals, descriptors, records of
//! jails inside, and what can be used up.

use super::attempt::Kind::{Children, Inherit};
use super::attempt::Layer::{Accepted, Bound, Cgroup, Command, Dev, Filter, Users};
use super::attempt::{Attempt, inside, on_host};

/// Terminals.
#[rustfmt::skip]
pub(super) const TERMINALS: &[Attempt] = &[
    inside("typing for the caller: TIOCSTI",         "call('ioctl', 0, 0x5412, 'x')", Filter, "EPERM"),
    inside("typing for the caller: TIOCSTI, with bits that the kernel cuts off", "call('ioctl', 0, 0x700005412, 'x')", Filter, "EPERM"),
    inside("pasting on a console: TIOCLINUX",        "call('ioctl', 0, 0x541c, \"\\2\")", Filter, "EPERM"),
    inside("consoles: /dev/console, /dev/tty0, /dev/ttyS0, /dev/vcs",
        "join ' ', grep { -e } map { \"/dev/$_\" } qw(console tty0 tty1 ttyS0 vcs vcsa1)", Dev, ""),
    on_host("the administrator's terminal, as standard input",
        "script -qec \"jexec $J sh -c 'tty > /tmp/tty'\" /dev/null > /dev/null < /dev/null; sed 's/[0-9]*$/N/' /home/jails/$J/tmp/tty",
        Dev, "/dev/pts/N"),
    on_host("the administrator's terminal, kept by a process in the background",
        "script -qec \"stat -L -c %d.%i /proc/self/fd/0 > /home/tty; jexec $J sh -c 'trap \\\"\\\" HUP; sleep 50 & echo \\$! > /tmp/pid'\" /dev/null > /dev/null < /dev/null; \
         jexec $J sh -c 'for fd in /proc/$(cat /tmp/pid)/fd/*; do stat -L -c %d.%i $fd; done 2>/dev/null; kill -9 $(cat /tmp/pid) 2>/dev/null' | grep -cxF \"$(cat /home/tty)\"",
        Dev, "0"),
];

/// Descriptors of the command that enters.
#[rustfmt::skip]
pub(super) const DESCRIPTORS: &[Attempt] = &[
    on_host("a descriptor above 2 that the caller has open",
        "jexec $J sh -c 'ls /proc/self/fd | sort -n | tail -n 1 > /tmp/fds; cat /proc/self/fd/7' 7</home/secret 2>/dev/null; jexec $J cat /tmp/fds",
        Command, "3"),
    on_host("a directory as standard input",
        "jexec $J cat /proc/self/fd/0/home/secret </ 2>&1 | cut -d: -f 1-2",
        Command, "jexec: standard input is a directory"),
    on_host("a directory as standard output",
        "jexec $J cat /proc/self/fd/1/secret 2>&1 1</home | cut -d: -f 1-2",
        Command, "jexec: standard output is a directory"),
    on_host("a file that was opened to be read, opened again to write",
        "jexec $J sh -c '(: >> /proc/self/fd/0) 2>/dev/null && echo opened || echo refused' </home/secret",
        Users, "refused").in_(Inherit, Accepted, "opened"),
];

/// What a jail says of jails inside it.
#[rustfmt::skip]
pub(super) const RECORDS: &[Attempt] = &[
    inside("the host's registry",
        "opens('/run/kletka/jails')", Command, "ENOENT"),
    on_host("a record that has itself inside",
        "forging 'first; forge $next forged $pid \"children=3 $next\" rights=children'; timeout 5 jls -n name | grep -c forged; forgotten",
        Command, "0"),
    on_host("a record whose init is the jail's own",
        "forging 'forge $next forged 1'; timeout 5 jls -n name | grep -c forged; forgotten",
        Command, "0"),
    on_host("a record with the host's ids, entered",
        "forging 'first; forge $next forged $pid \"rights=host_users own_network mount\"'; \
         test \"$(jexec $J.forged cat /proc/self/uid_map 2>&1)\" = \"$(jexec $J cat /proc/self/uid_map)\" && echo \"ids of $J\" || jexec $J.forged true 2>&1; forgotten",
        Command, "jexec: jail \"$J.forged\" not found; jls(8) lists the jails that run, jail -c starts one of jail.conf").in_(Children, Command, "ids of $J"),
    on_host("a record whose path has sequences for the terminal",
        "forging \"first; forge \\$next forged \\$pid 'path=/$(printf '\\033')[2J'\"; timeout 5 jls -n name path 2>&1 | grep -c \"$(printf '\\033')\"; forgotten",
        Command, "0"),
    on_host("three thousand records",
        "forging 'i=2; while test $i -lt 3000; do echo jid=$i > $i; i=$((i+1)); done'; timeout 5 jls -n name | grep -c \"^name=$J\\.\"; forgotten",
        Command, "0"),
    on_host("a pipe, a link and a directory among the records",
        "forging 'mkfifo 2; ln -s /etc/passwd 3; mkdir 4'; timeout 5 jls -n name | grep -c \"^name=$J\\.\"; forgotten",
        Command, "0"),
];

/// What can be used up.
#[rustfmt::skip]
pub(super) const RESOURCES: &[Attempt] = &[
    inside("processes without end",
        "until_refused(300, sub { my $p = fork(); return answer(1) if !defined $p; if (!$p) { sleep 100; leave() } 'done' })", Cgroup, "EAGAIN"),
    inside("/dev filled with files",        "bounded('/dev')", Bound, "bounded"),
    inside("/dev/shm filled",               "bounded('/dev/shm')", Bound, "bounded"),
    inside("/run filled",                   "bounded('/run')", Bound, "bounded"),
    inside("a tmpfs line without a size",   "bounded('/mnt/tmpfs')", Bound, "bounded"),
    inside("pseudo-terminals of all",
        "join('', do { open(my $f, '<', '/proc/self/mounts'); <$f> }) =~ m{^\\S+ /dev/pts devpts \\S*max=(\\d+)}m ? \"at most $1\" : 'all'", Bound, "at most 1024"),
    inside("inotify instances",
        "until_refused(2000, sub { call('inotify_init1', 0) })", Users, "EMFILE").in_(Inherit, Accepted, "EMFILE"),
];
