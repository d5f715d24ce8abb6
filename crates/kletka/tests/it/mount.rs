//! mount(8) and umount(8), as hooks run them.

use crate::sandbox::Sandbox;

/// Runs each line, and compares its exit status and its output. The last word of a row is standard
/// output followed by standard error.
fn session(sandbox: &Sandbox, rows: &[(&str, i32, &str)]) {
    for (line, status, said) in rows {
        let done = sandbox.run(line);
        let got = (done.status, format!("{}{}", done.stdout, done.stderr));
        assert_eq!(got, (*status, (*said).to_owned()), "{line}");
    }
}

#[test]
#[rustfmt::skip]
fn nullfs_and_tmpfs() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("mkdir -p '/home/src/sub' /home/at/a /home/at/t; echo hello > /home/src/file; chmod 1751 /home/at/t; chown 5:6 /home/at/t");
    session(&sandbox, &[
        ("mount -t nullfs -o ro /home/src /home/at/a",       0, ""),
        ("cat /home/at/a/file",                              0, "hello\n"),
        ("touch /home/at/a/file 2>&1 | grep -o 'Read-only.*'", 0, "Read-only file system\n"),
        ("touch /home/src/file",                         0, ""), // the source stays writable
        ("mount -t nullfs | grep /home",                   0, "/home/src on /home/at/a (nullfs, local, read-only)\n"),
        ("umount /home/at/a/",                               0, ""),
        ("mount -t nullfs -o rw,nosuid,noexec /home/src /home/at/a; mount -t nullfs | grep /home", 0,
                                                            "/home/src on /home/at/a (nullfs, local, noexec, nosuid)\n"),
        ("mount -p | grep ^/home; mount -v | grep -c '^/home/src on /home/at/a (nullfs, local, noexec, nosuid, fsid [0-9a-f]*)$'", 0,
                                                            "/home/src\t\t/home/at/a\t\tnullfs\trw,noexec,nosuid \t0 0\n1\n"),
        // What -p prints is a file for -F.
        ("mount -p | grep ^/home > /tmp/fstab; umount /home/at/a; mount -v -F /tmp/fstab -a | grep -o '.* on [^ ]*'", 0, "/home/src on /home/at/a\n"),
        ("umount -t nullfs /home/at/a",                      0, ""),
        ("mount_nullfs -o ro,noatime /home/src /home/at/a; mount -t nullfs | grep /home; umount /home/at/a", 0,
                                                            "/home/src on /home/at/a (nullfs, local, noatime, read-only)\n"),
        ("mount_nullfs -t tmpfs /home/src /home/at/a",       1, "mount_nullfs: illegal option -- t\nusage: mount_nullfs [-o options] target mount-point\n"),
        // The root directory of a tmpfs has the owner and mode of the directory that it covers. The
        // limit of size holds.
        ("mount -t tmpfs -o size=1m tmpfs /home/at/t",       0, ""),
        ("stat -c '%a %u %g' /home/at/t",                    0, "1751 5 6\n"),
        ("head -c 2m /dev/zero 2>/dev/null > /home/at/t/x || stat -c %s /home/at/t/x", 0, "1048576\n"),
        ("umount -t nullfs /home/at/t",                      1, "umount: /home/at/t: is tmpfs, not nullfs\n"),
        ("umount -v /home/at/t",                             0, "tmpfs: unmount from /home/at/t\n"),
        ("mount -t tmpfs -o mode=700,uid=7,gid=8 x /home/at/t; stat -c '%a %u %g' /home/at/t; umount /home/at/t", 0, "700 7 8\n"),
    ]);
}

