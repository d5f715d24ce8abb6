//! What a jail mounts by itself: `allow.mount` and the permissions of file systems.

use crate::rc_in_jail::debian;
use crate::sandbox::Sandbox;

/// What all of these jails have.
const JAIL: &str = "jail -q -c name=web path=/home/jails/web persist mount.devfs \
                    enforce_statfs=1 allow.mount";

fn machine() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/web");
    sandbox.ok("cd /home/jails/web; mkdir -p mnt new from/sub sys; echo here > from/file");
    Some(sandbox)
}

/// Runs each line in the jail, and compares what it says.
fn inside(sandbox: &Sandbox, rows: &[(&str, &str)]) {
    for (line, said) in rows {
        let done = sandbox.run(&format!("jexec web sh -c '{line}' 2>&1"));
        assert_eq!(done.stdout, *said, "{line}: {}", done.stderr);
    }
}

/// Each permission permits its type and no other; taken while the jail runs, it permits nothing
/// from then on to any process, and given again, it permits the type again.
#[test]
fn types_one_by_one() {
    let Some(sandbox) = machine() else { return };
    let types = [
        ("nullfs", "mount --bind /from /new && cat /new/file", "here\n"),
        (
            "nullfs",
            "mount -t nullfs -o ro /from /new && touch /new/a",
            "touch: /new/a: Read-only file system\n",
        ),
        ("tmpfs", "mount -t tmpfs -o size=1m x /new && touch /new/a && ls /new", "a\n"),
        ("procfs", "mount -t procfs x /new && cat /new/keys; cat /new/1/comm", "kletka\n"),
        ("procfs", "mount -t proc x /new && cat /new/1/comm", "kletka\n"),
        ("linprocfs", "mount -t linprocfs x /new && cat /new/keys; cat /new/1/comm", "kletka\n"),
        (
            "linsysfs",
            "mount -t linsysfs x /new && ls /new/firmware; ls -d /new/kernel",
            "/new/kernel\n",
        ),
        ("devfs", "mount -t devfs x /new && head -c 2 /new/zero | od -An -tx1", " 00 00\n"),
        ("fdescfs", "mount -t fdescfs x /dev/fd && echo ok", "ok\n"),
    ];
    // A process that has entered before is told no as well.
    sandbox.ok(&format!("{JAIL} allow.mount.tmpfs"));
    let refused = "mount: permission denied (are you root?)\n";
    let all = ["devfs", "fdescfs", "linprocfs", "linsysfs", "nullfs", "procfs", "tmpfs"];
    for (own, line, said) in types {
        let words: Vec<_> = all
            .iter()
            .map(|one| format!("allow.mount.{}{one}", if *one == own { "" } else { "no" }))
            .collect();
        sandbox.ok(&format!("jail -q -m name=web {}", words.join(" ")));
        inside(&sandbox, &[(line, said)]);
        sandbox.run("jexec web umount /new");
        for (other, line, _) in types {
            let aliases = ["procfs", "linprocfs"];
            if other != own && !(aliases.contains(&own) && aliases.contains(&other)) {
                let line = line.split(" && ").next().unwrap();
                inside(&sandbox, &[(line, refused)]);
            }
        }
    }
    // allow.mount itself.
    sandbox.ok("jail -q -m name=web allow.mount.tmpfs");
    inside(&sandbox, &[("mount -t tmpfs x /new && umount /new", "")]);
    let waits = "mkfifo /go; (read line < /go; mount -t tmpfs x /new; echo $?) > /said 2>&1 &";
    sandbox.ok(&format!("jexec web sh -c '{waits}'"));
    sandbox.ok("jail -q -m name=web allow.nomount");
    sandbox.ok("jexec web sh -c 'echo > /go; while ! grep -q 1 /said; do :; done'");
    inside(
        &sandbox,
        &[("cat /said", &format!("{refused}1\n")), ("mount -t tmpfs x /new", refused)],
    );
    sandbox.ok("jail -q -m name=web allow.mount");
    inside(&sandbox, &[("mount -t tmpfs x /new && echo ok", "ok\n")]);
    sandbox.ok("jail -q -r web");
    sandbox.check();
}

