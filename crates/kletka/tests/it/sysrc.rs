//! sysrc(8): output, errors and exit statuses byte by byte, and what is written to the files.

use crate::sandbox::Sandbox;
use crate::session::check;
use rustix::fs::{XattrFlags, getxattr, setxattr};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

/// The commands of FreeBSD's usr.sbin/sysrc/tests/sysrc_test.sh, with the answers that it expects.
const FREEBSD: &str = r#"$ printf 'test_enable="NO"\ntest_list="item1 item2"\ntest2_list=""\n' > /tmp/c
$ sysrc -f /tmp/c test_enable test_list test2_list
test_enable: NO
test_list: item1 item2
test2_list: 
$ sysrc -f /tmp/c test_enable noexist
test_enable: NO
sysrc: unknown variable 'noexist'
[1]
$ rm /tmp/c; sysrc -f /tmp/c test_enable=YES; cat /tmp/c
test_enable:  -> YES
test_enable="YES"
$ sysrc -f /tmp/c test_enable=YES test_enable=NO test2_enable=; cat /tmp/c
test_enable: YES -> YES
test_enable: YES -> NO
test2_enable:  -> 
test_enable="NO"
test2_enable=""
$ sysrc -f /tmp/c -x test_enable test2_enable; cat /tmp/c
$ sysrc -f /tmp/c -x noexist
sysrc: unknown variable 'noexist'
[1]
$ sysrc -f /tmp/c test_list+=item1 test_list+=item1 test_list+=item2; cat /tmp/c
test_list:  -> item1
test_list: item1 -> item1
test_list: item1 -> item1 item2
test_list="item1 item2"
$ sysrc -f /tmp/c test_list-=item2 test_list-=item1 test_list-=item3 test2_list-=item1; cat /tmp/c
test_list: item1 item2 -> item1
test_list: item1 -> 
test_list:  -> 
test2_list:  -> 
test_list=""
test2_list=""
$ rm /tmp/c; sysrc -f /tmp/c test1_enable=YES test1_list+=item1
test1_enable:  -> YES
test1_list:  -> item1
$ sysrc -f /tmp/c test1_enable test1_enable=NO noexist test2_enable=YES test1_list-=item1 test2_list+=item3
test1_enable: YES
test1_enable: YES -> NO
test2_enable:  -> YES
test1_list: item1 -> 
test2_list:  -> item3
sysrc: unknown variable 'noexist'
[1]
$ echo 'test_enable="YES"' > /tmp/c; sysrc -f /tmp/c -a
test_enable: YES
$ printf 'test_enable="NO"\ntest_list="item1 item2"\n' > /tmp/c
$ sysrc -f /tmp/c -c test_enable test_list test_enable=NO test_list+=item1 test_list-=item3
$ sysrc -f /tmp/c -c test_enable=YES test_list+=item1
[1]
$ sysrc -f /tmp/c -c noexist-=item1
[1]
$ sysrc -f /tmp/c -c noexist1 noexist2
sysrc: unknown variable 'noexist1'
sysrc: unknown variable 'noexist2'
[1]
$ echo 'test_enable="NO" # Test Description' > /tmp/c; RC_DEFAULTS=/tmp/c sysrc -d test_enable
test_enable: Test Description
$ printf 'test_list="item1"\ntest_enable="NO"\n' > /tmp/d; echo test_enable=YES > /tmp/c
$ sysrc -f /tmp/d -f /tmp/c test_enable; sysrc -f /tmp/c -f /tmp/d test_enable
test_enable: YES
test_enable: NO
$ sysrc -f /tmp/d -f /tmp/c -a
test_enable: YES
test_list: item1
$ sysrc -f /tmp/d -f /tmp/c -F test_enable test_list
test_enable: /tmp/c
test_list: /tmp/d
"#;

#[test]
fn what_freebsds_tests_expect() {
    let Some(sandbox) = Sandbox::new() else { return };
    check(&sandbox, FREEBSD);
}

