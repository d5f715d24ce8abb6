//! Roots of every kind: the file systems that a jail's root directory may lie on.

use crate::record::CLEARED;
use crate::sandbox::Sandbox;
use crate::session::freebsds;

/// Has root write files and change owners in a jail at `path`. On disk the ids are those that the
/// jail sees.
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
    // A file of a lower layer keeps its owner when it is copied up.
    let said = sandbox.ok("jail -c path=/home/jails/thin command=sh -c 'cat /etc/more; echo new > /etc/more; rm /etc/group; ls /etc'");
    assert_eq!(said, "more\nmore\npasswd\n");
    assert_eq!(
        sandbox.ok("stat -c %u /home/thin/upper/etc/more; cat /home/more/etc/more"),
        "5\nmore\n"
    );
    // A directory below an overlay can be a root, too.
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

/// Every file system that an fstab(5) may name is mounted in a jail.
#[test]
fn file_systems_of_fstab() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.ok("cd /home/jails/web; mkdir -p sys compat/proc compat/sys disk over mnt; cd /home; \
                mkdir -p lower upper work; echo low > lower/low; chown 5 lower/low");
    let disk = sandbox.run("command -v mkfs.ext4").status == 0;
    if disk {
        sandbox.ok("truncate -s 16M image && mkfs.ext4 -q -E root_owner=7:7 image && losetup -f --show image > loop");
    } else {
        eprintln!("skipped: roots::file_systems_of_fstab: no mkfs.ext4");
    }
    let device = if disk { sandbox.ok("cat loop").trim().to_owned() } else { String::new() };
    let disk_line =
        if disk { format!("{device} /home/jails/web/disk ext2fs ro 0 0\n") } else { String::new() };
    sandbox.write(
        "/etc/fstab.web",
        format!(
            "proc /home/jails/web/proc procfs rw 0 0
linproc /home/jails/web/compat/proc linprocfs rw 0 0
linsys /home/jails/web/compat/sys linsysfs rw,late 0 0
devfs /home/jails/web/dev devfs rw 0 0
fdesc /home/jails/web/dev/fd fdescfs rw 0 0
over /home/jails/web/over overlay lowerdir=/home/lower,upperdir=/home/upper,workdir=/home/work 0 0
{disk_line}"
        ),
    );
    sandbox.write(
        "/etc/jail.conf",
        "web { path = /home/jails/web; persist; vnet; mount.fstab = /etc/fstab.web; }\n",
    );
    sandbox.ok("jail -q -c web");
    if disk {
        // The loop device can be detached as soon as nothing has it mounted any more.
        sandbox.ok(&format!("losetup -d {device}"));
    }
    // The driver of bonds has a file beside the interfaces.
    let inside = "cat /compat/proc/self/comm; ls /compat/sys/class/net | grep -v bonding; head -c 3 /dev/zero | wc -c; \
                  cat /over/low; echo up > /over/up; stat -c %u /over/low /over/up; touch /compat/sys/x";
    let done = sandbox.run(&format!("jexec web sh -c '{inside}' 2>&1"));
    assert_eq!(done.stdout, "cat\nlo\n3\nlow\n5\n0\ntouch: /compat/sys/x: Read-only file system\n");
    assert_eq!(sandbox.ok("stat -c %u /home/upper/up"), "0\n");
    if disk {
        assert_eq!(sandbox.ok("jexec web stat -c %u /disk"), "7\n");
        let done = sandbox.run("jexec web touch /disk/x 2>&1");
        assert_eq!(done.stdout, "touch: /disk/x: Read-only file system\n");
    }
    sandbox.ok("jail -q -r web");
    for (line, said) in [
        ("x /home/jails/web/mnt devfs rw", "jail: mount: /mnt: /dev alone has this file system\n"),
        (
            "/dev/null /home/jails/web/mnt ext4 rw",
            "jail: mount: /dev/null: Block device required\n",
        ),
        (
            "/nowhere /home/jails/web/mnt ext4 rw",
            "jail: mount: /nowhere: No such file or directory; make it, or correct the line\n",
        ),
    ] {
        let line = format!("jail -c path=/home/jails/web 'mount={line}' command=true");
        let done = sandbox.run(&line);
        assert_eq!((done.stderr.as_str(), done.status), (said, 1), "{line}");
    }
}

