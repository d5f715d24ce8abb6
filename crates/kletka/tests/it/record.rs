//! Records of the registry outlive the program that wrote them: records of a newer kletka, of an
//! older one, and broken ones.

use crate::sandbox::Sandbox;
use crate::session::check;

const RECORD: &str = "/run/kletka/jails/1";

/// Waits until the registry is empty: a command that stops jails clears what dead ones have left,
/// whether it finds the jail that it is to stop or not.
pub(crate) const CLEARED: &str =
    "while ls -A /run/kletka/jails | grep -q .; do jail -q -R none || :; done";

/// A machine with a jail.
fn machine() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/web");
    sandbox.ok("jail -c name=web path=/home/jails/web allow.raw_sockets persist");
    Some(sandbox)
}

/// Lines of a newer kletka are kept and shown, and a right that is not understood grants nothing.
/// Every command finds the jail.
#[test]
fn a_jail_of_a_newer_kletka() {
    let Some(sandbox) = machine() else { return };
    sandbox
        .ok(&format!("sed -i 's/^version=.*/version=9/; s/^rights=/rights=allow_all /' {RECORD}"));
    sandbox.ok(&format!(r"printf 'colour=blue\\n\nparameter.allow.fly=true\n' >> {RECORD}"));
    check(
        &sandbox,
        "\
$ jls jid name allow.raw_sockets
1 web true
$ jls -n | grep -o 'allow.fly=.*'
allow.fly=true rights=allow_all colour=blue\\n
$ jexec web true
$ jexec web unshare -n true 2>/dev/null || echo refused
refused
$ jail -m name=web host.hostname=new.example.org
$ jls -j web host.hostname
new.example.org
",
    );
    let kept = sandbox.ok(&format!(
        "head -1 {RECORD}; grep -E '^(colour|parameter.allow.fly)=' {RECORD}; grep -o 'allow_all' {RECORD}"
    ));
    let want = "version=9\nparameter.allow.fly=true\ncolour=blue\\n\nallow_all\n";
    assert_eq!(kept, want);
    sandbox.ok("jail -r web");
    assert_eq!(sandbox.ok("jls -N | wc -l; ls /run/kletka/jails").trim(), "1");
}

/// Once kletka's records had no version, and every jail locked memory.
#[test]
fn a_jail_of_an_older_kletka() {
    let Some(sandbox) = machine() else { return };
    let locked = "jexec web sh -c 'ulimit -l'";
    assert_eq!(sandbox.ok(locked).trim(), "0");
    sandbox.ok(&format!("sed -i /^version=/d {RECORD}"));
    assert_ne!(sandbox.ok(locked).trim(), "0");
    check(&sandbox, "$ jexec web true\n$ jls name\nweb\n$ jail -m name=web persist=false\n");
    sandbox.ok(CLEARED);
}

/// A record that does not lead to its jail is reported. No command acts as if the jail did not
/// exist.
#[test]
fn a_broken_record() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("jail -c name=db path=/home/jails/web persist");
    sandbox.ok(&format!("cp {RECORD} /tmp/record; sed -i /^init=/d {RECORD}"));
    check(
        &sandbox,
        "\
$ jls name
db
jls: /run/kletka/jails/1: no record of a jail, whose jail may run: kill its [init], if ps(1) shows one, and remove this file
[1]
$ jexec web true
jexec: /run/kletka/jails/1: no record of a jail, whose jail may run: kill its [init], if ps(1) shows one, and remove this file
[1]
$ jail -c jid=1 path=/home/jails/web persist
jail: /run/kletka/jails/1: no record of a jail, whose jail may run: kill its [init], if ps(1) shows one, and remove this file
[1]
$ jail -r web
jail: /run/kletka/jails/1: no record of a jail, whose jail may run: kill its [init], if ps(1) shows one, and remove this file
[1]
$ jail -c name=third path=/home/jails/web persist
$ jls name
db
third
jls: /run/kletka/jails/1: no record of a jail, whose jail may run: kill its [init], if ps(1) shows one, and remove this file
[1]
",
    );
    sandbox.ok(&format!("mv /tmp/record {RECORD}"));
    sandbox.ok("jail -R web db third");
}

