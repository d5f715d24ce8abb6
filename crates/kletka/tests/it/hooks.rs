//! The commands of exec.*: the user, directory and environment of each, and what happens when a
//! command fails.

use crate::sandbox::Sandbox;
use crate::session::check;

/// A machine with a jail's root, with a user of the host and a user of the jail that have the same
/// name, and with these jails.
fn machine(jails: &str) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/web");
    sandbox.ok(
        "echo 'worker:x:1000:1001::/home/worker:/bin/sh' >> /etc/passwd; mkdir /home/worker; \
                printf 'workers:x:1001:\nwheel:x:77:worker\n' >> /etc/group; \
                echo 'homeless:x:1002:1002::/nowhere:/bin/sh' >> /etc/passwd; \
                echo 'filed:x:1003:1003::/etc/passwd:/bin/sh' >> /etc/passwd; \
                echo 'worker:x:7:8::/tmp:/bin/ash' >> /home/jails/web/etc/passwd; \
                echo 'more:x:9:worker' >> /home/jails/web/etc/group",
    );
    sandbox
        .write("/etc/jail.conf", format!("path = /home/jails/web; mount.devfs; persist;\n{jails}"));
    Some(sandbox)
}

/// A command that shows its user, groups, directory and environment.
const SHOW: &str = "id -u; id -G; pwd; env | grep -E '^(USER|HOME|SHELL|JID|JNAME|JPATH)=' | sort";

#[test]
fn who_runs_them() {
    let shown = format!("exec.prestart = \"{SHOW}\"");
    let inside = format!("exec.start = \"{SHOW}\"");
    let Some(sandbox) = machine(&format!(
        "host {{ {shown}; }}
         system {{ exec.system_user = worker; {shown}; }}
         clean {{ exec.system_user = worker; exec.clean; {shown}; }}
         homeless {{ exec.system_user = homeless; exec.clean; {shown}; }}
         filed {{ exec.system_user = filed; exec.clean; {shown}; }}
         stranger {{ exec.system_user = stranger; {shown}; }}
         jailed {{ exec.jail_user = worker; {inside}; }}
         cleaned {{ exec.jail_user = worker; exec.clean; {inside}; }}
         hosts {{ exec.jail_user = worker; exec.system_jail_user; {inside}; }}
         root {{ {inside}; }}\n"
    )) else {
        return;
    };
    check(
        &sandbox,
        "\
$ jail -q -c host
0
0
/
HOME=/root
JNAME=host
JPATH=/home/jails/web
USER=root
$ jail -q -c system
1000
1001 77
/
HOME=/home/worker
JNAME=system
JPATH=/home/jails/web
SHELL=/bin/sh
USER=worker
$ jail -q -c clean
1000
1001 77
/home/worker
HOME=/home/worker
JNAME=clean
JPATH=/home/jails/web
SHELL=/bin/sh
USER=worker
$ jail -q -c homeless
jail: homeless: chdir /nowhere: No such file or directory
[1]
$ jail -q -c filed
jail: filed: chdir /etc/passwd: Not a directory
[1]
$ jail -q -c stranger
jail: stranger: stranger: no such user; it is looked for in passwd(5) of the host
[1]
$ jail -q -c jailed
7
8 9
/
HOME=/tmp
SHELL=/bin/ash
USER=worker
$ jail -q -c cleaned
7
8 9
/tmp
HOME=/tmp
SHELL=/bin/ash
USER=worker
$ jail -q -c hosts
1000
1001 77
/
HOME=/home/worker
SHELL=/bin/sh
USER=worker
$ jail -q -c root
0
0
/
HOME=/root
USER=root
$ jail -q -r '*'
",
    );
}

