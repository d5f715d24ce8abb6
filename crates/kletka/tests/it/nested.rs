//! Jails inside jails, which are made by a jail's own kletka or by the host's.

use crate::sandbox::Sandbox;
use crate::session::check;

/// A machine with a jail `outer` that may have jails inside, and a root for one in it.
fn machine(children: u32) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/outer");
    for root in ["inner", "second", "third"] {
        sandbox.root(format!("/home/jails/outer/home/{root}"));
    }
    sandbox.ok("mkdir -p /home/jails/outer/sys /home/jails/outer/home/inner/sys /home/jails/outer/home/inner/mnt");
    sandbox.write(
        "/etc/jail.conf",
        format!(
            "outer {{ path = /home/jails/outer; persist; vnet; mount.devfs; children.max = {children};
                     host.hostname = outer; exec.clean; }}\n"
        ),
    );
    sandbox.ok("jail -q -c outer");
    Some(sandbox)
}

#[test]
fn a_jail_makes_jails() {
    let Some(sandbox) = machine(2) else { return };
    sandbox.write(
        "/home/jails/outer/etc/jail.conf",
        "inner { path = /home/inner; persist; mount.devfs; vnet; host.hostname = inner; exec.start = 'hostname'; }
         second { path = /home/second; persist; ip4 = inherit; }
         third { path = /home/third; persist; }\n",
    );
    sandbox.write("/home/try", "export PATH=/run/kletka/jail:$PATH; cd /; \"$@\"");
    // In a jail, too, others of its users are not to reach the files of the jails inside.
    sandbox.ok("cp /home/try /home/jails/outer/bin/try; chmod 700 /home/jails/outer/home");
    check(
        &sandbox,
        "\
$ jls -n jid name parent children.max children.cur
jid=1 name=outer parent=0 children.max=2 children.cur=0
$ jexec outer sh /bin/try jail -c inner
inner: created
inner
$ jexec outer sh /bin/try jls
   JID  IP Address      Hostname                      Path
     2                  inner                         /home/inner
$ jls
   JID  IP Address      Hostname                      Path
     1                  outer                         /home/jails/outer
     2                  inner                         /home/jails/outer/home/inner
$ jls -n jid name parent children.cur
jid=1 name=outer parent=0 children.cur=1
jid=2 name=outer.inner parent=1 children.cur=0
$ jexec outer.inner hostname
inner
$ jexec 2 sh -c 'cd /sys/class/net; ls -d */; head -c 2 /dev/zero | wc -c; stat -c %u /tmp; cat /proc/1/environ' 2>&1
lo/
2
0
cat: can't open '/proc/1/environ': Permission denied
[1]
$ jexec outer sh /bin/try jexec inner sh -c 'id -u; touch /tmp/file; kill -9 1; ps -o pid,args | head -n 2'
0
PID   COMMAND
    1 kletka: inner [init]
$ stat -c %u /home/jails/outer/home/inner/tmp/file
0
$ jexec outer sh /bin/try jail -c second
second: created
$ jexec outer sh /bin/try jail -c third
jail: third: prison limit exceeded; raise children.max of the outer jail
[1]
$ jexec outer.inner sh /bin/try jail -c path=/ persist
sh: can't open '/bin/try': No such file or directory
[2]
$ jexec outer.inner /run/kletka/jail/jail -q -c path=/ persist
jail: jail_set: Operation not permitted; the host lets a jail have jails by children.max
[1]
$ jexec outer.inner /run/kletka/jail/jls
   JID  IP Address      Hostname                      Path
$ jexec outer sh /bin/try jail -r second
second: removed
$ jls -n name
name=outer
name=outer.inner
$ jail -r outer.inner
outer.inner: removed
$ jls -n name
name=outer
$ jexec outer sh /bin/try jail -q -c inner
inner
$ jail -r outer
outer: removed
$ jls
   JID  IP Address      Hostname                      Path
",
    );
    sandbox.check();
}

