//! The complete plan of a prison, which [`crate::Prison::create`] takes. These are values; nothing
//! here acts.

use crate::mark::Mark;
use crate::permission::Allow;
use ::addresses::{Share, Source};
use rustix::fs::{FileType, major, makedev, minor};
use rustix::thread::ThreadNameSpaceType;
use std::ffi::OsString;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::Arc;

/// Where the kernel says its release: among [`Spec::texts`], that of the jail's system.
const RELEASE: &str = "/proc/sys/kernel/osrelease";

/// Everything that a prison is made of: jail_set(2)'s parameters, in Linux's terms.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// The jail's name; by default the jid.
    pub name: Option<String>,
    /// The jid asked for; otherwise the next free one.
    pub jid: Option<u32>,
    /// The tree that becomes the root: an existing directory of the host.
    pub path: PathBuf,
    /// Host name inside; empty when none was given.
    pub hostname: OsString,
    /// NIS domain name inside; empty when none was given.
    pub domainname: OsString,
    /// Whose user ids its users have.
    pub users: Users,
    /// Which network stack the processes see.
    pub network: Network,
    /// Internet protocols whose sockets may be created.
    pub families: Families,
    /// The addresses of the host that the prison is held to. `None`: all of them, where it has the
    /// host's stack.
    pub addresses: Option<Addresses>,
    /// Which System V IPC the processes have.
    pub ipc: Ipc,
    /// The mark of all sockets that the prison's processes make.
    pub mark: Option<Mark>,
    /// What is mounted over `path`, in order; nobody but the jail sees these mounts.
    pub mounts: Vec<Mount>,
    /// Files that the jail sees with other contents, where it has them.
    pub texts: Vec<Text>,
    /// The jail's own /dev: jail(8), `mount.devfs`. `None`: /dev is what the root has.
    pub dev: Option<Dev>,
    /// Permissions: jail(8), `allow.*`.
    pub allow: Allow,
    /// The packet filters of the jail's own network stack may be changed: no securelevel forbids
    /// it.
    pub packet_filters: bool,
    /// Whether flags that `allow.chflags` permits may be cleared, and not set alone.
    pub clears_flags: bool,
    /// The jail lives on without processes: jail(8), `persist`.
    pub persist: bool,
    /// How many jails may be inside: jail(8), `children.max`.
    pub children: u32,
    /// How many processes and threads the prison may have.
    pub processes: Processes,
    /// The directory with kletka's own programs, shown read-only as /run/kletka inside.
    pub programs: Option<PathBuf>,
    /// Roots of other jails, which may not run: no link below them is followed on the way to `path`
    /// or to what is mounted.
    pub neighbours: Arc<[PathBuf]>,
    /// What `jls -n` shows, in the words of the catalogue. The registry keeps it and does not
    /// interpret it.
    pub parameters: Vec<(String, Vec<u8>)>,
}

impl Spec {
    /// Whether the jail gets a fresh /run, for kletka's programs or the registry of its own jails.
    pub fn has_run(&self) -> bool {
        self.programs.is_some() || self.children > 0
    }

    /// Whether the jail has a release of the system of its own.
    pub(crate) fn has_release(&self) -> bool {
        self.texts.iter().any(|text| text.target.as_os_str() == RELEASE)
    }

    /// The kinds of namespaces that the prison has from whoever it is in: the host, or a prison.
    pub(crate) fn shared_namespaces(&self) -> ThreadNameSpaceType {
        let mut shared = ThreadNameSpaceType::empty();
        shared.set(ThreadNameSpaceType::NETWORK, self.network == Network::Host);
        shared.set(ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION, self.ipc.is_inherited);
        shared
    }
}

/// A /dev: the devices of the host that a prison sees, as a devfs ruleset shows them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dev {
    /// The number of the ruleset, and its name if it has one.
    pub ruleset: (u16, Option<String>),
    /// What is in it; a directory stands before what lies in it.
    pub nodes: Vec<Node>,
    /// The prison has pseudo-terminals, in pts.
    pub terminals: bool,
    /// The ruleset shows whatever it does not name: every device that the host has or gets.
    pub is_open: bool,
    /// Block devices open for reading alone, whatever their nodes permit.
    pub keeps_disks: bool,
    /// Empty files below /dev that are there to be mounted on: a socket of the host's.
    pub places: Vec<PathBuf>,
}

