//! `kletka doctor` on this machine: what the doctor says is compared with what works.

use crate::sandbox::Sandbox;

#[test]
fn what_is_there_and_what_is_not() {
    let Some(sandbox) = Sandbox::new() else { return };
    let done = sandbox.run("kletka doctor");
    assert_eq!((done.status, done.stderr.as_str()), (0, ""), "{}", done.stdout);
    let says = |line: &str| done.stdout.lines().any(|it| it == line);
    for name in [
        "user namespaces",
        "network namespaces",
        "process namespaces",
        "mount namespaces",
        "host name namespaces",
        "IPC namespaces",
        "cgroup v2",
        "seccomp",
        "registry",
        "epair",
        "bridge",
    ] {
        assert!(says(&format!("{name}: ok")), "{name}\n{}", done.stdout);
    }
    // A vlan can be made, or the line says why not.
    sandbox.ok("ifconfig epair1 create; ifconfig epair1b name re0");
    let can = sandbox.run("ifconfig re0.7 create").status == 0;
    let missing = "vlan (8021q): missing: VLANs cannot be created: load the module 8021q";
    assert!(says(if can { "vlan (8021q): ok" } else { missing }), "{}", done.stdout);
    sandbox.ok("ifconfig re0.7 destroy 2> /dev/null; ifconfig re0 destroy");
    // Whatever file system / is on, a jail starts exactly if the doctor says that it can.
    let starts = sandbox.run("jail -q -c path=/ command=/bin/true").status == 0;
    assert_eq!(says("idmapped mounts of /: ok"), starts, "{}", done.stdout);
    // An overlay that works for the doctor works as a jail's root, with the jail's ids.
    sandbox.root("/home/base");
    sandbox.ok("mkdir -p /home/upper /home/work /home/thin; /bin/mount -t overlay -o \
                lowerdir=/home/base,upperdir=/home/upper,workdir=/home/work overlay /home/thin");
    let starts = sandbox.run("jail -q -c path=/home/thin command=touch /mine").status == 0;
    assert_eq!(says("overlay: ok"), starts, "{}", done.stdout);
    sandbox.ok("umount /home/thin");
    // The doctor has left no interface behind.
    assert_eq!(sandbox.ok("ifconfig -l"), "lo0\n");
}

#[test]
fn without_the_rights_to_look() {
    let Some(sandbox) = Sandbox::new() else { return };
    let done = sandbox.run("setpriv --reuid 65534 --clear-groups kletka doctor");
    assert_eq!(done.status, 0, "{}", done.stdout);
    assert!(done.stdout.contains("epair: not known: ask as root\n"), "{}", done.stdout);
    let done = sandbox.run("kletka doctor now");
    assert_eq!(
        (done.stderr.as_str(), done.status),
        ("kletka: doctor: now: unexpected argument\nusage: kletka doctor [--mend]\n", 1)
    );
}

/// Something essential is missing: the exit status is 1.
#[test]
fn no_user_namespaces() {
    let Some(sandbox) = Sandbox::new() else { return };
    // A mount covers the setting for the doctor alone. The setting itself is the machine's, and
    // other tests need it.
    let done = sandbox.run(
        "echo 0 > /tmp/none && unshare --mount sh -c \
         '/bin/mount --bind /tmp/none /proc/sys/user/max_user_namespaces && kletka doctor'",
    );
    let want =
        "user namespaces: MISSING: sysctl user.max_user_namespaces is 0: set it to 15000, or so";
    assert_eq!((done.stdout.lines().nth(1), done.status), (Some(want), 1), "{}", done.stderr);
}