/// Programs in FreeBSD's dialect come first in the PATH, on the host and in the jail, with and
/// without a clean environment. The other mounts for a jail's programs are there.
#[test]
fn what_they_find() {
    let Some(sandbox) = machine(
        "exec.prestart = 'which ifconfig'; exec.start = 'which ifconfig'; exec.poststop = 'which route';
         clean { exec.clean; } plain { mount.procfs; mount.fdescfs; exec.start += 'readlink /dev/fd; cat /proc/self/comm'; }\n",
    ) else {
        return;
    };
    check(
        &sandbox,
        "\
$ jail -q -c clean; jail -q -r clean
/usr/local/libexec/kletka/bin/ifconfig
/run/kletka/jail/ifconfig
/usr/local/libexec/kletka/bin/route
$ PATH=/usr/bin:/bin /usr/local/bin/jail -q -c plain; jail -q -r plain
/usr/local/libexec/kletka/bin/ifconfig
/run/kletka/jail/ifconfig
/proc/self/fd
cat
/usr/local/libexec/kletka/bin/route
",
    );
}

/// A service that is not kletka's is the host's own, and hooks start it by service(8) too.
#[test]
fn services_of_the_host() {
    let Some(sandbox) = machine("web { persist; exec.poststart = 'service hostd reload'; }\n")
    else {
        return;
    };
    sandbox.ok("mkdir -p /etc/init.d");
    sandbox.write("/etc/init.d/hostd", "#!/bin/sh\necho \"hostd: $*\"\n");
    sandbox.ok("chmod +x /etc/init.d/hostd");
    check(&sandbox, "$ jail -q -c web; jail -q -r web\nhostd: reload\n");
}

/// FreeBSD's absolute names mean FreeBSD's programs, in hooks and in the jail, while the host's own
/// programs of these names stay for everybody else. Messages have the names as they were written.
#[test]
fn absolute_names() {
    let Some(sandbox) = machine(
        "v {
             vnet; vnet.interface = epair4b; $e = epair4;
             exec.prestart = '/sbin/ifconfig epair4 create up';
             exec.prestart += \"/sbin/ifconfig ${e}a descr jail:${name} && /sbin/ifconfig ${e}a | grep descr\";
             exec.start = '/sbin/ifconfig epair4b 192.0.2.4/24 up'; exec.start += '/sbin/route add default 192.0.2.1';
             exec.start += 'test $(/sbin/ifconfig epair4b | grep -c 192.0.2.4) = 1 && echo up';
             exec.prestop = '/usr/sbin/jexec v /bin/echo inside'; exec.poststop = '/sbin/ifconfig epair4a destroy';
         }
         wrong { exec.prestart = '/sbin/ifconfig nosuch0 up'; }\n",
    ) else {
        return;
    };
    check(
        &sandbox,
        "\
$ jail -q -c v
epair4a
\tdescription: jail:v
add net default: gateway 192.0.2.1
up
$ jail -q -r v; ifconfig -l | grep -c epair
inside
0
[1]
$ jail -q -c wrong
ifconfig: interface nosuch0 does not exist
jail: wrong: /sbin/ifconfig nosuch0 up: failed (/etc/jail.conf line 10)
[1]
$ jail --plan -c v | grep /sbin/ifconfig | head -1
        1. exec.prestart, on the host: /sbin/ifconfig epair4 create up
",
    );
}