#[test]
#[rustfmt::skip]
fn nothing_is_mounted_by_a_command_that_fails() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("mkdir -p /home/src /home/at/a; touch /home/at/file");
    sandbox.write("/home/fstab", "/home/src /home/at/a nullfs rw\n/home/src /home/at/nope nullfs rw\n");
    sandbox.write("/home/fstab.short", "/home/src /home/at/a nullfs rw\n/home/src\n");
    session(&sandbox, &[
        ("mount -t nullfs /nope /home/at/a",            1, "mount: /nope: No such file or directory\n"),
        ("mount -t nullfs /home/src /home/at/nope",     1, "mount: /home/at/nope: No such file or directory\n"),
        ("mount -t nullfs /home/src /home/at/file",     1, "mount: /home/at/file: Not a directory\n"),
        ("mount -t nullfs /home/at/file /home/at/a",        1, "mount: /home/at/a: Is a directory\n"),
        ("mount -t nullfs -o union /home/src /home/at/a", 1, "mount: union: mount option not supported for nullfs; leave it out\n"),
        ("mount -t tmpfs -o size=big x /home/at/a",     1, "mount: size=big: invalid value\n"),
        ("mount -t ufs /dev/da0 /home/at/a",            1, "mount: ufs: file system not supported; mount it by Linux's mount(8), and show it to a jail by nullfs\n"),
        ("mount -u /home/at/a",                         1, "mount: -u: not supported\n"),
        ("mount --bind /home/src /home/at/a",       1, "mount: --bind: no such option\nusage: mount [-pv] [-t nullfs | tmpfs]\n       mount [-rvw] [-o options] -t nullfs | tmpfs special node\n       mount -a [-lv] [-F fstab] [-t nullfs | tmpfs]\n"),
        ("umount -A",                               1, "umount: -A: not supported\n"),
        ("mount -a -F /home/fstab",                 1, "mount: /home/fstab:2: /home/at/nope: No such file or directory\n"),
        ("mount -a -F /home/fstab.short",           1, "mount: /home/fstab.short:2: /home/src: missing information; a line is SOURCE MOUNTPOINT TYPE OPTIONS\n"),
        ("mount -a -F /nope",                       1, "mount: /nope: No such file or directory\n"),
        ("umount /home/at/a",                           1, "umount: /home/at/a: not a file system root directory\n"),
        ("umount /nope",                            1, "umount: /nope: statfs: No such file or directory\numount: /nope: unknown file system\n"),
        ("mount -t nullfs | grep /home",            1, ""),
    ]);
}

#[test]
#[rustfmt::skip]
fn an_fstab() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("mkdir -p '/home/my files/deep' /home/at/a /home/at/late /home/at/never");
    sandbox.write("/home/fstab", "\
# what the hooks of a jail mount
/home/my\\040files  /home/at/a      nullfs  rw          0 0
tmpfs              /home/at/a/deep tmpfs   rw,size=1m,mode=755  # on the one above
/home/my\\040files  /home/at/late   nullfs  ro,late
/home/my\\040files  /home/at/never  nullfs  ro,noauto
");
    session(&sandbox, &[
        ("mount -a -F /home/fstab",  0, ""),
        ("mount | grep ' on /home/at/'", 0, "/home/my files on /home/at/a (nullfs, local)\ntmpfs on /home/at/a/deep (tmpfs, local)\n"),
        ("mount -al -F /home/fstab", 0, ""), // what is mounted stays as it is
        ("mount | grep ' on /home/at/'", 0, "/home/my files on /home/at/a (nullfs, local)\ntmpfs on /home/at/a/deep (tmpfs, local)\n/home/my files on /home/at/late (nullfs, local, read-only)\n"),
        ("umount /home/at/a",            1, "umount: unmount of /home/at/a failed: Device busy\n"),
        ("umount /home/at/late /home/at/a/deep /home/at/a", 0, ""),
        ("mount -a -F /home/fstab; cd /home/at/a; umount -f /home/at/a; ls /home/at/a", 0, ""), // in use, and gone
    ]);
}

#[test]
#[rustfmt::skip]
fn what_the_host_mounts_appears_in_a_jail_that_runs() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/a");
    sandbox.ok("mkdir -p /home/src/deep /home/a/mnt/d /home/a/mnt/t; echo hello > /home/src/file; chown 5:6 /home/a/mnt/t; jail -qc name=a path=/home/a persist");
    sandbox.write("/home/fstab", "/home/src /home/a/mnt/d nullfs ro\ntmpfs /home/a/mnt/d/deep tmpfs rw,size=1m\n");
    session(&sandbox, &[
        ("mount -t nullfs -o ro /home/src /home/a/mnt/d; jexec a cat /mnt/d/file",   0, "hello\n"),
        ("jexec a touch /mnt/d/file 2>&1 | grep -o 'Read-only.*'",       0, "Read-only file system\n"),
        ("umount /home/a/mnt/d; jexec a ls -A /mnt/d",                   0, ""),
        ("mount | grep -c /home/a",                                      1, "0\n"),
        // The ids are the jail's own.
        ("mount -t tmpfs -o size=1m x /home/a/mnt/t; jexec a stat -c '%u %g' /mnt/t; jexec a touch /mnt/t/new; stat -c %u /home/a/mnt/t/new; umount /home/a/mnt/t; jexec a ls /mnt/t", 0, "5 6\n0\n"),
        ("cd /home/a/mnt; mount_nullfs ../../src d; jexec a cat /mnt/d/file; umount /home/a/mnt/d", 0, "hello\n"),
        ("mount -F /home/fstab -a; jexec a cat /mnt/d/file; jexec a stat -f -c %b /mnt/d/deep; umount -F /home/fstab -a; jexec a ls -A /mnt/d", 0, "hello\n256\n"),
        // Nobody loses what is in use, neither on the host nor in the jail.
        ("mount -t nullfs /home/src /home/a/mnt/d; jexec a sh -c 'cd /mnt/d; echo ready > /tmp/ready; exec sleep 1000' & until test -s /home/a/tmp/ready; do :; done; umount /home/a/mnt/d", 1, "umount: unmount of /home/a/mnt/d failed: Device busy\n"),
        ("mount | grep -c /home/a; jexec a cat /mnt/d/file; umount -f /home/a/mnt/d; jexec a ls -A /mnt/d; mount | grep -c /home/a", 1, "1\nhello\n0\n"),
        // What the host has mounted stays when the jail ends, as on FreeBSD.
        ("mount -t nullfs /home/src /home/a/mnt/d; jail -qr a; cat /home/a/mnt/d/file; umount /home/a/mnt/d", 0, "hello\n"),
        // What was mounted before the jail was started leaves it.
        ("mount -t nullfs /home/src /home/a/mnt/d; jail -qc name=a path=/home/a persist; jexec a cat /mnt/d/file; umount /home/a/mnt/d; jexec a ls -A /mnt/d; jail -r a", 0, "hello\n"),
    ]);
}