#[test]
#[rustfmt::skip]
fn what_a_jail_with_jails_cannot_do() {
    let Some(sandbox) = machine(1) else { return };
    sandbox.ok("jail -q -r outer; mkdir -p /home/share /home/jails/outer/mnt; echo kept > /home/share/file");
    sandbox.write("/etc/fstab.outer", "/home/share /home/jails/outer/mnt nullfs ro 0 0\n");
    sandbox.ok("sed -i 's|persist;|persist; mount.fstab = /etc/fstab.outer;|' /etc/jail.conf; jail -q -c outer");
    for (line, said, status) in [
        ("mount -o remount,rw,bind /mnt",               "mount: permission denied (are you root?)\n", 1),
        ("umount /mnt",                                 "umount: can't unmount /mnt: Operation not permitted\n", 1),
        ("umount /dev",                                 "umount: can't unmount /dev: Operation not permitted\n", 1),
        ("mount -t tmpfs x /tmp",                       "mount: permission denied (are you root?)\n", 1),
        // Even in a mount namespace of its own, a process cannot change the mounts of the host: the
        // kernel locks them there.
        ("unshare -m mount -o remount,rw,bind /mnt",    "mount: permission denied (are you root?)\n", 1),
        ("unshare -m umount /mnt",                      "umount: can't unmount /mnt: Invalid argument\n", 1),
        ("unshare -m umount /dev",                      "umount: can't unmount /dev: Invalid argument\n", 1),
        ("unshare -m sh -c \"mount -t tmpfs x /tmp && touch /tmp/x\"", "", 0),
        ("unshare -U -m -r umount /mnt",                "umount: can't unmount /mnt: Invalid argument\n", 1),
        ("nsenter -t 1 -m true",                        "nsenter: can't open '/proc/1/ns/mnt': Permission denied\n", 1),
        ("mknod /tmp/zero c 1 5",                       "mknod: /tmp/zero: Operation not permitted\n", 1),
        ("insmod /bin/busybox",                         "insmod: can't insert '/bin/busybox': Operation not permitted\n", 1),
        ("kill -9 1",                                   "sh: can't kill pid 1: Operation not permitted\n", 1),
    ] {
        let done = sandbox.run(&format!("jexec outer sh -c '{line}' 2>&1"));
        assert_eq!((done.stdout.as_str(), done.status), (said, status), "{line}");
    }
    assert_eq!(sandbox.ok("cat /home/share/file"), "kept\n");
    sandbox.ok("jail -q -r outer");
    sandbox.check();
}

#[test]
fn the_host_makes_jails_inside() {
    let Some(sandbox) = machine(1) else { return };
    sandbox.root("/home/jails/a");
    check(
        &sandbox,
        "\
$ jail -c name=outer.a path=/home/jails/a persist host.hostname=a ip4=inherit
$ jls -n jid name parent children.cur
jid=1 name=outer parent=0 children.cur=1
jid=3 name=outer.a parent=1 children.cur=0
$ jail -c name=outer.b path=/home/jails/a persist
jail: prison limit exceeded; raise children.max of the outer jail
[1]
$ jail -c name=none.b path=/home/jails/a persist
jail: jail \"none\" not found; a name with a dot is that of a jail inside it: start none first, or use no dot
[1]
$ jexec outer.a hostname
a
$ test $(jexec outer.a readlink /proc/self/ns/net) = $(jexec outer readlink /proc/self/ns/net)
$ jexec outer ps -o args | grep '[o]uter.a'
kletka: outer.a [init]
$ jail -r outer
outer: removed
$ jls
   JID  IP Address      Hostname                      Path
",
    );
    sandbox.check();
}

/// A jail may write anything into its registry: the host is not misled.
#[test]
fn a_registry_that_lies() {
    let Some(sandbox) = machine(3) else { return };
    sandbox.ok(
        "jexec outer sh -c 'mkdir -p /run/kletka.jails/jails; sleep 1000 & echo $!' > /home/pid",
    );
    let pid = sandbox.ok("cat /home/pid");
    let boot = sandbox.ok("cat /proc/sys/kernel/random/boot_id");
    let jails = "/run/kletka.jails/jails";
    let record = |jid: &str, name: &str, init: &str| {
        format!(
            "jid={jid}\\nname={name}\\npath=/\\nids=0\\nrights=\\nboot={}\\ninit={init}\\n",
            boot.trim()
        )
    };
    for (file, text) in [
        ("2", record("2", "dead", "77777 inode 1")),
        ("3", record("900", "far", &format!("{} inode 1", pid.trim()))),
        ("4", record("4", "wrong/name", "1 inode 1")),
        ("x", "\\000\\001jid=".into()),
    ] {
        sandbox.ok(&format!("jexec outer sh -c 'printf \"{text}\" > {jails}/{file}'"));
    }
    sandbox.ok(&format!(
        "jexec outer sh -c 'mkfifo {jails}/fifo; ln -s /etc/passwd {jails}/link; mkdir {jails}/dir'"
    ));
    assert_eq!(sandbox.ok("jls -n name"), "name=outer\n");
    sandbox.ok("jexec outer sh -c 'rm -r /run/kletka.jails; ln -s / /run/kletka.jails'");
    assert_eq!(sandbox.ok("jls -n name"), "name=outer\n");
    sandbox.ok("jail -q -r outer");
    sandbox.check();
}