impl Dev {
    /// Whether there are block devices.
    pub(crate) fn has_disks(&self) -> bool {
        let is_disk =
            |node: &Node| matches!(node.kind, NodeKind::Device(Device { is_block: true, .. }));
        self.nodes.iter().any(is_disk)
    }
}

/// Something in a /dev.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The path below /dev: `pts`, `disk/by-id/x`.
    pub path: PathBuf,
    /// What it is.
    pub kind: NodeKind,
    /// The owner, as the prison sees it. One that the prison does not have becomes root.
    pub uid: u32,
    /// The group, as the prison sees it.
    pub gid: u32,
    /// The permission bits; a link has none.
    pub mode: u32,
}

/// What a [`Node`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// A directory.
    Directory,
    /// A symbolic link with this text.
    Link(PathBuf),
    /// A device.
    Device(Device),
}

/// A device of the host by its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Device {
    /// A block device, and not a character device.
    pub is_block: bool,
    /// The number of the driver.
    pub major: u32,
    /// The number that the driver gives it.
    pub minor: u32,
}

impl Device {
    /// The device of a node of this type and with this number, as stat(2) answers them; `None`: it
    /// is no device.
    #[must_use]
    pub fn of(kind: FileType, number: u64) -> Option<Self> {
        let is_block = match kind {
            FileType::BlockDevice => true,
            FileType::CharacterDevice => false,
            _ => return None,
        };
        Some(Self { is_block, major: major(number), minor: minor(number) })
    }

    /// What mknod(2) takes for a node of it.
    pub(crate) fn node(self) -> (FileType, u64) {
        let kind = if self.is_block { FileType::BlockDevice } else { FileType::CharacterDevice };
        (kind, makedev(self.major, self.minor))
    }
}

/// A limit of the processes and threads of a prison and of those inside it: our parameter
/// `kletka.maxproc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Processes {
    /// The most that there may be; 0 is no limit.
    pub most: u32,
    /// Without a way to limit them there is to be no prison.
    pub is_required: bool,
}

impl Processes {
    /// The parameter's name, for the registry.
    pub(crate) const PARAMETER: &str = "kletka.maxproc";
}

/// Whose user ids the users of a prison have: our parameter `kletka.userns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Users {
    /// A user namespace with a range of the host's ids that nobody else has;
    /// files are shown id-mapped.
    #[default]
    Own,
    /// The ids of the jail in which it is made, in a user namespace of its own.
    Outer,
    /// The host's ids: the jail's root is the host's, held by capabilities, the filter and the
    /// other namespaces.
    Host,
}

/// The network stack of a prison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Network {
    /// A stack of its own, with its loopback up: `vnet`.
    Own,
    /// A stack of its own and empty, with its loopback down: a jail without addresses.
    #[default]
    Empty,
    /// The stack of the host, or of the jail that it is in: `ip4 = inherit`, `ip6 = inherit`, or
    /// some of the host's addresses.
    Host,
    /// A stack of its own that belongs to the host and that nobody inside can change. It is empty:
    /// whoever makes the prison puts the prison's [addresses](Spec::addresses) there.
    Carried,
}

/// What a prison has of the addresses of the host's stack: `ip4.addr` and `ip6.addr`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Addresses {
    /// Of IPv4; the first address stands for the jail.
    pub v4: Share<Ipv4Addr>,
    /// Of IPv6; the first address stands for the jail.
    pub v6: Share<Ipv6Addr>,
    /// From which of the addresses destinations are reached, where it is not the first.
    pub sources: Vec<Source>,
}

/// Internet protocols of which a jail may make sockets; for another one, socket(2) answers
/// `EAFNOSUPPORT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Families {
    /// `AF_INET`: jail(8), `ip4`.
    pub inet: bool,
    /// `AF_INET6`: jail(8), `ip6`.
    pub inet6: bool,
}

/// Which System V IPC a jail has: jail(8), `sysvmsg`, `sysvsem`, `sysvshm`. Message queues of POSIX
/// are in the same namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ipc {
    /// The objects are those of the host, or of the jail that this one is in; otherwise the jail
    /// has its own.
    pub is_inherited: bool,
    /// What may be used of them.
    pub kinds: IpcKinds,
}

/// Kinds of System V IPC; of another one, every call answers `ENOSYS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IpcKinds {
    /// msgget(2) and its like: jail(8), `sysvmsg`.
    pub messages: bool,
    /// semget(2) and its like: jail(8), `sysvsem`.
    pub semaphores: bool,
    /// shmget(2) and its like: jail(8), `sysvshm`.
    pub memory: bool,
}

