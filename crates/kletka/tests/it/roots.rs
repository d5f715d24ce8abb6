//! Roots of every kind: what a jail's root directory may lie on.

use crate::sandbox::Sandbox;

/// In a jail at `path`: root writes, chowns and reads back; on disk the ids are the jail's.
#[track_caller]
fn works(sandbox: &Sandbox, path: &str) {
    let inside = "id -u; touch /tmp/mine; chown 33:34 /tmp/mine; stat -c %u:%g /tmp/mine /bin/busybox; \
                  mkdir /tmp/dir; mv /tmp/mine /tmp/dir/it; ln /tmp/dir/it /tmp/link; rm /tmp/link";
    let said = sandbox.ok(&format!("jail -c path={path} mount.devfs command=sh -c '{inside}'"));
    assert_eq!(said, "0\n33:34\n0:0\n", "{path}");
    let on_disk = sandbox
        .ok(&format!("stat -c %u:%g {path}/tmp/dir {path}/tmp/dir/it; rm -r {path}/tmp/dir"));
    assert_eq!(on_disk, "0:0\n33:34\n", "{path}");
}

#[test]
fn memory() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    works(&sandbox, "/home/jails/web");
}

#[test]
fn an_overlay() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/base");
    sandbox.ok("mkdir -p /home/more/etc /home/thin/upper /home/thin/work /home/jails/thin; \
                echo more > /home/more/etc/more; chown 5 /home/more/etc/more");
    sandbox.ok(
        "/bin/mount -t overlay -o \
         lowerdir=/home/more:/home/base,upperdir=/home/thin/upper,workdir=/home/thin/work overlay /home/jails/thin",
    );
    works(&sandbox, "/home/jails/thin");
    // A file of a lower layer is copied up with the owner it has.
    let said = sandbox.ok("jail -c path=/home/jails/thin command=sh -c 'cat /etc/more; echo new > /etc/more; rm /etc/group; ls /etc'");
    assert_eq!(said, "more\nmore\npasswd\n");
    assert_eq!(
        sandbox.ok("stat -c %u /home/thin/upper/etc/more; cat /home/more/etc/more"),
        "5\nmore\n"
    );
    // A directory of an overlay is a root too.
    let said = sandbox.ok("jail -c path=/home/jails/thin/bin command=/busybox id -u");
    assert_eq!(said, "0\n");
    sandbox.ok("umount /home/jails/thin");
}

#[test]
fn a_disk() {
    let Some(sandbox) = Sandbox::new() else { return };
    for (kind, size) in [("ext4", "32M"), ("xfs", "320M"), ("btrfs", "128M")] {
        if sandbox.run(&format!("command -v mkfs.{kind}")).status != 0 {
            eprintln!("skipped: roots::a_disk: no mkfs.{kind}");
            continue;
        }
        sandbox.ok("mkdir -p /home/disk");
        sandbox.ok(&format!(
            "truncate -s {size} /home/image && mkfs.{kind} -q /home/image && /bin/mount -o loop /home/image /home/disk"
        ));
        sandbox.root("/home/disk/jail");
        works(&sandbox, "/home/disk/jail");
        sandbox.ok("/bin/umount /home/disk && rm /home/image");
    }
}
