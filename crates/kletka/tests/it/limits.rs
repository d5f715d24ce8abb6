//! What a jail may take of the machine: memory, inodes, terminals, and what the kernel counts by
//! user.

use crate::intrusion::with_perl;
use crate::sandbox::Sandbox;

/// Every file system in memory that kletka makes has a size and a number of inodes.
#[test]
fn file_systems_in_memory_are_bounded() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.ok("mkdir /home/jails/web/small /home/jails/web/few");
    let root = "/home/jails/web";
    sandbox.write(
        "/etc/fstab.web",
        format!(
            "tmpfs {root}/tmp tmpfs rw 0 0\ntmpfs {root}/small tmpfs rw,size=1m 0 0\n\
             tmpfs {root}/few tmpfs rw,size=1m,inodes=500 0 0\n"
        ),
    );
    sandbox.write(
        "/etc/jail.conf",
        "web { path = /home/jails/web; persist; mount.devfs; mount.fstab = /etc/fstab.web; }\n",
    );
    sandbox.ok("jail -q -c web");
    let pages = "$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) / 4))";
    // The kernel rounds up to whole pages.
    let of_memory =
        |percent: u32| sandbox.ok(&format!("echo $((({pages} * {percent} + 99) / 100))"));
    let [tenth, quarter] = [10, 25].map(of_memory);
    for (path, blocks, inodes) in [
        ("/dev", "256", "4096"),
        ("/run", tenth.trim(), "65536"),
        ("/dev/shm", tenth.trim(), "65536"),
        ("/tmp", quarter.trim(), "1048576"),
        ("/small", "256", "65536"),
        ("/few", "256", "500"),
    ] {
        let said = sandbox.ok(&format!("jexec web stat -f -c '%b %c' {path}"));
        assert_eq!(said, format!("{blocks} {inodes}\n"), "{path}");
    }
    let terminals = sandbox.ok("jexec web grep ' /dev/pts ' /proc/mounts");
    assert!(terminals.contains(",max=1024"), "{terminals}");
    sandbox.ok("jail -q -r web");
}

/// Opens as many inotify instances as there are, and says how many those were.
const WATCH_ALL: &str =
    "my $n = 0; $n++ while syscall(NUMBER, 0) >= 0 && $n < MOST; print \"$n\\n\"";

/// The kernel counts inotify instances by user: a jail that takes all it can leaves the others',
/// and the host's, as they were.
#[test]
fn what_is_counted_by_user_is_counted_by_jail() {
    let Some(sandbox) = with_perl("") else { return };
    sandbox.ok("jail -q -c name=other path=/home/jails/web persist mount.devfs");
    let most = sandbox.ok("cat /proc/sys/fs/inotify/max_user_instances");
    let most: u32 = most.trim().parse().unwrap();
    if most > 1000 {
        eprintln!("skipped: this machine lets a user have {most} inotify instances");
        return;
    }
    let script = WATCH_ALL
        .replace("NUMBER", &libc::SYS_inotify_init1.to_string())
        .replace("MOST", &(most + 1).to_string());
    sandbox.write("/home/jails/web/all.pl", format!("$| = 1; {script}; sleep 100;\n"));
    sandbox.write("/home/jails/web/one.pl", script.replace(&(most + 1).to_string(), "1"));
    sandbox.ok("jexec web perl /all.pl >/tmp/said & until test -s /tmp/said; do :; done");
    assert_eq!(sandbox.ok("cat /tmp/said"), format!("{most}\n"));
    assert_eq!(sandbox.ok("jexec other perl /one.pl"), "1\n");
    assert_eq!(sandbox.ok("perl /home/jails/web/one.pl"), "1\n");
    sandbox.ok("jail -q -r web other");
}

/// The maker of a jail has as many processes as it may ask for; the commands in it have the limit
/// of the caller.
#[test]
fn the_callers_limit_of_processes_stays() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    let line = "prlimit --nproc=77 jail -q -c path=/home/jails/web command=/bin/sh -c 'ulimit -u'";
    assert_eq!(sandbox.ok(line), "77\n");
}

/// FreeBSD's default: a jail locks no memory. With `allow.mlock` it locks what its limit lets, and
/// no more.
#[test]
fn memory_is_locked_by_permission() {
    let Some(sandbox) = with_perl("") else { return };
    // mlock(2), mlockall(2) with MCL_CURRENT, mmap(2) with MAP_LOCKED, and a higher limit.
    let script = "my $page = 'x' x 4096; my @calls = ([MLOCK, unpack('J', pack('p', $page)), 16], \
                  [MLOCKALL, 1], [MMAP, 0, 4096, 3, 0x2022, -1, 0]); \
                  print join(' ', map { $! = 0; syscall($$_[0], @$_[1 .. $#$_]) == -1 ? 'no' : 'yes' } @calls), \"\\n\"";
    let script = script
        .replace("MLOCKALL", &libc::SYS_mlockall.to_string())
        .replace("MLOCK", &libc::SYS_mlock.to_string())
        .replace("MMAP", &libc::SYS_mmap.to_string());
    sandbox.write("/home/jails/web/lock.pl", script);
    let jails = [("", "no no no"), ("allow.mlock", "yes no yes")];
    for users in ["new", "inherit"] {
        for (allow, want) in jails {
            for network in ["", "ip4=inherit"] {
                let line = format!(
                    "prlimit --memlock=65536 jail -q -c name=x path=/home/jails/web {allow} {network} \
                     kletka.userns={users} command=perl /lock.pl"
                );
                assert_eq!(sandbox.ok(&line), format!("{want}\n"), "{line}");
            }
        }
    }
    let enters = "prlimit --memlock=65536 jexec web sh -c 'ulimit -l; ulimit -l 64 2>&1 | wc -l'";
    assert_eq!(sandbox.ok(enters), "0\n1\n");
    sandbox.ok("jail -m name=web allow.mlock 2>/dev/null");
    assert_eq!(sandbox.ok(enters), "64\n0\n");
    sandbox.ok("jail -q -r web");
}