/// mount(8) in its other uses, by busybox.
#[test]
#[rustfmt::skip]
fn what_a_jail_does_with_its_mounts() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok(&format!("{JAIL} allow.mount.tmpfs allow.mount.nullfs allow.mount.procfs"));
    inside(&sandbox, &[
        ("mount -t tmpfs -o size=1m,mode=750,uid=5 x /new && stat -c \"%a %u\" /new",    "750 5\n"),
        ("mount -o remount,ro /new; touch /new/a",    "touch: /new/a: Read-only file system\n"),
        ("mount -o remount,rw,size=8m /new; touch /new/a; df -m /new | tail -n 1 | tr -s \" \" | cut -d \" \" -f 2", "8\n"),
        ("mount --move /new /mnt; ls /mnt",           "a\n"),
        ("mount --make-rprivate /; echo $?",          "0\n"),
        ("mount --make-shared /mnt",                  "mount: /mnt: Operation not permitted\n"),
        ("cd /mnt; umount /mnt 2>&1 | grep -o busy",  "busy\n"),
        ("cd /mnt; umount -l /mnt; ls /mnt",          ""),
        ("umount /mnt",                               "umount: can\u{27}t unmount /mnt: Invalid argument\n"),
        // A file on a file, a link on the way, and a directory that is relative.
        ("mount --bind /from/file /from/file; umount /from/file; echo $?", "0\n"),
        ("ln -s /new /link; mount -t tmpfs x /link; umount /link; echo $?", "0\n"),
        ("cd /from; mount -t tmpfs x sub; umount sub; echo $?", "0\n"),
        ("mount -t tmpfs x /nope 2>&1 | grep -o \"No such.*\"", "No such file or directory\n"),
        ("mount -t tmpfs -o nonsense x /new 2>&1 | grep -o \"Invalid.*\"", "Invalid argument\n"),
        ("chroot /from /nope; chroot / mount -t tmpfs x /new; umount /new; echo $?", "chroot: can\u{27}t execute \u{27}/nope\u{27}: No such file or directory\n0\n"),
        // Nobody is nobody.
        ("su -s /bin/sh nobody -c \"mount -t tmpfs x /new\" 2>&1 | grep -c denied; true", "1\n"),
        // All of it at once, below one that is taken away lazily.
        ("mount --rbind / /new; cat /new/proc/keys; umount /new/proc 2>&1 | grep -o \"Op.*\"; umount -l /new; ls /new", "Operation not permitted\n"),
        ("for i in 1 2 3 4 5 6 7 8 9; do mount -t tmpfs x /new; done; for i in 1 2 3 4 5 6 7 8 9; do umount /new; done; umount /new 2>/dev/null || echo none", "none\n"),
    ]);
    sandbox.ok("jail -q -r web");
    sandbox.check();
}

