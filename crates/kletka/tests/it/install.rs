//! `kletka install`: what it says, and that `--remove` takes away what it has put there, and
//! nothing else.

use crate::sandbox::Sandbox;
use crate::session::check;

#[test]
fn what_comes_next_is_said() {
    let Some(sandbox) = Sandbox::new() else { return };
    let version = env!("CARGO_PKG_VERSION");
    let next = "    kletka doctor               # can jails run on this machine?
    kletka help                 # all commands; /mnt/k/share/doc/kletka/README.md begins at the beginning
    kletka service jail enable  # start the jails of /etc/rc.conf with the machine
";
    let head = format!("kletka {version} is installed below /mnt/k. Next:\n");
    let said = sandbox.ok("kletka install --prefix /mnt/k");
    let (done, after) = said.split_once("\n\n").unwrap();
    assert!(done.ends_with("/mnt/k/libexec/kletka/jail/sysctl -> ../kletka"), "{done}");
    assert_eq!(after, format!("{head}    PATH=/mnt/k/bin:$PATH\n{next}"));
    assert_eq!(sandbox.ok("kletka install --prefix /mnt/k"), "/mnt/k: up to date\n");
    // A directory that is in PATH need not be put there.
    let again = "rm /mnt/k/bin/jls; PATH=/mnt/k/bin:$PATH kletka install --prefix /mnt/k";
    assert_eq!(
        sandbox.ok(again),
        format!("/mnt/k/bin/jls -> ../libexec/kletka/kletka\n\n{head}{next}")
    );
    // A package has its own list, and says itself what comes next.
    let said = sandbox.ok("kletka install --prefix /usr --destdir /mnt/package");
    assert!(!said.contains("Next") && !said.contains("/installed"), "{said}");
}

#[test]
fn all_of_it_can_be_removed() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("kletka install --prefix /mnt/deep/k");
    let list = sandbox.ok("cd /mnt/deep/k; find . -mindepth 1 | sort");
    let said = sandbox.ok("/mnt/deep/k/bin/kletka install --remove");
    // Every path is named, and the prefix too.
    assert_eq!(said.matches(": removed\n").count(), list.lines().count() + 1);
    check(
        &sandbox,
        "\
$ ls /mnt/deep
$ kletka install --remove --prefix /mnt/deep/k
/mnt/deep/k: nothing that kletka install has put there
$ mkdir -p /mnt/l/bin
$ kletka install --prefix /mnt/l > /dev/null
$ kletka install --remove --prefix /mnt/l | tail -n 2

The directories of jails, and files in /etc, are yours and stay.
$ find /mnt/l
/mnt/l
/mnt/l/bin
$ kletka install --remove --prefix /mnt/l
/mnt/l: nothing that kletka install has put there
",
    );
}

#[test]
fn what_others_have_put_there_stays() {
    let Some(sandbox) = Sandbox::new() else { return };
    check(
        &sandbox,
        "\
$ kletka install --prefix /mnt/k > /dev/null
$ ln -sf /bin/true /mnt/k/bin/jls; touch /mnt/k/bin/other /mnt/k/share/kletka/mine
$ rm /mnt/k/share/kletka/devfs.rules; mkdir /mnt/k/share/kletka/devfs.rules
$ kletka install --remove --prefix /mnt/k | grep -v removed
/mnt/k/bin/jls: not kletka's, stays
/mnt/k/share/kletka/devfs.rules: not kletka's, stays
/mnt/k/share/kletka/mine: not kletka's, stays

The directories of jails, and files in /etc, are yours and stay.
$ find /mnt/k ! -type d | sort
/mnt/k/bin/jls
/mnt/k/bin/other
/mnt/k/share/kletka/mine
",
    );
}

#[test]
fn a_newer_kletka_takes_the_older_ones_files_away() {
    let Some(sandbox) = Sandbox::new() else { return };
    check(
        &sandbox,
        "\
$ kletka install --prefix /mnt/k > /dev/null
$ cd /mnt/k; mkdir share/kletka/old; touch share/kletka/old/file bin/own; ln -s ../libexec/kletka/kletka bin/old
$ cd /mnt/k/share/kletka; printf 'bin/old@\\nbin/own@\\nshare/kletka/old/\\nshare/kletka/old/file\\n' >> installed
$ kletka install --prefix /mnt/k | head -n 2
/mnt/k/bin/old: removed
/mnt/k/share/kletka/old/file: removed
$ kletka install --remove --prefix /mnt/k > /dev/null; find /mnt/k ! -type d
/mnt/k/bin/own
",
    );
}

