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