/// What the host has mounted can be neither unmounted, moved, changed nor uncovered.
#[test]
#[rustfmt::skip]
fn what_the_host_has_mounted_stays() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("mkdir /home/share; echo kept > /home/share/file");
    sandbox.ok(&format!("{JAIL} allow.mount.tmpfs allow.mount.nullfs allow.mount.procfs mount='/home/share /home/jails/web/mnt nullfs ro'"));
    let before = sandbox.ok("jexec web cat /proc/self/mounts");
    inside(&sandbox, &[
        ("for at in /mnt /proc /proc/keys /dev /dev/pts /; do umount -l $at 2>&1 | grep -c permitted; done", "1\n1\n1\n1\n1\n1\n"),
        ("mount -o remount,rw,bind /mnt; mount -o remount,rw /mnt; mount --move /mnt /new 2>&1 | grep -o denied", "mount: permission denied (are you root?)\nmount: permission denied (are you root?)\ndenied\n"),
        ("mount --bind / /new 2>&1 | grep -o \"Invalid.*\"", "Invalid argument\n"),
        ("mount --bind /proc /new 2>&1 | grep -o \"Invalid.*\"", "Invalid argument\n"),
        ("mount --bind /mnt /new; echo x > /new/file", "sh: can\u{27}t create /new/file: Read-only file system\n"),
        ("mount -o remount,rw,bind /new; umount /new", "mount: permission denied (are you root?)\n"),
        // Over a mount of the host's, and away again: what was there is there.
        ("mount -t tmpfs x /mnt; umount /mnt; umount /mnt 2>&1 | grep -c permitted", "1\n"),
        ("mount -t tmpfs x /proc/self/root/new 2>&1; mount -t tmpfs x /proc/1/root/mnt 2>&1", "mount: mounting x on /proc/self/root/new failed: Too many levels of symbolic links\nmount: mounting x on /proc/1/root/mnt failed: Permission denied\n"),
        ("mount -t proc x /new; umount /new/keys 2>&1 | grep -c permitted; cat /new/keys; umount /new", "1\n"),
        ("ln -s /../../../../home/share /out; mount -t tmpfs x /out", "mount: mounting x on /out failed: No such file or directory\n"),
    ]);
    assert_eq!(sandbox.ok("jexec web cat /proc/self/mounts"), before);
    assert_eq!(sandbox.ok("cat /home/share/file"), "kept\n");
    sandbox.ok("jail -q -r web");
    sandbox.check();
}

/// What init shows once more is as read-only there as where it was.
#[test]
#[rustfmt::skip]
fn what_is_shown_again_stays_as_it_is() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok(&format!("{JAIL} allow.mount.linsysfs allow.mount.procfs"));
    inside(&sandbox, &[
        ("mount -t sysfs x /new; mount -o remount,rw,bind /new; mount -o remount,rw /new; grep -o \" /new sysfs r.\" /proc/self/mounts; umount /new", " /new sysfs ro\n"),
        ("mount -t proc x /new; mount -o remount,ro,bind /new; grep -o \" /new proc r.\" /proc/self/mounts; umount /new", " /new proc ro\n"),
        ("mount -t proc x /new; mount -o remount,rw,bind /new/keys 2>&1 | grep -c denied; umount /new", "1\n"),
    ]);
    sandbox.ok("jail -q -r web");
    sandbox.check();
}

/// uname(2) is answered in namespaces inside the jail's too, and says what /proc says.
#[test]
fn the_release_in_namespaces_inside() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok(&format!("{JAIL} osrelease=14.1-RELEASE children.max=1"));
    let same = "uname -r | diff - /proc/sys/kernel/osrelease && echo same";
    let rows = ["", "unshare -U ", "unshare -U -m "].map(|inside| format!("{inside}{same}"));
    inside(&sandbox, &rows.each_ref().map(|row| (row.as_str(), "same\n")));
    sandbox.ok("jail -q -r web");
    sandbox.check();
}

/// Callers that are killed, calls without end, and a limit of processes leave init as it was.
#[test]
fn what_a_jail_does_to_init() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok(&format!("{JAIL} allow.mount.tmpfs kletka.maxproc=40"));
    let init = "ls /proc/$(pgrep -f '^kletka: web .init')/fd | wc -l";
    sandbox.ok("jexec web sh -c 'mount -t tmpfs x /new; umount /new'");
    let before = sandbox.ok(init);
    sandbox.ok("jexec web sh -c 'for i in 1 2 3 4; do (for j in 1 2 3 4 5 6 7 8 9 10; do \
         timeout -s KILL 0.01 mount -t tmpfs x /new; done) & done; wait' > /dev/null 2>&1; \
         jexec web sh -c 'while umount -l /new 2> /dev/null; do :; done'");
    // More mounts than the list has room for.
    let many = "i=0; while mount -t tmpfs x /new 2>/dev/null; do i=$((i+1)); done; echo $i";
    assert_eq!(sandbox.ok(&format!("jexec web sh -c '{many}'")), "1024\n");
    let said = sandbox.ok("jexec web sh -c 'mount -t tmpfs x /new 2>&1; umount /new; echo $?'");
    assert_eq!(said, "mount: mounting x on /new failed: No space left on device\n0\n");
    // What has ended is closed when init comes to it.
    sandbox.ok(&format!("until test $({init}) = {}; do :; done", before.trim()));
    sandbox.ok("jail -q -r web");
    sandbox.check();
}

