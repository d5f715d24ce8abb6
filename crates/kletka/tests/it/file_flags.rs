//! `allow.chflags`: root of a jail sets and clears by chattr(1) the flags of files that only root
//! does, FreeBSD's `schg` and `sappnd`.

use crate::intrusion::program;
use crate::sandbox::Sandbox;
use crate::session::check;

/// A machine with a root in which chattr(1) works, if the machine has it and its files have flags.
fn machine() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/r");
    let tried =
        "cd /home/r && touch try && chattr +i try && chattr -i try && rm try && which lsattr";
    if sandbox.run(tried).status != 0 {
        println!("skipped: no chattr(1), or no flags of files");
        return None;
    }
    program(&sandbox, "/home/r", "/usr/bin/chattr");
    program(&sandbox, "/home/r", "/usr/bin/lsattr");
    // A process of the jail that is there before what follows: `say` has it do something.
    sandbox.write(
        "/home/r/bin/listen",
        "mkfifo /tmp/in /tmp/out; while read line </tmp/in; do eval \"$line\" >/tmp/out 2>&1; done\n",
    );
    sandbox.write("/bin/say", "echo \"$1\" > /home/r/tmp/in; cat /home/r/tmp/out\n");
    Some(sandbox)
}

#[test]
fn roots_flags_of_files() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("mkdir -p /home/r/ro /home/r/rw /home/share; touch /home/share/file; chown 70000:70000 /home/r/rw");
    sandbox.write(
        "/etc/fstab.j",
        "/home/share /home/r/ro nullfs ro 0 0\n/home/share /home/r/rw nullfs rw 0 0\n",
    );
    let denied = "Operation not permitted while setting flags on";
    check(
        &sandbox,
        &format!(
            "\
$ chmod +x /bin/say; jail -qc name=j path=/home/r persist mount.devfs mount.fstab=/etc/fstab.j
$ jexec j sh /bin/listen </dev/null >/dev/null 2>&1 & until [ -p /home/r/tmp/out ]; do :; done
$ jexec j sh -c 'cd /tmp; touch i a d n; chattr +i i; chattr +d d; lsattr d'
------d--------------- d
chattr: {denied} i
$ jail -qm name=j allow.chflags
$ say 'cd /tmp; chattr +i i'
chattr: {denied} i
$ jexec j sh -c 'cd /tmp; chattr +i i; chattr +a a; lsattr i a; rm i; echo x >> a; echo x > a; chattr +id n; lsattr n'
----i----------------- i
-----a---------------- a
---------------------- n
rm: can't remove 'i': Operation not permitted
sh: can't create a: Operation not permitted
chattr: {denied} n
$ chattr -i /home/r/tmp/i; jexec j sh -c 'cd /tmp; chattr +i i; chattr =a a; chattr +i .; rm n'; lsattr -d /home/r/tmp
----i----------------- /home/r/tmp
rm: can't remove 'n': Operation not permitted
$ jexec j chattr -i /tmp; jexec -U nobody j chattr -i /tmp/i; jexec j chattr +i /dev
chattr: {denied} /tmp/i
chattr: {denied} /dev
[1]
$ jexec j chattr +i /ro/file; jexec j chattr +i /rw/file; jexec j chattr -i /rw/file; chown 70000 /home/share/file; jexec j chattr +i /rw/file
chattr: Read-only file system while setting flags on /ro/file
chattr: {denied} /rw/file
[1]
$ jail -qm name=j securelevel=1; jexec j sh -c 'cd /tmp; chattr +i n; chattr -i i; chattr +a i; lsattr i n'
----i----------------- i
----i----------------- n
chattr: {denied} i
chattr: {denied} i
$ jail -qm name=j allow.nochflags; jexec j chattr +i /tmp/d
chattr: {denied} /tmp/d
[1]
$ jail -qr j; rm /home/r/tmp/in /home/r/tmp/out; chattr -ia /home/r/tmp/*; rm /home/r/tmp/*
"
        ),
    );
    sandbox.check();
}

/// What is taken is taken at once, and a jail that is made at a securelevel sets flags alone.
#[test]
fn at_once() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok("chmod +x /bin/say; jail -qc name=j path=/home/r persist allow.chflags");
    sandbox.ok("jexec j sh /bin/listen </dev/null >/dev/null 2>&1 & until [ -p /home/r/tmp/out ]; do :; done");
    let denied = "chattr: Operation not permitted while setting flags on";
    for (change, line, said) in [
        ("", "cd /tmp; touch i j; chattr +i i; chattr -i i", String::new()),
        ("jail -qm name=j allow.nochflags", "chattr +i i", format!("{denied} i\n")),
        ("jail -qm name=j allow.chflags", "chattr +i i; chattr -i i; chattr +i i", String::new()),
        ("jail -qm name=j securelevel=1", "chattr -i i; chattr +i j", format!("{denied} i\n")),
        ("jail -qm name=j allow.nosuser", "chattr -i i", format!("{denied} i\n")),
    ] {
        sandbox.run(change);
        assert_eq!(sandbox.ok(&format!("say '{line}'")), said, "{change} {line}");
    }
    sandbox.ok("jail -qr j; chattr -i /home/r/tmp/i /home/r/tmp/j; rm /home/r/tmp/*");
    sandbox.ok("jail -qc name=j path=/home/r persist allow.chflags securelevel=1");
    let done = sandbox.run("jexec j sh -c 'touch /tmp/i; chattr +i /tmp/i; chattr -i /tmp/i'");
    assert_eq!(done.stderr, format!("{denied} /tmp/i\n"));
    sandbox.ok("jail -qr j; chattr -i /home/r/tmp/i; rm /home/r/tmp/i");
    // Where init has no part in it, the capability decides alone.
    for (parameters, want) in [
        ("kletka.userns=inherit allow.chflags", ""),
        ("kletka.userns=inherit", "denied"),
        ("kletka.userns=inherit allow.chflags securelevel=1", "denied"),
        ("children.max=1 allow.chflags", "denied"),
    ] {
        sandbox.ok(&format!("jail -qc name=j path=/home/r persist {parameters}"));
        let done = sandbox.run("jexec j sh -c 'touch /tmp/i; chattr +i /tmp/i'");
        let is_denied = done.stderr == format!("{denied} /tmp/i\n");
        assert!(
            if want.is_empty() { done.status == 0 } else { is_denied },
            "{parameters} {done:?}"
        );
        sandbox.ok("jail -qr j; chattr -i /home/r/tmp/i; rm /home/r/tmp/i");
    }
}
