//! Files of jails on the host's disk: which other users reach them, and where a path may lead.

use crate::sandbox::Sandbox;

/// A machine with the configured jails `db`, which has left links in its root, and `web`, whose
/// `path` and `mount` the test chooses.
fn with_links() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/db");
    sandbox.root("/home/jails/web");
    sandbox.root("/home/jails/db/nest");
    sandbox.ok(
        "mkdir -p /home/secret /home/jails/db/plain /home/jails/web/mnt; echo secret > /home/secret/file; \
         echo plain > /home/jails/db/plain/file; cd /home/jails/db; ln -s /home/secret link; \
         ln -s ../../secret relative; ln -s /home/jails/web whole; mkdir deep; ln -s /home deep/up; \
         ln -s jails /home/way; ln -s /home/jails/db/link /home/theirs",
    );
    Some(sandbox)
}

fn configure(sandbox: &Sandbox, web: &str) {
    let db = "db { path = /home/jails/db; persist; }";
    sandbox.write("/etc/jail.conf", format!("{db}\nweb {{ {web} }}\n"));
}

/// The links of a jail that runs, and of one that is only configured, lead nobody astray.
#[test]
fn links_in_another_jail_are_not_followed() {
    let Some(sandbox) = with_links() else { return };
    let mount = |line: &str| {
        format!("path = /home/jails/web; mount = \"{line}\"; command = \"cat /mnt/file\";")
    };
    for runs in [false, true] {
        if runs {
            sandbox.ok("jail -q -c db");
        }
        for (web, path, link) in [
            (mount("/home/jails/db/link /home/jails/web/mnt nullfs ro"), "db/link", "db/link"),
            (
                mount("/home/jails/db/relative /home/jails/web/mnt nullfs rw"),
                "db/relative",
                "db/relative",
            ),
            (mount("/home/jails/db/link /home/jails/web/mnt unionfs ro"), "db/link", "db/link"),
            (
                mount("/home/jails/db/link/file /home/jails/web/mnt nullfs"),
                "db/link/file",
                "db/link",
            ),
            (
                mount("/home/jails/db/deep/up/secret /home/jails/web/mnt nullfs"),
                "db/deep/up/secret",
                "db/deep/up",
            ),
            (
                "path = /home/jails/db/whole; command = \"/bin/busybox true\";".into(),
                "db/whole",
                "db/whole",
            ),
        ] {
            configure(&sandbox, &web);
            let done = sandbox.run("jail -q -c web");
            let want = format!(
                "jail: web: /home/jails/{path}: /home/jails/{link} is a symbolic link in a jail's root, and could \
                 lead anywhere; name what it leads to\n"
            );
            assert_eq!((done.stderr, done.stdout, done.status), (want, String::new(), 1), "{web}");
        }
        // Links of the host's administrator are followed, but not into one of the jail's.
        configure(&sandbox, &mount("/home/theirs /home/jails/web/mnt nullfs"));
        let done = sandbox.run("jail -q -c web");
        let why = "/home/theirs: /home/jails/db/link is a symbolic link in a jail's root";
        assert!(done.stderr.contains(why) && done.status == 1, "{}", done.stderr);
        for source in ["/home/jails/db/plain", "/home/way/db/plain", "/home/jails/../way/db/plain"]
        {
            configure(&sandbox, &mount(&format!("{source} /home/jails/web/mnt nullfs ro")));
            assert_eq!(sandbox.ok("jail -q -c web"), "plain\n", "{source}");
        }
        configure(&sandbox, "path = /home/jails/db/nest; command = \"echo nested\";");
        assert_eq!(sandbox.ok("jail -q -c web"), "nested\n");
    }
    sandbox.ok("jail -q -r db");
}

const SUID: &str =
    "other users of the host can execute what the jail's root makes set-user-ID there; ";

#[test]
fn files_that_others_reach() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.ok("mkdir -p /home/jails/web/mnt /home/shares/data");
    sandbox.write(
        "/etc/jail.conf",
        "web { path = /home/jails/web;\n mount = \"/home/shares/data /home/jails/web/mnt nullfs rw\";\n \
         exec.start = \"su nobody -s /bin/sh -c id\"; }\n",
    );
    // Root alone passes /home. The jail's own users need nothing of it.
    let user = "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)\n";
    let done = sandbox.run("jail -q -c web");
    assert_eq!((done.stdout.as_str(), done.stderr.as_str(), done.status), (user, "", 0));
    let root = format!("path /home/jails/web: {SUID}chmod 700 /home/jails");
    let share = format!(
        "mount /home/shares/data: {SUID}chmod 700 /home/shares, or mount it nosuid on the host"
    );
    for (change, told) in [
        ("chmod 755 /home", &[&root, &share][..]),
        ("chmod 711 /home", &[&root, &share]),
        ("chmod 750 /home; chgrp 100 /home", &[&root, &share]),
        ("chgrp 0 /home", &[]),
        ("chown 1000 /home; chmod 700 /home", &[&root, &share]),
        ("chown 0 /home; chmod 755 /home; chmod 700 /home/jails", &[&share]),
        (
            "/bin/mount --bind /home/shares/data /home/shares/data; \
             /bin/mount -o remount,bind,nosuid /home/shares/data",
            &[],
        ),
    ] {
        sandbox.ok(change);
        let lines = |before: &str| -> String {
            told.iter().map(|line| format!("{before}warning: web: {line}\n")).collect()
        };
        let done = sandbox.run("jail -c web");
        let ended = "jail: web: nothing stays running in the jail, so it has ended; \"persist;\" keeps it\n";
        assert_eq!((done.stderr, done.status), (lines("jail: ") + ended, 0), "{change}");
        assert_eq!(sandbox.run("jail -q -c web").stderr, "", "{change}");
        let placed: String = told
            .iter()
            .map(|line| {
                let at = if line.starts_with("path") { 1 } else { 2 };
                format!("/etc/jail.conf line {at}: warning: web: {line}\n")
            })
            .collect();
        let done = sandbox.run("kletka config check");
        assert_eq!((done.stderr, done.status), (placed, 0), "{change}");
        let said = sandbox.ok("kletka doctor | grep '^jail ' || true");
        assert_eq!(said, lines("").replace("warning: web:", "jail web: wrong:"), "{change}");
    }
    sandbox.ok("/bin/umount /home/shares/data");
    // A jail that no file describes.
    sandbox.ok(
        "rm /etc/jail.conf; chmod 755 /home/jails; jail -q -c name=db path=/home/jails/web persist",
    );
    let said = sandbox.ok("kletka doctor | grep '^jail '");
    assert_eq!(said, format!("jail db: wrong: {root}\n"));
    sandbox.ok("jail -q -r db");
}