/// Where the jail has a mount namespace of its own, it stays so.
#[test]
fn a_jail_with_jails_mounts_by_itself() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok(&format!("{JAIL} allow.mount.tmpfs children.max=2"));
    inside(&sandbox, &[("mount -t tmpfs x /new && umount /new && echo ok", "ok\n")]);
    let done = sandbox.run("jail -m name=web allow.nomount");
    let said = "allow.mount: cannot be changed while a jail runs that has children.max or the host's user ids: restart the jail";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    sandbox.ok("jail -q -r web");
    sandbox.check();
}

/// A file system of the jail's own that never answers takes a call ten seconds, and neither init
/// nor any other caller longer. When it ends, nothing is left of the call.
#[test]
fn a_file_system_that_hangs() {
    let Some(sandbox) = machine() else { return };
    if sandbox.run("test -c /dev/fuse").status != 0 {
        return eprintln!("skipped: allow_mount::a_file_system_that_hangs: no /dev/fuse");
    }
    sandbox.write(
        "/etc/devfs.rules",
        "[fuse=20]\nadd include $devfsrules_hide_all\nadd include $devfsrules_unhide_basic\n\
         add path fuse unhide\n",
    );
    sandbox.ok(&format!("{JAIL} devfs_ruleset=20 allow.mount.tmpfs allow.mount.fusefs"));
    // linux/fuse.h: FUSE_INIT is answered with `struct fuse_out_header`, which has the request's
    // number, and `struct fuse_init_out` of version 7.31. The request after that is read, and gets
    // no answer: the kernel waits for that whatever signal comes.
    let server = "\
exec 3<>/dev/fuse
mount -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 hangs /mnt || exit
dd bs=1M count=1 <&3 > /from/request
{ printf '\\120\\0\\0\\0\\0\\0\\0\\0'; dd bs=1 skip=8 count=8 < /from/request
printf '\\7\\0\\0\\0\\37\\0\\0\\0'; dd bs=1 count=56 < /dev/zero; } > /from/answer
dd bs=80 count=1 < /from/answer >&3
dd bs=1M count=1 <&3 > /dev/null
echo asked > /from/state
sleep 1000
";
    sandbox.write("/home/jails/web/server", server);
    sandbox.ok("jexec web sh -c 'exec sh /server' > /tmp/server 2>&1 & \
                until jexec web grep -q hangs /proc/self/mounts; do :; done");
    sandbox.ok("jexec web sh -c 'mount -t tmpfs x /mnt/x; echo $?' > /tmp/hung 2>&1 & \
                until test -e /home/jails/web/from/state; do :; done");
    // Init does what it is told meanwhile, and a caller comes to its turn.
    sandbox.ok("jail -q -m name=web host.hostname=obeys");
    assert_eq!(sandbox.ok("cat /tmp/hung; jexec web hostname"), "obeys\n");
    inside(&sandbox, &[("mount -t tmpfs x /new && umount /new && echo ok", "ok\n")]);
    let hung = "mount: mounting x on /mnt/x failed: Interrupted system call\n255\n";
    assert_eq!(sandbox.ok("until grep -q 255 /tmp/hung; do :; done; cat /tmp/hung"), hung);
    sandbox.ok("jail -q -r web");
    sandbox.check();
}