/// The rc.conf of an article, line by line.
const ARTICLE: &str = r#"$ sysrc jail_enable=YES jail_parallel_start=YES jail_list+=samba
jail_enable: NO -> YES
jail_parallel_start: NO -> YES
jail_list:  -> samba
$ cat /etc/rc.conf
jail_enable="YES"
jail_parallel_start="YES"
jail_list="samba"
$ sysrc -n jail_list; sysrc -N jail_list; sysrc -e jail_list; sysrc -v jail_list jail_conf; sysrc -ve jail_list
samba
jail_list
jail_list="samba"
/etc/rc.conf: jail_list: samba
/etc/defaults/rc.conf: jail_conf: /etc/jail.conf
: /etc/rc.conf; jail_list="samba"
$ sysrc -v jail_list+=www; sysrc -e jail_list-=samba; sysrc -n jail_list=a; sysrc -N jail_list=samba
/etc/rc.conf: jail_list: samba -> samba www
jail_list="samba www" # -> "www"
www -> a
jail_list
$ sysrc -F jail_list=samba; sysrc -nF jail_list
jail_list: /etc/rc.conf -> /etc/rc.conf
/etc/rc.conf
$ sysrc -a; sysrc -l; sysrc -Dl; sysrc -El; sysrc -ls jail
jail_enable: YES
jail_list: samba
jail_parallel_start: YES
/etc/rc.conf /etc/rc.conf.local
/etc/defaults/rc.conf
/etc/rc.conf
/etc/rc.conf /etc/rc.conf.local /etc/rc.conf.d/jail /usr/local/etc/rc.conf.d/jail
$ sysrc -D jail_enable; sysrc -A | grep rc_; sysrc -d jail_list
jail_enable: NO
rc_conf_files: /etc/rc.conf /etc/rc.conf.local
rc_startmsgs: YES
jail_list: Jails to start, in this order; all when empty
$ sysrc -cv jail_list=samba jail_list=www other=x
/etc/rc.conf: jail_list: already set to `samba'
/etc/rc.conf: jail_list: would change from `samba' to `www'
other: not currently set
[1]
$ sysrc -i nothing; sysrc -q nothing
[1]
$ echo 'jail_list="db"' > /etc/rc.conf.local; sysrc jail_list=web; cat /etc/rc.conf.local
jail_list: db -> web
jail_list="web"
$ sysrc -x jail_list; sysrc -F jail_list; cat /etc/rc.conf /etc/rc.conf.local
jail_list: /etc/defaults/rc.conf
jail_enable="YES"
jail_parallel_start="YES"
$ mkdir /etc/rc.conf.d; echo 'jail_list=own' > /etc/rc.conf.d/jail; sysrc -s jail jail_list=new; cat /etc/rc.conf.d/jail
jail_list: own -> new
jail_list="new"
$ sysrc hostname=www.example.org; sysrc 'hostname%%.*' 'other-x' '#hostname' 'hostname#*.'
hostname:  -> www.example.org
hostname%%.*: www
other-x: x
#hostname: 15
hostname#*.: example.org
$ sysrc 'jail_list=${hostname} b'; tail -1 /etc/rc.conf
jail_list:  -> www.example.org b
jail_list="${hostname} b"
$ RC_CONFS= sysrc hostname; RC_CONFS="/etc/rc.conf" sysrc -e hostname
hostname: 
hostname="www.example.org"
"#;

#[test]
fn options() {
    let Some(sandbox) = Sandbox::new() else { return };
    check(&sandbox, ARTICLE);
}

