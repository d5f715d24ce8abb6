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
    assert_eq!((done.stderr.as_str(), done.status), ("usage: kletka doctor\n", 1));
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
    assert_eq!((done.stdout.lines().next(), done.status), (Some(want), 1), "{}", done.stderr);
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