/// The mount programs of Debian and kletka's own, and file systems that a program in the jail
/// serves: root's, and a user's by the set-user-ID program.
#[test]
#[rustfmt::skip]
fn programs_of_debian() {
    let Some(sandbox) = Sandbox::new() else { return };
    let Some(()) = debian("mounts-test", "fuse3,mount,openssh-server,squashfs-tools,squashfuse,sshfs") else { return };
    // The bases of all tests know each root that was made, by its path.
    sandbox.ok("kletka bootstrap --root /home/jails/mounts mounts-test");
    let jail = JAIL.replace("/home/jails/web", "/home/jails/mounts");
    sandbox.write("/etc/devfs.rules", "[fuse=20]\nadd include $devfsrules_hide_all\nadd include $devfsrules_unhide_basic\nadd include $devfsrules_unhide_login\nadd path fuse unhide mode 666\n");
    let types = "allow.mount.tmpfs allow.mount.nullfs allow.mount.procfs allow.mount.devfs allow.mount.fusefs";
    sandbox.ok(&format!("{jail} vnet devfs_ruleset=20 {types}"));
    sandbox.ok("jexec web sh -c 'mkdir -p /new /mnt/u /from/sub; echo here > /from/file; ln -sf /proc/self/mounts /etc/mtab; chown nobody /mnt/u'");
    inside(&sandbox, &[
        ("mount -t tmpfs -o size=1m,ro none /new && findmnt -no FSTYPE,SOURCE /new && umount /new", "tmpfs  none\n"),
        ("mount --bind /from /new && mount -o remount,bind,ro /new; touch /new/a; umount /new", "touch: cannot touch \u{27}/new/a\u{27}: Read-only file system\n"),
        ("mount --rbind /from /new && cat /new/file && mount --make-rprivate /new && umount -l /new", "here\n"),
        ("mount -t proc proc /new && cat /new/keys && cat /new/1/comm && umount /new", "kletka\n"),
        ("mount -t tmpfs x /new && mount --move /new /from/sub && umount /from/sub && echo ok", "ok\n"),
        ("mount -t ext4 /dev/null /new 2>&1 | grep -o \"permission denied\"", "permission denied\n"),
        ("umount /proc 2>&1 | grep -o \"must be superuser\"", "must be superuser\n"),
        ("/run/kletka/bin/mount -t nullfs -o ro /from /new && cat /new/file && /run/kletka/bin/umount /new", "here\n"),
        ("/run/kletka/bin/mount_nullfs /from /new && cat /new/file && /run/kletka/bin/umount /new", "here\n"),
        ("/run/kletka/bin/mount -t tmpfs -o size=1m x /new && /run/kletka/bin/umount /new && echo ok", "ok\n"),
    ]);
    if sandbox.run("test -c /dev/fuse").status != 0 {
        eprintln!("skipped: allow_mount::programs_of_debian: FUSE: no /dev/fuse");
    } else {
        inside(&sandbox, &[
            ("mksquashfs /from /tmp/image > /dev/null && squashfuse /tmp/image /new && cat /new/file && findmnt -no FSTYPE /new && umount /new", "here\nfuse.squashfuse\n"),
            ("su -s /bin/sh nobody -c \"squashfuse /tmp/image /mnt/u && cat /mnt/u/file && fusermount3 -u /mnt/u && ls /mnt/u\"", "here\n"),
        ]);
        // Its files come from a server in the jail, over the jail's own network.
        sandbox.ok("jexec web sh -c 'mkdir -p /run/sshd /root/.ssh; ssh-keygen -A; ssh-keygen -q -t ed25519 -N \"\" -f /root/.ssh/id; cp /root/.ssh/id.pub /root/.ssh/authorized_keys; /usr/sbin/sshd' > /dev/null");
        inside(&sandbox, &[
            ("sshfs -o StrictHostKeyChecking=no,UserKnownHostsFile=/dev/null,LogLevel=ERROR,IdentityFile=/root/.ssh/id 127.0.0.1:/from /new && cat /new/file && echo there > /new/new && cat /from/new && findmnt -no FSTYPE /new && fusermount3 -u /new && ls /new", "here\nthere\nfuse.sshfs\n"),
        ]);
        sandbox.ok("jail -q -m name=web allow.mount.nofusefs");
        inside(&sandbox, &[("squashfuse /tmp/image /new 2>&1 | grep -o \"Operation not permitted\"", "Operation not permitted\n")]);
    }
    sandbox.ok("jail -q -r web");
    sandbox.check();
}
