//! Why something could not be done to a prison, in jail(8)'s words: the text that follows `jail:
//! NAME: `.

use crate::registry::unseen::Unseen;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

/// What went wrong. `Display` is one line, without the program's and the jail's name.
#[derive(Debug)]
pub enum Error {
    /// The root cannot be used: stat(2)'s answer.
    Path(PathBuf, io::Error),
    /// The jid asked for belongs to another prison.
    JidTaken(u32),
    /// The name asked for belongs to another prison.
    NameTaken(String),
    /// A name of digits that is not the jid, or one with a slash or a control character.
    BadName(String),
    /// A jail inside one jail is to be called as if it were inside another.
    OtherParent,
    /// The jail in which another is to be made does not run.
    NoParent(String),
    /// That jail was made inside a jail, and only from there can it be managed.
    OthersJail(String),
    /// A namespace of that jail, which a jail has made, is not inside the jail that has made it.
    NotInside(String),
    /// That jail has user ids of its own, so none of those inside can have the host's.
    OwnIds(String),
    /// `children.max` jails are there already.
    Limit,
    /// As many jails are to be inside as the outer jail may have, of which this one is one.
    NotBelow(u32),
    /// A jail that was not made for jails inside cannot have any as long as it runs.
    FixedChildren,
    /// No jids are free beside those of the jails inside.
    NoJids,
    /// The jid is none of those that this jail may give.
    JidOutside(u32),
    /// Jails inside this one are not allowed.
    NotPermitted,
    /// This file system has no idmapped mounts, which a jail's own ids need.
    CannotIdmap {
        /// What was to be mounted.
        path: PathBuf,
        /// Its file system, as in /proc/filesystems.
        file_system: String,
    },
    /// The kernel has no file system of this name.
    NoFileSystem(String),
    /// A jail that serves NFS cannot have this directory as its root: an NFS client may reach all
    /// of the file system, which is not the jail's alone.
    NotOwnFileSystem(PathBuf),
    /// This cannot be mounted in a jail that serves NFS, as nothing keeps the server from it.
    CannotKeepFromNfsd {
        /// What was to be mounted.
        path: PathBuf,
        /// Its file system, as in /proc/filesystems.
        file_system: String,
    },
    /// The kernel has no NFS server.
    NoNfsd,
    /// The kernel makes no user namespaces: they are not built in, or their limit is 0.
    NoUserNamespaces(io::Error),
    /// A mount point inside the jail is not there, or nothing can be mounted on it.
    MountPoint(PathBuf, io::Error),
    /// A mount point inside the jail leads through a symbolic link.
    SymbolicLink(PathBuf),
    /// Something cannot be mounted.
    Mount(PathBuf, io::Error),
    /// A path of the host leads through this link, which the root of a jail can change.
    LinkOfJail(PathBuf, PathBuf),
    /// This directory cannot take what a union writes.
    Union(PathBuf, UnionFault),
    /// The kernel cannot hold a jail to addresses of the host: what is missing.
    NoAddressRules(String),
    /// Inside this jail no other can have addresses of the host.
    AddressesInside,
    /// A jail is to have an address that the jail of this name, which it is in, does not have.
    NotOuters(IpAddr, String),
    /// An address cannot be shared with the jail of this name: one of the two has it for itself.
    OfAnother(IpAddr, String),
    /// The jail of this name is inside, and has an address that the outer one is to lose.
    InsideHas(String, IpAddr),
    /// Sockets cannot be given a mark: what is missing.
    NoMarks(String),
    /// The kernel holds no control group to devices, so a prison that runs keeps its own.
    FixedDev,
    /// A jail that mounts in a namespace of its own, or not at all, does so as long as it runs.
    FixedMounts,
    /// Nothing can limit the number of processes here.
    NoProcessLimit,
    /// Nothing keeps the prison from writing to the block devices that it sees.
    WritableDisks,
    /// All ranges of 65,536 ids are taken.
    NoIds,
    /// /run/kletka cannot be read or written.
    Registry(PathBuf, io::Error),
    /// A file of the registry that does not say which prison it is about.
    BrokenRecord(PathBuf),
    /// A file among the records that is about no jail.
    NoRecord(PathBuf),
    /// It cannot be said whether the jail of this name runs.
    Unseen(String, Unseen),
    /// Not run as root.
    NotRoot,
    /// The prison ended while it was being used.
    Died,
    /// There is no network interface of this name, or it cannot be moved.
    Interface(String, io::Error),
    /// A new process could not be prepared, or its program not be executed.
    Process {
        /// What failed: `exec`, `chdir`, …
        step: &'static str,
        /// The program; empty where the step is about none.
        subject: String,
        /// The kernel's answer.
        error: io::Error,
    },
    /// This standard stream of the command is a directory.
    Directory(&'static str),
    /// No passwd file that was read has this user.
    NoSuchUser(String),
    /// A process of the prison already waits to be started.
    Waits,
    /// No process of the prison waits to be started.
    NoneWaits,
    /// A system call failed that has no better message.
    Call(&'static str, io::Error),
}

/// Why a directory cannot be the upper layer of a union. `Display` is what follows the directory.
#[derive(Debug)]
pub enum UnionFault {
    /// The directory is the root of its mount, which has no room beside it.
    NoPlaceForWork,
    /// This file system, as in /proc/filesystems, cannot be an upper layer.
    NotUpper(String),
    /// The prison of this name writes to the directory by a union already.
    Taken(String),
    /// Two unions of one prison would write to the directory.
    Shared,
    /// The union needs this name for its work, and something else has it.
    NotWork,
}

impl fmt::Display for UnionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPlaceForWork => f.write_str(
                "unionfs needs a directory beside the upper one, on the same mount; use one \
                 further down in that file system",
            ),
            Self::NotUpper(file_system) => write!(
                f,
                "{file_system} cannot take what is written to a unionfs; use a directory on \
                 ext4, xfs, btrfs or tmpfs"
            ),
            Self::Taken(name) => write!(f, "in use by a unionfs of jail \"{name}\""),
            Self::Shared => f.write_str("two unionfs of one jail cannot share it"),
            Self::NotWork => f.write_str(
                "unionfs needs this name for its work, and something else has it: move that away",
            ),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path, error) => {
                write!(f, "path {}: {}", path.display(), strerror::of(error))
            }
            Self::JidTaken(jid) => {
                write!(f, "jail {jid} already exists; choose another jid, or leave it out")
            }
            Self::NameTaken(name) => {
                write!(f, "jail \"{name}\" already exists; choose another name")
            }
            // sys/kern/kern_jail.c
            Self::BadName(name) if !name.is_empty() && name.bytes().all(|c| c.is_ascii_digit()) => {
                write!(f, "name cannot be numeric (unless it is the jid); begin it with a letter")
            }
            Self::BadName(name) => write!(
                f,
                "name \"{name}\" cannot be used; begin it with a letter, and put neither / nor control \
                 characters in it"
            ),
            Self::OtherParent => f.write_str(
                "cannot change jail's parent; a jail inside stays in the jail that it is in",
            ),
            Self::NoParent(name) => write!(
                f,
                "jail \"{name}\" not found; a name with a dot is that of a jail inside it: start \
                 {name} first, or use no dot"
            ),
            Self::OthersJail(name) => {
                write!(f, "jail \"{name}\" was made inside a jail: manage it from inside that jail")
            }
            Self::NotInside(name) => write!(
                f,
                "jail \"{name}\" was made inside a jail, and its namespaces lead out of that jail: \
                 enter it from inside that jail"
            ),
            Self::OwnIds(name) => write!(
                f,
                "kletka.userns: jail \"{name}\" has user ids of its own, and no jail inside can have \
                 the host's; kletka.userns=new"
            ),
            Self::Limit => write!(f, "prison limit exceeded; raise children.max of the outer jail"),
            Self::NotBelow(max) => write!(
                f,
                "jail_set: Operation not permitted; children.max has to be less than the outer \
                 jail's, {max}"
            ),
            Self::FixedChildren => f.write_str(
                "children.max: a jail that was made with 0 cannot have jails inside: restart the jail",
            ),
            Self::NoJids => f.write_str(
                "children.max: other jails have the next jids: stop the jails inside first",
            ),
            Self::JidOutside(jid) => {
                write!(f, "jail {jid} is not one of those that this jail may have")
            }
            Self::NotPermitted => f.write_str(
                "jail_set: Operation not permitted; the host lets a jail have jails by children.max",
            ),
            Self::CannotIdmap { path, file_system } => write!(
                f,
                "{}: {file_system} cannot be idmapped, which a jail's own user ids need; use a \
                 directory on ext4, xfs, btrfs or tmpfs",
                path.display()
            ),
            // jail(8), `allow.nfsd`: "the jail's root must be a file system mount point".
            Self::NotOwnFileSystem(path) => write!(
                f,
                "path {}: not a file system mount point; with allow.nfsd clients may reach all of \
                 the file system: mount one there that is the jail's alone",
                path.display()
            ),
            Self::CannotKeepFromNfsd { path, file_system } => write!(
                f,
                "{}: {file_system} cannot be idmapped, which keeps what is not the jail's own from \
                 its NFS clients; leave the mount out, or allow.nfsd",
                path.display()
            ),
            Self::NoNfsd => f.write_str(
                "allow.nfsd: this kernel has no NFS server; load the module nfsd on the host",
            ),
            Self::NoFileSystem(kind) => {
                write!(f, "{kind}: the kernel has no such file system; load its module")
            }
            Self::NoUserNamespaces(error) => write!(
                f,
                "the kernel makes no user namespaces: {}; it needs CONFIG_USER_NS and \
                 user.max_user_namespaces above 0",
                strerror::of(error)
            ),
            Self::MountPoint(path, error) | Self::Mount(path, error) => {
                write!(f, "{}: {}", path.display(), strerror::of(error))
            }
            Self::SymbolicLink(path) => {
                write!(f, "{} is a symbolic link; name what it leads to", path.display())
            }
            Self::LinkOfJail(path, link) => write!(
                f,
                "{}: {} is a symbolic link in a jail's root, and could lead anywhere; name what it \
                 leads to",
                path.display(),
                link.display()
            ),
            Self::Union(path, fault) => write!(f, "{}: {fault}", path.display()),
            Self::NoAddressRules(missing) => write!(
                f,
                "the kernel cannot hold a jail to addresses of the host: {missing}; use \"vnet\""
            ),
            Self::AddressesInside => f.write_str(
                "a jail inside a jail cannot have addresses of the host: use \"vnet\", or make the \
                 jail on the host",
            ),
            Self::NotOuters(address, outer) => write!(
                f,
                "{address} is no address of jail \"{outer}\", which the jail is in; give it to that \
                 one first"
            ),
            Self::OfAnother(address, jail) => write!(
                f,
                "{address} is an address of jail \"{jail}\", and kletka.net=ipvlan gives it to one \
                 jail alone"
            ),
            Self::InsideHas(inner, address) => write!(
                f,
                "jail \"{inner}\" inside has {address}; stop it, or take the address from it first"
            ),
            Self::NoMarks(missing) => write!(f, "no routing table can be given: {missing}"),
            Self::FixedDev => f.write_str(
                "this kernel does not hold a control group to devices: restart the jail",
            ),
            Self::FixedMounts => f.write_str(
                "allow.mount: cannot be changed while a jail runs that has children.max or the host's \
                 user ids: restart the jail",
            ),
            Self::NoProcessLimit => f.write_str(
                "kletka.maxproc: nothing counts processes here: mount a cgroup hierarchy with the \
                 pids controller, or say kletka.maxproc=0",
            ),
            Self::WritableDisks => f.write_str(
                "securelevel: nothing here keeps a jail from writing to the disks that it sees: \
                 mount cgroup2, or hide them by devfs_ruleset",
            ),
            Self::NoIds => write!(
                f,
                "no range of 65536 user ids is free: stop a jail, or give kletka more in /etc/subuid"
            ),
            Self::Registry(path, error) => write!(f, "{}: {}", path.display(), strerror::of(error)),
            Self::BrokenRecord(path) => write!(
                f,
                "{}: no record of a jail, whose jail may run: kill its [init], if ps(1) shows one, and remove \
                 this file",
                path.display()
            ),
            Self::NoRecord(path) => write!(
                f,
                "{}: no record of a jail, among the records of jails: move it away",
                path.display()
            ),
            Self::Unseen(name, why) => write!(f, "jail {name} may run: {why}"),
            Self::NotRoot => {
                f.write_str("Operation not permitted: jails are for root alone; run this as root")
            }
            Self::Died => write!(f, "the jail ended while it was being set up"),
            Self::Interface(name, error) => {
                if error.raw_os_error() == Some(libc::ENODEV) {
                    write!(
                        f,
                        "interface {name} does not exist; ifconfig -l lists those that do, and \
                         exec.prestart can make one"
                    )
                } else {
                    write!(f, "interface {name}: {}", strerror::of(error))
                }
            }
            Self::Process { step, subject, error } if subject.is_empty() => {
                write!(f, "{step}: {}", strerror::of(error))
            }
            Self::Process { step, subject, error } => {
                write!(f, "{step} {subject}: {}", strerror::of(error))
            }
            Self::Directory(stream) => write!(
                f,
                "{stream} is a directory: a process could leave the jail by it; use a file or \
                 /dev/null"
            ),
            Self::NoSuchUser(name) => {
                write!(f, "{name}: no such user; it is looked for in the jail's /etc/passwd")
            }
            Self::Waits => write!(f, "a process of the jail waits to be started already"),
            Self::NoneWaits => write!(f, "no process of the jail waits to be started"),
            Self::Call(call, error) => write!(f, "{call}: {}", strerror::of(error)),
        }
    }
}

impl Error {
    /// The kernel's answer, as far as there is one.
    pub(crate) fn into_io(self) -> io::Error {
        match self {
            Self::Call(_, error) | Self::Mount(_, error) | Self::Process { error, .. } => error,
            _ => io::Error::from_raw_os_error(libc::ESRCH),
        }
    }
}

impl std::error::Error for Error {}

impl From<kernel::birth::Error> for Error {
    fn from(error: kernel::birth::Error) -> Self {
        match error {
            kernel::birth::Error::Gone => Self::Died,
            kernel::birth::Error::Call(call, error) => Self::Call(call, error),
        }
    }
}

/// Names the call whose error is turned into an [`Error`].
pub(crate) trait Calling<T> {
    fn calling(self, call: &'static str) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> Calling<T> for Result<T, E> {
    fn calling(self, call: &'static str) -> Result<T, Error> {
        self.map_err(|error| Error::Call(call, error.into()))
    }
}
