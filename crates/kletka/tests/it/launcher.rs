//! The launcher: a start on a host with many mounts copies none of them.

use crate::sandbox::Sandbox;
use crate::session::check;

/// A sandbox with many mounts, in which a jail's root has some below it.
fn crowded() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/web");
    sandbox.ok("mkdir /tmp/many /tmp/data; /bin/mount -t tmpfs many /tmp/many; cd /tmp/many; \
         for n in $(seq 100); do mkdir $n; /bin/mount -t tmpfs $n $n; done; \
         mkdir /home/jails/web/below; /bin/mount -t tmpfs below /home/jails/web/below; \
         echo of the host > /home/jails/web/below/file; echo data > /tmp/data/file; \
         mkdir /home/jails/web/mnt");
    Some(sandbox)
}

fn empty(sandbox: &Sandbox) {
    sandbox.ok(
        "umount /home/jails/web/below; cd /tmp/many; for n in *; do umount $n; done; cd /; umount /tmp/many",
    );
}

/// What is mounted of the launcher, and which namespace it is.
fn launcher(sandbox: &Sandbox) -> String {
    sandbox.ok("grep /run/kletka/launcher /proc/self/mountinfo | cut -d ' ' -f 4,5")
}

#[test]
fn a_start_sees_no_mount_of_the_host() {
    let Some(sandbox) = crowded() else { return };
    sandbox.write(
        "/etc/jail.conf",
        "web { path = /home/jails/web; persist; mount.devfs; mount = '/tmp/data /home/jails/web/mnt nullfs ro 0 0';
               exec.start = 'cat /below/file /mnt/file'; exec.poststop = 'cat /tmp/data/file'; }\n",
    );
    assert_eq!(launcher(&sandbox), "");
    check(
        &sandbox,
        "\
$ cd /tmp/data && jail -qc web && pwd
of the host
data
/tmp/data
$ jexec web sh -c 'ls -d /proc/self /dev/null /tmp; grep -c many /proc/self/mountinfo'
/dev/null
/proc/self
/tmp
0
[1]
$ jail -qr web
data
",
    );
    let first = launcher(&sandbox);
    assert!(first.contains("/ /run/kletka/launcher\nmnt:["), "{first}");
    assert_eq!(first.lines().count(), 2, "{first}");
    // Later starts have the same one, several at once too.
    sandbox.ok(
        "for n in 1 2 3 4 5 6; do jail -c name=j$n path=/home/jails/web ip4=inherit persist & done; wait; \
         jls name | sort | xargs; jail -qR '*'",
    );
    assert_eq!(launcher(&sandbox), first);
    assert_eq!(sandbox.ok("kletka doctor | grep -c launcher || true"), "0\n");
    empty(&sandbox);
}

/// Whatever lies where the launcher does, a start works, and has a launcher afterwards.
#[test]
fn what_is_no_launcher_is_replaced() {
    let Some(sandbox) = crowded() else { return };
    let start = "jail -c path=/home/jails/web mount.devfs command=cat /below/file";
    // mount(8) may refuse the namespace of a process, as its number is too low; then the file
    // stays.
    let damages = [
        "/bin/umount /run/kletka/launcher/mounts",
        "/bin/umount -l /run/kletka/launcher",
        "/bin/umount -l /run/kletka/launcher; mkdir /run/kletka/launcher/proc",
        "/bin/umount /run/kletka/launcher/mounts; \
         unshare -m sleep 50 & sleep 0.2; echo $! > /tmp/pid; \
         /bin/mount --bind /proc/$!/ns/mnt /run/kletka/launcher/mounts || true",
        "/bin/mount -t tmpfs none /run/kletka/launcher; touch /run/kletka/launcher/mounts",
    ];
    sandbox.ok(start);
    for damage in damages {
        sandbox.ok(damage);
        assert_eq!(sandbox.ok(start), "of the host\n", "{damage}");
        let after = launcher(&sandbox);
        assert_eq!(after.lines().count(), 2, "{damage}\n{after}");
        assert_eq!(sandbox.ok(start), "of the host\n", "{damage}");
        assert_eq!(launcher(&sandbox), after, "{damage}");
    }
    sandbox.ok("kill $(cat /tmp/pid)");
    // A place where nothing can be mounted.
    sandbox.ok(
        "/bin/umount -l /run/kletka/launcher; rm -r /run/kletka/launcher; touch /run/kletka/launcher",
    );
    assert_eq!(sandbox.ok(start), "of the host\n");
    assert_eq!(launcher(&sandbox), "");
    empty(&sandbox);
}

/// A command that is killed at any moment leaves nothing that stops the next one.
#[test]
fn killed_while_it_is_made() {
    let Some(sandbox) = crowded() else { return };
    let start = "jail -c path=/home/jails/web command=cat /below/file";
    for moment in
        ["mount_setattr", "fspick", "move_mount", "open_tree", "pivot_root", "setns", "chroot"]
    {
        for when in 1..=3 {
            let traced = format!(
                "strace -qq -o /dev/null -e inject={moment}:signal=KILL:when={when} {start}; true"
            );
            if sandbox.run("command -v strace").status != 0 {
                eprintln!("skipped: launcher::killed_while_it_is_made: no strace(1)");
                empty(&sandbox);
                return;
            }
            sandbox.ok("/bin/umount -l /run/kletka/launcher 2> /dev/null || true");
            sandbox.run(&traced);
            assert_eq!(sandbox.ok(start), "of the host\n", "{moment} {when}");
            assert_eq!(launcher(&sandbox).lines().count(), 2, "{moment} {when}");
        }
    }
    empty(&sandbox);
}
