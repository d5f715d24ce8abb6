//! A small machine for one test: it has mount, network, process, host name and IPC namespaces of
//! its own.
//!
//! The directories `/run` (with kletka's registry), `/tmp`, `/home`, `/mnt` and `/var/log` are
//! empty, `/etc` is a copy that the test may write, and `/usr/local` has a freshly installed
//! kletka. Process 1 reaps processes that lose their parent. When the [`Sandbox`] is dropped, or
//! the test run dies, process 1 ends, and the kernel ends all other processes with it. The test
//! fails if anything is left behind before that: [`leaks`].

mod leaks;
mod machine;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{MemfdFlags, memfd_create};

use leaks::Left;

/// The PATH in the sandbox: the applets in FreeBSD's dialect, kletka, then the system.
const PATH: &str = "/usr/local/libexec/kletka/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Seconds after which [`Sandbox::run`] ends a command that hangs. The status is then 124.
const PATIENCE: &str = "60";

/// A running machine. Dropping it checks that nothing is left behind, then removes it.
pub(crate) struct Sandbox {
    /// The process of unshare(1), which is the parent of the machine's process 1.
    unshare: Child,
    /// The number that the test sees for process 1.
    pid: u32,
    /// The state of the machine before the test began.
    clean: Left,
    /// The control groups that this machine's registry has named so far.
    cgroups: RefCell<BTreeSet<PathBuf>>,
}

/// The output and the exit status of a command.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: i32,
}

impl Sandbox {
    /// Makes a fresh machine. `None`: the tests do not run as root, and a line on standard error,
    /// which `cargo xtask test` counts, says so.
    pub(crate) fn new() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            let thread = std::thread::current();
            // Not by eprintln!, whose output the harness shows for failed tests only.
            let _ = writeln!(io::stderr(), "skipped: {}: needs root", thread.name().unwrap_or("?"));
            return None;
        }
        let (unshare, pid) = machine::start();
        let clean = Left::on(pid, &BTreeSet::new());
        Some(Self { unshare, pid, clean, cgroups: RefCell::default() })
    }

    /// Runs `line` by sh(1) in the machine, as root, from `/`, without input. Waits for sh alone:
    /// processes that it leaves in the background may go on.
    pub(crate) fn run(&self, line: &str) -> Done {
        // Files in memory and not pipes: a background process that keeps a pipe open would hold the
        // reader up.
        let [mut stdout, mut stderr] = ["stdout", "stderr"]
            .map(|name| fs::File::from(memfd_create(name, MemfdFlags::CLOEXEC).unwrap()));
        let pid = self.pid.to_string();
        let status = Command::new("nsenter")
            .args(["--target", &pid, "--mount", "--net", "--pid", "--uts", "--ipc", "--"])
            .args(["timeout", "--kill-after=5", PATIENCE, "sh", "-c", line])
            .env_clear()
            .envs([("PATH", PATH), ("HOME", "/root"), ("LC_ALL", "C"), ("USER", "root")])
            .stdin(Stdio::null())
            .stdout(stdout.try_clone().unwrap())
            .stderr(stderr.try_clone().unwrap())
            .status()
            .expect("nsenter(1), package util-linux");
        self.cgroups.borrow_mut().extend(leaks::registered_cgroups(self.pid));
        Done { stdout: text(&mut stdout), stderr: text(&mut stderr), status: code(status) }
    }

    /// Runs `line`, which must succeed. Answers its standard output.
    #[track_caller]
    pub(crate) fn ok(&self, line: &str) -> String {
        let done = self.run(line);
        assert!(
            done.status == 0,
            "{line}\nexit status {}\n{}{}",
            done.status,
            done.stdout,
            done.stderr
        );
        done.stdout
    }

    /// Writes a file of the machine, and makes missing directories.
    pub(crate) fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.outside(path.as_ref());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Makes a jail's root at `path`, with busybox under all its names, the users root and nobody,
    /// and empty directories.
    pub(crate) fn root(&self, path: impl AsRef<Path>) {
        let root = self.outside(path.as_ref());
        for directory in [
            "bin", "sbin", "usr/bin", "usr/sbin", "etc", "proc", "dev", "tmp", "run", "root",
            "var/run",
        ] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        let busybox = machine::busybox();
        fs::copy(busybox.program, root.join("bin/busybox")).unwrap();
        for name in busybox.names.iter().filter(|name| *name != "bin/busybox") {
            symlink("/bin/busybox", root.join(name)).unwrap();
        }
        self.write(
            path.as_ref().join("etc/passwd"),
            "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
        );
        self.write(path.as_ref().join("etc/group"), "root:x:0:\nnogroup:x:65534:\n");
    }

    /// Answers the path by which the test finds a file of the machine. Absolute symbolic links on
    /// that path lead out of the machine.
    pub(crate) fn outside(&self, path: &Path) -> PathBuf {
        let inside = path.strip_prefix("/").expect("a path from the machine's root");
        Path::new("/proc").join(self.pid.to_string()).join("root").join(inside)
    }

    /// Fails the test if anything is there that was not there before its first command. All jails
    /// must be stopped by then. The end of the test makes the same check.
    #[track_caller]
    pub(crate) fn check(&self) {
        let left = self.left();
        assert!(left.is_empty(), "left behind:\n{}", left.join("\n"));
    }

    fn left(&self) -> Vec<String> {
        leaks::settled(&self.clean, self.pid, &self.cgroups.borrow())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // A test that has failed reports its own reason. Its jails still run, which is no second
        // fault.
        let failed = std::thread::panicking();
        let left = if failed { Vec::new() } else { self.left() };
        // Process 1 reads its input until this end of it closes.
        drop(self.unshare.stdin.take());
        let _ = self.unshare.wait();
        // Control groups are the only things that do not end with the machine.
        for cgroup in self.cgroups.borrow().iter() {
            leaks::remove_groups(cgroup);
        }
        assert!(left.is_empty(), "left behind:\n{}", left.join("\n"));
    }
}

