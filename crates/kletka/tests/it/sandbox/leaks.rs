//! Finds what a test has left behind in its machine: everything that a stopped jail must have given
//! back.
//!
//! The machine is read from outside, through `/proc/PID/root`: a process inside would count itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// The time for things that end soon after their command: the kernel removes a network namespace in
/// the background.
const SETTLE: Duration = Duration::from_secs(3);

/// The kinds of namespace that a process shows in `/proc/PID/ns`.
const NAMESPACES: [&str; 7] = ["net", "mnt", "pid", "user", "uts", "ipc", "cgroup"];

/// The things that a machine has, one line for each.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Left(BTreeSet<String>);

impl Left {
    /// Lists what the machine has now. `pid` is its process 1. Only the control groups in `cgroups`
    /// count, because all tests that run at the same time share the directory of control groups.
    pub(super) fn on(pid: u32, cgroups: &BTreeSet<PathBuf>) -> Self {
        let root = machine(pid);
        let mut left = BTreeSet::new();
        mounts(&root, &mut left);
        interfaces(pid, &mut left);
        processes(&root, &mut left);
        registry(&root, &mut left);
        loop_devices(&root, &mut left);
        let there = cgroups.iter().filter(|path| path.exists());
        left.extend(there.map(|path| format!("cgroup: {}", path.display())));
        Self(left)
    }

    /// Lists the differences from `clean`: things that are new, and things that are gone.
    pub(super) fn beyond(&self, clean: &Self) -> Vec<String> {
        let more = self.0.difference(&clean.0).cloned();
        let less = clean.0.difference(&self.0).map(|gone| format!("gone: {gone}"));
        more.chain(less).collect()
    }
}

/// Lists the differences from `clean` that remain when the machine has settled.
pub(super) fn settled(clean: &Left, pid: u32, cgroups: &BTreeSet<PathBuf>) -> Vec<String> {
    let deadline = Instant::now() + SETTLE;
    loop {
        let difference = Left::on(pid, cgroups).beyond(clean);
        if difference.is_empty() || Instant::now() > deadline {
            return difference;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Reads the control groups that the machine's registry names, in lines `cgroup=PATH`.
pub(super) fn registered_cgroups(pid: u32) -> Vec<PathBuf> {
    let mut files = Vec::new();
    walk(&machine(pid).join("run/kletka"), &mut files);
    // A test may have put a FIFO there, which would be waited for.
    let files = files.iter().filter(|file| file.is_file());
    let texts = files.filter_map(|file| fs::read_to_string(file).ok());
    let paths = texts.flat_map(|text| {
        let lines = text.lines().filter_map(|line| line.strip_prefix("cgroup="));
        lines.map(PathBuf::from).collect::<Vec<_>>()
    });
    paths.collect()
}

/// Removes a jail's control group, and those of its name in the hierarchies of cgroup v1.
pub(super) fn remove_groups(cgroup: &Path) {
    let _ = fs::remove_dir(cgroup);
    let Some(name) = cgroup.iter().skip_while(|part| *part != "kletka").nth(1) else { return };
    for hierarchy in fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten() {
        let _ = fs::remove_dir(hierarchy.path().join("kletka").join(name));
    }
}

fn machine(pid: u32) -> PathBuf {
    Path::new("/proc").join(pid.to_string()).join("root")
}

/// Lists every mount with its number, so that a second mount on the same place counts, too.
fn mounts(root: &Path, left: &mut BTreeSet<String>) {
    for line in fs::read_to_string(root.join("proc/1/mountinfo")).unwrap().lines() {
        let words: Vec<&str> = line.split(' ').collect();
        // One for the whole machine, where this has many mounts.
        if words[4].starts_with("/run/kletka/launcher") {
            continue;
        }
        left.insert(format!("mount: {} (number {}, of {})", words[4], words[0], words[2]));
    }
}

fn interfaces(pid: u32, left: &mut BTreeSet<String>) {
    let list = fs::read_to_string(format!("/proc/{pid}/net/dev")).unwrap();
    let names = list.lines().skip(2).filter_map(|line| line.split(':').next());
    left.extend(names.map(|name| format!("interface: {}", name.trim())));
}

/// Lists the processes, and the namespaces that they are in.
fn processes(root: &Path, left: &mut BTreeSet<String>) {
    for entry in fs::read_dir(root.join("proc")).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        left.insert(format!("process: {}(number {name})", command.trim_start()));
        for kind in NAMESPACES {
            // A process that has just ended has no namespaces.
            if let Ok(link) = fs::read_link(entry.path().join("ns").join(kind)) {
                left.insert(format!("namespace: {}", link.display()));
            }
        }
    }
}

/// Lists jails, and so ranges of ids, that kletka still has on record. The lock, the last jid and
/// the directories always stay. A link of an index that is wrong stays until the next jail starts.
fn registry(root: &Path, left: &mut BTreeSet<String>) {
    let registry = root.join("run/kletka");
    let mut files = Vec::new();
    walk(&registry, &mut files);
    for file in files {
        let name = file.strip_prefix(&registry).unwrap();
        if name != "lock"
            && name != "last"
            && !name.starts_with("index")
            && !name.starts_with("launcher")
        {
            left.insert(format!("registry: {}", name.display()));
        }
    }
}

/// Lists loop devices over files on this machine's own file systems. Other loop devices do not
/// belong to this test.
fn loop_devices(root: &Path, left: &mut BTreeSet<String>) {
    let used = fs::read_dir("/sys/block").into_iter().flatten().flatten();
    if !used.into_iter().any(|device| device.path().join("loop/backing_file").exists()) {
        return;
    }
    let list = Command::new("losetup")
        .args(["--list", "--noheadings", "--raw", "--output", "BACK-MAJ:MIN,NAME"])
        .output()
        .expect("losetup(8), package mount");
    let mounted = fs::read_to_string(root.join("proc/1/mountinfo")).unwrap();
    let devices: BTreeSet<&str> =
        mounted.lines().filter_map(|line| line.split(' ').nth(2)).collect();
    for line in String::from_utf8_lossy(&list.stdout).lines() {
        if let Some((device, name)) = line.split_once(' ')
            && devices.contains(device)
        {
            left.insert(format!("loop device: {name}"));
        }
    }
}

fn walk(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&entry.path(), files),
            _ => files.push(entry.path()),
        }
    }
}