#[test]
fn a_configured_jail_inside_another_one_depends_on_it() {
    let Some(sandbox) = machine(1) else { return };
    sandbox.root("/home/jails/a");
    sandbox.ok("jail -q -r outer");
    sandbox.write(
        "/etc/jail.conf",
        "outer.a { path = /home/jails/a; ip4 = inherit; persist; }
         outer { path = /home/jails/outer; vnet; persist; children.max = 1; }\n",
    );
    check(
        &sandbox,
        "\
$ jail -c outer.a
outer: created
outer.a: created
$ jail -r outer
outer.a: removed
outer: removed
",
    );
    sandbox.check();
}

/// Where a jail has the records of the jails inside.
const JAILS: &str = "/run/kletka.jails/jails";

/// The script by which the jail's root forges a record: of a process that it has started, under
/// this jid, with more lines than a record has to have.
const FORGE: &str = "\
boot=$(cat /proc/sys/kernel/random/boot_id)
# The first jid that is set aside.
lowest=$(cut -d ' ' -f 2 /run/kletka.jails/limits)
# JID NAME PID [LINE ...]
forge() {
    jid=$1 name=$2 pid=$3; shift 3
    start=$(sed 's/.*) //' /proc/$pid/stat | cut -d ' ' -f 20)
    { printf 'jid=%s\\nname=%s\\npath=/home/inner\\nids=0\\nboot=%s\\n' $jid $name $boot
      printf 'init=%s start %s\\n' $pid $start
      for line; do echo \"$line\"; done; } >JAILS/.$jid && mv JAILS/.$jid JAILS/$jid
}
# The first process of a pid namespace: started by unshare, which waits for that process.
first() {
    unshare \"$@\" >/dev/null 2>&1 </dev/null &
    until pid=$(cat /proc/$!/task/$!/children) && test $pid; do :; done
    pid=${pid% }
}
";

/// Has the root of `outer` run a script that begins with [`FORGE`].
fn forge(sandbox: &Sandbox, script: &str) -> String {
    let script = format!("mkdir -p JAILS\n{FORGE}{script}").replace("JAILS", JAILS);
    sandbox.write("/home/jails/outer/home/forge", script);
    sandbox.ok("jexec outer sh -e /home/forge")
}

/// `jexec outer.inner` for a jail that has the users of the jail in which it was made, and for
/// records that say that they have the host's.
#[test]
fn no_jail_inside_has_the_hosts_users() {
    let Some(sandbox) = machine(3) else { return };
    sandbox.write(
        "/home/jails/outer/etc/jail.conf",
        "inner { path = /home/inner; persist; kletka.userns = inherit; ip4 = inherit; }
         second { path = /home/second; persist; ip4 = inherit; }\n",
    );
    sandbox.ok("jexec outer /run/kletka/jail/jail -q -c");
    let host = sandbox.ok("readlink /proc/self/ns/user");
    let map = sandbox.ok("jexec outer cat /proc/self/uid_map");
    assert!(!map.contains("4294967295"), "{map}");
    forge(
        &sandbox,
        "sed -i 's/^rights=/rights=host_users own_network raw_sockets mount quotas chflags /' JAILS/*
         first -p -f sleep 1000
         forge 4 third $pid 'rights=host_users own_network raw_sockets mount children' 'cgroup=/'
         ",
    );
    assert_eq!(
        sandbox.ok("jls -n name"),
        "name=outer\nname=outer.inner\nname=outer.second\nname=outer.third\n"
    );
    let capabilities = |jail: &str| {
        let line = sandbox.ok(&format!("jexec {jail} grep CapBnd /proc/self/status"));
        u64::from_str_radix(line.rsplit('\t').next().unwrap().trim(), 16).unwrap()
    };
    // A user namespace inside the outer jail's shows that one's ids.
    let within = "         0          0      65536\n";
    for (jail, map) in [("inner", map.as_str()), ("second", within), ("third", map.as_str())] {
        let jail = &format!("outer.{jail}");
        assert_eq!(sandbox.ok(&format!("jexec {jail} cat /proc/self/uid_map")), map, "{jail}");
        let users = sandbox.ok(&format!("jexec {jail} readlink /proc/self/ns/user"));
        assert_ne!(users, host, "{jail}");
        assert_eq!(capabilities(jail) & !capabilities("outer"), 0, "{jail}");
        let done = sandbox.run(&format!("jexec {jail} sh -c 'echo x > /proc/sys/vm/drop_caches'"));
        assert_ne!(done.status, 0, "{jail}");
    }
    sandbox.ok("jail -q -r outer");
    sandbox.check();
}

/// What a jail has written of a jail inside it begins no line of the host's list.
#[test]
fn no_jail_inside_looks_like_another_jail() {
    let Some(sandbox) = machine(2) else { return };
    sandbox.ok("jail -m name=outer meta='a=1\nb=2'");
    forge(
        &sandbox,
        "first -p -f sleep 1000
         forge $lowest inner $pid 'parameter.meta=c=3\\nother 9' 'parameter.env=d=4'
         ",
    );
    check(
        &sandbox,
        "\
$ jls name meta env
outer a=1
b=2 \"\"
outer.inner \"\" d=4
$ jls -n name meta
name=outer meta=a=1\\nb=2
name=outer.inner meta=\"\"
$ jail -q -r outer
",
    );
    sandbox.check();
}

/// The host gives no jail its own users inside one that has others.
#[test]
fn the_host_makes_no_jail_inside_with_its_own_users() {
    let Some(sandbox) = machine(1) else { return };
    sandbox.root("/home/jails/a");
    check(
        &sandbox,
        "\
$ jail -c name=outer.a path=/home/jails/a persist kletka.userns=inherit
jail: kletka.userns=inherit: root in the jail is root of the host
jail: kletka.userns: jail \"outer\" has user ids of its own, and no jail inside can have the host's; kletka.userns=new
[1]
$ jls name
outer
$ jail -r outer
outer: removed
",
    );
    sandbox.check();
}

/// Records that name a process of the jail's own, its init, the init of a jail that the host has
/// made inside, or an init that another record names.
#[test]
fn an_init_is_the_first_process_of_a_jail_inside() {
    let Some(sandbox) = machine(6) else { return };
    sandbox.root("/home/jails/a");
    sandbox.ok("jail -c name=outer.hosts path=/home/jails/a persist ip4=inherit");
    forge(
        &sandbox,
        "sleep 1000 &
         forge 2 own $!
         forge 3 init 1
         host=$(grep -l '[o]uter.hosts' /proc/[0-9]*/cmdline | grep -o '[0-9]*')
         forge 4 hosts2 $host
         first -p -f sleep 1000
         forge 5 real $pid
         forge 6 again $pid
         forge 7 other 77777 2>/dev/null || forge 7 hosts $pid
         ",
    );
    assert_eq!(sandbox.ok("jls -n name"), "name=outer\nname=outer.real\nname=outer.hosts\n");
    sandbox.ok("jail -q -r outer");
    sandbox.check();
}

/// A jail is removed within a few seconds beyond `stop.timeout`, whatever its root has made inside.
/// `jail -R` uses no parameters, so its timeout is the default one, 10 seconds.
#[test]
fn nothing_inside_holds_up_the_end_of_a_jail() {
    let Some(sandbox) = machine(6) else { return };
    sandbox.ok("sed -i 's/persist;/persist; stop.timeout = 0;/' /etc/jail.conf");
    for (line, seconds) in [("jail -R outer", 16), ("jail -R outer.a && jail -r outer", 20)] {
        forge(
            &sandbox,
            // The first process of a pid namespace ignores what it has no handler for.
            "first -p -f sleep 1000
             forge $lowest a $pid
             first -p -f sh -c 'while :; do sleep 1; done'
             forge $((lowest + 1)) b $pid
             sh -c 'trap \"\" HUP INT TERM; while :; do sleep 1; done' >/dev/null 2>&1 &
             forge $((lowest + 2)) c $!
             ",
        );
        assert_eq!(sandbox.ok("jls -n name"), "name=outer\nname=outer.a\nname=outer.b\n");
        let before = std::time::Instant::now();
        let done = sandbox.run(line);
        assert_eq!(done.status, 0, "{line}: {done:?}");
        let within = std::time::Duration::from_secs(seconds);
        assert!(before.elapsed() < within, "{line}: {:?}", before.elapsed());
        assert_eq!(sandbox.ok("jls -n name"), "");
        sandbox.check();
        sandbox.ok("jail -q -c outer");
    }
    sandbox.ok("jail -q -r outer");
    sandbox.check();
}

/// Every command on the host ends, and soon, whatever a jail's registry holds.
#[test]
fn records_that_contain_each_other_and_very_many() {
    let Some(sandbox) = machine(40) else { return };
    sandbox.root("/home/jails/x");
    forge(
        &sandbox,
        "first -p -f sleep 1000; one=$pid
         first -p -f sleep 1000; two=$pid
         forge 2 itself $one 'children=40 2'
         forge 3 a $one 'children=20 4'
         forge 4 b $two 'children=20 3'
         forge 5 all $two 'children=4294967295 1'
         forge 6 sample $two 'children=10 7' 'rights=children'
         i=100
         while test $i -lt 9000; do echo name=$i >JAILS/$i; i=$((i+1)); done
         i=10
         while test $i -lt 41; do
             sed \"s/jid=6/jid=$i/; s/sample/n$i/\" JAILS/6 >JAILS/$i
             head -c 16000 /dev/zero | tr '\\0' '\\n' >>JAILS/$i
             i=$((i+1))
         done
         ",
    );
    for line in
        ["jls", "jail -c name=x path=/home/jails/x persist", "jexec outer.a true", "jail -r x"]
    {
        let before = std::time::Instant::now();
        let done = sandbox.run(line);
        assert_eq!(done.status, 0, "{line}\n{}{}", done.stdout, done.stderr);
        assert!(before.elapsed() < std::time::Duration::from_secs(2), "{line}: {before:?}");
    }
    assert!(sandbox.ok("jls -n name").lines().count() <= 41);
    sandbox.ok("jail -q -r outer");
    sandbox.check();
}

/// children.max of a jail that runs: sys/kern/kern_jail.c, kern_jail_set().
#[test]
fn more_and_fewer_jails_inside() {
    let Some(sandbox) = machine(1) else { return };
    let inside = "jexec outer /run/kletka/jail/jail -q";
    let start = |name: &str| format!("{inside} -c name={name} path=/home/{name} persist");
    let (inner, second, third) = (start("inner"), start("second"), start("third"));
    check(
        &sandbox,
        &format!(
            "\
$ jail -qc name=plain path=/home/jails/outer persist
$ jail -m name=plain children.max=1
jail: children.max cannot be changed after creation; stop the jail, and start it with the new value
[1]
$ jail -qr plain
$ {inner}; {second}
jail: prison limit exceeded; raise children.max of the outer jail
[1]
$ jail -vm name=outer children.max=3
jail_set(JAIL_UPDATE) jid=1 children.max=3
updated
$ {second}; jls jid name children.max children.cur
1 outer 3 2
2 outer.inner 0 0
3 outer.second 0 0
$ jail -m name=outer children.max=1; {third}
jail: prison limit exceeded; raise children.max of the outer jail
[1]
$ jls jid name children.max children.cur
1 outer 1 2
2 outer.inner 0 0
3 outer.second 0 0
$ jail -m name=outer children.max=0; {inside} -r second inner; {inner}
jail: prison limit exceeded; raise children.max of the outer jail
[1]
$ jail -m name=outer children.max=4; jail -qc name=outer.host path=/home/jails/outer/home/third persist children.max=3
$ jail -qc name=outer.other path=/home/jails/outer/home/third persist children.max=4
jail: jail_set: Operation not permitted; children.max has to be less than the outer jail's, 4
[1]
$ jail -m name=outer.host children.max=4
jail: jail_set: Operation not permitted; children.max has to be less than the outer jail's, 4
[1]
$ jail -m name=outer children.max=2; jls name children.max children.cur
outer 2 1
outer.host 1 0
$ jexec outer.host cat /run/kletka.jails/limits; echo
1 7 3
$ jail -m name=outer.host children.max=0; jail -m name=outer.host children.max=1
$ jexec outer sh -c 'cd /run/kletka.jails; mkdir -p limits.new/x'; jail -m name=outer children.max=1; jls -j outer children.max
2
jail: /run/kletka.jails/limits: Is a directory
$ jexec outer sh -c 'cd /run; mv kletka.jails x; ln -s /etc kletka.jails'; jail -m name=outer children.max=1; ls /home/jails/outer/etc
group
passwd
jail: /run/kletka.jails/limits: Not a directory
$ jail -qr outer; grep -c 'children=' /etc/passwd
0
[1]
"
        ),
    );
    sandbox.check();
}

/// A command that was killed in the middle: the next look tells the jail.
#[test]
fn a_number_of_jails_inside_that_was_killed() {
    let Some(sandbox) = machine(3) else { return };
    sandbox.ok("jail -qc name=outer.host path=/home/jails/outer/home/third persist children.max=2");
    sandbox.ok("sed -i 's/^children=.*/children=2 2/; $achildren.room=3\\npending.children=true' /run/kletka/jails/1");
    sandbox.ok("jls > /dev/null");
    assert_eq!(sandbox.ok("jls name children.max"), "outer 2\nouter.host 1\n");
    assert_eq!(sandbox.ok("jexec outer cat /run/kletka.jails/limits"), "2 2 3");
    assert_eq!(sandbox.ok("grep -c pending /run/kletka/jails/1; :"), "0\n");
    sandbox.ok("jail -qr outer");
}