#[test]
#[rustfmt::skip]
fn what_is_wrong_is_named() {
    let Some(sandbox) = Sandbox::new() else { return };
    let usage = "Usage: sysrc [OPTIONS] {name[[+|-]=value] ... | -a | -A | -l | -L [name ...]}\nTry `sysrc --help' for more information.\n";
    sandbox.write("/tmp/bad", "a=1\nreboot\n");
    for (line, error) in [
        ("sysrc",               usage),
        ("sysrc -z a",          &format!("sysrc: illegal option -- z\n{usage}")),
        ("sysrc -n",            usage),
        ("sysrc -l name",       usage),
        ("sysrc a.b=c",         "sysrc: a.b: name contains characters not allowed in shell\n"),
        ("sysrc a.b",           "sysrc: a.b: name contains characters not allowed in shell\n"),
        ("sysrc 1a=c",          "sysrc: 1a: not a variable's name; write NAME=VALUE, without blanks\n"),
        ("sysrc -ax",           "sysrc: `-x' option incompatible with `-a'/`-A' options\n"),
        ("sysrc -ac",           "sysrc: `-c' option incompatible with `-a'/`-A' options\n"),
        ("sysrc -L",            "sysrc: -L: not supported\n"),
        ("sysrc -j '' a",       "sysrc: Missing or null argument to `-j' flag\n"),
        ("sysrc -j nobody a",   "jexec: jail \"nobody\" not found; jls(8) lists the jails that run, jail -c starts one of jail.conf\n"),
        ("sysrc -R /nowhere a", "sysrc: /nowhere: No such file or directory\n"),
        ("sysrc -D a=b",        "sysrc: no file to change\n"),
        ("sysrc -f /tmp/bad a", "/tmp/bad:2: reboot: not an assignment; this file is read, not executed\nsysrc: Exiting due to previous syntax errors\n"),
        ("sysrc -f /etc/passwd/x a=b", "sysrc: cannot create /etc/passwd/x: Not a directory\n"),
        ("sysrc 'a=$(reboot)'", "sysrc: $(reboot): not supported; this file is read, not executed\nsysrc: Not overwriting `/etc/rc.conf' due to previous syntax errors\n"),
        ("sysrc 'a=\"; reboot; \"'", "sysrc: reboot: not an assignment; this file is read, not executed\nsysrc: Not overwriting `/etc/rc.conf' due to previous syntax errors\n"),
    ] {
        let done = sandbox.run(line);
        assert_eq!((done.status, &*done.stdout, &*done.stderr), (1, "", error), "{line}");
    }
    assert_eq!(sandbox.ok("ls -A /etc/rc.conf* 2>&1 || true"), "ls: cannot access '/etc/rc.conf*': No such file or directory\n");
}

