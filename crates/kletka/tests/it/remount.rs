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

/// Layers of the host's directories come and go like other lines, where nothing has to be made for
/// them.
#[test]
fn layers_change_while_the_jail_runs() {
    let Some(sandbox) = machine("") else { return };
    sandbox.ok("mkdir /srv/u /srv/w; echo lies > /home/jails/web/var/tmp/lies; \
                echo b > /srv/b/lies; chown -R 0 /srv");
    check(
        &sandbox,
        "\
$ echo '/srv/b /home/jails/web/var/tmp unionfs ro 0 0' >> /etc/fstab.web; jls --diff
web: mount /srv/b /var/tmp unionfs ro (jail -m)
[1]
$ jail -q -m web; jexec web sh -c 'cat /var/tmp/lies /var/tmp/name; echo x > /var/tmp/x'
b
b
sh: can't create /var/tmp/x: Read-only file system
[1]
$ sed -i '$s/ro 0 0/ro,below 0 0/' /etc/fstab.web; jail -q -m web; jexec web cat /var/tmp/lies /var/tmp/name
lies
b
$ echo 'overlay /home/jails/web/mnt overlay lowerdir=/srv/a:/srv/b,upperdir=/srv/u,workdir=/srv/w 0 0' > /etc/fstab.web; jail -q -m web
$ jexec web sh -c 'cat /mnt/name /mnt/lies /var/tmp/lies; echo new > /mnt/new; stat -c %u /mnt/new'; ls -n /srv/u | tail -n 1 | tr -s ' ' | cut -d ' ' -f 3
a
b
lies
0
0
$ echo 'overlay /home/jails/web/mnt overlay lowerdir=/srv/b,upperdir=/srv/u,workdir=/srv/w 0 0' > /etc/fstab.web; jls --diff
web: umount /srv/u:/srv/a:/srv/b /mnt overlay rw (restart)
web: mount /srv/u:/srv/b /mnt overlay rw (restart)
[1]
$ jail -m name=web mount.fstab=; jail -q -m web; jexec web cat /mnt/lies /mnt/new
b
new
$ jail -q -r web; ls -A /srv
a
b
u
w
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

/// A command that is killed at any of its calls leaves what the next one completes: each line is
/// mounted once, and so it is when a change that fails is killed while it is taken back.
#[test]
fn a_change_that_is_killed_anywhere_mounts_each_line_once() {
    let Some(sandbox) = machine("env.colour = blue;") else { return };
    let old = "/srv/a /home/jails/web/mnt nullfs ro 0 0\n";
    let new = "/srv/b /home/jails/web/mnt nullfs ro 0 0\n\
               tmpfs /home/jails/web/var/tmp tmpfs rw 0 0\n";
    sandbox.write("/etc/fstab.old", old);
    sandbox.write("/etc/fstab.new", new);
    sandbox.write("/etc/fstab.bad", format!("{new}/srv/b /home/jails/web/none nullfs rw 0 0\n"));
    let mounted = "jexec web sh -c 'cat /mnt/name; grep -c \" /mnt \\| /var/tmp \" /proc/mounts'";
    // A directory in the place of its file has a change of `env` fail, which comes after the
    // mounts.
    let clear = "jexec web rm -rf /run/kletka.env";
    let before = format!(
        "{clear}; cp /etc/fstab.old /etc/fstab.web; jail -q -m web; \
         jexec web sh -c 'rm -f /run/kletka.env; mkdir -p /run/kletka.env/x'"
    );
    for (words, then, status) in [
        ("fstab.new", "b\n2\n", 0),
        ("fstab.bad", "a\n1\n", 1),
        ("fstab.new env.colour=red", "a\n1\n", 1),
    ] {
        let command = format!("jail -q -m name=web mount.fstab=/etc/{words}");
        let calls = "open_tree,umount2,move_mount,rename,setns";
        for call in calls.split(',') {
            for nth in 1.. {
                let inject = format!("-e trace={call} -e inject={call}:signal=KILL:when={nth}");
                sandbox.ok(&before);
                let killed = sandbox.run(&format!("strace -qq -o /tmp/trace {inject} {command}"));
                let moment = format!("{words}: {call} number {nth}");
                for (next, want) in [("old", "a\n1\n"), ("new", "b\n2\n")] {
                    sandbox.ok(&format!(
                        "{clear}; cp /etc/fstab.{next} /etc/fstab.web; jail -q -m web"
                    ));
                    assert_eq!(sandbox.ok(mounted), want, "{moment}, then {next}");
                }
                let left = sandbox.run("grep mounted.only /run/kletka/jails/1");
                assert_eq!(left.stdout, "", "{moment}");
                if !sandbox.ok("tail -1 /tmp/trace").contains("killed") {
                    assert!(nth > 1, "{call} is never made");
                    sandbox.ok(&before);
                    let done = sandbox.run(&command);
                    assert_eq!((sandbox.ok(mounted).as_str(), done.status), (then, status));
                    break;
                }
                assert_ne!(killed.status, 0, "{moment}");
            }
        }
    }
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