/// An fstab(5) mounts a read-only base on the jail's own directory, as in FreeBSD's handbook, "Thin
/// Jails using NullFS".
#[test]
fn a_base_by_nullfs() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/base");
    sandbox.ok("mkdir -p /home/base/data /home/jails/thin /home/data; chown 5 /home/data; chmod 1777 /home/base/tmp");
    sandbox.write(
        "/etc/fstab.thin",
        "/home/base /home/jails/thin/ nullfs ro 0 0\n\
         /home/data /home/jails/thin/data nullfs rw 0 0\n\
         tmpfs /home/jails/thin/tmp tmpfs rw 0 0\n",
    );
    let inside = "touch /x; stat -c %u /data; touch /data/mine; stat -c %a:%u /tmp; id -u";
    let done = sandbox.run(&format!(
        "jail -c path=/home/jails/thin mount.fstab=/etc/fstab.thin mount.devfs command=sh -c '{inside}' 2>&1"
    ));
    assert_eq!(done.stdout, "touch: /x: Read-only file system\n5\n1777:0\n0\n");
    assert_eq!(sandbox.ok("stat -c %u /home/data/mine; ls -A /home/jails/thin"), "0\n");
}

/// A machine with a base, a directory in the base for a union, and a jail with this fstab(5).
fn with_union(line: &str) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/web");
    sandbox
        .ok("cd /home/jails/web; mkdir u; echo low > u/low; chown 5:6 u/low; echo gone > u/gone; \
                mkdir /home/upper; echo over > /home/upper/over");
    sandbox.write("/etc/fstab.web", format!("{line}\n"));
    sandbox.write(
        "/etc/jail.conf",
        "path = /home/jails/web; mount.fstab = /etc/fstab.web; persist;\n\
         web { }\nother { }\nfailing { exec.start = false; }\n",
    );
    Some(sandbox)
}

/// Commands for the jail `web`: they read a file of each layer, make a file, change one and remove
/// one.
const UNION: &str =
    "cd /u; cat low over; echo more >> low; echo new > new; rm gone; stat -c %n:%u:%g *";

#[test]
fn a_union() {
    let Some(sandbox) = with_union("/home/upper /home/jails/web/u unionfs rw,noatime 0 0") else {
        return;
    };
    let plan = sandbox.ok("jail --plan -c web | grep 'unionfs of'");
    let want = "mount: /u: unionfs of /home/upper over what lies there, with a .kletka-work beside that directory while \
                the jail runs, noatime\n";
    assert_eq!(plan.trim_start(), want);
    sandbox.ok("jail -q -c web");
    let said = sandbox.ok(&format!("jexec web sh -c '{UNION}'"));
    assert_eq!(said, "low\nover\nlow:5:6\nnew:0:0\nover:0:0\n");
    assert_eq!(
        sandbox.ok("cd /home/upper; stat -c %n:%u:%g:%F *; cat /home/jails/web/u/low"),
        "gone:0:0:character special file\nlow:5:6:regular file\nnew:0:0:regular file\nover:0:0:regular file\nlow\n"
    );
    assert_eq!(sandbox.ok("ls -A /home"), ".upper.kletka-work\njails\nupper\n");
    let done = sandbox.run("jail -q -c other");
    let taken = "jail: other: /home/.upper.kletka-work: in use by a unionfs of jail \"web\"\n";
    assert_eq!((done.stderr.as_str(), done.status), (taken, 1));
    sandbox.ok("jail -q -r web");
    assert_eq!(sandbox.ok("ls -A /home"), "jails\nupper\n");
    // The next start sees what was written and what was removed.
    assert_eq!(sandbox.ok("jail -q -c web; jexec web sh -c 'cd /u; echo *'"), "low new over\n");
    // The jail ends without jail(8): the next command that stops or starts jails clears what is
    // left.
    sandbox.ok("kill -9 $(sed -n 's/^init=\\([0-9]*\\) .*/\\1/p' /run/kletka/jails/*)");
    sandbox.ok(CLEARED);
    assert_eq!(sandbox.ok("ls -A /home"), "jails\nupper\n");
    let said = sandbox
        .ok("jail -q -c path=/home/jails/web mount.fstab=/etc/fstab.web kletka.userns=inherit \
                           command=sh -c 'cd /u; echo *; touch host'");
    assert_eq!(said, "low new over\n");
    assert_eq!(sandbox.ok("stat -c %u /home/upper/host; ls -A /home"), "0\njails\nupper\n");
    assert_eq!(sandbox.run("jail -q -c failing").status, 1);
    assert_eq!(sandbox.ok("ls -A /home"), "jails\nupper\n");
}

#[test]
fn a_union_that_is_read_only() {
    let Some(sandbox) = with_union("/home/upper /home/jails/web/u unionfs ro 0 0") else { return };
    sandbox.ok("jail -q -c web; jail -q -c other");
    let done = sandbox.run("jexec web sh -c 'cd /u; echo *; stat -c %u low; touch new' 2>&1");
    assert_eq!(done.stdout, "gone low over\n5\ntouch: new: Read-only file system\n");
    assert_eq!(sandbox.ok("ls -A /home; jail -q -r web other"), "jails\nupper\n");
}