#[test]
fn all_but_the_value_stays() {
    let Some(sandbox) = Sandbox::new() else { return };
    let text = "# head\n\njail_enable=\"NO\"\t# why\nlong=\"a \\\nb\"\n  x=1; y='2' # two\n";
    let path = sandbox.outside(Path::new("/etc/real.conf"));
    sandbox.write("/etc/real.conf", text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    chown(&path, Some(7), Some(8)).unwrap();
    // acl(5) as the kernel has it: owner rw-, user 9 r--, group r--, mask r--, others ---.
    let entries =
        [(1, 6, u32::MAX), (2, 4, 9), (4, 4, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)];
    let entry = |(tag, bits, id): (u16, u16, u32)| {
        [&tag.to_le_bytes()[..], &bits.to_le_bytes(), &id.to_le_bytes()].concat()
    };
    let list = [vec![2, 0, 0, 0], entries.map(entry).concat()].concat();
    let attributes = [("system.posix_acl_access", &list[..]), ("trusted.note", b"kept")];
    for (name, value) in attributes {
        setxattr(&path, name, value, XattrFlags::empty()).unwrap();
    }
    symlink("real.conf", sandbox.outside(Path::new("/etc/rc.conf"))).unwrap();
    sandbox.ok("sysrc jail_enable=YES y=3 x+=2");
    let want = "# head\n\njail_enable=\"YES\"\t# why\nlong=\"a \\\nb\"\n  x=\"1 2\"; y='3' # two\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), want);
    let meta = fs::metadata(&path).unwrap();
    assert_eq!((meta.mode() & 0o7777, meta.uid(), meta.gid()), (0o640, 7, 8));
    for (name, value) in attributes {
        let mut room = [0; 64];
        let length = getxattr(&path, name, &mut room).unwrap();
        assert_eq!(&room[..length], value, "{name}");
    }
    let link = fs::read_link(sandbox.outside(Path::new("/etc/rc.conf")));
    assert_eq!(link.unwrap(), Path::new("real.conf"));
    sandbox.ok("sysrc -x long x");
    let want = "# head\n\njail_enable=\"YES\"\t# why\n  y='3' # two\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), want);
    assert_eq!(sandbox.ok("ls -A /etc | grep '^\\.rc\\|^\\.real' || true"), "");
}

#[test]
#[rustfmt::skip]
fn a_jails_tree_may_be_hostile() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.write("/etc/rc.conf", "secret=\"host's\"\n");
    sandbox.ok("mkdir -p /tmp/j/etc");
    let link = "a symbolic link, which is not followed in a jail's tree";
    for (make, why) in [
        ("ln -s /etc/rc.conf /tmp/j/etc/rc.conf",          format!("/etc/rc.conf: {link}")),
        ("ln -s ../../../etc/rc.conf /tmp/j/etc/rc.conf",  format!("/etc/rc.conf: {link}")),
        ("mkfifo /tmp/j/etc/rc.conf",                      "/etc/rc.conf: not a regular file".to_owned()),
        ("mknod /tmp/j/etc/rc.conf c 5 0",                 "/etc/rc.conf: not a regular file".to_owned()),
        ("mkdir /tmp/j/etc/rc.conf",                       "/etc/rc.conf: Is a directory".to_owned()),
        ("truncate -s 2M /tmp/j/etc/rc.conf",              "/etc/rc.conf: File too large".to_owned()),
        ("ln -s /etc /tmp/j/etc/rc.conf.d; : > /tmp/j/etc/rc.conf; rmdir /tmp/j/etc || mv /tmp/j/etc /tmp/j/was; ln -s /etc /tmp/j/etc",
                                                           format!("/etc/rc.conf: {link}")),
    ] {
        sandbox.ok(make);
        for line in ["sysrc -R /tmp/j secret", "sysrc -R /tmp/j secret=x"] {
            let done = sandbox.run(line);
            let want = format!("{why}\nsysrc: Exiting due to previous syntax errors\n");
            assert_eq!((done.status, &*done.stdout, &*done.stderr), (1, "", &*want), "{make}; {line}");
        }
        sandbox.ok("rm -rf /tmp/j/etc /tmp/j/was; mkdir -p /tmp/j/etc");
    }
    assert_eq!(sandbox.ok("cat /etc/rc.conf"), "secret=\"host's\"\n");
    // Files of the jail itself are changed. A dangling link in the place of a file is not followed.
    assert_eq!(sandbox.ok("sysrc -R /tmp/j sshd_enable=YES; sysrc -R /tmp/j -v sshd_enable; cat /tmp/j/etc/rc.conf"),
        "sshd_enable: NO -> YES\n/etc/rc.conf: sshd_enable: YES\nsshd_enable=\"YES\"\n");
    // No path leads out of the tree.
    let done = sandbox.run("sysrc -R /tmp/j -f ../../../etc/rc.conf secret");
    assert_eq!((done.status, &*done.stderr), (1, "sysrc: unknown variable 'secret'\n"), "{done:?}");
    sandbox.ok("rm /tmp/j/etc/rc.conf; ln -s /etc/made /tmp/j/etc/rc.conf");
    assert_eq!(sandbox.run("sysrc -R /tmp/j sshd_enable=YES").status, 1);
    assert_eq!(sandbox.run("ls /etc/made").status, 2);
}

#[test]
fn in_a_running_jail() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/www");
    sandbox.ok("jail -c name=www path=/home/jails/www persist");
    let session = "$ sysrc -j www -v sshd_enable=YES; sysrc -j www -n sshd_enable; sysrc -j www nothing
/etc/rc.conf: sshd_enable: NO -> YES
YES
sysrc: unknown variable 'nothing'
[1]
$ cat /home/jails/www/etc/rc.conf; stat -c '%u %a' /home/jails/www/etc/rc.conf; jexec www /run/kletka/jail/sysrc -x sshd_enable
sshd_enable=\"YES\"
0 644
$ jail -r www
";
    check(&sandbox, session);
}