#[test]
#[rustfmt::skip]
fn no_link_of_a_jail_leads_a_mount_away() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/a");
    sandbox.ok("mkdir -p /home/src /home/else /home/a/mnt/d; jail -qc name=a path=/home/a persist; jexec a ln -s /home/else /mnt/link; jexec a ln -s ../../else /mnt/up");
    session(&sandbox, &[
        ("mount -t nullfs /home/src /home/a/mnt/link", 1, "mount: /home/a/mnt/link: /home/a/mnt/link is a symbolic link in a jail's root, and could lead anywhere; name what it leads to\n"),
        ("mount -t tmpfs x /home/a/mnt/up",            1, "mount: /home/a/mnt/up: /home/a/mnt/up is a symbolic link in a jail's root, and could lead anywhere; name what it leads to\n"),
        ("mount -t nullfs /home/a/mnt/link /home/src", 1, "mount: /home/a/mnt/link: /home/a/mnt/link is a symbolic link in a jail's root, and could lead anywhere; name what it leads to\n"),
        ("mount | grep -c 'on /home/'",                      1, "0\n"),
        // A link of the host's administrator is followed.
        ("ln -s /home/a /home/link; mount -t nullfs /home/src /home/link/mnt/d; mount | grep -o 'on /home/[^ ]*'; umount /home/link/mnt/d; jail -r a", 0, "on /home/a/mnt/d\n"),
    ]);
}

#[test]
#[rustfmt::skip]
fn a_jail_that_may_mount_gets_none_of_the_hosts() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/a");
    sandbox.ok("mkdir -p /home/src /home/a/mnt/d; jail -qc name=a path=/home/a allow.mount allow.mount.tmpfs enforce_statfs=1 persist");
    session(&sandbox, &[
        ("mount -t nullfs /home/src /home/a/mnt/d", 0, "mount: /home/a/mnt/d: jail a has allow.mount and does not see it until its next start\n"),
        ("umount /home/a/mnt/d",                    0, ""),
        // What it was started with stays in it.
        ("jail -qr a; mount -t nullfs /home/src /home/a/mnt/d; jail -qc name=a path=/home/a allow.mount allow.mount.tmpfs enforce_statfs=1 persist; umount /home/a/mnt/d; jail -r a", 0,
            "umount: /home/a/mnt/d: jail a has allow.mount and keeps it until its end\n"),
    ]);
}

#[test]
#[rustfmt::skip]
fn hooks_mount_into_the_jail_that_is_being_started() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/a");
    sandbox.ok("mkdir -p /home/src /home/a/mnt/c /home/a/mnt/p; echo hello > /home/src/file");
    sandbox.write("/etc/jail.conf", "\
a { path = /home/a; persist;
    exec.created = 'mount -t nullfs -o ro /home/src /home/a/mnt/c';
    exec.start = '/bin/cat /mnt/c/file';
    exec.poststart = 'mount -t nullfs -o ro /home/src /home/a/mnt/p';
    exec.prestop = 'umount /home/a/mnt/p'; exec.poststop = 'umount /home/a/mnt/c'; }
");
    session(&sandbox, &[
        ("jail -qc a; jexec a cat /mnt/p/file", 0, "hello\nhello\n"),
        ("jail -r a; mount | grep -c /home/a",  1, "a: removed\n0\n"),
    ]);
}
