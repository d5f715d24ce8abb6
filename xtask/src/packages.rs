//! The packages that a task needs: installed if root asks, named if another user does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::hushed;

/// A program, the Debian package that has it, and its use.
pub(crate) struct Need {
    program: &'static str,
    package: &'static str,
    why: &'static str,
}

const fn need(program: &'static str, package: &'static str, why: &'static str) -> Need {
    Need { program, package, why }
}

/// For tests that make jails.
pub(crate) const TEST: &[Need] = &[
    need("busybox", "busybox-static", "the programs in the tests' jails"),
    need("ip", "iproute2", "the networks around the tests' jails"),
    need("unshare", "util-linux", "a machine of its own for each test"),
    need("nft", "nftables", "a firewall in a jail"),
    need("tcpdump", "tcpdump", "what a bridge's port hears"),
    need("mmdebstrap", "mmdebstrap", "a jail with services of the distribution's"),
    need("systemd-analyze", "systemd", "says whether the unit that starts jails is one"),
    need("shellcheck", "shellcheck", "reads the scripts that run in jails"),
    need("zsh", "zsh", "completes command lines"),
    need("fish", "fish", "completes command lines"),
    need("mandoc", "mandoc", "finds faults in the manual pages"),
    need("mandb", "man-db", "finds the manual pages by what they are about"),
    need(
        "strace",
        "strace",
        "kills commands at their system calls, and makes kernels that lack things",
    ),
    need("mkfs.ext4", "e2fsprogs", "roots of jails on ext4"),
    need("mkfs.xfs", "xfsprogs", "roots of jails on xfs"),
    need("mkfs.btrfs", "btrfs-progs", "roots of jails on btrfs"),
];

/// For packages.
pub(crate) const DIST: &[Need] = &[
    need("dpkg-deb", "dpkg", "writes a Debian package"),
    need("xz", "xz-utils", "compresses a Debian package"),
    need("gzip", "gzip", "compresses pages and tarballs"),
];

/// For the demonstration.
pub(crate) const DEMO: &[Need] = &[
    need("mmdebstrap", "mmdebstrap", "makes the base of the jail from the distribution's packages"),
    need("ip", "iproute2", "the LAN around the jail"),
    need("unshare", "util-linux", "a machine of its own for the demonstration"),
    need("nmblookup", "samba-common-bin", "the client that finds the server by broadcast"),
    need("smbclient", "smbclient", "the client that keeps files on the server"),
];

/// For tests in a virtual machine.
pub(crate) const VM: &[Need] = &[
    need("qemu-system-x86_64", "qemu-system-x86", "the virtual machine"),
    need("mmdebstrap", "mmdebstrap", "makes its disk from Debian's packages"),
    need("mksquashfs", "squashfs-tools", "shows files of this machine in it"),
    need("busybox", "busybox-static", "its first program"),
    need("cpio", "cpio", "packs its initramfs"),
    need("modprobe", "kmod", "chooses the modules that reach its disk"),
    need("xz", "xz-utils", "unpacks its modules"),
    need("zstd", "zstd", "unpacks its kernel"),
    need("lz4", "lz4", "unpacks its kernel"),
    need("dpkg-scanpackages", "dpkg-dev", "lists the packages of its mirror"),
    need("debugfs", "e2fsprogs", "brings results back"),
];

/// For fuzzing the parsers.
pub(crate) const FUZZ: &[Need] = &[need("c++", "g++", "builds libFuzzer, which is in C++")];

/// For the measurements.
pub(crate) const BENCH: &[Need] = &[
    need("hyperfine", "hyperfine", "takes the times"),
    need("cc", "gcc", "builds the floor that kletka is compared with"),
    need("busybox", "busybox-static", "the programs in the measured jail"),
    need("ip", "iproute2", "makes the network that a jail's is compared with"),
    need("iperf3", "iperf3", "measures TCP between jails"),
];

/// Makes sure that everything in `needs` is there.
///
/// As root, it says what it installs and why, and does so. As another user, and without apt-get(8),
/// it fails with a line for each thing that is missing.
pub(crate) fn ensure(needs: &[Need]) -> Result<(), String> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !need.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.iter().map(|need| format!("    {}: {}", need.package, need.why));
    let list = list.collect::<Vec<_>>().join("\n");
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    if !is_root() || find("apt-get").is_none() {
        let command = format!("apt-get install {}", packages.join(" "));
        return Err(format!("missing packages:\n{list}\nas root: {command}"));
    }
    println!("installing from the distribution:\n{list}");
    let mut update = Command::new("apt-get");
    // An old list of packages names versions that the mirror no longer has.
    hushed(update.args(["update", "--quiet=2"]))?;
    let mut install = Command::new("apt-get");
    install.args(["install", "--quiet=2", "--yes", "--no-install-recommends"]).args(&packages);
    hushed(install.env("DEBIAN_FRONTEND", "noninteractive"))?;
    // An installation may succeed and bring another program than the one that is needed.
    match missing.iter().find(|need| !need.is_there()) {
        None => Ok(()),
        Some(need) => Err(format!("package {} brought no usable {}", need.package, need.program)),
    }
}

/// Whether we are root, who may install and mount.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Finds the program `name` in PATH, or in the directories that only root's PATH has.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let admin = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let mut directories = std::env::split_paths(&path).chain(admin);
    directories.find_map(|directory| Some(directory.join(name)).filter(|path| path.is_file()))
}

impl Need {
    fn is_there(&self) -> bool {
        match find(self.program) {
            // The package busybox has one that needs libraries, which the tests' jails do not have.
            Some(path) if self.program == "busybox" => is_static(&path),
            found => found.is_some(),
        }
    }
}

/// Whether the ELF program at `path` names no dynamic loader. The name would be in its first page.
fn is_static(path: &Path) -> bool {
    let head = fs::read(path).unwrap_or_default();
    !head.iter().take(4096).copied().collect::<Vec<_>>().windows(4).any(|bytes| bytes == b"/ld-")
}
