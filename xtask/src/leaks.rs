//! What is left behind on this machine, of all that a stopped jail must give back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long a thing may take to end after its command: the kernel removes a network namespace in
/// the background.
const SETTLE: Duration = Duration::from_secs(5);

/// Whose processes are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Processes {
    /// Every process, in a process namespace of our own.
    All,
    /// Only kletka's, on a machine where others work too.
    Kletka,
}

/// The things that exist, by kind, in this process's own mount and network namespaces.
pub(crate) struct Left {
    whose: Processes,
    things: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Left {
    /// Looks at everything.
    pub(crate) fn now(whose: Processes) -> Self {
        let (processes, namespaces) = processes(whose);
        let things = BTreeMap::from([
            ("mounts", mounts()),
            ("interfaces", interfaces()),
            ("processes", processes),
            ("namespaces", namespaces),
            ("control groups", control_groups()),
            ("registry entries", files_below("/run/kletka")),
            ("loop devices", loop_devices()),
        ]);
        Self { whose, things }
    }

    /// The things that exist now and did not exist at `self`, by kind, once the rest has had time
    /// to end.
    pub(crate) fn since(&self) -> Vec<(&'static str, Vec<String>)> {
        let deadline = Instant::now() + SETTLE;
        loop {
            let now = Self::now(self.whose);
            let more = now.things.iter().map(|(kind, things)| {
                let before = self.things.get(kind);
                let is_new = |thing: &&String| before.is_none_or(|before| !before.contains(*thing));
                (*kind, things.iter().filter(is_new).cloned().collect::<Vec<_>>())
            });
            let more: Vec<_> = more.collect();
            // Looked at again and again, rather than once after the whole time: mostly nothing is
            // left.
            if more.iter().all(|(_, things)| things.is_empty()) || Instant::now() > deadline {
                return more;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn mounts() -> BTreeSet<String> {
    // With its number: a second mount at the same place is another thing.
    let list = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let places = list.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some(format!("{} (number {})", words.nth(4)?, line.split(' ').next()?))
    });
    places.collect()
}

fn interfaces() -> BTreeSet<String> {
    let list = fs::read_to_string("/proc/self/net/dev").unwrap_or_default();
    let names = list.lines().skip(2).filter_map(|line| line.split(':').next());
    names.map(|name| name.trim().to_owned()).collect()
}

/// The processes, and the namespaces that they are in.
fn processes(whose: Processes) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut processes, mut namespaces) = (BTreeSet::new(), BTreeSet::new());
    for process in entries(Path::new("/proc")) {
        let name = process.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_process = name.bytes().all(|byte| byte.is_ascii_digit());
        if !is_process || (whose == Processes::Kletka && !is_kletka(&process)) {
            continue;
        }
        let command = fs::read(process.join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        processes.insert(format!("{name}: {}", command.trim_end()));
        let links =
            entries(&process.join("ns")).into_iter().filter_map(|ns| fs::read_link(ns).ok());
        namespaces.extend(links.map(|link| link.display().to_string()));
    }
    (processes, namespaces)
}

fn is_kletka(process: &Path) -> bool {
    // By its program, as kletka runs under many names.
    fs::read_link(process.join("exe")).is_ok_and(|exe| exe.ends_with("kletka"))
}

/// The control groups below a directory `kletka`, in every hierarchy. The directory itself may
/// stay.
fn control_groups() -> BTreeSet<String> {
    let root = Path::new("/sys/fs/cgroup");
    // With cgroup v1 each hierarchy has a folder, with v2 alone the root is the hierarchy.
    let hierarchies = entries(root).into_iter().chain([root.to_owned()]);
    let jails = hierarchies.flat_map(|hierarchy| entries(&hierarchy.join("kletka")));
    jails.filter(|path| path.is_dir()).map(|path| path.display().to_string()).collect()
}

/// Every file below the registry's `directory`, except its lock and its last jid, which stay, and
/// its index: links of one that is wrong stay until the next jail starts.
fn files_below(directory: impl AsRef<Path>) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for path in entries(directory.as_ref()) {
        if path.ends_with("kletka/index") {
            continue;
        }
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if !path.ends_with("lock") && !path.ends_with("last") {
            files.insert(path.display().to_string());
        }
    }
    files
}

fn loop_devices() -> BTreeSet<String> {
    let devices = entries(Path::new("/sys/block")).into_iter();
    let used = devices.filter(|device| device.join("loop/backing_file").exists());
    used.map(|device| device.display().to_string()).collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
