//! A jail that serves NFS: `allow.nfsd`. The server is in the kernel, and its programs are
//! Debian's. The client is the machine itself, at the other end of an epair.

use std::fs;

use crate::it::session::check;
use crate::sandbox::Sandbox;

/// The section that other lines of a configuration complete. The jail's programs are the host's.
const NFS: &str = r#"
path = /home/jails/nfs; persist; mount.devfs; host.hostname = nfs;
mount = "/usr /home/jails/nfs/usr nullfs ro 0 0", "/home/other /home/jails/nfs/mnt nullfs rw 0 0";
nfs {
    vnet; allow.nfsd; kletka.userns = inherit;
    exec.prestart = "ifconfig epair0 create > /dev/null";
    vnet.interface = epair0b;
    exec.poststop = "ifconfig epair0a destroy";
    exec.start = "ifconfig epair0b 10.0.0.2/24 up";
    exec.start += "exportfs -r", "rpc.nfsd -V 4 -N 3 -G 10 -L 10 1", "rpc.mountd -N 2 -N 3";
}
"#;

/// A machine with a root that is a file system of its own, and another directory of the host.
fn machine() -> Option<Sandbox> {
    let sandbox = crate::sandbox()?;
    sandbox.ok(
        "truncate -s 32M /home/disk && mke2fs -q -t ext4 /home/disk && mkdir -m 700 /home/jails && \
         mkdir -p /home/jails/nfs /home/other && /bin/mount -o loop /home/disk /home/jails/nfs",
    );
    sandbox.ok("cd /home/jails/nfs && mkdir usr etc proc sys dev run tmp mnt srv && \
         mkdir -p var/lib/nfs/sm && for it in bin sbin lib lib64; do ln -s usr/$it $it; done && \
         cp /etc/passwd /etc/group /etc/netconfig /etc/protocols /etc/services /etc/rpc etc");
    sandbox.write("/home/jails/nfs/srv/page", "the jail's\n");
    sandbox.write("/home/other/page", "the host's\n");
    sandbox.write(
        "/home/jails/nfs/etc/exports",
        "/srv 10.0.0.1(rw,no_root_squash,no_subtree_check,fsid=1)\n",
    );
    sandbox.write("/etc/jail.conf", NFS);
    Some(sandbox)
}

/// How many threads of NFS servers the kernel has: no process of a sandbox sees one.
fn servers() -> usize {
    let names = fs::read_dir("/proc").unwrap().flatten();
    let names = names.filter_map(|it| fs::read_to_string(it.path().join("comm")).ok());
    names.filter(|name| name == "nfsd\n").count()
}

#[test]
fn a_jail_serves_its_root() {
    let Some(sandbox) = machine() else { return };
    check(
        &sandbox,
        "\
$ jail -q -c nfs 2> /dev/null && jls -j nfs -n allow.nfsd kletka.userns
allow.nfsd kletka.userns=inherit
$ jexec nfs cat /proc/fs/nfsd/threads
1
$ ifconfig epair0a 10.0.0.1/24 up; mkdir /mnt/c; /bin/mount -t nfs -o vers=4.2,soft 10.0.0.2:/srv /mnt/c
$ cat /mnt/c/page; echo client > /mnt/c/new; /bin/umount /mnt/c; cat /home/jails/nfs/srv/new
the jail's
client
",
    );
    // What is not the jail's own is served to nobody: not a directory of the host, not kletka's
    // programs.
    check(
        &sandbox,
        "\
$ for it in /mnt /usr/bin /run/kletka; do jexec nfs exportfs -o fsid=2,rw,no_subtree_check 10.0.0.1:$it; done
exportfs: /mnt does not support NFS export
exportfs: /usr/bin does not support NFS export
exportfs: /run/kletka does not support NFS export
[1]
$ for it in /mnt /usr/bin /run/kletka; do /bin/mount -t nfs -o vers=4.2,soft,retry=0 10.0.0.2:$it /mnt/c 2>&1 | grep -o 'No such file.*'; done; ls /mnt/c
No such file or directory
No such file or directory
No such file or directory
$ jexec nfs /bin/mount -t nfsd nfsd /mnt 2>&1 | head -n 1
mount: /mnt: permission denied.
$ jail -m name=nfs allow.nonfsd; jail -m name=nfs mount='/home/other /home/jails/nfs/tmp nullfs ro 0 0'
jail: allow.nfsd cannot be changed after creation; stop the jail, and start it with the new value
jail: mount cannot be changed after creation; stop the jail, and start it with the new value
[1]
$ jail -q -r nfs; until /bin/umount /home/jails/nfs 2> /dev/null; do :; done; ls /home/jails/nfs
",
    );
    assert_eq!(servers(), 0);
}

#[test]
fn an_init_that_is_killed_takes_the_server_along() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("jail -q -c nfs");
    assert_eq!(servers(), 1);
    check(
        &sandbox,
        "\
$ kill -KILL $(/bin/ps -e -o pid=,args= | awk '/kletka: nfs .init]/ && !/awk/ { print $1 }')
$ until /bin/umount /home/jails/nfs 2> /dev/null; do :; done; jls name; ifconfig -l
lo0
",
    );
    assert_eq!(servers(), 0);
    sandbox.ok("jail -q -C nfs || :");
}

#[test]
fn what_such_a_jail_needs() {
    let Some(sandbox) = machine() else { return };
    check(
        &sandbox,
        "\
$ jail -q -c name=a path=/home/jails/nfs persist vnet allow.nfsd
jail: allow.nfsd: the kernel serves no id-mapped files, and only in a network of the host's users: add kletka.userns=inherit, or run the server on the host
[1]
$ jail -q -c name=a path=/home/jails/nfs persist ip4=inherit allow.nfsd kletka.userns=inherit
jail: allow.nfsd: the NFS server is that of a network stack: use vnet, or run the server on the host
[1]
$ jail -q -c name=a path=/home/jails persist vnet allow.nfsd kletka.userns=inherit 2>&1 | grep -v root
jail: path /home/jails: not a file system mount point; with allow.nfsd clients may reach all of the file system: mount one there that is the jail's alone
$ /bin/mount --bind /home/jails /home/jails; jail -q -c name=a path=/home/jails persist vnet allow.nfsd kletka.userns=inherit 2>&1 | grep -v root; /bin/umount /home/jails
jail: path /home/jails: not a file system mount point; with allow.nfsd clients may reach all of the file system: mount one there that is the jail's alone
$ jail -q -c name=a path=/ persist vnet mount.devfs allow.nfsd kletka.userns=inherit 2>&1 | grep -v root
jail: path /: not a file system mount point; with allow.nfsd clients may reach all of the file system: mount one there that is the jail's alone
$ jls name; /bin/umount /home/jails/nfs
",
    );
}