#[test]
fn how_they_end() {
    let Some(sandbox) = machine(
        "status { exec.prestart = '(exit 3)'; }
         signal { exec.prestart = 'kill -9 $$'; exec.poststop = 'echo poststop'; exec.release = 'echo release'; }
         inside { exec.start = 'kill -15 $$'; exec.poststop = 'echo poststop'; exec.release = 'echo release'; }
         late { exec.timeout = 1; exec.start = 'sleep 100; true'; exec.release = 'echo release'; }
         stays { exec.timeout = 1; exec.stop = 'sleep 100; true'; exec.poststop = 'echo poststop'; }
         fib { exec.fib = 16; exec.start = true; }
         log { exec.consolelog = log; exec.start = true; }
         apart { exec.prestart = 'ls /proc/self/fd | wc -l'; exec.poststart = 'sh /tmp/session &'; }
         both { exec.poststart = 'sleep 1000 &'; exec.start = 'sleep 1000 &'; }\n",
    ) else {
        return;
    };
    sandbox
        .write("/tmp/session", "echo $(ps -o sid= -p $$) $$ > /tmp/new; mv /tmp/new /tmp/said\n");
    check(
        &sandbox,
        "\
$ jail -q -c apart 7< /etc/passwd; until [ -e /tmp/said ]; do :; done; read sid pid < /tmp/said; [ $sid = $pid ]; jail -q -r apart
4
$ jail -q -c status
jail: status: /bin/sh -c (exit 3): failed (/etc/jail.conf line 2)
[1]
$ jail -q -c signal
poststop
release
jail: signal: /bin/sh -c kill -9 $$: exited on signal 9 (/etc/jail.conf line 3)
[1]
$ jail -q -c inside
poststop
release
jail: inside: /bin/sh -c kill -15 $$: exited on signal 15 (/etc/jail.conf line 4)
[1]
$ jail -q -c late
release
jail: late: /bin/sh -c sleep 100; true: timed out (/etc/jail.conf line 5)
[1]
$ jail -q -c stays; jail -q -r stays; jls name; jail -q -R stays
stays
jail: stays: /bin/sh -c sleep 100; true: timed out (/etc/jail.conf line 6)
$ jail -q -c fib
jail: fib: exec.fib: 16: setfib: Invalid argument; there are fibs 0 to 15 (/etc/jail.conf line 7)
[1]
$ jail -q -c log
jail: log: exec.consolelog: log: not an absolute pathname; begin it with / (/etc/jail.conf line 8)
[1]
$ jail -c both; jexec both pidof sleep | wc -w; jail -q -r both
both: created
1
",
    );
    sandbox.ok("kill $(pidof sleep)");
}

/// A file that exec.prepare makes is read afterwards: FreeBSD reads an fstab when the file systems
/// are mounted. If no hook can make a missing file, the start is refused before its first hook.
#[test]
fn what_prepare_writes_is_read() {
    let Some(sandbox) = machine(
        "web { exec.prepare = 'cp /etc/fstab.new /etc/fstab.web'; mount.fstab = /etc/fstab.web; exec.start = 'cat /mnt/file'; }
         none { exec.prepare = 'touch /tmp/prepared'; mount.fstab = /etc/fstab.none; exec.poststop = 'rm /tmp/prepared';
                exec.release = 'echo released'; }
         bad { exec.prepare = 'ifconfig bridge9 create'; mount.fstab = /etc/fstab.bad; exec.poststop = 'ifconfig bridge9 destroy'; }
         path { path = /home/jails/new; exec.prepare = 'mv /home/jails/web /home/jails/new'; exec.start = 'cat /file'; }\n",
    ) else {
        return;
    };
    sandbox.ok("mkdir /home/share /home/jails/web/mnt; echo shared > /home/share/file; echo old > /home/jails/web/mnt/file; \
                echo moved > /home/jails/web/file");
    sandbox.write("/etc/fstab.new", "/home/share /home/jails/web/mnt nullfs ro 0 0\n");
    sandbox.write("/etc/fstab.bad", "/home/share /home/jails/web/mnt\n");
    check(
        &sandbox,
        "\
$ jail --plan -c web | grep -e fstab
        mount.fstab: partly: nullfs, tmpfs, procfs, linprocfs, linsysfs, devfs, fdescfs, unionfs, overlay, and what Linux can id-map on a device; seen only in the jail, never on the host; `jail -m` mounts and unmounts lines of nullfs, tmpfs, overlay, devices and read-only unionfs while the jail runs
        1. exec.prepare, on the host: cp /etc/fstab.new /etc/fstab.web
               read when it is created: /etc/fstab.web
$ jail -q -c web; jail -q -r web
shared
$ echo 'tmpfs /home/jails/web/mnt tmpfs rw 0 0' > /etc/fstab.web; jail --plan -c web | grep -e ' /mnt:' -e 'read when'
               mount: /mnt: tmpfs
               read when it is created: /etc/fstab.web
$ jail -q -c web; jail -q -r web
shared
$ jail -q -c none; ls /tmp
released
jail: none: mount.fstab: /etc/fstab.none: No such file or directory; write it, or take mount.fstab out (/etc/jail.conf line 3)
$ jail -q -c bad; ifconfig -l
lo0
jail: bad: mount.fstab: /etc/fstab.bad line 1: /home/share /home/jails/web/mnt: missing information; a line is SOURCE MOUNTPOINT TYPE OPTIONS (/etc/jail.conf line 5)
$ jail -q -c path; jail -q -r path; mv /home/jails/new /home/jails/web
moved
",
    );
    sandbox.check();
}