/// The doctor tries an id-mapped mount, and does not go by the name of the file system.
#[test]
fn file_systems_that_cannot_be_idmapped() {
    let Some(sandbox) = Sandbox::new() else { return };
    let kletka = "/usr/local/libexec/kletka/kletka";
    for kind in ["ramfs", "tmpfs"] {
        sandbox.ok(&format!(
            "mkdir -p /mnt/root && /bin/mount -t {kind} none /mnt/root && mkdir /mnt/root/proc && \
             cp {kletka} /mnt/root && /bin/mount --bind /proc /mnt/root/proc"
        ));
        let done = sandbox.run(
            "mkdir /mnt/root/old; cd /mnt/root && \
             unshare --mount sh -c '/sbin/pivot_root . old && exec /kletka doctor'",
        );
        let line = done.stdout.lines().find(|line| line.starts_with("idmapped mounts of /:"));
        let starts =
            sandbox.run("jail -q -c path=/mnt/root command=/kletka sysctl kern.ostype").status == 0;
        let lacks = format!(
            "idmapped mounts of /: missing: {kind} has none on this kernel: \
             keep jails on ext4, xfs, btrfs or tmpfs, or say kletka.userns=inherit"
        );
        assert_eq!(line, Some(if starts { "idmapped mounts of /: ok" } else { &lacks }), "{kind}");
        sandbox.ok("/bin/umount /mnt/root/proc /mnt/root && rmdir /mnt/root");
        sandbox.check();
    }
}

/// What the doctor says of jails and their registry.
fn of_registry(sandbox: &Sandbox) -> Vec<String> {
    let said = sandbox.run("kletka doctor").stdout;
    let mut lines: Vec<_> = said.lines().map(str::to_owned).collect();
    lines.retain(|line| line.starts_with("registry: ") || line.starts_with("jail "));
    lines.sort();
    lines
}

const ADOPTED: &str = "adopted: its parameters and rights are not known, and what enters it has none: restart it when \
     that is possible";

/// A jail whose record is lost is named, its jid and ids are given to no other, and it can be
/// adopted.
#[test]
fn a_lost_record() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.ok("jail -c name=web path=/home/jails/web persist");
    let cgroup = sandbox.ok("sed -n s/^cgroup=//p /run/kletka/jails/1");
    let cgroup = cgroup.trim();
    if cgroup.is_empty() {
        sandbox.ok("jail -q -r web");
        return eprintln!("skipped: no control groups of version 2");
    }
    let lost = format!(
        "jail web: wrong: no record leads to it, and {cgroup} is its control group: kletka doctor --mend \
         adopts it, or ends what is left of it"
    );
    let junk = "registry: wrong: /run/kletka/jails/x: no record of a jail, among the records of jails: \
                move it away";
    assert_eq!(of_registry(&sandbox), ["registry: ok"]);
    for lose in ["rm /run/kletka/jails/1", "rm -r /run/kletka"] {
        sandbox.ok(lose);
        assert_eq!(of_registry(&sandbox), [lost.as_str()], "{lose}");
        sandbox.ok("jail -c name=db path=/home/jails/web persist; mkdir /run/kletka/jails/x");
        let taken = sandbox.run("jail -c jid=1 path=/home/jails/web persist");
        assert_eq!(
            taken.stderr,
            "jail: jail 1 already exists; choose another jid, or leave it out\n"
        );
        assert_eq!(sandbox.ok("jexec db cat /proc/self/uid_map | awk '{print $2}'"), "268500992\n");
        assert_eq!(of_registry(&sandbox), [lost.as_str(), junk], "{lose}");
        sandbox.ok("rmdir /run/kletka/jails/x");
        // Who cannot see the jail's init does not take it for gone.
        for (blind, why) in [
            (
                "strace -f -qq -o /dev/null -e inject=pidfd_open:error=ENOSYS",
                "pidfd_open: Function not implemented: run this command where pidfd_open(2) works",
            ),
            (
                "unshare --mount sh -c '/bin/mount -t tmpfs none /proc; exec \"$@\"' sh",
                "/proc does not show the processes of this pid namespace: mount proc(5) on /proc",
            ),
        ] {
            let done = sandbox.run(&format!("{blind} kletka doctor --mend"));
            let want = format!("kletka: doctor: jail 1 may run: {why}\n");
            assert_eq!((done.stderr, done.status), (want, 1), "{blind}");
        }
        let mended = sandbox.ok("kletka doctor --mend");
        assert_eq!(mended.lines().next(), Some(format!("jail web: {ADOPTED}").as_str()), "{lose}");
        assert_eq!(sandbox.ok("jls -j 1 jid name path"), "1 web /home/jails/web\n");
        let users =
            sandbox.ok("jexec web sh -c 'id -u; cat /proc/self/uid_map' | awk '{print $1, $2}'");
        assert_eq!(users, "0 \n0 268435456\n");
        assert_eq!(of_registry(&sandbox), ["registry: ok"]);
        sandbox.ok("jail -q -R db");
    }
    sandbox.ok("jail -q -R web");
}

