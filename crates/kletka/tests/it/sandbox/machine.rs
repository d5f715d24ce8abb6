//! Makes the machine of a [`super::Sandbox`]: by unshare(1), a shell script and an installed
//! kletka.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// The script of process 1. `$1` is the installed kletka, `$2` a directory on a disk for /home and
/// /mnt, if there is one.
///
/// The script reads its number as the test sees it, while the outer /proc is still mounted. It lays
/// out the machine, prints the number, and becomes a cat(1), which lives until its input ends. The
/// echo of a first line shows that the machine is ready. SIGCHLD is ignored, which exec(3) keeps:
/// so the kernel reaps every orphan at once.
const PROCESS_1: &str = r#"
set -eu
read -r pid rest < /proc/self/stat
mount -t proc proc /proc
mount --bind "$1" /usr/local
mount -t tmpfs -o mode=755 tmpfs /mnt
cp -a /etc/. /mnt
mount --move /mnt /etc
mount -t tmpfs -o mode=1777 tmpfs /tmp
for directory in /run /var/log; do
    mount -t tmpfs -o mode=755 tmpfs "$directory"
done
# As it should be above the roots of jails: root alone passes.
for directory in /home /mnt; do
    if [ -n "$2" ]; then
        disk=$(mktemp -d "$2/disk.XXXXXX")
        mount --bind "$disk" "$directory"
    else
        mount -t tmpfs -o mode=700 tmpfs "$directory"
    fi
done
mkdir /run/lock
rm -rf /etc/jail.conf /etc/jail.conf.d /etc/jail.*.conf /etc/rc.conf /etc/rc.conf.d /etc/rc.conf.local
ip link set lo up
cd /
echo "$pid"
exec env --ignore-signal=CHLD cat
"#;

/// Starts a machine. Answers unshare(1), and the number of the machine's process 1.
pub(super) fn start() -> (Child, u32) {
    let mut unshare = Command::new("unshare")
        .args(["--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child"])
        .args(["--propagation", "private", "sh", "-c", PROCESS_1, "machine"])
        .arg(prefix())
        .arg(disk())
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("unshare(1), package util-linux");
    writeln!(unshare.stdin.as_mut().unwrap(), "ready").unwrap();
    let said = BufReader::new(unshare.stdout.as_mut().unwrap()).lines().take(2);
    let said: Vec<String> = said.map(Result::unwrap).collect();
    let [pid, ready] = said.as_slice() else { panic!("no machine; what failed stands above") };
    assert_eq!(ready, "ready");
    (unshare, pid.parse().unwrap())
}

/// The directory for files of jails: in the virtual machine on its disk, as Linux 6.1 cannot idmap
/// a tmpfs. Nothing of that disk outlives the machine.
fn disk() -> &'static str {
    if std::env::var_os("KLETKA_VM").is_some() { "/var/lib" } else { "" }
}

/// Installs the binary under test, once per run of the tests. Answers the directory.
fn prefix() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let prefix = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prefix");
        fs::create_dir_all(&prefix).unwrap();
        let install = Command::new(env!("CARGO_BIN_EXE_kletka"))
            .args(["install", "--prefix"])
            .arg(&prefix)
            .output()
            .unwrap();
        assert!(install.status.success(), "{}", String::from_utf8_lossy(&install.stderr));
        prefix
    })
}

/// The statically linked busybox of the machine that runs the tests.
pub(super) struct Busybox {
    pub(super) program: &'static Path,
    /// Paths of its applets, from the root: `bin/sh`.
    pub(super) names: Vec<String>,
}

/// Finds busybox, once per run of the tests.
pub(super) fn busybox() -> &'static Busybox {
    static BUSYBOX: OnceLock<Busybox> = OnceLock::new();
    BUSYBOX.get_or_init(|| {
        let program = ["/usr/bin/busybox", "/bin/busybox"].map(Path::new);
        let program = program.into_iter().find(|path| path.exists());
        let program = program.expect("busybox: not found; apt-get install busybox-static");
        let head = fs::read(program).unwrap();
        let dynamic = head[..4096].windows(4).any(|window| window == b"/ld-");
        assert!(!dynamic, "busybox: not static; apt-get install busybox-static");
        let list = Command::new(program).arg("--list-full").output().unwrap();
        let names = String::from_utf8(list.stdout).unwrap();
        Busybox { program, names: names.lines().map(str::to_owned).collect() }
    })
}