/// A section was copied, and its interface was not given another number. The start of the copy
/// fails, and takes nothing away from the jail that runs.
#[test]
fn a_copied_section_takes_nothing_away() {
    let section = "vnet; vnet.interface = epair1b; exec.prepare = 'ifconfig epair1 create'; \
                   exec.poststop = 'ifconfig epair1a destroy'; exec.release = 'echo released';";
    let Some(sandbox) = machine(&format!("web {{ {section} }} copy {{ {section} }}\n")) else {
        return;
    };
    check(
        &sandbox,
        "\
$ jail -q -c web; ifconfig -l
epair1a
lo0 epair1a
$ jail -q -c copy; ifconfig -l; jls name
lo0 epair1a
web
ifconfig: interface epair1 already exists
jail: copy: ifconfig epair1 create: failed (/etc/jail.conf line 2)
$ jail -q -r web; ifconfig -l
released
lo0
",
    );
}

/// The same, where the copy's first command does well: what follows its failure takes away only
/// what hooks of the copy have made.
#[test]
fn a_copied_section_that_begins_well_takes_nothing_away() {
    let section = "vnet; vnet.interface = epair1b; exec.prepare = \"ifconfig bridge${own} create\"; \
                   exec.prestart = 'ifconfig epair1 create', 'ifconfig bridge0 addm epair1a'; \
                   exec.poststop = 'ifconfig bridge0 deletem epair1a', 'ifconfig epair1a destroy'; \
                   exec.release = \"ifconfig bridge${own} destroy\", 'ifconfig -l';";
    let jails = format!("web {{ $own = 7; {section} }} copy {{ $own = 8; {section} }}\n");
    let Some(sandbox) = machine(&jails) else { return };
    sandbox.ok("ifconfig bridge0 create");
    check(
        &sandbox,
        "\
$ jail -q -c web
epair1a
$ jail -q -c copy; ifconfig bridge0 | grep member; jls name
lo0 bridge0 bridge7 epair1a
	member: epair1a flags=3<LEARNING,DISCOVER>
web
ifconfig: interface epair1 already exists
jail: copy: ifconfig epair1 create: failed (/etc/jail.conf line 2)
ifconfig: epair1a: kept: not made by the start that is undone
jail: copy: ifconfig bridge0 deletem epair1a: failed (/etc/jail.conf line 2)
ifconfig: epair1a: kept: not made by the start that is undone
jail: copy: ifconfig epair1a destroy: failed (/etc/jail.conf line 2)
$ jail -q -r web
lo0 bridge0
$ ifconfig bridge0 destroy
",
    );
}

/// Of two starts of one jail at the same time one is refused, and runs no hook: what the hooks of
/// the other have made would be taken for its own.
#[test]
fn one_start_at_a_time() {
    let Some(sandbox) = machine(
        "web { exec.prepare = 'echo prepare'; \
         exec.prestart = 'echo > /tmp/begun', 'read line < /tmp/go'; \
         exec.poststop = 'echo poststop'; }\n",
    ) else {
        return;
    };
    sandbox.ok("mkfifo /tmp/begun /tmp/go; jail -c web > /tmp/said 2>&1 & read line < /tmp/begun");
    check(
        &sandbox,
        "\
$ jail -c web
jail: web: is being started by another jail(8); wait until that has ended
[1]
$ jail -C web
jail: web: is being started by another jail(8); wait until that has ended
[1]
$ echo > /tmp/go; until jls -c -j web; do :; done; jail -c web
jail: \"web\" already exists; jail -rc starts it anew, jail -m changes it
[1]
$ cat /tmp/said
prepare
web: created
$ jail -q -r web
poststop
",
    );
}