/// A jail whose record is broken may run: nothing is cleaned up after it, and no command that
/// means it succeeds.
#[test]
fn a_broken_record_of_a_configured_jail() {
    let Some(sandbox) = machine() else { return };
    sandbox.write(
        "/etc/jail.conf",
        "web { path = /home/jails/web; persist; exec.poststop = \"echo gone\"; }\n\
         db { path = /home/jails/web; persist; }\n",
    );
    sandbox.ok("jail -qc db");
    sandbox.ok(&format!("cp {RECORD} /tmp/record; sed -i /^init=/d {RECORD}"));
    let broken = format!(
        "{RECORD}: no record of a jail, whose jail may run: kill its [init], if ps(1) shows one, \
         and remove this file"
    );
    #[rustfmt::skip]
    let cases = [
        ("jail -C web",              "jail", "",                    1),
        ("jail -C '*'",              "jail", "",                    1),
        ("jail -r web",              "jail", "",                    1),
        ("jail -m web",              "jail", "",                    1),
        ("jail -rc web",             "jail", "",                    1),
        ("jls --diff",               "jls",  "",                    2),
        ("service jail onestop web", "jls",  "Stopping jails:.\n",  1),
        ("jail -r '*'",              "jail", "db: removed\n",       1),
        ("jail -R '*'",              "jail", "",                    1),
        ("service jail onestop",     "jls",  "Stopping jails:.\n",  1),
    ];
    for (line, name, stdout, status) in cases {
        let done = sandbox.run(line);
        let want = (stdout, format!("{name}: {broken}\n"), status);
        assert_eq!((done.stdout.as_str(), done.stderr, done.status), want, "{line}");
    }
    sandbox.ok(&format!("mv /tmp/record {RECORD}"));
    sandbox.ok("jail -r web");
}

/// Who cannot see a jail's process takes the jail for what it may be: one that runs. Nothing that
/// looks ends it, and what is to change it is refused.
#[test]
fn what_cannot_be_seen_is_not_dead() {
    let Some(sandbox) = machine() else { return };
    sandbox.write("/etc/jail.conf", "web { path = /home/jails/web; persist; }\n");
    sandbox.ok("jail -m name=web host.hostname=old");
    let elsewhere = "it was made in another pid namespace, which cannot be seen from here: run this \
                     command in that one";
    let no_boot = "/proc/sys/kernel/random/boot_id: No such file or directory: mount all of proc(5) \
                   on /proc, without subset=pid";
    let no_call =
        "pidfd_open: Function not implemented: run this command where pidfd_open(2) works";
    let no_right =
        "pidfd_open: Operation not permitted: run this command where pidfd_open(2) works";
    for (blind, why) in [
        ("unshare --mount --pid --fork --mount-proc", elsewhere),
        (
            "unshare --mount sh -c '/bin/mount -t proc -o subset=pid proc /proc; exec \"$@\"' sh",
            no_boot,
        ),
        ("strace -f -qq -o /dev/null -e inject=pidfd_open:error=ENOSYS", no_call),
        ("strace -f -qq -o /dev/null -e inject=pidfd_open:error=EPERM", no_right),
    ] {
        for (line, name, status) in [
            ("jls -N", "jls", 1),
            ("jls -j web", "jls", 1),
            ("jexec web true", "jexec", 1),
            ("service jail onestatus", "jls", 1),
            ("jail -m name=web host.hostname=new", "jail", 1),
            ("jail -r web", "jail", 1),
            ("jail -R web", "jail", 1),
            ("jail -c web", "jail", 1),
        ] {
            let done = sandbox.run(&format!("{blind} {line}"));
            let want = (format!("{name}: jail web may run: {why}\n"), status);
            assert_eq!((done.stderr, done.status), want, "{blind} {line}");
        }
        check(&sandbox, "$ jexec web hostname\nold\n$ jls name host.hostname\nweb old\n");
    }
    sandbox.ok("jail -q -r web");
}

/// A look needs no right to write, and clears nothing.
#[test]
fn a_look_writes_nothing() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("jail -c name=gone path=/home/jails/web persist");
    let read_only = "/bin/mount --bind /run/kletka /run/kletka && \
                     /bin/mount -o remount,bind,ro /run/kletka";
    for (registry, want) in [(read_only, "gone\nweb\n"), ("true", "web\n")] {
        let found = sandbox.ok(&format!(
            "unshare --mount sh -ec '{registry}; jls -j web name; jexec web true; jls name' | sort -u"
        ));
        assert_eq!(found, want);
        if registry == read_only {
            sandbox.ok("kill -9 $(sed -n 's/^init=\\([0-9]*\\) .*/\\1/p' /run/kletka/jails/2)");
            sandbox.ok("while jls -c -j gone; do :; done; test -e /run/kletka/jails/2");
        }
    }
    sandbox.ok("jail -q -r web; rm -r /run/kletka");
    let none = "unshare --mount sh -ec '/bin/mount -o remount,bind,ro /run; jls; jail -q -c path=/ command=true'";
    let done = sandbox
        .run(&format!("/bin/mount --bind /run /run; {none}; s=$?; /bin/umount /run; exit $s"));
    let want = "jail: /run/kletka/lock: No such file or directory\n";
    assert_eq!((done.stderr.as_str(), done.status), (want, 1));
}

