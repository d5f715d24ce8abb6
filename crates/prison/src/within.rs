//! Acting in another namespace, and coming back.

use crate::error::{Calling, Error};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};

/// Calls `inside` in another namespace of this kind. A socket that `inside` opens belongs to that
/// namespace for good.
pub(crate) fn within<T>(
    namespace: BorrowedFd<'_>,
    name: &str,
    kind: LinkNameSpaceType,
    inside: impl FnOnce() -> T,
) -> Result<T, Error> {
    let own = File::open(format!("/proc/self/ns/{name}")).calling("/proc/self/ns")?;
    move_into_link_name_space(namespace, Some(kind)).calling("setns")?;
    let answer = inside();
    // Whatever `inside` answers, this process has to be back before anybody looks at it.
    move_into_link_name_space(own.as_fd(), Some(kind)).calling("setns")?;
    Ok(answer)
}

/// Calls `inside` in another network namespace.
pub(crate) fn within_network<T>(
    network: BorrowedFd<'_>,
    inside: impl FnOnce() -> T,
) -> Result<T, Error> {
    within(network, "net", LinkNameSpaceType::Network, inside)
}
