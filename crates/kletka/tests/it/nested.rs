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
    sandbox.ok("cp /home/try /home/jails/outer/bin/try");
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
jail: third: prison limit exceeded
[1]
$ jexec outer.inner sh /bin/try jail -c path=/ persist
sh: can't open '/bin/try': No such file or directory
[2]
$ jexec outer.inner /run/kletka/jail/jail -c path=/ persist
jail: jail_set: Operation not permitted
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
jail: prison limit exceeded
[1]
$ jail -c name=none.b path=/home/jails/a persist
jail: jail \"none\" not found
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