/// A file with extended attributes of the host can be changed inside a jail, and keeps the
/// attributes that it can keep.
#[test]
fn attributes_that_a_jail_cannot_give() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/www");
    let path = sandbox.outside(Path::new("/home/jails/www/etc/rc.conf"));
    sandbox.write("/home/jails/www/etc/rc.conf", "a=1\n");
    sandbox.ok("jail -c name=www path=/home/jails/www persist");
    let has = |name: &str| getxattr(&path, name, &mut [0; 64][..]).is_ok();
    for (line, label_stays) in [
        ("jexec www /run/kletka/jail/sysrc", false),
        ("sysrc -j www", false),
        ("sysrc -R /home/jails/www", true),
        ("sysrc -f /home/jails/www/etc/rc.conf", true),
    ] {
        for name in ["security.label", "security.ima", "security.evm", "trusted.note", "user.note"]
        {
            // Some kernels let nobody set a digest; then there is none to copy.
            let set = setxattr(&path, name, b"x", XattrFlags::empty());
            assert!(set.is_ok() || ["security.ima", "security.evm"].contains(&name), "{name}");
        }
        let done = sandbox.run(&format!("{line} a=1 a=2"));
        assert_eq!((done.status, &*done.stderr), (0, ""), "{line}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "a=\"2\"\n", "{line}");
        assert!(has("user.note"), "{line}");
        assert!(!has("security.ima") && !has("security.evm"), "{line}");
        assert_eq!(has("security.label"), label_stays, "{line}");
    }
    sandbox.ok("jail -r www");
}

#[test]
fn what_a_killed_run_has_left_goes() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.write("/tmp/c/rc.conf", "a=1\n");
    sandbox.write("/tmp/c/jail.conf", "j { path = /; }\n");
    // Names that only look like those of such files stay, and so does the file of a run that is
    // under way: that run holds the file's lock.
    for stays in [".rc.conf.", ".rc.conf.7x", ".rc.conf.bak", ".rc.confx.7", "rc.conf.7"] {
        sandbox.write(Path::new("/tmp/c").join(stays), "");
    }
    sandbox.ok("mkfifo /tmp/c/.rc.conf.5; ln -s /dev/null /tmp/c/.rc.conf.6");
    sandbox.ok(
        "sh -c ': > /tmp/c/.rc.conf.8; exec 9< /tmp/c/.rc.conf.8; flock -x 9; echo $$ > /tmp/pid
         exec sleep 50' & until [ -s /tmp/pid ]; do :; done",
    );
    let before = sandbox.ok("ls -A /tmp/c");
    for (left, line) in [
        (".rc.conf.123", "sysrc -f /tmp/c/rc.conf a=3"),
        (".rc.conf.4294967295", "sysrc -f /tmp/c/rc.conf a=4"),
        (".jail.conf.9", "kletka config set -f /tmp/c/jail.conf j persist"),
    ] {
        sandbox.write(Path::new("/tmp/c").join(left), "half a li");
        sandbox.ok(line);
        assert_eq!(sandbox.ok("ls -A /tmp/c"), before, "{line}");
    }
    sandbox.ok("kill $(cat /tmp/pid)");
}

/// A run that is killed anywhere has changed the file or not. The next run removes what was left.
#[test]
fn killed_anywhere() {
    let Some(sandbox) = Sandbox::new() else { return };
    for at in ["openat", "flock", "fchmod", "write", "fsync", "rename,renameat,renameat2"] {
        sandbox.write("/tmp/c/rc.conf", "a=\"1\"\n");
        let inject = format!("-e trace={at} -e inject={at}:signal=SIGKILL:when=");
        for place in 1.. {
            let line = format!("strace -qq -o /dev/null {inject}{place} sysrc -f /tmp/c/rc.conf");
            let killed = sandbox.run(&format!("{line} a=2")).status == 137;
            let text = sandbox.ok("cat /tmp/c/rc.conf");
            assert!(["a=\"1\"\n", "a=\"2\"\n"].contains(&&*text), "{at} {place}: {text}");
            sandbox.ok("sysrc -f /tmp/c/rc.conf a=1");
            assert_eq!(sandbox.ok("ls -A /tmp/c"), "rc.conf\n", "{at} {place}");
            if !killed {
                break;
            }
        }
    }
}
