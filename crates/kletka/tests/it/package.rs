//! The Debian package, by dpkg(1): installed, upgraded while a jail runs, removed and purged. What
//! systemd does with the units is a test of the virtual machine's.

use crate::sandbox::Sandbox;
use crate::session::check;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Puts a layer over the machine's directories of programs, where dpkg(1) may do what it does. The
/// overlay file system cannot be idmapped, so that programs for jails lie in another.
const LAYERS: &str = "
set -e
PATH=/usr/sbin:/usr/bin:/sbin:/bin
for directory in usr var/lib var/cache; do
    mkdir -p /mnt/layers/$directory/upper /mnt/layers/$directory/work
    mount -t overlay -o lowerdir=/$directory,upperdir=/mnt/layers/$directory/upper,workdir=/mnt/layers/$directory/work overlay /$directory
done
mkdir /mnt/libexec /mnt/local
mount -t tmpfs tmpfs /mnt/libexec
cp -a /usr/libexec/dpkg /mnt/libexec 2> /dev/null || :
mount --move /mnt/libexec /usr/libexec
mount -t tmpfs tmpfs /usr/local
sed -i '/^kletka:/d' /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/subuid /etc/subgid
";

const NO_LAYERS: &str = "/bin/umount -l /usr/local /usr/libexec /usr /var/lib /var/cache";

/// The packages of two versions, from the program under test, made once per run of the tests.
/// Answers their directory. `None`: this machine cannot make any, which is said.
fn packages() -> Option<&'static Path> {
    static PACKAGES: OnceLock<Option<PathBuf>> = OnceLock::new();
    let made = PACKAGES.get_or_init(|| {
        let there = |program: &&str| Command::new(program).arg("--version").output().is_ok();
        let missing = [env!("CARGO"), "dpkg-deb", "strip"].into_iter().find(|it| !there(it));
        missing.is_none().then(make)
    });
    if made.is_none() {
        let test = std::thread::current();
        let test = test.name().unwrap_or("?");
        let _ = writeln!(io::stderr(), "skipped: {test}: needs cargo, dpkg-deb and strip");
    }
    made.as_deref()
}

fn make() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("package");
    fs::create_dir_all(&directory).unwrap();
    let binary = directory.join("kletka");
    // What debuggers want makes nine tenths of the file.
    let mut strip = Command::new("strip");
    strip.arg(env!("CARGO_BIN_EXE_kletka")).arg("-o").arg(&binary);
    assert!(strip.status().unwrap().success());
    for version in ["1", "2"] {
        let made = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--package", "xtask", "--", "dist", "--version", version])
            .arg("--binary")
            .arg(&binary)
            .arg("--dir")
            .arg(&directory)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    directory
}

/// The package of this version, for the machine that runs the tests.
fn package(directory: &Path, version: &str) -> PathBuf {
    let architecture = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
    directory.join(format!("kletka_{version}_{architecture}.deb"))
}

#[test]
fn from_the_installation_to_the_purge() {
    let Some(directory) = packages() else { return };
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.write("/etc/jail.conf", "web { path = /home/jails/web; persist; }\n");
    for version in ["1", "2"] {
        sandbox
            .write(format!("/mnt/{version}.deb"), fs::read(package(directory, version)).unwrap());
    }
    sandbox.ok(LAYERS);
    check(
        &sandbox,
        "\
$ dpkg --no-triggers -i /mnt/1.deb 2>&1 | grep ^kletka:
kletka: 'kletka doctor' says whether jails can run here; 'man kletka' is where to begin
$ for name in kletka jail jls jexec sysrc ifconfig; do command -v $name; done
/usr/bin/kletka
/usr/sbin/jail
/usr/sbin/jls
/usr/sbin/jexec
/usr/sbin/sysrc
/usr/sbin/ifconfig
$ grep -h kletka /etc/subuid /etc/subgid
kletka:268435456:1610612736
kletka:268435456:1610612736
$ grep kletka: /etc/passwd | cut -d: -f 5-
Ids of jails:/:/usr/sbin/nologin
$ useradd -M -K SUB_UID_MIN=268435456 -K SUB_UID_MAX=4000000000 -K SUB_GID_MIN=268435456 -K SUB_GID_MAX=4000000000 anna
$ grep -h anna /etc/subuid /etc/subgid
anna:1879048192:65536
anna:1879048192:65536
$ systemctl --quiet enable jail.service 2> /dev/null; readlink /etc/systemd/system/*/jail.service | sed s,^/usr,,
/lib/systemd/system/jail.service
$ jail -q -c web
$ jexec web cat /proc/self/uid_map
         0  268435456      65536
$ echo '# kept' >> /etc/logrotate.d/kletka
$ dpkg --no-triggers -i /mnt/2.deb 2>&1 | grep ^kletka:
[1]
$ dpkg-query --show kletka
kletka	2
$ jls name
web
$ [ $(jexec web stat -c %i /run/kletka/kletka) = $(stat -c %i /usr/libexec/kletka/kletka) ] && echo the new one
the new one
$ dpkg -L kletka | grep -E 'kletka|jail|jls|jexec|sysrc' > /mnt/files
$ jail -qc name=\"a b'c\" path=/home/jails/web persist; dpkg -r kletka 2>&1 | grep ^kletka:
kletka: jails are running: stop them first: jail -r web 'a b'\\''c'
$ jail -qr \"a b'c\"
$ dpkg-query --show --showformat '${Status}\\n' kletka; jls name
deinstall ok installed
web
$ jail -q -r web
$ dpkg --no-triggers -r kletka 2>&1 | grep ^kletka:
[1]
$ ls -d $(cat /mnt/files) 2> /dev/null
/etc/logrotate.d/kletka
/etc/systemd/network/00-kletka.network
[2]
$ tail -n 1 /etc/logrotate.d/kletka; grep -c kletka: /etc/subuid
# kept
1
$ dpkg --no-triggers -P kletka 2>&1 | sed -n '/^kletka:/,$p'
kletka: left in place, as jails and their files are yours:
    /etc/jail.conf
    path = /home/jails/web (in /etc/jail.conf)
$ grep kletka: /etc/passwd /etc/group /etc/subuid /etc/subgid; readlink /etc/systemd/system/*/jail.service
[1]
$ ls -d /etc/logrotate.d/kletka /etc/systemd/network/00-kletka.network /run/kletka /run/kletka.list 2> /dev/null; ls /home/jails/web/bin/busybox
/home/jails/web/bin/busybox
",
    );
    sandbox.ok(NO_LAYERS);
}