#[test]
fn nothing_is_removed_while_jails_run() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    check(
        &sandbox,
        "\
$ kletka install --prefix /mnt/k > /dev/null
$ jail -c name=web path=/home/jails/web persist
$ kletka install --remove --prefix /mnt/k
kletka: install: jails are running: stop them first: jail -r web
[1]
$ kletka install --prefix /mnt/k
/mnt/k: up to date
$ jail -r web
$ kletka install --remove --prefix /mnt/k > /dev/null
$ ls /mnt
",
    );
}

#[test]
fn the_links_of_enabled_units_go() {
    let Some(sandbox) = Sandbox::new() else { return };
    check(
        &sandbox,
        "\
$ kletka install --prefix /mnt/k > /dev/null
$ mkdir -p /etc/systemd/system/multi-user.target.wants; cd /etc/systemd/system/multi-user.target.wants
$ cd /etc/systemd/system/multi-user.target.wants; ln -s /mnt/k/lib/systemd/system/jail.service .
$ cd /etc/systemd/system/multi-user.target.wants; ln -s /other/kletka-netif.service .
$ kletka install --remove --prefix /mnt/k | grep wants
/etc/systemd/system/multi-user.target.wants/jail.service: removed
$ cd /etc/systemd/system/multi-user.target.wants; ls | grep -E 'jail|netif'
kletka-netif.service
",
    );
}

#[test]
fn usage() {
    let Some(sandbox) = Sandbox::new() else { return };
    let usage = "usage: kletka install --prefix DIR [--destdir DIR | --freebsd-paths]\n       kletka install --remove [--prefix DIR]\n";
    for (words, said) in [
        ("", "no prefix given"),
        ("--prefix k", "the prefix must be an absolute path"),
        ("--remove --prefix k", "the prefix must be an absolute path"),
        ("--remove --destdir /mnt", "--destdir is for installing"),
        ("--prefix /mnt/k more", "more: unexpected argument"),
    ] {
        let done = sandbox.run(&format!("kletka install {words}"));
        let want = format!("kletka: install: {said}\n{usage}");
        assert_eq!((done.stderr, done.status), (want, 1), "{words}");
    }
}

/// What scripts find where FreeBSD has it. A host with Java has a /usr/bin/jexec.
#[test]
fn freebsd_paths() {
    let Some(sandbox) = Sandbox::new() else { return };
    // The machine's /usr/sbin is the host's.
    sandbox.ok("/usr/bin/mount -t tmpfs t /usr/sbin; echo mine > /usr/sbin/jls");
    let said =
        sandbox.ok("kletka install --prefix /mnt/k --freebsd-paths | grep ^/usr | grep -v /jexec");
    assert_eq!(
        said,
        "/usr/sbin/jail -> /mnt/k/libexec/kletka/kletka\n\
         /usr/sbin/setfib -> /mnt/k/libexec/kletka/kletka\n\
         /usr/sbin/sysrc -> /mnt/k/libexec/kletka/kletka\n\
         /usr/sbin/jls: not kletka's, stays\n"
    );
    sandbox.ok("/usr/sbin/jail --version; grep mine /usr/sbin/jls");
    assert_eq!(
        sandbox.ok("kletka install --prefix /mnt/k --freebsd-paths | grep ^/usr | grep -v /jexec"),
        "/usr/sbin/jls: not kletka's, stays\n"
    );
    let done = sandbox.run("kletka install --prefix /mnt/k --destdir /tmp --freebsd-paths");
    assert_eq!(
        done.stderr.lines().next(),
        Some(
            "kletka: install: --freebsd-paths is for installing on this machine; --remove takes \
             the links away"
        )
    );
    let said = sandbox
        .ok("kletka install --remove --prefix /mnt/k | grep ^/usr | grep -v /jexec; ls /usr/sbin");
    assert_eq!(
        said,
        "/usr/sbin/jail: removed\n/usr/sbin/setfib: removed\n\
         /usr/sbin/sysrc: removed\njls\n"
    );
    sandbox.ok("/usr/bin/umount /usr/sbin");
}
