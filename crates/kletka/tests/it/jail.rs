//! jail(8), jls(8) and jexec(8) on real prisons: the life of a jail, what confines it, the messages
//! for bad input, and that nothing is left behind when something fails or is killed.

use crate::record::CLEARED;
use crate::sandbox::Sandbox;
use crate::session::{check, freebsds};

/// A machine with a jail's root in /home/jails/web.
fn machine() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/web");
    Some(sandbox)
}

/// A machine with a running jail `web`, described by `parameters` and `persist`.
fn with_jail(parameters: &str) -> Option<Sandbox> {
    let sandbox = machine()?;
    let text = format!("web {{ path = /home/jails/web; persist; mount.devfs; {parameters} }}\n");
    sandbox.write("/etc/jail.conf", text);
    sandbox.ok("jail -q -c web");
    Some(sandbox)
}

/// Runs each line inside the jail `web`, and compares its output and exit status.
#[track_caller]
fn inside(sandbox: &Sandbox, rows: &[(&str, &str, i32)]) {
    for (line, said, status) in rows {
        let done = sandbox.run(&format!("jexec web sh -c '{line}' 2>&1"));
        assert_eq!(
            (done.stdout.as_str(), done.status),
            (*said, *status),
            "{line}\n{}",
            done.stderr
        );
    }
}

#[test]
fn the_life_of_a_jail() {
    let Some(sandbox) = machine() else { return };
    sandbox.write(
        "/etc/jail.conf",
        r#"exec.start = "/bin/sh -c 'echo starting in $(hostname)'";
exec.stop = "echo stopping";
exec.clean;
mount.devfs;
path = "/home/jails/$name";
web {
    jid = 7;
    host.hostname = "web.example.org";
    persist;
    exec.prepare = 'echo prepare $JNAME $JID $JPATH';
    exec.prestart = "echo prestart";
    exec.created = "jls jid name";
    exec.poststart = "echo poststart";
    exec.prestop = "echo prestop";
    exec.poststop = 'echo poststop $JID', "jls jid name";
    exec.release = "echo release";
}
"#,
    );
    check(
        &sandbox,
        "\
$ jail -c web
prepare web 7 /home/jails/web
prestart
web: created
7 web
starting in web.example.org
poststart
$ jls
   JID  IP Address      Hostname                      Path
     7                  web.example.org               /home/jails/web
$ jexec web ps -o pid,args
PID   COMMAND
    1 kletka: web [init]
    5 ps -o pid,args
$ jexec 7 hostname
web.example.org
$ jail -c web
jail: \"web\" already exists; jail -rc starts it anew, jail -m changes it
[1]
$ jail -r web
prestop
stopping
web: removed
poststop 7
release
$ jail -r web
jail: \"web\" not found; it does not run: jls(8) lists the jails that do
[1]
$ jexec web true
jexec: jail \"web\" not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
[1]
$ jail -rc web
jail: \"web\" not found; it does not run: jls(8) lists the jails that do
[1]
$ jail -c web
prepare web 7 /home/jails/web
prestart
web: created
7 web
starting in web.example.org
poststart
$ jail -q -rc web > /dev/null
$ jls -N
 JID             IP Address      Hostname                      Path
 web                             web.example.org               /home/jails/web
$ jail -q -r web > /dev/null
",
    );
}

#[test]
fn without_a_file() {
    let Some(sandbox) = machine() else { return };
    check(
        &sandbox,
        "\
$ jail -c path=/home/jails/web command=echo hello
hello
$ jail -c name=web path=/home/jails/web host.hostname=w persist; jls jid name host.hostname
2 web w
$ jail -c path=/home/jails/web
jail: new jail must persist or attach; add persist, or exec.start with what is to run
[1]
$ jail -i -c path=/home/jails/web command=/bin/true
3
$ jail -c path=/home/jails/web command=sh -c 'exit 3'
jail: sh -c exit 3: failed
[1]
$ jail -c path=/home/jails/web command=sh -c 'kill -9 $$'
jail: sh -c kill -9 $$: exited on signal 9
[1]
$ jail -v -c path=/home/jails/web command=true
jail_set(JAIL_CREATE) path=/home/jails/web
created
run command in jail: true
$ jail -r web; jls -n
",
    );
}

#[test]
fn a_jail_without_persist_ends_with_its_last_process() {
    let Some(sandbox) = machine() else { return };
    sandbox.write(
        "/etc/jail.conf",
        "web { path = /home/jails/web; exec.start = \"sh -c 'mkfifo /tmp/end; cat /tmp/end > /dev/null 2>&1 &'\"; mount.devfs; }\n",
    );
    sandbox.ok("jail -q -c web");
    assert_eq!(sandbox.ok("jls name"), "web\n");
    // A process that jexec(8) has put in keeps the jail, too.
    sandbox.ok(
        "jexec web sh -c 'mkfifo /tmp/second; : > /tmp/end; cat /tmp/second' > /dev/null 2>&1 & \
                while [ ! -p /home/jails/web/tmp/second ]; do :; done",
    );
    assert_eq!(sandbox.ok("jls name"), "web\n");
    sandbox.ok(": > /home/jails/web/tmp/second; while jls -j web jid > /dev/null 2>&1; do :; done");
    assert_eq!(sandbox.ok("jls name"), "");
    sandbox.ok(CLEARED);
}

