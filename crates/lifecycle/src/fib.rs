//! The routing table of a jail: `exec.fib` of jail(8).
//!
//! FreeBSD gives it to the commands of `exec.start` and the like, and their children inherit it.
//! Here all processes of a jail have the same, those of jexec(8) too.

use crate::error::Error;
use crate::jail::Jail;
use jailparam::param;
use netif::{Fib, Netlink};
use prison::{Mark, Prison, Record};
use std::os::fd::AsFd;

/// The fib of a jail's processes. `None`: nobody has chosen one, neither the jail's parameters nor,
/// by setfib(1), the caller, whose fib a jail has without parameters. A jail that a jail makes has
/// the fib of that one, which need not be chosen again.
pub(crate) fn of(jail: &Jail) -> Result<Option<Fib>, Error> {
    let is_inside = prison::is_jailed();
    if jail.parameters.given(param::EXEC_FIB.parameter()).is_none() {
        return Ok(Fib::given().filter(|_| !is_inside));
    }
    let number = jail.parameters.int(param::EXEC_FIB).unwrap_or(0);
    let fib = u32::try_from(number).ok().and_then(Fib::new);
    let last = Fib::COUNT - 1;
    let wrong = || format!("{number}: setfib: Invalid argument; there are fibs 0 to {last}");
    let fib = fib.ok_or_else(|| Error::Value(param::EXEC_FIB.name, wrong()))?;
    let own = Fib::own();
    if is_inside && fib != own {
        let why = format!("{number}: a jail inside a jail has the fib of that one, {own} here");
        return Err(Error::Value(param::EXEC_FIB.name, why));
    }
    Ok(Some(fib).filter(|_| !is_inside))
}

/// The fib that the processes of a prison have.
pub(crate) fn of_record(record: &Record) -> Option<Fib> {
    record.mark.and_then(|mark| Fib::of_mark(mark.value & mark.mask))
}

/// The mark of a fib's sockets.
pub(crate) fn mark(fib: Fib) -> Mark {
    Mark { value: fib.mark(), mask: Fib::MASK }
}

/// Makes the fib usable in the network of a prison.
pub(crate) fn open(fib: Fib, prison: &Prison) -> Result<(), Error> {
    let there = prison.network()?;
    let here = prison::own_network()?;
    let opened =
        Netlink::open_in(there.as_fd(), here.as_fd()).and_then(|mut netlink| netlink.open_fib(fib));
    opened.map_err(Error::Fib)
}
