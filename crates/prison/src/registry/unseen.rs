//! Why it cannot be said whether a prison lives.

use rustix::io::Errno;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// The reason, and what to do about it: the text that follows `jail NAME may run: `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unseen {
    /// The prison was made in another pid namespace, whose process numbers mean nothing here.
    Elsewhere,
    /// The record does not say in which pid namespace the prison was made, and the prison's cgroup
    /// does not show its end.
    Somewhere,
    /// The pid namespace of this command is not known.
    OwnNamespace(Errno),
    /// The boot is not known.
    Boot(Errno),
    /// The record does not say in which boot the prison was made.
    SomeBoot,
    /// pidfd_open(2) or fstat(2) of the process has failed.
    Process(Errno),
    /// /proc shows the processes of another pid namespace, or does not show all.
    OtherProc,
    /// The prison's cgroup cannot be read.
    Cgroup(PathBuf, Errno),
}

/// The file that tells one boot from the next.
pub(crate) const BOOT: &str = "/proc/sys/kernel/random/boot_id";
/// The file of this process's pid namespace.
pub(crate) const OWN_NAMESPACE: &str = "/proc/self/ns/pid";

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let because = |errno: Errno| strerror::of(&io::Error::from(errno));
        match self {
            Self::Elsewhere => f.write_str(
                "it was made in another pid namespace, which cannot be seen from here: run this \
                 command in that one",
            ),
            Self::Somewhere => f.write_str(
                "its record does not say in which pid namespace it was made, and its cgroup has \
                 processes: run this command where it was made, or kill those processes",
            ),
            Self::OwnNamespace(errno) => {
                write!(f, "{OWN_NAMESPACE}: {}: mount proc(5) on /proc", because(*errno))
            }
            Self::Boot(errno) => write!(
                f,
                "{BOOT}: {}: mount all of proc(5) on /proc, without subset=pid",
                because(*errno)
            ),
            Self::SomeBoot => f.write_str(
                "its record does not say in which boot it was made: kill its [init], if ps(1) \
                 shows one, and remove the record",
            ),
            Self::Process(errno) => write!(
                f,
                "pidfd_open: {}: run this command where pidfd_open(2) works",
                because(*errno)
            ),
            Self::OtherProc => f.write_str(
                "/proc does not show the processes of this pid namespace: mount proc(5) on /proc",
            ),
            Self::Cgroup(path, errno) => write!(
                f,
                "{}: {}: mount cgroup2 as it was mounted when the jail was made",
                path.display(),
                because(*errno)
            ),
        }
    }
}