fn text(file: &mut fs::File) -> String {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or(status.signal().map(|signal| 128 + signal)).unwrap()
}

#[test]
fn a_machine_of_its_own() {
    let Some(sandbox) = Sandbox::new() else { return };
    let hostname = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    sandbox.write("/etc/jail.conf", "www { }\n");
    sandbox.root("/home/jails/www");
    #[rustfmt::skip]
    let cases = [
        ("echo $$",                                          false), // its own process numbers …
        ("cat /etc/jail.conf",                               true),
        ("cat /proc/net/dev | wc -l",                        true),  // … and network: `lo` alone
        ("ls /home /run /tmp | sort",                        true),
        ("chroot /home/jails/www /bin/sh -c 'echo hello'",   true),
        ("command -v jail",                                  true),
        ("hostname changed; hostname",                       true),
    ];
    let said: Vec<String> = cases.iter().map(|(line, _)| sandbox.ok(line)).collect();
    assert!(said[0].trim().parse::<u32>().unwrap() < 100, "{said:?}");
    assert_eq!(said[1], "www { }\n");
    assert_eq!(said[2], "3\n");
    assert!(said[3].contains("jails\n"), "{said:?}");
    assert_eq!(said[4], "hello\n");
    assert_eq!(said[5], "/usr/local/bin/jail\n");
    assert_eq!(said[6], "changed\n");
    assert_eq!(fs::read_to_string("/proc/sys/kernel/hostname").unwrap(), hostname);
}

#[test]
fn statuses_and_streams() {
    let Some(sandbox) = Sandbox::new() else { return };
    let done = sandbox.run("echo out; echo err >&2; exit 3");
    assert_eq!((done.stdout.as_str(), done.stderr.as_str(), done.status), ("out\n", "err\n", 3));
    // `run` does not wait for a background process.
    sandbox.ok("sleep 50 & echo $! > /tmp/pid");
    sandbox.ok("kill $(cat /tmp/pid)");
}

#[test]
fn what_is_left_is_named() {
    let Some(sandbox) = Sandbox::new() else { return };
    #[rustfmt::skip]
    let cases = [
        ("/bin/mount -t tmpfs left /mnt",          "/bin/umount /mnt",           "mount: /mnt"),
        ("ip link add left0 type dummy || ip link add left0 type bridge", "ip link delete left0", "interface: left0"),
        ("sleep 50 & echo $! > /tmp/pid",          "kill $(cat /tmp/pid)",    "process: sleep 50"),
        ("unshare --net sleep 50 & echo $! > /tmp/pid", "kill $(cat /tmp/pid)", "namespace: net"),
        ("mkdir -p /run/kletka/jails; : > /run/kletka/jails/1", "rm /run/kletka/jails/1", "registry: jails/1"),
    ];
    for (make, remove, name) in cases {
        sandbox.ok(make);
        // A background process has its name only when it has executed, which may take a moment.
        let started = Instant::now();
        let named = || Left::on(sandbox.pid, &BTreeSet::new()).beyond(&sandbox.clean).join("\n");
        while !named().contains(name) {
            assert!(started.elapsed() < Duration::from_secs(5), "{make}: {}", named());
        }
        sandbox.ok(remove);
        sandbox.check();
    }
}