#[test]
fn a_union_below() {
    for (line, upper, work) in [
        ("/home/upper /home/jails/web/u unionfs below", "/home/jails/web/u", ".web.u.kletka-work"),
        // The base is put under the jail's own directory.
        ("/home/upper /home/jails/web unionfs below", "/home/jails/web", ".web.kletka-work"),
    ] {
        let Some(sandbox) = with_union(line) else { return };
        sandbox.ok("mkdir /home/upper/u; mv /home/upper/over /home/upper/u; cp /home/upper/u/over /home/upper");
        sandbox.ok("jail -q -c web");
        let said = sandbox.ok(&format!("jexec web sh -c '{UNION}'").replace("*", "low new over"));
        assert_eq!(said, "low\nover\nlow:5:6\nnew:0:0\nover:0:0\n", "{line}");
        assert_eq!(
            sandbox.ok(&format!(
                "stat -c %u {upper}/../web/u/new 2>/dev/null || stat -c %u {upper}/new"
            )),
            "0\n"
        );
        assert_eq!(sandbox.ok("ls -A /home/jails"), format!("{work}\nweb\n"));
        sandbox.ok("jail -q -r web");
        assert_eq!(sandbox.ok("ls -A /home/jails; ls /home/upper/u"), "web\nover\n");
    }
}

#[test]
fn unions_side_by_side() {
    let Some(sandbox) = with_union("/home/upper /home/jails/web/u unionfs rw,below") else {
        return;
    };
    sandbox.ok("mkdir -p /home/jails/web/v /home/upper2");
    // Two unions may read the same layer.
    sandbox.write(
        "/etc/fstab.web",
        "/home/upper /home/jails/web/u unionfs rw,below\n/home/upper2 /home/jails/web/v unionfs rw,below\n",
    );
    assert_eq!(sandbox.ok("jail -q -c web; jexec web sh -c 'touch /v/new; ls /v'"), "new\n");
    assert_eq!(
        sandbox.ok("ls -A /home/jails; jail -q -r web; ls -A /home/jails"),
        ".web.u.kletka-work\n.web.v.kletka-work\nweb\nweb\n"
    );
    // Two unions may not write to the same layer.
    sandbox.write(
        "/etc/fstab.web",
        "/home/upper /home/jails/web/u unionfs rw\n/home/upper /home/jails/web/v unionfs rw\n",
    );
    let shared = "jail: web: /home/.upper.kletka-work: two unionfs of one jail cannot share it\n";
    assert_eq!(sandbox.run("jail -q -c web").stderr, shared);
    // A working directory that a loss of power has left is used again. A directory of this name
    // that belongs to somebody stays, and the start is refused.
    sandbox.write("/etc/fstab.web", "/home/upper /home/jails/web/u unionfs rw\n");
    sandbox.ok("mkdir -m 700 /home/.upper.kletka-work /home/.upper.kletka-work/work");
    assert_eq!(sandbox.ok("jail -q -c web; jail -q -r web; ls -A /home"), "jails\nupper\nupper2\n");
    for theirs in [
        "mkdir -m 700 /home/.upper.kletka-work; echo mine > /home/.upper.kletka-work/x",
        "mkdir -m 755 /home/.upper.kletka-work",
        "ln -s /home/upper2 /home/.upper.kletka-work",
        "echo mine > /home/.upper.kletka-work",
    ] {
        sandbox.ok(theirs);
        let there = sandbox.ok("ls -lAR /home/.upper.kletka-work");
        let done = sandbox.run("jail -q -c web");
        let why = "jail: web: /home/.upper.kletka-work: unionfs needs this name for its work, and something else has it: \
                   move that away\n";
        assert_eq!((done.stderr.as_str(), done.status), (why, 1), "{theirs}");
        assert_eq!(sandbox.ok("jls; ls -lAR /home/.upper.kletka-work"), sandbox.ok("jls") + &there);
        sandbox.ok("rm -r /home/.upper.kletka-work");
    }
    // The message names the lower layer if that is the one that cannot be used.
    sandbox.write("/etc/fstab.web", "/sys/kernel /home/jails/web/u unionfs rw,below\n");
    let said = sandbox.run("jail -q -c web").stderr;
    assert!(said.starts_with("jail: web: /sys/kernel: sysfs cannot be idmapped"), "{said}");
}