/// A jail(8) that is killed in a hook leaves what the hooks have made; the next start undoes that
/// first. What else there is stays.
#[test]
fn the_next_start_undoes_one_that_was_killed() {
    let kill = |hook: &str| {
        format!(" exec.{hook} += '[ -e /tmp/{hook} ] || {{ touch /tmp/{hook}; kill -9 $PPID; }}';")
    };
    let [prepare, prestart, poststart] = ["prepare", "prestart", "poststart"].map(kill);
    let Some(sandbox) = machine(&format!(
        "vnet; exec.prepare = \"ifconfig ${{ends}} create > /dev/null\"; \
         exec.poststop = \"ifconfig ${{ends}}a destroy\", 'echo undone $KLETKA_UNDO';\n\
         web {{ $ends = epair1; vnet.interface = epair1b; {prepare} {prestart} }}\n\
         brief {{ $ends = epair2; persist = false; exec.start = true; {poststart} }}\n",
    )) else {
        return;
    };
    sandbox.ok("ifconfig epair7 create");
    check(
        &sandbox,
        "\
$ jail -q -c web 2> /dev/null
[137]
$ jail -q -c web 2> /dev/null
undone YES
[137]
$ ifconfig -l
lo0 epair7a epair7b epair1a epair1b
$ jail -q -c web; jls name; ifconfig -l
undone YES
web
lo0 epair7a epair7b epair1a
$ jail -q -r web; ifconfig -l
undone
lo0 epair7a epair7b
$ jail -q -c web; jail -q -r web
undone
$ jail -q -c brief 2> /dev/null; while jls -c -j brief; do :; done
$ jail -q -c brief
undone YES
$ rm /tmp/prepare; jail -q -c web 2> /dev/null
[137]
$ jail -C web; ifconfig -l; jail -q -c web; jail -q -r web
undone
lo0 epair7a epair7b epair2a epair2b
undone
$ ifconfig epair2a destroy; ifconfig epair7a destroy
",
    );
}

/// Processes that are left get SIGTERM, and SIGKILL `stop.timeout` seconds later. With 0 they get
/// SIGKILL at once.
#[test]
fn what_is_left_is_killed() {
    let program =
        "trap 'echo TERM >> /tmp/said' TERM; : > /tmp/ready; while :; do sleep 0.05; done";
    let Some(sandbox) = machine(
        "none { stop.timeout = 0; exec.start = 'sh /program &'; }
         some { stop.timeout = 1; exec.start = 'sh /program &'; }
         obeys { exec.start = 'sleep 1000 &'; }\n",
    ) else {
        return;
    };
    sandbox.write("/home/jails/web/program", program);
    for (jail, said, least, most) in
        [("none", "", 0.0, 0.9), ("some", "TERM\n", 1.0, 9.0), ("obeys", "", 0.0, 9.0)]
    {
        sandbox.ok("rm -f /home/jails/web/tmp/*");
        sandbox.ok(&format!("jail -q -c {jail}"));
        // Before its trap is set, the program would die of SIGTERM.
        if jail != "obeys" {
            sandbox.ok("until [ -e /home/jails/web/tmp/ready ]; do :; done");
        }
        let began = std::time::Instant::now();
        sandbox.ok(&format!("jail -q -r {jail}"));
        let took = began.elapsed().as_secs_f64();
        assert!((least..most).contains(&took), "{jail}: {took}");
        assert_eq!(sandbox.ok("cat /home/jails/web/tmp/said 2> /dev/null || true"), said, "{jail}");
        sandbox.check();
    }
}