/// A file in the place of a record is kept; a record of a newer kletka is that one's to mend.
#[test]
fn a_record_that_is_unreadable() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.ok("jail -c name=web path=/home/jails/web persist");
    let record = "/run/kletka/jails/1";
    if sandbox.run(&format!("grep ^cgroup= {record}")).status != 0 {
        sandbox.ok("jail -q -r web");
        return eprintln!("skipped: no control groups of version 2");
    }
    let first = |line: &str| sandbox.ok(line).lines().next().map(str::to_owned).unwrap();
    sandbox.ok(&format!(
        "cp {record} /tmp/record; sed -i '/^ids=/d; s/^init=.*/init=42 moon 4/' {record}"
    ));
    sandbox.ok(&format!("sed -i s/^version=.*/version=9/ {record}"));
    let newer = "jail web: left as it is: a newer kletka has written its record: use that one";
    assert_eq!(first("kletka doctor --mend"), newer);
    // Its jid and ids are held, although the record does not say which ids these are.
    sandbox.ok("jail -c name=db path=/home/jails/web persist");
    assert_eq!(sandbox.ok("sed -n s/^ids=//p /run/kletka/jails/2; jail -q -r db"), "268500992\n");
    sandbox.ok(&format!("sed -i s/^version=.*/version=1/ {record}"));
    let kept = format!("jail web: {ADOPTED}; its old file is /run/kletka/unreadable.1");
    assert_eq!(first("kletka doctor --mend"), kept);
    sandbox.ok("grep -q moon /run/kletka/unreadable.1; rm /run/kletka/unreadable.1");
    // Without its init, what is left of a jail is ended.
    sandbox.ok("kill -9 $(sed -n 's/^init=\\([0-9]*\\) .*/\\1/p' /run/kletka/jails/1); while jls -c -j web; do :; done");
    sandbox
        .ok(&format!("rm {record}; kletka doctor --mend | head -1 | grep ': ended and removed$'"));
}

/// Jails get no ids of users and groups, nor of what systemd-nspawn has locked.
#[test]
fn ids_of_others() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.ok("mkdir -p /run/systemd/nspawn-uid; : > /run/systemd/nspawn-uid/268435456");
    sandbox
        .ok("echo ad:x:268500993:1::/:/bin/sh >> /etc/passwd; echo big:x:268632063: >> /etc/group");
    let first = "jail -q -c path=/home/jails/web command=cat /proc/self/uid_map | awk '{print $2}'";
    assert_eq!(sandbox.ok(first), "268632064\n");
    assert!(!sandbox.run("kletka doctor").stdout.contains("user ad:"));
    // A user that only a name service knows is told by the doctor.
    sandbox.write(
        "/tmp/bin/getent",
        "#!/bin/sh\n[ $1 = group ] || echo ldap:x:268435460:1::/:/bin/sh\n",
    );
    let said = sandbox.ok("chmod +x /tmp/bin/getent; PATH=/tmp/bin:$PATH kletka doctor");
    let want = "user ldap: wrong: its id 268435460 is one that jails get: give jails others by a line of \
                kletka in /etc/subuid";
    assert!(said.lines().any(|line| line == want), "{said}");
}

