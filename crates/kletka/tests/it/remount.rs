//! Lines of fstab(5) that change while their jail runs: `jail -m`, `jls --diff`.

use crate::sandbox::Sandbox;
use crate::session::check;

/// A machine with a running jail `web` that has these parameters and /srv/a mounted, by a file.
fn machine(parameters: &str) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/web");
    sandbox.write(
        "/etc/jail.conf",
        format!(
            "web {{ path = /home/jails/web; persist; mount.devfs; mount.fstab = /etc/fstab.web; {parameters} }}\n"
        ),
    );
    sandbox.ok("mkdir -p /srv/a /srv/b /home/jails/web/mnt /home/jails/web/var/tmp");
    sandbox.ok("echo a > /srv/a/name; echo b > /srv/b/name; chown 33 /home/jails/web/var/tmp");
    sandbox.write("/etc/fstab.web", "/srv/a /home/jails/web/mnt nullfs ro 0 0\n");
    sandbox.ok("jail -q -c web");
    Some(sandbox)
}

#[test]
fn lines_change_while_the_jail_runs() {
    let Some(sandbox) = machine("") else { return };
    check(
        &sandbox,
        "\
$ jls --diff
$ jail -q -m web; jexec web cat /mnt/name
a
$ echo 'tmpfs /home/jails/web/var/tmp tmpfs rw,size=1m 0 0' >> /etc/fstab.web; jls --diff
web: mount tmpfs /var/tmp tmpfs rw,size=1048576 (jail -m)
[1]
$ jail --plan -m web | grep jail_set
        1. jail_set(JAIL_UPDATE) jid=1; mount tmpfs /var/tmp tmpfs rw,size=1048576
$ jail -v -m web
web: jail_set(JAIL_UPDATE) jid=1
web: mount tmpfs /var/tmp tmpfs rw,size=1048576
web: updated
$ jexec web sh -c 'df -P /var/tmp | tail -1 | cut -d\" \" -f1; stat -c %u /var/tmp; touch /var/tmp/x'; ls /home/jails/web/var/tmp
none
33
$ jls --diff
$ echo '/srv/b /home/jails/web/mnt nullfs rw,noexec 0 0' > /etc/fstab.web; jls --diff
web: umount tmpfs /var/tmp tmpfs rw,size=1048576 (jail -m)
web: umount /srv/a /mnt nullfs ro (jail -m)
web: mount /srv/b /mnt nullfs rw,noexec (jail -m)
[1]
$ jail -q -m web; jexec web sh -c 'cat /mnt/name; echo root > /mnt/new; ls -ln /mnt/new | cut -d\" \" -f6; ls /var/tmp'; stat -c %u /srv/b/new
b
0
0
$ jail -m name=web mount.fstab=; jexec web ls /mnt
$ jls --diff
web: mount /srv/b /mnt nullfs rw,noexec (jail -m)
[1]
$ jail -m name=web host.hostname=two; jexec web ls /mnt
$ jail -q -r web
",
    );
}

/// Whatever fails, the jail keeps what it had.
#[test]
fn all_or_nothing() {
    let Some(sandbox) = machine("host.hostname = one; env.colour = blue;") else { return };
    sandbox.ok("ln -s /etc /home/jails/web/link");
    let unchanged = |moment: &str| {
        let seen = sandbox.ok("jexec web sh -c 'cat /mnt/name; ls /var/tmp; hostname; grep -c \" /mnt \" /proc/mounts'");
        assert_eq!(seen, "a\none\n1\n", "{moment}");
    };
    for (line, options, want) in [
        ("/srv/none /home/jails/web/mnt nullfs rw 0 0", "", "/srv/none: No such file or directory"),
        (
            "/srv/b /home/jails/web/none nullfs rw 0 0",
            "",
            "/home/jails/web/none: No such file or directory",
        ),
        (
            "/srv/b /home/jails/web/link nullfs rw 0 0",
            "",
            "/home/jails/web/link is a symbolic link",
        ),
        (
            "/srv/b /home/jails/web/mnt unionfs rw 0 0",
            "",
            "mount.fstab cannot be changed after creation",
        ),
        // What comes after the mounts fails.
        ("/srv/b /home/jails/web/mnt nullfs rw 0 0", "env.colour=red", "/run/kletka.env"),
    ] {
        sandbox.ok("jexec web sh -c 'rm -rf /run/kletka.env; mkdir -p /run/kletka.env/x'");
        sandbox.write(
            "/etc/fstab.new",
            format!("tmpfs /home/jails/web/var/tmp tmpfs rw 0 0\n{line}\n"),
        );
        let done = sandbox.run(&format!(
            "jail -m name=web host.hostname=two mount.fstab=/etc/fstab.new {options}"
        ));
        assert!(done.status == 1 && done.stderr.contains(want), "{line}: {}", done.stderr);
        unchanged(line);
    }
    // A process that uses what is to be unmounted.
    sandbox.ok("jexec web sh -c 'cd /mnt; exec sleep 1000' > /dev/null 2>&1 & \
                until ls -l /proc/*/cwd 2> /dev/null | grep -q ' /srv/a$\\|/mnt$'; do :; done");
    let done = sandbox.run("jail -m name=web host.hostname=two mount.fstab=");
    let want = "jail: mount.fstab: /home/jails/web/mnt: Device busy";
    assert!(done.status == 1 && done.stderr.starts_with(want), "{}", done.stderr);
    unchanged("in use");
    sandbox.ok("jail -q -R web");
}

/// What the root of such a jail has mounted itself could cover a line.
#[test]
fn a_jail_that_mounts_keeps_its_lines() {
    let Some(sandbox) = machine("allow.mount; allow.mount.tmpfs; enforce_statfs = 1;") else {
        return;
    };
    check(
        &sandbox,
        "\
$ jail -q -m web
$ echo > /etc/fstab.web; jls --diff
web: umount /srv/a /mnt nullfs ro (restart)
[1]
$ jail -m web
jail: web: mount.fstab cannot be changed after creation; stop the jail, and start it with the new value
[1]
$ jail -q -r web
",
    );
}