/// What the administrator has said of ids is not changed.
#[test]
fn lines_of_the_administrators_stay() {
    let Some(directory) = packages() else { return };
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.write("/mnt/1.deb", fs::read(package(directory, "1")).unwrap());
    sandbox.ok(LAYERS);
    sandbox.write("/etc/subuid", "kletka:700000:131072\n");
    sandbox.write("/etc/subgid", "kletka:700000:131072\n");
    check(
        &sandbox,
        "\
$ dpkg --no-triggers -i /mnt/1.deb > /dev/null 2>&1; cat /etc/subuid /etc/subgid
kletka:700000:131072
kletka:700000:131072
$ dpkg --no-triggers -P kletka > /dev/null 2>&1; cat /etc/subuid /etc/subgid
kletka:700000:131072
kletka:700000:131072
$ rm /etc/subuid /etc/subgid; dpkg --no-triggers -i /mnt/1.deb > /dev/null 2>&1; ls /etc/subuid
ls: cannot access '/etc/subuid': No such file or directory
[2]
$ dpkg --no-triggers -P kletka > /dev/null 2>&1; grep kletka: /etc/passwd
[1]
",
    );
    sandbox.ok(NO_LAYERS);
}

#[test]
fn the_tarball() {
    let Some(directory) = packages() else { return };
    let Some(sandbox) = Sandbox::new() else { return };
    let name = format!("kletka-1-{}", std::env::consts::ARCH);
    let archive = fs::read(directory.join(format!("{name}.tar.gz"))).unwrap();
    sandbox.write("/mnt/kletka.tar.gz", archive);
    let listed = sandbox.ok("tar -tvf /mnt/kletka.tar.gz | awk '{ print $1, $2, $6 }'");
    let want = [
        ("drwxr-xr-x", ""),
        ("-rw-r--r--", "CHANGELOG.md"),
        ("-rw-r--r--", "LICENSE"),
        ("-rw-r--r--", "README.md"),
        ("-rw-r--r--", "SECURITY.md"),
        ("-rwxr-xr-x", "install.sh"),
        ("-rwxr-xr-x", "kletka"),
    ];
    let want: String =
        want.map(|(mode, file)| format!("{mode} root/root {name}/{file}\n")).concat();
    assert_eq!(listed, want);
    sandbox.ok(&format!("tar -xf /mnt/kletka.tar.gz -C /mnt; mv /mnt/{name} /mnt/new"));
    check(
        &sandbox,
        "\
$ /mnt/new/install.sh --prefix /mnt/k | tail -n 4 | head -n 2
    PATH=/mnt/k/bin:$PATH
    kletka doctor               # can jails run on this machine?
$ /mnt/new/install.sh --prefix=/mnt/k
/mnt/k: up to date
$ /mnt/k/bin/kletka install --remove > /dev/null; ls /mnt
kletka.tar.gz
new
$ /mnt/new/install.sh --perfix /mnt/k
usage: /mnt/new/install.sh [--prefix DIR]
[64]
$ /mnt/new/install.sh --prefix
usage: /mnt/new/install.sh [--prefix DIR]
[64]
",
    );
}

/// lintian(1), where it is installed, has nothing to say that packaging/debian does not explain.
#[test]
fn lintian() {
    if Command::new("lintian").arg("--version").output().is_err() {
        let _ = writeln!(io::stderr(), "skipped: package::lintian: needs lintian");
        return;
    }
    let Some(directory) = packages() else { return };
    let mut lintian = Command::new("lintian");
    lintian.args(["--allow-root", "--fail-on", "error,warning"]).arg(package(directory, "1"));
    let said = lintian.output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
}
