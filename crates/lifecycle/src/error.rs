//! Why a jail did not start or stop: the text that follows `jail: NAME: ` on standard error.

use jailparam::param;
use netif::InterfaceName;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// What went wrong, in jail(8)'s words.
#[derive(Debug)]
pub enum Error {
    /// A command ended with a status that is not 0.
    Failed(String),
    /// A command was ended by a signal.
    Signaled(String, i32),
    /// A command took longer than `exec.timeout`.
    TimedOut(String),
    /// A command could not be executed.
    Exec(String, io::Error),
    /// The home directory of a hook's user cannot be entered.
    Chdir(PathBuf, io::Error),
    /// `exec.system_user` or `exec.jail_user` names a user who is not known.
    NoSuchUser(String),
    /// A file that a parameter names cannot be used: the parameter, the file, and the error of
    /// open(2).
    File(&'static str, PathBuf, io::Error),
    /// Nothing can be mounted at this path of the host, which the parameter names.
    MountPoint(&'static str, PathBuf, io::Error),
    /// What the parameter mounts, by this line of this file, is not there or cannot be mounted.
    Source(&'static str, Option<(PathBuf, usize)>, PathBuf, io::Error),
    /// The file of `exec.consolelog` cannot be opened.
    Log(PathBuf, io::Error),
    /// A path that a parameter names leads through a symbolic link in the jail.
    SymbolicLink(&'static str, PathBuf),
    /// A path that a parameter names is not absolute.
    NotAbsolute(&'static str, PathBuf),
    /// A mount point is outside the jail's root.
    OutsideRoot(&'static str, PathBuf),
    /// A line of fstab(5) cannot be used: the parameter, and the file if the line is in one.
    Fstab(&'static str, Option<PathBuf>, fstab::Error),
    /// A parameter's value cannot be used: the parameter, and why.
    Value(&'static str, String),
    /// An address that a parameter asks for cannot be given to an interface, or taken from it.
    Address(&'static str, InterfaceName, netif::Error),
    /// Interfaces that the jail's hooks have made cannot be given to the jail's new name.
    Interfaces(netif::Error),
    /// The host's routes cannot be read.
    Routes(netif::Error),
    /// The rulesets of devices cannot be read.
    Rulesets(devfs::LoadError),
    /// There is no ruleset of this number.
    NoRuleset(u16),
    /// The host's /dev, or what lies there, cannot be read.
    Devices(PathBuf, io::Error),
    /// The routing table of `exec.fib` cannot be used.
    Fib(netif::Error),
    /// The jail's addresses cannot be carried into a network stack of its own: `kletka.net`.
    Carried(netif::Error),
    /// The jail has neither `persist` nor a command: nothing would keep it alive.
    NothingToKeepIt,
    /// Another start of the jail is under way.
    BeingStarted,
    /// The file that says of a start that it is under way cannot be made.
    Attempt(PathBuf, io::Error),
    /// The prison failed.
    Prison(prison::Error),
    /// The prison failed at what this parameter asks for.
    Parameter(&'static str, prison::Error),
}

impl From<prison::Error> for Error {
    fn from(error: prison::Error) -> Self {
        Self::Prison(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(command) => write!(f, "{command}: failed"),
            Self::Signaled(command, signal) => write!(f, "{command}: exited on signal {signal}"),
            Self::TimedOut(command) => write!(f, "{command}: timed out"),
            Self::Exec(program, error) => write!(f, "exec {program}: {}", strerror::of(error)),
            Self::Chdir(path, error) => {
                write!(f, "chdir {}: {}", path.display(), strerror::of(error))
            }
            Self::NoSuchUser(name) => {
                write!(f, "{name}: no such user; it is looked for in passwd(5) of the host")
            }
            Self::Log(path, error) => {
                write!(f, "open {}: {}", path.display(), strerror::of(error))?;
                match path.parent().filter(|_| error.kind() == io::ErrorKind::NotFound) {
                    Some(directory) => write!(f, "; mkdir -p {}", directory.display()),
                    None => Ok(()),
                }
            }
            Self::MountPoint(parameter, path, error) => {
                write!(f, "{parameter}: {}: {}", path.display(), strerror::of(error))?;
                match error.kind() {
                    io::ErrorKind::NotFound => write!(f, "; mkdir -p {}", path.display()),
                    _ => Ok(()),
                }
            }
            Self::Source(parameter, line, path, error) => {
                write!(f, "{parameter}: ")?;
                if let Some((file, line)) = line {
                    write!(f, "{} line {line}: ", file.display())?;
                }
                write!(f, "{}: {}", path.display(), strerror::of(error))?;
                match error.kind() {
                    io::ErrorKind::NotFound => f.write_str("; make it, or correct the line"),
                    _ => Ok(()),
                }
            }
            Self::File(parameter, path, error) => {
                write!(f, "{parameter}: {}: {}", path.display(), strerror::of(error))?;
                match error.kind() {
                    io::ErrorKind::NotFound => write!(f, "; write it, or take {parameter} out"),
                    _ => Ok(()),
                }
            }
            Self::SymbolicLink(parameter, path) => {
                write!(
                    f,
                    "{parameter}: {} is a symbolic link; name what it leads to",
                    path.display()
                )
            }
            Self::NotAbsolute(parameter, path) => {
                write!(
                    f,
                    "{parameter}: {}: not an absolute pathname; begin it with /",
                    path.display()
                )
            }
            Self::OutsideRoot(parameter, path) => write!(
                f,
                "{parameter}: {}: not inside the jail's path, where alone a jail's mounts are seen; \
                 put the jail's path in front",
                path.display()
            ),
            Self::Fstab(parameter, None, error) => write!(f, "{parameter}: {}", error.kind),
            Self::Fstab(parameter, Some(file), error) => {
                write!(f, "{parameter}: {} line {}: {}", file.display(), error.line, error.kind)
            }
            Self::Value(parameter, why) => write!(f, "{parameter}: {why}"),
            // That error names the interface itself.
            Self::Address(parameter, _, error @ netif::Error::NoInterface(_)) => {
                write!(f, "{parameter}: {error}")
            }
            Self::Address(parameter, interface, error) => {
                write!(f, "{parameter}: {interface}: {error}")
            }
            Self::Interfaces(error) => write!(f, "name: {error}"),
            Self::Routes(error) => error.fmt(f),
            Self::Rulesets(error) => write!(f, "devfs_ruleset: {error}"),
            Self::NoRuleset(number) => {
                write!(f, "devfs_ruleset: no ruleset {number}; add it to /etc/devfs.rules")
            }
            Self::Devices(path, error) => {
                write!(f, "mount.devfs: {}: {}", path.display(), strerror::of(error))
            }
            Self::Fib(error) => write!(f, "exec.fib: {error}"),
            Self::Carried(error) => {
                write!(f, "{}=ipvlan: {error}", param::KLETKA_NET.name)?;
                match error {
                    netif::Error::NoParent(..) => {
                        write!(
                            f,
                            "; {}=stack does without, and so does vnet",
                            param::KLETKA_NET.name
                        )
                    }
                    _ => Ok(()),
                }
            }
            // The words of FreeBSD's kernel: sys/kern/kern_jail.c.
            Self::NothingToKeepIt => write!(
                f,
                "new jail must persist or attach; add persist, or exec.start with what is to run"
            ),
            Self::BeingStarted => {
                f.write_str("is being started by another jail(8); wait until that has ended")
            }
            Self::Attempt(path, error) => {
                write!(f, "{}: {}", path.display(), strerror::of(error))
            }
            Self::Prison(prison::Error::Process { step: "exec", subject, error })
                if error.kind() == io::ErrorKind::NotFound =>
            {
                write!(f, "exec {subject}: {}; the jail has no such program", strerror::of(error))
            }
            Self::Prison(error) => error.fmt(f),
            Self::Parameter(parameter, error) => write!(f, "{parameter}: {error}"),
        }
    }
}

impl std::error::Error for Error {}