/// What is left over and what was made are named, each with the command that removes it; when these
/// commands have run, nothing is named any more.
#[test]
fn what_is_left_and_what_was_made() {
    let Some(sandbox) = Sandbox::new() else { return };
    let lines = || {
        let said = sandbox.run("kletka doctor").stdout;
        let of_us = |line: &&str| {
            let starts = ["jail ", "interface ", "mount /", "/run/", "/etc/", "root ", "boot "];
            starts.iter().any(|start| line.starts_with(start))
        };
        said.lines().filter(of_us).map(str::to_owned).collect::<Vec<_>>()
    };
    sandbox.root("/home/jails/web");
    sandbox.ok("jail -c name=web path=/home/jails/web persist");
    assert_eq!(lines(), [] as [&str; 0]);
    sandbox.write(
        "/etc/jail.conf",
        "db { path = /home/jails/web; persist; exec.prestart = 'ifconfig epair7 create'; }\n",
    );
    sandbox.ok("jail -q -c db");
    assert_eq!(lines(), [] as [&str; 0]);
    // The jail's processes end behind the back of jail(8), and its hooks never run.
    sandbox.ok("jail -q -r db; mkdir -p /run/kletka/starts; echo 4000000 > /run/kletka/starts/mail; \
                : > /run/kletka/unreadable.4; mkdir -p /run/kletka/x /etc/jail.conf.d; \
                : > /etc/.rc.conf.4711; : > /etc/jail.conf.d/.web.conf.4711; : > /etc/.passwd.4711; /bin/mount -t tmpfs x /run/kletka/x; \
                mkdir -p /etc/systemd/system/multi-user.target.wants; \
                ln -s /none /etc/systemd/system/multi-user.target.wants/jail.service");
    let want = [
        "interface epair7a: left over: made by a hook of a jail that does not run: ifconfig epair7a destroy",
        "interface epair7b: left over: made by a hook of a jail that does not run: ifconfig epair7b destroy",
        "mount /run/kletka/x: left over: nothing of kletka is mounted there: umount /run/kletka/x",
        "jail mail: left over: its start was killed: jail -C mail runs what follows its end",
        "/run/kletka/unreadable.4: left over: a record of an older time: rm /run/kletka/unreadable.4",
        "/etc/.rc.conf.4711: left over: a change of rc.conf was killed before its end: rm /etc/.rc.conf.4711",
        "/etc/jail.conf.d/.web.conf.4711: left over: a change of web.conf was killed before its end: rm /etc/jail.conf.d/.web.conf.4711",
        "boot jail: /etc/systemd/system/multi-user.target.wants/jail.service; to remove it: kletka service \
         jail disable",
    ];
    assert_eq!(lines(), want);
    sandbox.ok("ifconfig epair7a destroy; umount /run/kletka/x; rm /run/kletka/unreadable.4 \
                /etc/.rc.conf.4711 /etc/jail.conf.d/.web.conf.4711 /run/kletka/starts/mail /etc/systemd/system/multi-user.target.wants/jail.service");
    assert_eq!(lines(), [] as [&str; 0]);
    sandbox.ok("jail -q -R web");
}

/// The last line is one sentence, and nothing that the doctor looks at has changed.
#[test]
fn one_sentence_at_the_end() {
    let Some(sandbox) = Sandbox::new() else { return };
    let last = |said: &str| said.lines().last().map(str::to_owned).unwrap_or_default();
    let said = sandbox.ok("kletka doctor");
    assert!(last(&said).starts_with("Jails can run here"), "{said}");
    let version = concat!("kletka: version ", env!("CARGO_PKG_VERSION"));
    assert_eq!(said.lines().next(), Some(version), "{said}");
    assert_eq!(sandbox.ok("kletka doctor"), said);
    let without = sandbox.run(
        "echo 0 > /tmp/none && unshare --mount sh -c \
         '/bin/mount --bind /tmp/none /proc/sys/user/max_user_namespaces && kletka doctor'",
    );
    assert_eq!(last(&without.stdout), "No jail can run here without user namespaces.");
    let firewall = sandbox.run(
        "nft add table ip filter && nft add chain ip filter FORWARD \
         '{ type filter hook forward priority 0; policy drop; }'",
    );
    if firewall.status != 0 {
        return eprintln!("skipped: no nft(8)");
    }
    let said = sandbox.ok("kletka doctor");
    let want = "firewall: nft ip filter FORWARD drops what is forwarded; routed jails need a rule that accepts it; ";
    assert!(said.lines().any(|line| line.starts_with(want)), "{said}");
}
