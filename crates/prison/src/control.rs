//! The line between the command that makes a prison and the prison's init.
//!
//! While the command holds its end, the prison lives on without processes; when that end closes,
//! init is on its own. The command says single [`word`]s; init answers with one [`Report`] of what
//! it has built.

use crate::error::Error;
use rustix::cmsg_space;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recv, recvmsg, send, sendmsg,
    socketpair,
};
use std::ffi::OsStr;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Says that the sender was put into the prison from outside, and is none of init's children.
pub(crate) const ATTACHED: i32 = 40;
/// The interface with this index came from the host; a negative index says that it has gone back.
pub(crate) const INTERFACE: i32 = 41;
/// SIGTERM to all processes; the prison ends with the last of them.
pub(crate) const TERMINATE: i32 = 42;
/// SIGKILL to all processes, and the end.
pub(crate) const REMOVE: i32 = 43;
/// From now on the prison lives on without processes.
pub(crate) const PERSIST: i32 = 44;
/// From now on it ends with the last process.
pub(crate) const TRANSIENT: i32 = 45;

/// Means the same as [`TERMINATE`], from whoever ends the machine, or the jail that this one is in.
pub(crate) const END: i32 = libc::SIGTERM;

/// The signals that init obeys. They are blocked before init is born: a signal that a pid
/// namespace's first process neither handles nor blocks is lost.
pub(crate) const SIGNALS: [i32; 6] = [ATTACHED, INTERFACE, TERMINATE, REMOVE, PERSIST, TRANSIENT];

/// The command's words to init, in this order.
pub(crate) mod word {
    /// Ids and mounts are ready: build.
    pub(crate) const BUILD: u8 = b'b';
    /// The first process has made a mount namespace for the jail to mount in: follow it there.
    /// Only with `allow.mount`.
    pub(crate) const FOLLOW: u8 = b'f';
    /// The prison is in the registry. When the line closes before this word, init ends: nobody
    /// would find the prison.
    pub(crate) const RECORDED: u8 = b'r';
    /// The last command of the start runs: a prison without `persist` may end with its last
    /// process.
    pub(crate) const LAST: u8 = b'l';
    /// The start is over. Init answers if the prison goes on.
    pub(crate) const SETTLE: u8 = b's';
}

/// Makes both ends: the command's, and init's.
pub(crate) fn line() -> io::Result<(OwnedFd, OwnedFd)> {
    // Messages keep their bounds, and the death of the other side is read as an end, unlike with
    // datagrams.
    let (kind, flags) = (SocketType::SEQPACKET, SocketFlags::CLOEXEC);
    Ok(socketpair(AddressFamily::UNIX, kind, flags, None)?)
}

/// Says a word.
pub(crate) fn tell(line: BorrowedFd<'_>, word: u8) -> Result<(), Error> {
    // SIGPIPE would kill a command whose init has died, before it could say so.
    send(line, &[word], SendFlags::NOSIGNAL).map_err(|_| Error::Died)?;
    Ok(())
}

/// Waits for the next word; `None` when the other side has died or closed the line.
pub(crate) fn hear(line: BorrowedFd<'_>) -> Option<u8> {
    let mut byte = [0];
    (receive(line, &mut byte) == 1).then_some(byte[0])
}

/// Waits for a message; 0 when none will come.
pub(crate) fn receive(line: BorrowedFd<'_>, message: &mut [u8]) -> usize {
    loop {
        match recv(line, &mut *message, RecvFlags::empty()) {
            Err(Errno::INTR) => {}
            Ok((length, _)) => return length,
            Err(_) => return 0,
        }
    }
}

/// Descriptors that [`send_with`] sends at most.
pub(crate) const MOST: usize = 12;

/// Sends a message to init's door, or from there, and descriptors with it. Allocates nothing.
pub(crate) fn send_with(
    line: impl AsFd,
    message: [u8; 2],
    fds: &[BorrowedFd<'_>],
    flags: SendFlags,
) -> rustix::io::Result<()> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST))];
    let mut rights = SendAncillaryBuffer::new(&mut space);
    rights.push(SendAncillaryMessage::ScmRights(fds));
    sendmsg(line, &[IoSlice::new(&message)], &mut rights, flags | SendFlags::NOSIGNAL).map(drop)
}

/// Receives what [`send_with`] sent. There are fewer descriptors when none was free for some.
pub(crate) fn receive_with(
    line: BorrowedFd<'_>,
    flags: RecvFlags,
) -> rustix::io::Result<([u8; 2], Vec<OwnedFd>)> {
    let mut message = [0; 2];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST))];
    let mut rights = RecvAncillaryBuffer::new(&mut space);
    let flags = flags | RecvFlags::CMSG_CLOEXEC;
    let got = loop {
        match recvmsg(line, &mut [IoSliceMut::new(&mut message)], &mut rights, flags) {
            Err(Errno::INTR) => {}
            got => break got?,
        }
    };
    let fds = rights.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => fds.collect::<Vec<_>>(),
        _ => Vec::new(),
    });
    let fds = fds.collect();
    // The other side has closed the line.
    if got.bytes == 0 { Err(Errno::PIPE) } else { Ok((message, fds)) }
}

