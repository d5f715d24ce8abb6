//! What the standard streams of a command are, before a jail's process gets them.

use crate::enter::process::StdStream;
use crate::error::Error;
use rustix::fs::{FileType, fstat};
use rustix::stdio::{stderr, stdin, stdout};
use std::os::fd::{AsFd, BorrowedFd};

/// The streams as messages name them, in the order of their descriptors.
const NAMES: [&str; 3] = ["standard input", "standard output", "standard error"];

/// The files behind the three streams.
fn files(streams: &[StdStream; 3]) -> [BorrowedFd<'_>; 3] {
    let own = [stdin(), stdout(), stderr()];
    let file = |at: usize| match &streams[at] {
        StdStream::Inherit => own[at],
        StdStream::File(file) => file.as_fd(),
    };
    [file(0), file(1), file(2)]
}

/// Refuses a directory among the streams: by the `..` of one that lies outside the jail's root, a
/// process would leave that root. A stream that is closed is no danger.
///
/// # Errors
/// [`Error::Directory`] names the stream.
pub(crate) fn check(streams: &[StdStream; 3]) -> Result<(), Error> {
    for (file, name) in files(streams).into_iter().zip(NAMES) {
        let is_directory = fstat(file)
            .is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Directory);
        if is_directory {
            return Err(Error::Directory(name));
        }
    }
    Ok(())
}