#[test]
fn the_hosts_root_by_default() {
    let Some(sandbox) = Sandbox::new() else { return };
    let warning = "jail: warning: the jail's root is the host's /; set path (path=/ with mount.devfs \
                   if that is meant)\n";
    for (line, want) in [
        ("name=x command=true", warning),
        ("path=/ command=true", warning),
        ("path=/ mount.devfs command=true", ""),
        ("path=/ mount.nodevfs command=true", ""),
    ] {
        let done = sandbox.run(&format!("jail -c {line}"));
        assert_eq!((done.stderr.as_str(), done.status), (want, 0), "{line}");
        assert_eq!(sandbox.run(&format!("jail -q -c {line}")).stderr, "", "{line}");
    }
    // What lies below the host's /dev, on its disk, is not what the jail writes to.
    let inside = "stat -c %F /dev/null; echo x > /dev/null; echo x > /dev/file";
    assert_eq!(
        sandbox.ok(&format!("jail -q -c path=/ mount.nodevfs command=sh -c '{inside}'")),
        "character special file\n"
    );
    let below = "mkdir /mnt/below; /bin/mount --bind / /mnt/below; ls /mnt/below/dev/file; \
                 umount /mnt/below; rmdir /mnt/below";
    assert_eq!(sandbox.run(below).stdout, "");
}

#[test]
fn a_jails_whole_root_for_a_jail_inside() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.ok("jail -q -c name=web path=/home/jails/web mount.devfs children.max=1 persist");
    let inside = "jail -q -c path=/ command=/bin/sh -c \"echo x > /dev/null; ls /bin/busybox\"";
    let said = sandbox.ok(&format!("jexec web sh -c 'PATH=/run/kletka/jail:/bin {inside}'"));
    assert_eq!(said, "/bin/busybox\n");
    sandbox.ok("jail -q -r web");
}

/// What the host has mounted below a root does not vanish with the jail.
#[test]
fn mounts_of_the_host_below_a_root() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.ok("cd /home/jails/web; mkdir line by-hook by-hand lasting; mkdir /home/data; echo x > /home/data/file");
    sandbox.write("/etc/fstab.web", "/home/data /home/jails/web/line nullfs rw 0 0\n");
    sandbox.write("/etc/fstab", "/home/data /home/jails/web/lasting none bind 0 0\n");
    let configure = |more: &str| {
        let hook = "exec.prestart = \"mount -t nullfs /home/data /home/jails/web/by-hook\";";
        let web =
            format!("path = /home/jails/web; persist; mount.fstab = /etc/fstab.web; {hook} {more}");
        sandbox.write("/etc/jail.conf", format!("web {{ {web} }}\n"));
    };
    configure("");
    let mounted = || {
        sandbox.ok(
            "awk '{ print $5 }' /proc/self/mountinfo | sed -n 's|^/home/jails/web/||p' | sort -u",
        )
    };
    // The mount of the jail's own line is the jail's alone.
    sandbox.ok("jail -q -c web");
    assert_eq!(mounted(), "by-hook\n");
    sandbox.ok(
        "for place in line by-hand lasting; do mount -t nullfs /home/data /home/jails/web/$place; done",
    );
    let done = sandbox.run("jail -v -r web | grep umount");
    assert_eq!(done.stdout, "web: run command: /sbin/umount /home/jails/web/line\n");
    let left = "jail: warning: web: still mounted on the host: /home/jails/web/by-hook /home/jails/web/by-hand; \
                umount before /home/jails/web is removed\n";
    assert_eq!(done.stderr, left);
    assert_eq!(mounted(), "by-hand\nby-hook\nlasting\n");
    // A hook that unmounts what a hook has mounted leaves nothing to say.
    sandbox.ok("cd /home/jails/web; umount $PWD/by-hand $PWD/by-hook $PWD/lasting");
    configure("exec.release = \"umount /home/jails/web/by-hook\";");
    let done = sandbox.run("jail -q -c web && jail -r web");
    assert_eq!((done.stderr.as_str(), done.status), ("", 0));
    assert_eq!(mounted(), "");
    assert_eq!(sandbox.ok("cat /home/data/file"), "x\n");
}