/// A jail whose control group cannot be removed leaves its record. A new jail of the same name is
/// found all the same, and has another jid and other ids.
#[test]
fn a_dead_record_hides_no_jail() {
    let Some(sandbox) = machine() else { return };
    let cgroup = sandbox.ok(&format!("sed -n s/^cgroup=//p {RECORD}"));
    let Some(cgroup) = cgroup.lines().next() else {
        return eprintln!("skipped: no control groups of version 2");
    };
    sandbox.ok(&format!("mkdir {cgroup}/sub; jail -q -r web; test -e {RECORD}"));
    check(
        &sandbox,
        "\
$ jail -c name=web path=/home/jails/web persist
$ jls jid name
2 web
$ jexec web echo entered
entered
$ jail -c jid=1 path=/home/jails/web persist
jail: jail 1 already exists; choose another jid, or leave it out
[1]
",
    );
    let ids = sandbox.ok("sed -n s/^ids=//p /run/kletka/jails/*");
    assert_eq!(ids, "268435456\n268500992\n");
    sandbox.ok(&format!("jail -q -r web; rmdir {cgroup}/sub"));
    sandbox.ok(CLEARED);
}

/// What is no record among the records is reported by whoever lists jails, and keeps nobody from
/// anything.
#[test]
fn junk_among_the_records() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok(&format!(
        "cd /run/kletka/jails; mkdir directory; mkfifo fifo; cp {RECORD} 1.bak; mkfifo 2; mkdir .new"
    ));
    let junk = |name: &str, file: &str| {
        format!(
            "{name}: /run/kletka/jails/{file}: no record of a jail, among the records of jails: move it away"
        )
    };
    let fifo = "/run/kletka/jails/2: no record of a jail, whose jail may run: kill its [init], if ps(1) \
                shows one, and remove this file";
    let done = sandbox.run("jls name");
    let mut said: Vec<_> = done.stderr.lines().map(str::to_owned).collect();
    said.sort();
    let want = ["1.bak", "directory", "fifo"].map(|file| junk("jls", file));
    let want = [vec![want[0].clone(), format!("jls: {fifo}")], want[1..].to_vec()].concat();
    assert_eq!((done.stdout.as_str(), said, done.status), ("web\n", want, 1));
    sandbox.ok("rm /run/kletka/jails/2; rmdir /run/kletka/jails/.new");
    assert_eq!(sandbox.run("jls name").status, 0);
    check(
        &sandbox,
        "\
$ jexec web echo entered
entered
$ jail -m name=web host.hostname=new
$ jail -q -c name=db path=/home/jails/web persist
$ jail -q -r db
$ jail -q -r web
",
    );
    sandbox.ok("rm -r /run/kletka/jails/*");
}

/// What a jail that ended by itself has left is cleaned up by its stop: its hooks, too.
#[test]
fn a_jail_that_has_just_ended_is_stopped() {
    let Some(sandbox) = machine() else { return };
    sandbox.write(
        "/etc/jail.conf",
        "path = /home/jails/web; exec.poststop = 'echo poststop $JNAME'; exec.release = 'echo release';\n\
         a { exec.start = 'sleep 1000 &'; } b { exec.start = 'sleep 1000 &'; }\n",
    );
    sandbox.ok("jail -q -c");
    for jail in ["a", "b"] {
        sandbox.ok(&format!("jexec {jail} killall sleep; while jls -c -j {jail}; do :; done"));
    }
    check(
        &sandbox,
        "\
$ jail -r a
poststop a
release
$ jail -r a
jail: \"a\" not found; it does not run: jls(8) lists the jails that do
[1]
$ jail -r '*'
$ jls name
web
",
    );
    sandbox.ok("jail -q -r web");
}