/// How something went, as one process tells another through a pipe: an errno, and 0 for success.
pub(crate) fn told(outcome: io::Result<()>) -> [u8; 4] {
    let errno = outcome.map_or_else(|error| error.raw_os_error().unwrap_or(libc::EINVAL), |()| 0);
    errno.to_ne_bytes()
}

/// Reads what [`told`] has written.
pub(crate) fn outcome(told: [u8; 4]) -> io::Result<()> {
    match i32::from_ne_bytes(told) {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// How far init has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Stage {
    /// All is built.
    Up,
    /// Making the root the root.
    Root,
    /// Making a file system, or mounting the kernel's own.
    FileSystem,
    /// Finding the place to mount on.
    Place,
    /// Mounting there.
    Mount,
    /// Joining the first process's namespaces.
    Namespaces,
    /// Entering a Landlock domain.
    Domain,
    /// Mounting the control files of the NFS server.
    Server,
}

impl Stage {
    const ALL: [Self; 8] = [
        Self::Up,
        Self::Root,
        Self::FileSystem,
        Self::Place,
        Self::Mount,
        Self::Namespaces,
        Self::Domain,
        Self::Server,
    ];

    /// A report that this stage failed over `path`.
    pub(crate) fn failed(self, path: &Path, error: impl Into<io::Error>) -> Report {
        let errno = error.into().raw_os_error().unwrap_or(libc::EINVAL);
        Report { stage: self, errno, path: path.into() }
    }
}

/// What init reports to the command that makes the prison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    stage: Stage,
    errno: i32,
    /// What the stage is about: a mount point, as the jail sees it.
    path: PathBuf,
}

impl Report {
    /// The largest message: a stage, an errno, a path.
    const MOST: usize = 5 + libc::PATH_MAX as usize;

    /// All is built.
    pub(crate) fn up() -> Self {
        Self { stage: Stage::Up, errno: 0, path: PathBuf::new() }
    }

    pub(crate) fn send(&self, line: BorrowedFd<'_>) -> io::Result<()> {
        let mut message = vec![self.stage as u8];
        message.extend(self.errno.to_ne_bytes());
        message.extend(self.path.as_os_str().as_bytes());
        message.truncate(Self::MOST);
        send(line, &message, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// Waits for init's report; [`Error::Died`] when init is gone.
    pub(crate) fn receive(line: BorrowedFd<'_>) -> Result<Self, Error> {
        let mut message = [0; Self::MOST];
        let length = receive(line, &mut message);
        let [stage, a, b, c, d, path @ ..] = &message[..length] else { return Err(Error::Died) };
        let stage = Stage::ALL.into_iter().find(|known| *known as u8 == *stage);
        Ok(Self {
            stage: stage.ok_or(Error::Died)?,
            errno: i32::from_ne_bytes([*a, *b, *c, *d]),
            path: PathBuf::from(OsStr::from_bytes(path)),
        })
    }

    /// What the report means for the command, which knows the root as `root`.
    pub(crate) fn check(self, root: &Path) -> Result<(), Error> {
        let error = io::Error::from_raw_os_error(self.errno);
        match self.stage {
            Stage::Up => Ok(()),
            Stage::Root => Err(Error::Mount(root.into(), error)),
            Stage::Place if self.errno == libc::ELOOP => Err(Error::SymbolicLink(self.path)),
            Stage::Place => Err(Error::MountPoint(self.path, error)),
            Stage::Mount | Stage::FileSystem => Err(Error::Mount(self.path, error)),
            Stage::Namespaces => Err(Error::Call("setns", error)),
            Stage::Server if self.errno == libc::ENODEV => Err(Error::NoNfsd),
            Stage::Server => Err(Error::Mount(self.path, error)),
            Stage::Domain => Err(Error::Call("landlock_restrict_self", error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_reports_arrive() {
        let (command, init) = line().unwrap();
        tell(command.as_fd(), word::BUILD).unwrap();
        assert_eq!(hear(init.as_fd()), Some(word::BUILD));
        let place = io::Error::from_raw_os_error(libc::ENOENT);
        Stage::Place.failed(Path::new("/mnt"), place).send(init.as_fd()).unwrap();
        let report = Report::receive(command.as_fd()).unwrap();
        let said = report.check(Path::new("/jail")).unwrap_err().to_string();
        assert_eq!(said, "/mnt: No such file or directory");
        drop(init);
        assert!(matches!(Report::receive(command.as_fd()), Err(Error::Died)));
    }
}