#[test]
fn files_keep_their_owners_on_disk() {
    let Some(sandbox) = with_jail("") else { return };
    let root = "/home/jails/web";
    sandbox.ok(&format!("touch {root}/tmp/theirs; chown 1000:1000 {root}/tmp/theirs"));
    inside(
        &sandbox,
        &[
            ("id -u; touch /tmp/mine; chown 33:33 /tmp/mine; touch /tmp/root", "0\n", 0),
            ("stat -c %u:%g /tmp/theirs", "1000:1000\n", 0),
            ("chown 70000 /tmp/mine", "chown: /tmp/mine: Invalid argument\n", 1),
        ],
    );
    assert_eq!(sandbox.ok(&format!("stat -c %u {root}/tmp/mine {root}/tmp/root")), "33\n0\n");
    // On the host the processes of the jail have ids that belong to nobody else.
    let init = sandbox.ok("sed -n 's/^init=\\([0-9]*\\) .*/\\1/p' /run/kletka/jails/*");
    assert!(init.trim().parse::<u32>().is_ok(), "{init}");
    sandbox.ok("jexec web sleep 987 & until pgrep -f '^sleep 987' > /dev/null; do :; done");
    let owner = sandbox.ok("stat -c %u /proc/$(pgrep -f '^sleep 987')");
    assert_eq!(owner, "268435456\n");
    sandbox.ok("jail -q -r web");
}

#[test]
#[rustfmt::skip]
fn what_a_jail_cannot_do() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("mkdir -p /home/share /home/jails/web/mnt /home/jails/web/sys; echo kept > /home/share/file; mknod /home/jails/web/tmp/null c 1 3");
    sandbox.write("/etc/fstab.web", "/home/share /home/jails/web/mnt nullfs ro 0 0\n");
    sandbox.write("/etc/jail.conf", "web { path = /home/jails/web; persist; vnet; mount.devfs; mount.fstab = /etc/fstab.web; }\n");
    sandbox.ok("jail -q -c web");
    inside(&sandbox, &[
        ("cat /mnt/file",                               "kept\n", 0),
        ("echo x > /mnt/file",                          "sh: can't create /mnt/file: Read-only file system\n", 1),
        ("mount -o remount,rw,bind /mnt",               "mount: permission denied (are you root?)\n", 1),
        ("umount /mnt",                                 "umount: can't unmount /mnt: Operation not permitted\n", 1),
        ("umount /dev",                                 "umount: can't unmount /dev: Operation not permitted\n", 1),
        ("mount -t tmpfs x /tmp",                       "mount: permission denied (are you root?)\n", 1),
        ("unshare -m true",                             "unshare: unshare(0x20000): Operation not permitted\n", 1),
        ("unshare -U true",                             "unshare: unshare(0x10000000): Operation not permitted\n", 1),
        ("nsenter -t 1 -m true",                        "nsenter: can't open '/proc/1/ns/mnt': Permission denied\n", 1),
        ("kill -9 1",                                   "sh: can't kill pid 1: Operation not permitted\n", 1),
        ("cat /proc/1/environ",                         "cat: can't open '/proc/1/environ': Permission denied\n", 1),
        ("ls /proc/1/root/ /proc/1/fd",                 "ls: /proc/1/root/: Permission denied\n/proc/1/fd:\nls: can't open '/proc/1/fd': Permission denied\n", 1),
        ("mknod /tmp/zero c 1 5",                       "mknod: /tmp/zero: Operation not permitted\n", 1),
        // A device node in the root cannot be opened: the root is mounted without devices.
        ("cat /tmp/null",                               "cat: can't open '/tmp/null': Permission denied\n", 1),
        ("echo x > /dev/null; head -c 2 /dev/zero | wc -c", "2\n", 0),
        ("insmod /bin/busybox",                         "insmod: can't insert '/bin/busybox': Operation not permitted\n", 1),
        ("reboot -f",                                   "reboot: (null): Operation not permitted\n", 1),
        ("dmesg",                                       "dmesg: klogctl: Operation not permitted\n", 1),
        ("date -s 2000-01-01", "date: can't set date: Operation not permitted\nSat Jan  1 00:00:00 UTC 2000\n", 0),
        ("echo 1 > /proc/sys/kernel/panic",             "sh: can't create /proc/sys/kernel/panic: Permission denied\n", 1),
        ("cat /proc/keys /proc/timer_list",             "", 0),
        ("ping6 -c 1 ff02::1%eth9",                     "ping6: bad address 'ff02::1%eth9'
", 1),
        ("chroot /mnt /bin/true",                       "chroot: can't execute '/bin/true': No such file or directory\n", 127),
        ("cd /sys/class/net && ls -d */",               "lo/\n", 0), // beside it may be a file of the bonding driver
        ("rmdir /sys/kernel 2> /dev/null || touch /sys/x", "touch: /sys/x: Read-only file system\n", 1),
        // A command has descriptors 0 to 2, and ls opens one more.
        ("ls /proc/self/fd",                            "0\n1\n2\n3\n", 0),
        ("grep -c . /proc/self/uid_map",                "1\n", 0),
        ("grep Seccomp: /proc/self/status",             "Seccomp:\t2\n", 0),
    ]);
    assert_eq!(sandbox.ok("cat /home/share/file"), "kept\n");
    sandbox.ok("jail -q -r web");
}