/// Where memory ends, the kernel kills init last; nothing in the jail is spared with it, and
/// nothing in the jail changes that.
#[test]
fn init_is_killed_last() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    let own = sandbox.ok("cat /proc/self/oom_score_adj");
    // Without CAP_SYS_RESOURCE, root may spare no process.
    let may = sandbox.run("echo -1000 >/proc/self/oom_score_adj").status == 0;
    if !may {
        eprintln!("skipped: root may not lower its oom_score_adj here");
    }
    let inits = if may { "-1000\n" } else { own.as_str() };
    for (users, refused) in [("new", "Permission denied"), ("inherit", "Read-only file system")] {
        sandbox
            .ok(&format!("jail -q -c name=web path=/home/jails/web persist kletka.userns={users}"));
        let said = sandbox.ok("jexec web cat /proc/1/oom_score_adj /proc/self/oom_score_adj");
        assert_eq!(said, format!("{inits}{own}"), "{users}");
        let done = sandbox.run("jexec web /bin/sh -c 'echo 500 > /proc/1/oom_score_adj'");
        assert!(done.status != 0 && done.stderr.contains(refused), "{users}: {}", done.stderr);
        sandbox.ok("jail -q -r web");
    }
}

/// Answers whether this machine can count the processes of a jail: cgroups(7), "pids".
fn counts_processes(sandbox: &Sandbox) -> bool {
    let counts = "test -e /sys/fs/cgroup/pids/pids.max -o -e /sys/fs/cgroup/pids/cgroup.procs || \
                  grep -qw pids /sys/fs/cgroup/cgroup.controllers";
    let counts = sandbox.run(counts).status == 0;
    if !counts {
        eprintln!("skipped: this machine has no pids controller");
    }
    counts
}

/// Forks until the kernel refuses, and says how many processes there were, with the shell's own.
const FORK: &str = "my $n = 1; while ($n < 100) { my $p = fork; defined $p or last; $p or sleep 100; \
                    $n++ } print \"$n\\n\";";

/// `kletka.maxproc` is shown by jls(8), changed by `jail -m`, holds for commands from outside as
/// for what they fork, and for the jails inside.
#[test]
fn processes_are_limited() {
    let Some(sandbox) = with_perl("children.max = 2;") else { return };
    if !counts_processes(&sandbox) {
        return;
    }
    sandbox.write("/home/jails/web/fork.pl", FORK);
    let said = |line: &str| sandbox.ok(line);
    assert_eq!(said("jls -j web kletka.maxproc"), "4096\n");
    sandbox.ok("jail -m name=web kletka.maxproc=20");
    assert_eq!(said("jls -j web kletka.maxproc"), "20\n");
    assert_eq!(said("jexec web perl /fork.pl"), "20\n");
    let full = sandbox.run("jexec web /bin/sh -c 'echo a | cat'");
    assert!(full.status != 0, "{} {}", full.stdout, full.stderr);
    sandbox.ok("jail -m name=web kletka.maxproc=0");
    assert_eq!(said("jls -j web kletka.maxproc"), "0\n");
    assert_eq!(said("jexec web perl /fork.pl"), "100\n");
    sandbox.ok("jail -q -R web; jail -q -c web; jail -m name=web kletka.maxproc=20");
    sandbox.ok("jail -q -c name=web.in path=/home/jails/web persist kletka.maxproc=8");
    // Among the twenty are those of the jail inside: its init, and the seven that wait.
    assert_eq!(said("jexec web.in perl /fork.pl"), "8\n");
    assert_eq!(said("jexec web perl /fork.pl"), "12\n");
    sandbox.ok("jail -q -R web");
}

/// What a jail's processes are counted with, and may be seen with, is the jail's in each hierarchy
/// of cgroup v1, and nothing of that is left behind.
#[test]
fn groups_of_cgroup_v1_are_the_jails() {
    let Some(sandbox) = Sandbox::new() else { return };
    if sandbox.run("test -e /sys/fs/cgroup/pids/tasks").status != 0 {
        eprintln!("skipped: this machine has no hierarchies of cgroup v1");
        return;
    }
    sandbox.root("/home/jails/web");
    let inside = "jail -q -c path=/home/jails/web command=/bin/cat /proc/self/cgroup";
    assert!(sandbox.ok(inside).lines().any(|line| line.ends_with(":pids:/")));
    sandbox.ok("jail -q -c name=web path=/home/jails/web persist children.max=1");
    for line in sandbox.ok("jexec web cat /proc/1/cgroup /proc/self/cgroup").lines() {
        assert!(line.ends_with(":/"), "{line}");
    }
    // The view from outside: no group is the caller's.
    let outside = sandbox.ok("cat /proc/$(pgrep -f '^kletka: web ')/cgroup");
    assert!(outside.lines().all(|line| line.contains("/kletka/")), "{outside}");
    sandbox.ok(
        "init=$(pgrep -f '^kletka: web '); kill -9 $init; while test -e /proc/$init; do :; done; \
         jail -q -c path=/home/jails/web command=/bin/true",
    );
    let name = outside.lines().find_map(|line| line.split_once("::")).unwrap().1.to_owned();
    let left = sandbox.ok(&format!("ls -d /sys/fs/cgroup/*{name} 2>/dev/null || true"));
    assert_eq!(left, "");
}