impl IpcKinds {
    /// All three.
    pub const ALL: Self = Self { messages: true, semaphores: true, memory: true };

    /// The kinds that are in both.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            messages: self.messages && other.messages,
            semaphores: self.semaphores && other.semaphores,
            memory: self.memory && other.memory,
        }
    }
}

/// A file whose contents in the jail are others than those on the disk, or in the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Where: an absolute path inside the jail, without symbolic links.
    pub target: PathBuf,
    /// What a program in the jail reads there: at most a page.
    pub contents: Vec<u8>,
}

/// One mount of a jail, a line of fstab(5).
#[derive(Debug, Clone)]
pub struct Mount {
    /// What is mounted.
    pub source: MountSource,
    /// Where: an absolute path inside the jail, without symbolic links.
    pub target: PathBuf,
    /// How.
    pub options: MountOptions,
}

/// What a [`Mount`] shows.
#[derive(Debug, Clone)]
pub enum MountSource {
    /// A directory or file of the host under another name: mount_nullfs(8).
    Nullfs(PathBuf),
    /// The jail's /proc, once more.
    Proc,
    /// The jail's /sys, once more.
    Sys,
    /// The file system on a device of the host.
    Disk {
        /// The file system's name, as in /proc/filesystems.
        kind: String,
        /// The device.
        device: PathBuf,
    },
    /// Directories of the host over each other: Linux's overlay.
    Overlay {
        /// The directories that are only read, the topmost first.
        lower: Vec<PathBuf>,
        /// The directory that takes what is written, and the kernel's working directory beside it.
        upper: Option<(PathBuf, PathBuf)>,
    },
    /// A directory of the host over what lies at the mount point: mount_unionfs(8).
    Union {
        /// The directory.
        directory: PathBuf,
        /// The directory is under what lies there, not over it.
        below: bool,
    },
    /// Memory: tmpfs(5). A mode or an owner that is absent is taken from the mount point.
    Tmpfs {
        /// Upper limit in bytes; a quarter of the machine's memory when absent.
        size: Option<u64>,
        /// Upper limit of files; when absent, one for each page of `size`.
        inodes: Option<u64>,
        /// Permissions of the root directory.
        mode: Option<u32>,
        /// Owner of the root directory, as seen inside the jail.
        uid: Option<u32>,
        /// Group of the root directory, as seen inside the jail.
        gid: Option<u32>,
    },
}

/// Options of a [`Mount`] that hold for every file system. Devices are never honoured outside /dev.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MountOptions {
    /// No writes: `ro`.
    pub read_only: bool,
    /// Set-user-id bits are ignored: `nosuid`.
    pub nosuid: bool,
    /// Nothing can be executed: `noexec`.
    pub noexec: bool,
    /// Times of access are not kept: `noatime`.
    pub noatime: bool,
}

/// What can be changed of a prison that runs: jail_set(2) with `JAIL_UPDATE`. What is `None` stays
/// as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Its whole name.
    pub name: Option<String>,
    /// How many jails may be inside.
    pub children: Option<u32>,
    /// The prison lives on without processes.
    pub persist: Option<bool>,
    /// Host name inside.
    pub hostname: Option<OsString>,
    /// NIS domain name inside.
    pub domainname: Option<OsString>,
    /// The text of `env`; an empty one removes the jail's file.
    pub env: Option<Vec<u8>>,
    /// Permissions of the processes that enter from now on: a process inside keeps its filter.
    /// Permissions that are settled at the creation stay as they are.
    pub allow: Option<Allow>,
    /// Whether processes that enter from now on may change packet filters.
    pub packet_filters: Option<bool>,
    /// Whether flags that `allow.chflags` permits may be cleared from now on.
    pub clears_flags: Option<bool>,
    /// The System V IPC of processes that enter from now on.
    pub ipc: Option<IpcKinds>,
    /// The text of [`crate::Told::Securelevel`].
    pub securelevel: Option<Vec<u8>>,
    /// The most processes and threads; 0 is no limit.
    pub processes: Option<u32>,
    /// The addresses of a prison that is held to some. Sockets that are made or bound from now on
    /// meet these, and connections stay.
    pub addresses: Option<Addresses>,
    /// Everything that `jls -n` shows.
    pub parameters: Option<Vec<(String, Vec<u8>)>>,
}