/// What cannot be changed stays as it is, on the record and in the kernel.
#[test]
fn a_change_that_fails_changes_nothing() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    let full = "/bin/mount -t tmpfs -o size=32k,mode=700 none /run/kletka";
    sandbox.ok(&format!("mkdir /run/kletka; {full}"));
    sandbox.ok("jail -c name=web path=/home/jails/web persist host.hostname=old env=old");
    let state = "jls -j web host.hostname env; jexec web sh -c 'hostname; cat /run/kletka.env'";
    let before = sandbox.ok(state);
    let change = "jail -m name=web host.hostname=new host.domainname=new env=new nopersist";
    sandbox.run("head -c 1M /dev/zero > /run/kletka/fill");
    check(
        &sandbox,
        &format!("$ {change}\njail: /run/kletka/jails/1: No space left on device\n[1]\n"),
    );
    assert_eq!(sandbox.ok(state), before);
    sandbox.ok("rm /run/kletka/fill");
    // The jail's root can be in the way of its own env.
    sandbox.ok("jexec web mkdir -p /run/kletka.env.new/x");
    let done = sandbox.run(change);
    assert!(done.stderr.starts_with("jail: /run/kletka.env: "), "{done:?}");
    assert_eq!((done.status, sandbox.ok(state)), (1, before));
    let long = "x".repeat(65);
    assert_eq!(sandbox.run(&format!("jail -m name=web host.hostname={long}")).status, 1);
    assert_eq!(
        sandbox.ok("ls -A /run/kletka/jails; grep -c pending /run/kletka/jails/1; :"),
        "1\n0\n"
    );
    sandbox.ok("jail -q -r web; /bin/umount /run/kletka; rmdir /run/kletka");
}

/// A change that a killed command has begun is completed by the next look.
#[test]
fn a_change_that_was_killed_is_completed() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok(&format!(
        "printf 'pending.hostname=new\\npending.env=text\\nparameter.host.hostname=new\\n' >> {RECORD}"
    ));
    assert_eq!(sandbox.ok("jls name host.hostname; jexec web hostname"), "web new\nnew\n");
    assert_eq!(sandbox.ok("jexec web cat /run/kletka.env"), "text");
    assert_eq!(sandbox.ok(&format!("grep -c pending {RECORD}; :")), "0\n");
    sandbox.ok(&format!("echo pending.persist=false >> {RECORD}; jls > /dev/null"));
    sandbox.ok(CLEARED);
}

/// Beside many jails a command asks the index of the registry. It finds each jail, gives nothing
/// away that a jail without a record has, and sees what an administrator or an older kletka has
/// done to the records.
#[test]
fn beside_many_jails() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("for i in $(seq 2 40); do jail -c name=j$i path=/home/jails/web persist; done");
    let start =
        |name: &str| sandbox.ok(&format!("jail -c name={name} path=/home/jails/web persist"));
    let jid_of = |name: &str| sandbox.run(&format!("jls -j {name} jid")).stdout;
    for (name, jid) in [("j8", "8\n"), ("40", "40\n"), ("none", "")] {
        assert_eq!(jid_of(name), jid, "{name}");
    }
    sandbox.ok("mv /run/kletka/jails/7 /tmp/record");
    assert_eq!(jid_of("j7"), "");
    start("a");
    start("b");
    // Without cgroup v2 nothing tells of a jail whose record is lost.
    if sandbox.run("grep -q ^cgroup= /tmp/record").status == 0 {
        let doubles = "sed -n 's/^ids=//p' /run/kletka/jails/* /tmp/record | sort | uniq -d";
        assert_eq!(sandbox.ok(doubles), "");
    }
    sandbox.ok("mv /tmp/record /run/kletka/jails/7");
    assert_eq!((jid_of("j7"), jid_of("b")), ("7\n".into(), "42\n".into()));
    // The name of a jail that has ended by itself is free.
    sandbox.ok("kill -9 $(sed -n 's/^init=\\([0-9]*\\).*/\\1/p' /run/kletka/jails/9)");
    sandbox.ok("while jls -j j9 >/dev/null 2>&1; do :; done");
    start("j9");
    assert_eq!(jid_of("j9"), "43\n");
    let refused = sandbox.run("jail -c name=j8 path=/home/jails/web persist");
    let exists = "jail: \"j8\" already exists; jail -rc starts it anew, jail -m changes it\n";
    assert_eq!((refused.status, refused.stderr.as_str()), (1, exists));
    sandbox.ok("jail -m jid=8 name=k8");
    assert_eq!((jid_of("k8"), jid_of("j8")), ("8\n".into(), String::new()));
    start("j8");
    assert_eq!((jid_of("k8"), jid_of("j8")), ("8\n".into(), "44\n".into()));
    sandbox.ok("jail -q -R '*'");
    assert_eq!(sandbox.ok("ls -A /run/kletka/jails"), "");
}