/// Jails inside a jail can have unions and overlays of the jail's directories.
#[test]
fn a_union_in_a_jail_of_a_jail() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.ok(
        "cd /home/jails/web; mkdir -p inner/u inner/proc lower upper work over; cp -r bin inner; \
                echo low > lower/low; echo low > inner/u/low",
    );
    sandbox.ok("jail -q -c name=web path=/home/jails/web children.max=1 persist");
    for (line, upper) in [
        ("x /inner/u overlay lowerdir=/lower,upperdir=/upper,workdir=/work", "upper"),
        ("/over /inner/u unionfs rw", "over"),
    ] {
        let inside = format!(
            "jail -c path=/inner \"mount={line}\" command=/bin/sh -c \"cd /u; touch new; cat low; rm low; ls\""
        );
        let said = sandbox.ok(&format!("jexec web sh -c 'PATH=/run/kletka/jail:/bin {inside}'"));
        assert_eq!(said, "low\nnew\n", "{line}");
        let left = sandbox.ok(&format!(
            "cd /home/jails/web; stat -c %n:%u:%F {upper}/*; ls -A | grep kletka-work || true"
        ));
        assert_eq!(
            left,
            format!("{upper}/low:0:character special file\n{upper}/new:0:regular empty file\n")
        );
    }
    sandbox.ok("jail -q -r web");
}

#[test]
fn a_union_that_cannot_be() {
    let Some(sandbox) = with_union("/mnt/upper /home/jails/web/u unionfs rw") else { return };
    let refused = |why: &str| {
        let done = sandbox.run("jail -q -c web");
        let want = format!("jail: web: {why}\n");
        assert_eq!((freebsds(&done.stderr, &want), done.status), (want, 1));
        assert_eq!(sandbox.ok("ls -A /mnt"), sandbox.ok("[ ! -d /mnt/upper ] || echo upper"));
    };
    refused("mount.fstab: /etc/fstab.web line 1: /mnt/upper: No such file or directory");
    sandbox.ok("mkdir /mnt/upper; /bin/mount -t tmpfs tmpfs /mnt/upper");
    refused(
        "/mnt/upper: unionfs needs a directory beside the upper one, on the same mount; use one further down in \
         that file system",
    );
    sandbox.ok("/bin/umount /mnt/upper; rmdir /mnt/upper");
    sandbox.ok("mkdir /home/l /home/u /home/w /home/over; \
                /bin/mount -t overlay -o lowerdir=/home/l,upperdir=/home/u,workdir=/home/w overlay /home/over; mkdir /home/over/upper");
    sandbox.write("/etc/fstab.web", "/home/over/upper /home/jails/web/u unionfs rw\n");
    refused(
        "/home/over/upper: overlay cannot take what is written to a unionfs; use a directory on ext4, xfs, btrfs or \
         tmpfs",
    );
    assert_eq!(sandbox.ok("ls -A /home/over; /bin/umount /home/over"), "upper\n");
    sandbox.write("/etc/fstab.web", "/mnt/upper /home/jails/web/u unionfs rw\n");
    // A symbolic link that the jail can make at a mount point is not followed.
    sandbox.ok("mkdir /mnt/upper; rmdir /home/jails/web/u 2>/dev/null; rm -r /home/jails/web/u; ln -s /etc /home/jails/web/u");
    refused("mount.fstab: /home/jails/web/u is a symbolic link");
    sandbox.ok("rm /home/jails/web/u; : > /home/jails/web/u");
    refused("mount.fstab: /home/jails/web/u: Not a directory");
    sandbox.ok("rm /home/jails/web/u; mkdir /home/jails/web/u");
    for (first, line, why) in [
        (
            "/home/jails/web /home/jails/web nullfs ro",
            "/mnt/upper /home/jails/web/u unionfs below",
            "/u: Read-only file system",
        ),
        (
            "tmpfs /home/jails/web/tmp tmpfs rw",
            "/mnt/upper /home/jails/web/tmp unionfs below",
            "/tmp: unionfs needs a directory beside the upper one, on the same mount; use one further down in that file system",
        ),
        (
            "/mnt/upper /home/jails/web/tmp unionfs rw",
            "/mnt/upper /home/jails/web/u unionfs rw",
            "/mnt/.upper.kletka-work: two unionfs of one jail cannot share it",
        ),
        (
            "# none",
            "upper /home/jails/web/u unionfs rw",
            "mount.fstab: upper: not an absolute pathname",
        ),
    ] {
        sandbox.write("/etc/fstab.web", format!("{first}\n{line}\n"));
        refused(why);
    }
}

/// A live system's root is an overlay, with kletka's own programs in it.
#[test]
fn the_programs_may_lie_on_an_overlay() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/a");
    sandbox.ok("mkdir -p /mnt/u /mnt/w; /usr/bin/mount -t overlay o \
         -o lowerdir=/usr/local,upperdir=/mnt/u,workdir=/mnt/w /usr/local");
    assert_eq!(
        sandbox.ok("jail -qc name=a path=/home/a persist; jexec a sysctl -n security.jail.jailed"),
        "1\n"
    );
    sandbox.ok("jail -qr a; cd /; /usr/bin/umount /usr/local");
}