#[test]
#[rustfmt::skip]
fn the_environment_is_clean_when_asked_for() {
    let Some(sandbox) = machine() else { return };
    sandbox.write("/etc/jail.conf", "\
path = /home/jails/web; exec.start = env;
web { exec.clean; }
raw { exec.jail_user = nobody; }
");
    let run = |line: &str| {
        let mut lines: Vec<String> = sandbox.ok(line).lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let clean = run("SECRET=1 TERM=vt100 jail -q -c web");
    assert_eq!(clean, [
        "HOME=/root",
        "PATH=/run/kletka/jail:/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin",
        "SHELL=/bin/sh",
        "TERM=vt100",
        "USER=root",
    ]);
    let inherited = run("SECRET=1 jail -q -c raw");
    for line in ["SECRET=1", "USER=nobody", "HOME=/", "SHELL=/bin/sh"] {
        assert!(inherited.iter().any(|got| got == line), "{line} in {inherited:?}");
    }
}

#[test]
fn the_console_log_is_appended_to_and_private() {
    let Some(sandbox) = machine() else { return };
    sandbox.write(
        "/etc/jail.conf",
        "web { path = /home/jails/web; exec.start = \"sh -c 'echo one; echo two >&2'\"; exec.consolelog = /var/log/web.log; }\n\
         evil { path = /home/jails/web; exec.start = true; exec.consolelog = /home/jails/web/tmp/log; }\n\
         worse { path = /home/jails/web; exec.start = true; exec.consolelog = /home/jails/web/tmp/etc/log; }\n\
         none { path = /home/jails/web; exec.start = true; exec.consolelog = /var/log/jail/none.log; }\n",
    );
    sandbox.ok("ln -s /etc/passwd /home/jails/web/tmp/log; ln -s /etc /home/jails/web/tmp/etc");
    check(
        &sandbox,
        "\
$ jail -q -c web; jail -q -c web; cat /var/log/web.log; stat -c %a /var/log/web.log
one
two
one
two
600
$ jail -q -c evil
jail: evil: exec.consolelog: /home/jails/web/tmp/log is a symbolic link; name what it leads to (/etc/jail.conf line 2)
[1]
$ jail -q -c worse
jail: worse: exec.consolelog: /home/jails/web/tmp/etc is a symbolic link; name what it leads to (/etc/jail.conf line 3)
[1]
$ jail -q -c none
jail: none: open /var/log/jail/none.log: No such file or directory; mkdir -p /var/log/jail (/etc/jail.conf line 4)
[1]
",
    );
}

#[test]
#[rustfmt::skip]
fn bad_input_says_one_line_and_leaves_nothing() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("mkdir -p /home/jails/empty /home/jails/web/mnt; ln -s / /home/jails/web/tmp/host");
    sandbox.write("/etc/fstab.inside", "/home /home/jails/web/mnt nullfs rw 0 0\n");
    sandbox.write("/etc/fstab.link", "/home /home/jails/web/tmp/host/mnt nullfs rw 0 0\n");
    sandbox.write("/etc/fstab.outside", "/home /mnt nullfs rw 0 0\n");
    sandbox.write("/etc/fstab.dots", "/home /home/jails/web/../x nullfs rw 0 0\n");
    sandbox.write("/etc/fstab.source", "/nowhere /home/jails/web/mnt nullfs rw 0 0\n");
    sandbox.write("/etc/fstab.target", "/home /home/jails/web/nowhere nullfs rw 0 0\n");
    sandbox.write("/etc/fstab.ufs", "/dev/ada0p2 /home/jails/web/mnt ufs rw 0 0\n");
    sandbox.write("/etc/fstab.proc", "/proc/sys /home/jails/web/mnt nullfs rw 0 0\n");
    sandbox.write("/etc/jail.conf", "\
path = /home/jails/web;
fstab    { mount.fstab = /etc/fstab.none; command = true; }
link     { mount.fstab = /etc/fstab.link; command = true; }
outside  { mount.fstab = /etc/fstab.outside; command = true; }
dots     { mount.fstab = /etc/fstab.dots; command = true; }
source   { mount.fstab = /etc/fstab.source; command = true; }
target   { mount.fstab = /etc/fstab.target; command = true; }
ufs      { mount.fstab = /etc/fstab.ufs; command = true; }
idmap    { mount.fstab = /etc/fstab.proc; command = true; }
nopath   { path = /home/jails/none; command = true; }
afile    { path = /etc/passwd; command = true; }
procfs   { path = /proc; command = true; }
nosh     { path = /home/jails/empty; exec.start = \"/bin/sh /etc/rc\"; }
noif     { vnet; vnet.interface = em9; command = true; }
novnet   { vnet.interface = em9; command = true; }
nouser   { exec.jail_user = somebody; command = true; }
hook     { exec.prestart = /bin/nothing; command = true; }
failing  { exec.prestart = false; command = true; }
unknown  { allow.raw_socket; command = true; }
refused  { allow.vmm_ppt; command = true; }
devfs    { path = /home/jails/empty; mount.devfs; command = true; }
lonely   { depend = nobody; command = true; }
circle   { depend = circle2; command = true; }
circle2  { depend = circle; command = true; }
");
    let idmap = "cannot be idmapped, which a jail's own user ids need; use a directory on ext4, xfs, btrfs or tmpfs";
    for (line, want) in [
        ("jail -qc fstab",   "jail: fstab: mount.fstab: /etc/fstab.none: No such file or directory"),
        ("jail -qc link",    "jail: link: mount.fstab: /home/jails/web/tmp/host is a symbolic link"),
        ("jail -qc outside", "jail: outside: mount.fstab: /mnt: not inside the jail's path, where alone a jail's mounts are seen"),
        ("jail -qc dots",    "jail: dots: mount.fstab: /home/jails/web/../x: not inside the jail's path, where alone a jail's mounts are seen"),
        ("jail -qc source",  "jail: source: mount.fstab: /etc/fstab.source line 1: /nowhere: No such file or directory"),
        ("jail -qc target",  "jail: target: mount.fstab: /home/jails/web/nowhere: No such file or directory"),
        ("jail -qc ufs",     "jail: ufs: mount.fstab: /etc/fstab.ufs line 1: ufs: file system not supported"),
        ("jail -qc idmap",   &format!("jail: idmap: /proc/sys: proc {idmap}")),
        ("jail -qc nopath",  "jail: nopath: path /home/jails/none: No such file or directory"),
        ("jail -qc afile",   "jail: afile: path /etc/passwd: Not a directory"),
        ("jail -qc procfs",  &format!("jail: procfs: /proc: proc {idmap}")),
        ("jail -qc nosh",    "jail: nosh: exec /bin/sh: No such file or directory"),
        ("jail -qc noif",    "jail: noif: vnet.interface: interface em9 does not exist"),
        ("jail -qc novnet",  "jail: novnet: vnet.interface: needs a network stack of the jail's own; add \"vnet;\""),
        ("jail -qc nouser",  "jail: nouser: somebody: no such user"),
        ("jail -qc hook",    "jail: hook: exec /bin/nothing: No such file or directory"),
        ("jail -qc failing", "jail: failing: false: failed"),
        ("jail -qc unknown", "jail: unknown: unknown parameter: allow.raw_socket; did you mean allow.raw_sockets?"),
        ("jail -qc refused", "jail: refused: allow.vmm_ppt: it would hand the host's hardware to the jail"),
        ("jail -qc devfs",   "jail: devfs: mount.devfs: /home/jails/empty/dev: No such file or directory"),
        ("jail -qc lonely",  "jail: lonely: depends on undefined jail \"nobody\""),
        ("jail -qc circle",  "jail: circle -> circle2 -> circle: dependency loop"),
        ("jail -qc nobody",  "jail: \"nobody\" not found"),
        ("jail -f /etc/none -c", "jail: /etc/none: No such file or directory"),
        ("jail -c name=a/b path=/home/jails/web persist", "jail: name \"a/b\" cannot be used"),
        ("jail -c name=a.b path=/home/jails/web persist", "jail: jail \"a\" not found"),
        ("jail -c name=12 path=/home/jails/web persist", "jail: name cannot be numeric (unless it is the jid)"),
        // The errors of a kernel without user namespaces, and of one whose limit is reached.
        ("strace -f -o /dev/null -e trace=unshare -e inject=unshare:error=EINVAL jail -c path=/home/jails/web command=true",
            "jail: the kernel makes no user namespaces: Invalid argument; it needs CONFIG_USER_NS and user.max_user_namespaces above 0"),
        ("strace -f -o /dev/null -e trace=unshare -e inject=unshare:error=ENOSPC jail -c path=/home/jails/web command=true",
            "jail: the kernel makes no user namespaces: No space left on device; it needs CONFIG_USER_NS and user.max_user_namespaces above 0"),
        ("setpriv --reuid 65534 --regid 65534 --clear-groups jail -c path=/home/jails/web command=true", "jail: Operation not permitted: jails are for root alone"),
    ] {
        let done = sandbox.run(line);
        let want = format!("{want}\n");
        let stderr = freebsds(&done.stderr, &want);
        assert_eq!((stderr, done.stdout.as_str(), done.status), (want, "", 1), "{line}");
        sandbox.check();
    }
}

#[test]
fn a_taken_jid_or_name_is_refused() {
    let Some(sandbox) = with_jail("jid = 3;") else { return };
    check(
        &sandbox,
        "\
$ jail -c jid=3 path=/home/jails/web persist
jail: \"3\" already exists; jail -rc starts it anew, jail -m changes it
[1]
$ jail -c name=web path=/home/jails/web persist
jail: \"web\" already exists; jail -rc starts it anew, jail -m changes it
[1]
$ jail -c jid=4 name=web path=/home/jails/web persist
jail: jail \"web\" already exists; choose another name
[1]
$ jls jid
3
$ jail -q -r web
",
    );
}

#[test]
fn a_start_that_fails_is_undone_by_its_hooks() {
    let Some(sandbox) = machine() else { return };
    sandbox.write(
        "/etc/jail.conf",
        "web { path = /home/jails/web; vnet; vnet.interface = epair0b; persist;\n\
         exec.prepare = \"ifconfig epair0 create\"; exec.start = \"sh -c 'exit 1'\";\n\
         exec.poststop = \"ifconfig epair0a destroy\"; }\n",
    );
    check(
        &sandbox,
        "\
$ jail -c web
epair0a
web: created
web: removed
jail: web: /bin/sh -c sh -c 'exit 1': failed (/etc/jail.conf line 2)
[1]
",
    );
}

#[test]
fn mounts_are_the_jails_alone() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("mkdir -p /home/share /home/jails/web/srv /home/jails/web/var/cache; echo data > /home/share/file; \
                chmod 1777 /home/jails/web/tmp; mount -t nullfs /home/share /home/jails/web/var/cache");
    sandbox.write(
        "/etc/fstab.web",
        "# comment\n/home/share /home/jails/web/srv nullfs ro 0 0\ntmpfs /home/jails/web/tmp tmpfs rw,size=1m 0 0\n",
    );
    sandbox.write(
        "/etc/jail.conf",
        "web { path = /home/jails/web; persist; mount.fstab = /etc/fstab.web; }\n",
    );
    let before = sandbox.ok("wc -l < /proc/self/mountinfo");
    sandbox.ok("jail -q -c web");
    inside(
        &sandbox,
        &[
            // What the host has mounted below the root is mounted in the jail, too.
            ("cat /srv/file /var/cache/file", "data\ndata\n", 0),
            ("stat -c %a /tmp; touch /tmp/x; ls /tmp", "1777\nx\n", 0),
            ("ls /dev", "", 0), // without mount.devfs it is the root's
        ],
    );
    assert_eq!(sandbox.ok("wc -l < /proc/self/mountinfo"), before, "mounts on the host");
    sandbox.ok("jail -q -r web; umount /home/jails/web/var/cache");
}

#[test]
fn the_hosts_root_as_a_jails() {
    let Some(sandbox) = Sandbox::new() else { return };
    let done = sandbox.run(
        "jail -c path=/ mount.devfs command=sh -c 'id -u; test -e /dev/sda -o -e /dev/vda && echo disk; ls /run; mount -t tmpfs x /mnt 2>/dev/null || echo no mount'",
    );
    // Whatever file system the host's root is on, the jail starts, or one line says why not.
    let jailed = done.stdout == "0\nkletka\nsystemd\nno mount\n" && done.status == 0;
    let refused = done.stderr.contains("cannot be idmapped") && done.status == 1;
    assert!(jailed || refused, "{done:?}");
}

/// System calls by which a process changes itself alone, or nothing: killed there, it leaves the
/// same as at its next call. A process that is killed closes its descriptors anyway.
const LEAVES_THE_SAME: [&str; 33] = [
    "access",
    "arch_prctl",
    "brk",
    "close",
    "faccessat",
    "fcntl",
    "fstat",
    "fstatfs",
    "getdents64",
    "getpid",
    "getppid",
    "getrandom",
    "getsockopt",
    "getuid",
    "lseek",
    "lstat",
    "madvise",
    "mmap",
    "mprotect",
    "munmap",
    "newfstatat",
    "prctl",
    "pread64",
    "readlink",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "set_robust_list",
    "set_tid_address",
    "sigaltstack",
    "stat",
    "statfs",
    "umask",
];

/// Kills the command at each of its system calls but [`LEAVES_THE_SAME`], one run for each call.
/// With `-f`, the processes that it makes are killed, too. `before` is run before each run, and
/// `after` looks at what is left after it. The first run is not killed: it counts the system calls.
fn killed_everywhere(
    sandbox: &Sandbox,
    options: &str,
    command: &str,
    before: &str,
    mut after: impl FnMut(&str),
) {
    sandbox.ok(before);
    sandbox.ok(&format!("strace {options} -o /tmp/trace {command}"));
    after("not at all");
    let counts =
        sandbox.ok("sed -n 's/^[0-9]* *\\([a-z0-9_]*\\)(.*/\\1/p' /tmp/trace | sort | uniq -c");
    let mut kills = 0;
    for line in counts.lines() {
        let (times, call) = line.trim().split_once(' ').unwrap();
        if LEAVES_THE_SAME.contains(&call) {
            continue;
        }
        // Which process makes a call depends on time, so a run may make fewer calls of a kind than
        // were counted. Then nothing is killed, which does no harm.
        for nth in 1..=times.parse().unwrap() {
            let inject = format!("-e trace={call} -e inject={call}:signal=KILL:when={nth}");
            sandbox.ok(before);
            let _ = sandbox.run(&format!("strace {options} -o /dev/null {inject} {command}"));
            after(&format!("{call} number {nth}"));
            kills += 1;
        }
    }
    assert!(kills > 30, "{counts}");
}

#[test]
fn a_start_that_is_killed_anywhere_leaves_nothing() {
    a_killed_start_leaves_nothing("");
}

#[test]
fn a_start_of_which_any_process_is_killed_leaves_nothing() {
    a_killed_start_leaves_nothing("-f");
}

fn a_killed_start_leaves_nothing(options: &str) {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("mkdir /home/jails/web/mnt /home/upper");
    let union = "'mount=/home/upper /home/jails/web/mnt unionfs rw'";
    let start = format!("jail -q -c vnet path=/home/jails/web mount.devfs {union} command=true");
    killed_everywhere(&sandbox, options, &start, "true", |_| {
        // The processes end by themselves when their maker is gone. The next command clears the
        // registry.
        sandbox.ok(CLEARED);
        sandbox.check();
        assert_eq!(sandbox.ok("ls -A /home"), "jails\nupper\n");
    });
}

#[test]
fn a_start_that_is_killed_anywhere_gives_the_interface_back() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("ip link add e0a type veth peer name e0b");
    let start = "jail -q -c name=web path=/home/jails/web vnet vnet.interface=e0a command=true";
    killed_everywhere(&sandbox, "", start, "true", |place| {
        // The interface comes back a moment after the last process has ended.
        let back = "i=0; until ip link show e0a; do [ $((i += 1)) -lt 1000 ] || exit 1; done";
        assert_eq!(sandbox.run(&format!("{back} 2>&1")).status, 0, "{place}");
        sandbox.ok(CLEARED);
    });
    sandbox.ok("ip link delete e0a");
    sandbox.check();
}

#[test]
fn a_start_of_a_lasting_jail_that_is_killed_anywhere_is_whole_or_nothing() {
    let Some(sandbox) = machine() else { return };
    let start = "jail -q -c name=web path=/home/jails/web persist";
    killed_everywhere(&sandbox, "", start, "true", |place| {
        // The jail is there to stay, or its init is ending: then the name is free a moment later.
        let found = sandbox.ok("jls name");
        if found == "web\n" {
            let works = sandbox.run("jexec web true");
            if works.status == 0 {
                sandbox.ok("jail -q -r web");
            } else {
                sandbox.ok("while jls -j web jid > /dev/null 2>&1; do :; done");
            }
        } else {
            assert_eq!(found, "", "{place}");
        }
        sandbox.ok(CLEARED);
        sandbox.check();
    });
}

#[test]
fn a_change_that_is_killed_anywhere_is_whole_or_nothing() {
    let Some(sandbox) = with_jail("") else { return };
    let [old, new] =
        ["old", "new"].map(|name| format!("jail -q -m name=web host.hostname={name} env={name}"));
    killed_everywhere(&sandbox, "", &new, &old, |place| {
        let shown = sandbox.ok("jls -j web host.hostname env");
        let inside = sandbox.ok("jexec web sh -c 'echo $(hostname) $(cat /run/kletka.env)'");
        assert_eq!(shown, inside, "{place}");
    });
    sandbox.ok("jail -q -r web");
}

#[test]
fn a_removal_that_is_killed_anywhere_ends_all_the_same() {
    let Some(sandbox) = machine() else { return };
    sandbox.write(
        "/etc/jail.conf",
        "web { path = /home/jails/web; persist; exec.start = \"sh -c 'sleep 1000 & sleep 1000 &'\"; }\n",
    );
    killed_everywhere(&sandbox, "", "jail -q -r web", "jail -q -c web", |_| {
        // If jail(8) was killed before it asked init to end, the jail still runs and is removed
        // now.
        sandbox.run("jail -q -r web");
        sandbox.ok(CLEARED);
        sandbox.check();
    });
}

#[test]
fn a_jail_that_is_killed_from_outside_is_cleared() {
    let Some(sandbox) = with_jail("") else { return };
    sandbox.ok("kill -9 $(sed -n 's/^init=\\([0-9]*\\) .*/\\1/p' /run/kletka/jails/*)");
    sandbox.ok("while jls -j web jid > /dev/null 2>&1; do :; done");
    assert_eq!(sandbox.ok("jls name"), "");
    sandbox.ok(CLEARED);
}

#[test]
fn jails_are_made_and_removed_in_parallel() {
    let Some(sandbox) = machine() else { return };
    sandbox.write(
        "/tmp/work",
        "for i in $(seq 25); do jail -q -c name=j$1x$i path=/home/jails/web persist vnet || exit 1; done\n\
         jexec j$1x7 true || exit 1\n\
         for i in $(seq 25); do jail -q -R j$1x$i || exit 1; done\n",
    );
    let four = "for p in 1 2 3 4; do sh /tmp/work $p & jobs=\"$jobs $!\"; done; \
                for job in $jobs; do wait $job || exit 1; done";
    for _ in 0..20 {
        sandbox.ok(four);
        sandbox.check();
    }
}

#[test]
fn dependencies_start_first_and_stop_last() {
    let Some(sandbox) = machine() else { return };
    sandbox.write(
        "/etc/jail.conf",
        "path = /home/jails/web; persist;\nweb { depend = db, cache; }\ncache { depend = db; }\ndb { }\n",
    );
    check(
        &sandbox,
        "\
$ jail -c web
db: created
cache: created
web: created
$ jail -r db
web: removed
cache: removed
db: removed
$ echo 'a.b { } a { children.max = 1; }' >> /etc/jail.conf; jail -c a.b; jail -rc a; jls name; jail -qc a.b
a: created
a.b: created
a: created
a
$ jail -r a
a.b: removed
a: removed
",
    );
}

#[test]
fn nobody_listening_is_no_reason_to_stop_half_way() {
    let Some(sandbox) = machine() else { return };
    sandbox.write(
        "/etc/jail.conf",
        "web { path = /home/jails/web; persist; exec.poststart = false; exec.release = \"touch /tmp/released\"; }\n",
    );
    // /dev/full answers every write with an error.
    let done = sandbox.run("jail -c web > /dev/full 2> /dev/full");
    assert_eq!(done.status, 1);
    assert_eq!(sandbox.ok("jls name; ls /tmp/released"), "/tmp/released\n");
    assert_eq!(sandbox.run("jls > /dev/full 2>&1; kletka 2> /dev/full").status, 1);
}

#[test]
#[rustfmt::skip]
fn with_the_hosts_user_ids() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("mkdir -p /home/share /home/jails/web/mnt /home/jails/web/sys; mknod /home/jails/web/tmp/null c 1 3; chown 1234567 /home/jails/web/tmp/null");
    sandbox.write("/etc/fstab.web", "/home/share /home/jails/web/mnt nullfs ro 0 0\n");
    sandbox.write("/etc/jail.conf", "web { path = /home/jails/web; persist; vnet; mount.devfs; mount.fstab = /etc/fstab.web; kletka.userns = inherit; }\n");
    check(&sandbox, "\
$ jail -c web
web: created
jail: web: kletka.userns=inherit: root in the jail is root of the host
$ jexec web cat /proc/self/uid_map
         0          0 4294967295
$ jexec web stat -c %u /tmp/null
1234567
$ jexec web sh -c 'touch /tmp/file'; stat -c %u /home/jails/web/tmp/file
0
");
    inside(&sandbox, &[
        ("echo x > /mnt/file",                          "sh: can't create /mnt/file: Read-only file system\n", 1),
        ("mount -o remount,rw,bind /mnt",               "mount: permission denied (are you root?)\n", 1),
        ("umount /dev",                                 "umount: can't unmount /dev: Operation not permitted\n", 1),
        ("unshare -m true",                             "unshare: unshare(0x20000): Operation not permitted\n", 1),
        ("nsenter -t 1 -m true",                        "nsenter: can't open '/proc/1/ns/mnt': Permission denied\n", 1),
        ("cat /proc/1/environ",                         "cat: can't open '/proc/1/environ': Permission denied\n", 1),
        ("mknod /tmp/zero c 1 5",                       "mknod: /tmp/zero: Operation not permitted\n", 1),
        ("cat /tmp/null",                               "cat: can't open '/tmp/null': Permission denied\n", 1),
        ("head -c 2 /dev/zero | wc -c",                 "2\n", 0),
        ("reboot -f",                                   "reboot: (null): Operation not permitted\n", 1),
        ("echo 1 > /proc/sys/kernel/panic",             "sh: can't create /proc/sys/kernel/panic: Read-only file system\n", 1),
        ("mount -o remount,rw,bind /proc/sys",          "mount: permission denied (are you root?)\n", 1),
        ("touch /sys/x",                                "touch: /sys/x: Read-only file system\n", 1),
        // Init knows all of these signals, and obeys none of them when it comes from inside the
        // jail.
        ("for signal in 9 15 40 41 42 43 44 45; do kill -$signal 1; done", "", 0),
        ("nice -n -5 true 2> /dev/null || echo refused", "refused\n", 0),
        ("chrt -f 1 true 2> /dev/null || echo refused", "refused\n", 0),
        ("grep CapBnd /proc/self/status",               "CapBnd:\t0000000080043dfb\n", 0),
    ]);
    sandbox.ok("jls -j web");
    sandbox.ok("jail -q -r web");
}

#[test]
#[rustfmt::skip]
fn a_jail_that_may_mount() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("mkdir -p /home/share/sub /home/jails/web/mnt /home/jails/web/sys /home/jails/web/new; echo kept > /home/share/file");
    sandbox.write("/etc/fstab.web", "/home/share /home/jails/web/mnt nullfs ro 0 0\n");
    sandbox.write("/etc/jail.conf", "web { path = /home/jails/web; persist; mount.devfs; mount.fstab = /etc/fstab.web; allow.mount; allow.mount.tmpfs; allow.mount.nullfs; enforce_statfs = 1; }\n");
    sandbox.ok("jail -q -c web");
    inside(&sandbox, &[
        ("mount -t tmpfs new /new && touch /new/file && stat -c %u /new/file", "0\n", 0),
        // Processes that enter later see the mount.
        ("ls /new",                                     "file\n", 0),
        ("mount --bind /bin /new && ls /new/busybox && umount /new && ls /new", "/new/busybox\nfile\n", 0),
        ("echo x > /mnt/file",                          "sh: can't create /mnt/file: Read-only file system\n", 1),
        ("mount -o remount,rw,bind /mnt",               "mount: permission denied (are you root?)\n", 1),
        ("umount /mnt",                                 "umount: can't unmount /mnt: Operation not permitted\n", 1),
        ("umount -l /mnt",                              "umount: can't unmount /mnt: Operation not permitted\n", 1),
        ("umount /dev",                                 "umount: can't unmount /dev: Operation not permitted\n", 1),
        ("umount /proc/keys",                           "umount: can't unmount /proc/keys: Operation not permitted\n", 1),
        ("mount --bind /mnt /new && echo x > /new/file", "sh: can't create /new/file: Read-only file system\n", 1),
        ("mount -o remount,rw,bind /new",               "mount: permission denied (are you root?)\n", 1),
        ("mount -t proc x /tmp",                        "mount: permission denied (are you root?)\n", 1),
        // The tree of version 1 would be the host's.
        ("mount -t cgroup -o pids x /tmp 2> /dev/null; ls /tmp | grep -c cgroup", "0\n", 1),
        ("mount -t cgroup2 x /tmp",                     "mount: permission denied (are you root?)\n", 1),
        ("unshare -m true",                             "unshare: unshare(0x20000): Operation not permitted\n", 1),
        ("unshare -U true",                             "unshare: unshare(0x10000000): Operation not permitted\n", 1),
        ("mknod /new/zero c 1 5",                       "mknod: /new/zero: Read-only file system\n", 1),
        ("cat /proc/1/environ",                         "cat: can't open '/proc/1/environ': Permission denied\n", 1),
    ]);
    assert_eq!(sandbox.ok("cat /home/share/file"), "kept\n");
    sandbox.ok("jail -q -r web");
    for (line, said) in [
        // As on FreeBSD, a jail may mount only with an enforce_statfs below 2.
        ("jail -q -c path=/home/jails/web allow.mount allow.mount.tmpfs command=/bin/mount -t tmpfs x /tmp", "mount: permission denied (are you root?)\njail: /bin/mount -t tmpfs x /tmp: failed\n"),
        ("jail -q -c path=/home/jails/web allow.mount enforce_statfs=1 command=/bin/mount -t tmpfs x /tmp", "mount: permission denied (are you root?)\njail: /bin/mount -t tmpfs x /tmp: failed\n"),
        ("jail -q -c path=/home/jails/web allow.mount allow.mount.tmpfs enforce_statfs=1 kletka.userns=inherit command=/bin/true", "jail: allow.mount: a jail with the host's user ids cannot mount; kletka.userns=new\n"),
    ] {
        let done = sandbox.run(line);
        assert_eq!((done.stderr.as_str(), done.status), (said, 1), "{line}");
    }
    sandbox.ok("jail -q -c path=/home/jails/web allow.mount allow.mount.tmpfs enforce_statfs=1 command=/bin/mount -t tmpfs x /tmp");
}

#[test]
fn ids_come_from_where_the_administrator_says() {
    let Some(sandbox) = machine() else { return };
    sandbox.write("/etc/subuid", "anna:700000:65536\nkletka:700000:131072\n");
    sandbox.write("/etc/subgid", "anna:700000:65536\nkletka:700000:131072\n");
    check(
        &sandbox,
        "\
$ jail -c name=a path=/home/jails/web persist
$ jexec a cat /proc/self/uid_map
         0     765536      65536
$ jail -c name=b path=/home/jails/web persist
jail: no range of 65536 user ids is free: stop a jail, or give kletka more in /etc/subuid
[1]
$ jail -r a
",
    );
}
